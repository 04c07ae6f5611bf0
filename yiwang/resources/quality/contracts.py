"""Contracts (数据契约): built from what the catalogue says, checked over a whole batch at once.

Every rule about a row is one bit of a number that is computed for each row in one scan; the scan
counts values and gathers the rows with a bit set, and nothing else is read twice. What groups rows
(uniqueness, contradictions) or looks at the feed before has its own pass, over the columns it names.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from yiwang.resources.catalogue.data import FieldSpec, QualityRule, ResourceSpec
from yiwang.resources.quality import validators
from yiwang.resources.quality.checking import Check
from yiwang.resources.quality.columns import KIND_OF_TYPE, kind_of
from yiwang.resources.quality.compiling import Operand, condition_compile
from yiwang.resources.quality.data import (
    ACTIONS,
    BATCH_KINDS,
    KIND_PROPERTY,
    KINDS,
    PROPERTIES,
    Checked,
    CheckOptions,
    Contract,
    ContractField,
    ContractInvalid,
    Rule,
)
from yiwang.resources.quality.keeping import faults_keep
from yiwang.sdk.expressions import ExpressionError

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "CROSSWALK",
    "CheckOptions",
    "Checked",
    "Contract",
    "ContractInvalid",
    "code_tables_of",
    "contract_check",
    "contract_of",
    "contract_validate",
    "faults_keep",
    "kind_of",
]
CROSSWALK = "crosswalk:"


# --- from the catalogue ---------------------------------------------------------------------------


def contract_of(
    spec: ResourceSpec, *, code: str = "", codes: Mapping[str, Sequence[str]] | None = None
) -> Contract:
    """Build the contract of a resource from its specification (生成数据契约).

    Asked for without being written: types and lengths, keys filled in and unique, code tables,
    identifiers known by name. codes: of each code table ("ethnicities") or crosswalk
    ("crosswalk:<key>") what it lets through; a table that is not there judges nothing.
    Raises `ContractInvalid` for a rule that cannot be checked.

    >>> spec = ResourceSpec("甲", "乙", fields=(FieldSpec("id_number", "公民身份号码", is_key=True),))
    >>> [rule.key for rule in contract_of(spec).rules]
    ['required:id_number', 'valid:id_number', 'unique:id_number']
    """
    codes = codes or {}
    written = [_written(rule, codes) for rule in spec.quality]
    taken = {rule.key for rule in written}
    built = [rule for rule in _built(spec, codes, written) if rule.key not in taken]
    key = tuple(one.name for one in spec.fields if one.is_key)
    fields = tuple(
        ContractField(one.name, one.title, one.type, one.length, one.is_key, one.title_en)
        for one in spec.fields
    )
    contract = Contract(code, fields, (*built, *written), key)
    contract_validate(contract)
    return replace(contract, rules=tuple(_read(rule, contract) for rule in contract.rules))


def _read(rule: Rule, contract: Contract) -> Rule:
    """Say of a condition which fields it reads, so that it counts for their scores."""
    if rule.kind != "ROW" or rule.fields:
        return rule
    operands = {one.name: Operand(kind_of(one), '"x"') for one in contract.fields}
    compiled = condition_compile(rule.that, operands, today=date(2000, 1, 1))
    return replace(rule, fields=compiled.fields)


def code_tables_of(spec: ResourceSpec) -> set[tuple[str, str]]:
    """Return the code tables (and editions) and crosswalks that a contract needs the codes of."""
    tables = {(one.code_table, one.code_edition) for one in spec.fields if one.code_table}
    return tables | {(rule.that, "") for rule in spec.quality if rule.kind == "CODE" and rule.that}


def _written(rule: QualityRule, codes: Mapping[str, Sequence[str]]) -> Rule:
    known = codes.get(rule.that) if rule.kind == "CODE" else None
    return Rule(
        key=rule.key,
        kind=rule.kind,
        property=rule.property or KIND_PROPERTY.get(rule.kind, ""),
        fields=rule.fields,
        that=rule.that,
        message=rule.message,
        message_en=rule.message_en,
        action=rule.action,
        stop_share=rule.stop_share,
        stop_count=rule.stop_count,
        judges_empty=rule.judges_empty,
        codes=tuple(known) if known is not None else None,
    )


def _built(
    spec: ResourceSpec, codes: Mapping[str, Sequence[str]], written: Sequence[Rule]
) -> Iterable[Rule]:
    asked = {(rule.kind, rule.fields) for rule in written}
    for one in spec.fields:
        for rule in _built_of(one, codes):
            if (rule.kind, rule.fields) not in asked:
                yield rule
    key = tuple(one.name for one in spec.fields if one.is_key)
    if key and ("UNIQUE", key) not in asked:
        yield _rule("unique", "UNIQUE", key)


def _built_of(one: FieldSpec, codes: Mapping[str, Sequence[str]]) -> Iterable[Rule]:
    if one.is_key:
        yield _rule("required", "REQUIRED", (one.name,))
    if one.type in KIND_OF_TYPE:
        yield _rule("type", "TYPE", (one.name,))
    elif one.length:
        yield _rule("length", "LENGTH", (one.name,))
    if one.code_table:
        known = codes.get(one.code_table)
        rule = _rule("code", "CODE", (one.name,), action="WARN", that=one.code_table)
        yield replace(rule, codes=tuple(known) if known is not None else None)
    for validator, names in validators.BY_NAME.items():
        if one.name in names or one.title in names:
            yield _rule("valid", "VALID", (one.name,), action="WARN", that=validator)


def _rule(prefix: str, kind: str, fields: tuple[str, ...], **more: str) -> Rule:
    return Rule(f"{prefix}:{','.join(fields)}", kind, KIND_PROPERTY[kind], fields, **more)


def contract_validate(contract: Contract) -> None:
    """Raise `ContractInvalid` for the first rule that cannot be checked (契约校验)."""
    names = {one.name for one in contract.fields}
    operands = {one.name: Operand(kind_of(one), '"x"') for one in contract.fields}
    seen: set[str] = set()
    for rule in contract.rules:
        reason = _rule_problem(rule, names, seen)
        if rule.kind == "ROW" and not reason:
            try:
                condition_compile(rule.that, operands, today=date(2000, 1, 1))
            except ExpressionError as error:
                reason = str(error)
        if reason:
            raise ContractInvalid(rule.key, reason)
        seen.add(rule.key)


def _rule_problem(rule: Rule, names: set[str], seen: set[str]) -> str:
    strange = [name for name in rule.fields if name not in names]
    takes = validators.TAKES.get(rule.that, 1)
    tests = (
        (not rule.key or rule.key in seen, "its key is empty or there twice."),
        (rule.kind not in KINDS, f"{rule.kind} is no kind of rule."),
        (rule.property not in PROPERTIES, f"{rule.property} is no property of quality."),
        (rule.action not in ACTIONS, f"{rule.action} is no action."),
        (bool(strange), f"the resource has no field {', '.join(strange)}."),
        (not rule.fields and rule.kind not in ("ROW", "VOLUME"), "it names no field."),
        (not 0 <= rule.stop_share <= 1, "its share is not between 0 and 1."),
        (
            rule.kind == "VALID" and rule.that not in validators.VALIDATORS,
            "no such check is known.",
        ),
        (rule.kind == "VALID" and len(rule.fields) != takes, f"it takes {takes} fields."),
        (rule.kind == "ACROSS" and rule.that not in names, "that names the field that follows."),
        (rule.kind == "REFERENCE" and "." not in rule.that, "that is <resource code>.<field>."),
        (rule.kind == "OVER_TIME" and rule.that not in ("", "same"), 'that is empty or "same".'),
        (rule.kind in BATCH_KINDS and not _is_limit(rule.that), "that is a number above 0."),
    )
    return next((reason for is_wrong, reason in tests if is_wrong), "")


def _is_limit(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False


# --- the check ------------------------------------------------------------------------------------


def contract_check(
    connection: "duckdb.DuckDBPyConnection",
    relation: str,
    contract: Contract,
    *,
    references: Mapping[str, Sequence[Path]] | None = None,
    previous: Sequence[Path] = (),
    options: CheckOptions | None = None,
) -> Checked:
    """Check a batch against its contract (契约检查); every row, every rule.

    relation: a table, view or `read_parquet([...])` of the caller's own making, never a person's
    words. It has `line` (whole number, unique) and the contract's fields by name, as text or of
    their type; an empty value is NULL. references: for each resource code the Parquet of its rows in
    force. previous: the same of this resource, for rules over time.

    Afterwards the temporary table `Checked.table` has line, reasons, rejected of each row with a
    fault; it is dropped by the next check with the same `options.prefix`.
    """
    options = options or CheckOptions(datetime.now().astimezone().date())
    check = Check(connection, relation, contract, references or {}, tuple(previous), options)
    return check.run()
