"""Rules over rows (行级规则): one object yields the filter of a list and the check of one row.

    own_department = field_in("department_id", "department_ids")
    rule = own_department | field_equals("assignee_id", of_context("account_id"))
    WorkItem.objects.filter(rule.filter(context))
    rule.permits(context, work_item)

Truth has three values, as in SQL: a comparison with NULL is unknown, its negation is unknown too,
and only what is true is let through. So `~field_equals("state", "SECRET")` does not admit a row
whose state is NULL. Negation is pushed down to the leaves, each of which knows when it is true and
when it is false; both readings are built from that, which is why they cannot differ.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Left
from django.db.models.lookups import Exact

from yiwang.kernel.api import RequestContext

_NOTHING = Q(pk__in=[])
_EVERYTHING = ~_NOTHING


class Rule:
    """A condition over rows (规则) that depends on who acts. Combine with `&`, `|`, `~`."""

    def truth(self, context: RequestContext, row: object) -> bool | None:
        """Return whether the rule holds for a row (object or mapping); None is unknown."""
        raise NotImplementedError

    def condition(self, context: RequestContext, wanted: bool) -> Q:
        """Return the filter of the rows for which the rule is known to be `wanted`."""
        raise NotImplementedError

    def filter(self, context: RequestContext) -> Q:
        """Return the filter (查询条件) of the rows that the acting person may see."""
        return self.condition(context, True)

    def permits(self, context: RequestContext, row: object) -> bool:
        """Tell whether the acting person may see this row (单行校验)."""
        return self.truth(context, row) is True

    def __and__(self, other: "Rule") -> "Rule":
        return _Both(self, other)

    def __or__(self, other: "Rule") -> "Rule":
        return _Either(self, other)

    def __invert__(self) -> "Rule":
        return _Not(self)


@dataclass(frozen=True, slots=True)
class _OfContext:
    name: str


def of_context(name: str) -> _OfContext:
    """Name an attribute of the context as the value to compare with: of_context("account_id")."""
    if name not in RequestContext.__dataclass_fields__:
        raise ValueError(f"The context has no attribute {name!r}.")
    return _OfContext(name)


def _resolve(value: object, context: RequestContext) -> Any:
    return getattr(context, value.name) if isinstance(value, _OfContext) else value


def _read(row: object, path: str) -> Any:
    """Return a row's value; `post__department_id` walks, and NULL on the way is NULL."""
    value: Any = row
    for name in [path] if isinstance(row, Mapping) and path in row else path.split("__"):
        if value is None:
            return None
        value = value[name] if isinstance(value, Mapping) else getattr(value, name)
    return value


class _Leaf(Rule):
    """A comparison of one field. Subclasses say when it is true for a value that is not NULL."""

    field: str

    def known(self, context: RequestContext) -> bool:
        """Tell whether there is something to compare with."""
        return True

    def match(self, context: RequestContext, value: Any) -> bool:
        """Compare a value that is not NULL."""
        raise NotImplementedError

    def lookup(self, context: RequestContext) -> Q:
        """Return the same comparison as a filter."""
        raise NotImplementedError

    def truth(self, context: RequestContext, row: object) -> bool | None:
        value = _read(row, self.field)
        if value is None or not self.known(context):
            return None
        return self.match(context, value)

    def condition(self, context: RequestContext, wanted: bool) -> Q:
        if not self.known(context):
            return _NOTHING
        present = Q((f"{self.field}__isnull", False))
        return present & (self.lookup(context) if wanted else ~self.lookup(context))


@dataclass(frozen=True, slots=True)
class _FieldEquals(_Leaf):
    field: str
    value: object

    def known(self, context: RequestContext) -> bool:
        return _resolve(self.value, context) is not None

    def match(self, context: RequestContext, value: Any) -> bool:
        return bool(value == _resolve(self.value, context))

    def lookup(self, context: RequestContext) -> Q:
        return Q((self.field, _resolve(self.value, context)))


