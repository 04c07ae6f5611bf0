"""Personal data are read for a stated purpose or not at all (个人信息须有使用目的).

    class Person(models.Model):
        name = protected(models.CharField("姓名", max_length=80), level=3)
        objects = PersonalDataManager()

    with data_scope(purpose="办理老年人优待证", reason="application 1132…"):
        Person.objects.get(pk=ref)

Outside of a scope the manager raises. Related objects reached by a foreign key come from Django's
base manager and are not guarded: keep personal rows behind queries that open a scope.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from django.db import models

from yiwang.identity.access.row_rules import Rule
from yiwang.kernel.api import context_get, purpose_use
from yiwang.sdk.errors import N_, YiwangError

AnyField = TypeVar("AnyField", bound=models.Field)
LEVELS = frozenset({1, 2, 3, 4})


class UnscopedQuery(YiwangError):
    """Personal data were asked for without a scope: a defect of the caller, nothing is read."""

    code = "unscoped_query"
    status = 500
    message = N_("%(model)s holds personal data and was queried without a stated purpose.")


class PurposeMissing(YiwangError):
    """A scope was opened without saying what for."""

    code = "purpose_missing"
    status = 500
    message = N_("Personal data may only be read for a stated purpose.")


@dataclass(frozen=True, slots=True)
class DataScope:
    """An open scope (数据使用范围): the purpose, and the reason in this one case."""

    purpose: str
    reason: str = ""


_scope: ContextVar[DataScope | None] = ContextVar("yiwang_data_scope", default=None)


@contextmanager
def data_scope(*, purpose: str, reason: str = "") -> Iterator[DataScope]:
    """Let a block read personal data for `purpose` (使用目的), which its audit rows then carry."""
    if not purpose.strip():
        raise PurposeMissing()
    scope = DataScope(purpose, reason)
    token = _scope.set(scope)
    try:
        with purpose_use(purpose):
            yield scope
    finally:
        _scope.reset(token)


def scope_get() -> DataScope | None:
    """Return the open scope, None outside of one."""
    return _scope.get()


class PersonalDataManager(models.Manager):
    """The default manager of personal data (个人信息): raises `UnscopedQuery` without a scope."""

    def get_queryset(self) -> models.QuerySet:
        if _scope.get() is None:
            raise UnscopedQuery(model=self.model.__name__)
        return super().get_queryset()

    def scoped(self, rule: Rule) -> models.QuerySet:
        """Return the rows that `rule` lets the acting person see; the context states the purpose."""
        context = context_get()
        if not context.purpose:
            raise UnscopedQuery(model=self.model.__name__)
        return super().get_queryset().filter(rule.filter(context))


def protected(field: AnyField, *, level: int = 3) -> AnyField:
    """Mark a model field with its protection level (数据安全级别) and return it.

    level: 1 public, 2 internal, 3 personal, 4 sensitive personal (GB/T 43697-2024, GB/T 35273-2020).
    """
    if level not in LEVELS:
        raise ValueError(f"A protection level is one of 1 to 4, not {level!r}.")
    field.protection_level = level
    return field


def protected_fields(model: type[models.Model]) -> dict[str, int]:
    """Return the marked fields of a model with their levels."""
    return {
        field.name: field.protection_level
        for field in model._meta.concrete_fields
        if hasattr(field, "protection_level")
    }