@dataclass(frozen=True, slots=True)
class _FieldIn(_Leaf):
    field: str
    values: object

    def _values(self, context: RequestContext) -> list:
        given = _resolve(self.values, context)
        return sorted((v for v in given if v is not None), key=str)

    def match(self, context: RequestContext, value: Any) -> bool:
        return value in self._values(context)

    def lookup(self, context: RequestContext) -> Q:
        return Q((f"{self.field}__in", self._values(context)))


@dataclass(frozen=True, slots=True)
class _FieldPrefix(_Leaf):
    field: str
    prefix: object

    def known(self, context: RequestContext) -> bool:
        return _resolve(self.prefix, context) is not None

    def match(self, context: RequestContext, value: Any) -> bool:
        return value.startswith(_resolve(self.prefix, context))

    def lookup(self, context: RequestContext) -> Q:
        prefix = _resolve(self.prefix, context)
        if not prefix:
            return _EVERYTHING
        # LIKE ignores the case of Latin letters on SQLite, so the beginnings are compared instead.
        return Q(Exact(Left(F(self.field), len(prefix)), prefix))


@dataclass(frozen=True, slots=True)
class _Constant(Rule):
    value: bool

    def truth(self, context: RequestContext, row: object) -> bool | None:
        return self.value

    def condition(self, context: RequestContext, wanted: bool) -> Q:
        return _EVERYTHING if self.value is wanted else _NOTHING


@dataclass(frozen=True, slots=True)
class _Both(Rule):
    left: Rule
    right: Rule

    def truth(self, context: RequestContext, row: object) -> bool | None:
        sides = (self.left.truth(context, row), self.right.truth(context, row))
        if False in sides:
            return False
        return None if None in sides else True

    def condition(self, context: RequestContext, wanted: bool) -> Q:
        left, right = (side.condition(context, wanted) for side in (self.left, self.right))
        return left & right if wanted else left | right


@dataclass(frozen=True, slots=True)
class _Either(Rule):
    left: Rule
    right: Rule

    def truth(self, context: RequestContext, row: object) -> bool | None:
        sides = (self.left.truth(context, row), self.right.truth(context, row))
        if True in sides:
            return True
        return None if None in sides else False

    def condition(self, context: RequestContext, wanted: bool) -> Q:
        left, right = (side.condition(context, wanted) for side in (self.left, self.right))
        return left | right if wanted else left & right


@dataclass(frozen=True, slots=True)
class _Not(Rule):
    rule: Rule

    def truth(self, context: RequestContext, row: object) -> bool | None:
        inner = self.rule.truth(context, row)
        return None if inner is None else not inner

    def condition(self, context: RequestContext, wanted: bool) -> Q:
        return self.rule.condition(context, not wanted)


everyone: Rule = _Constant(True)
nobody: Rule = _Constant(False)


def rule_by_office(context: RequestContext, permission: str, *, office: Rule, others: Rule) -> Rule:
    """Choose a rule by who acts (按身份取规则): officers with a permission see their office's rows, the system all.

    others: what everybody else sees, mostly their own.
    """
    if context.population == "SYSTEM":
        return everyone
    if context.population == "STAFF" and context.may(permission):
        return office
    return others


def field_equals(field: str, value: object) -> Rule:
    """Rows whose field has this value (字段等于): a constant, or `of_context("account_id")`."""
    return _FieldEquals(field, value)


def field_in(field: str, values: str | Collection) -> Rule:
    """Rows whose field is among these (字段属于): the name of a context attribute, or constants.

    field_in("department_id", "department_ids"), field_in("state", {"READY", "CLAIMED"})
    """
    if isinstance(values, str):
        return _FieldIn(field, of_context(values))
    return _FieldIn(field, tuple(values))


def field_prefix(field: str, prefix: object) -> Rule:
    """Rows whose text field begins with this (字段前缀), case counts; for paths and area codes."""
    return _FieldPrefix(field, prefix)
