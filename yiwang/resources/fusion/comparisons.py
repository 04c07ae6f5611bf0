"""Comparisons (比对): declared rules over a finished master, for departments to look at.

run-<id>/comparisons.parquet: rule, uid, fields (list of text), rows (list of class, row_no: the source rows that
say so), message (an English source string of the locale), params (JSON). A rule never changes a value. Rules are
set-based: each reads the columns it names and nothing else.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from yiwang.engines.tabular.door import TabularLimits, parquet_list, sql_text, tabular_open
from yiwang.resources.fusion.data import FusionPlan
from yiwang.resources.fusion.explained import Finding, Message
from yiwang.resources.fusion.ties import CONFLICTS, RULES
from yiwang.sdk.errors import N_

COMPARISONS = "comparisons.parquet"
MARRIED = "(20, 21, 22, 23)"  # GB/T 2261.2
ACTIVE, CANCELLED = 1, 3
BORN = "try_strptime(substr(identifier, 7, 8), '%Y%m%d')::date"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A rule of comparison (比对规则).

    fields: what contradicts; their winning rows are named. where: a condition over a person's columns, `{today}`
    for the day of the run. shared: more subjects than this with a value of the field `fields[0]`, 0 for no such
    rule. against: (field, classes, condition): a losing value of these classes contradicts, of any if empty.
    later: classes of which no value may be 60 days younger than the day in `fields[0]`.
    """

    key: str
    message: str
    fields: tuple[str, ...]
    where: str = "true"
    shared: int = 0
    against: tuple[str, tuple[int, ...], str] | None = None
    later: tuple[int, ...] = ()


PEOPLE = (
    Comparison(
        "BIRTH_DATE_NUMBER",
        N_("The birth date is not the one in the identity number."),
        ("birth_date",),
        "strftime(birth_date, '%Y%m%d') <> substr(identifier, 7, 8)",
    ),
    Comparison(
        "SEX_NUMBER",
        N_("The sex is not the one in the identity number."),
        ("sex",),
        "sex in (1, 2) and (substr(identifier, 17, 1) in ('1', '3', '5', '7', '9')) <> (sex = 1)",
    ),
    Comparison(
        "NUMBER_OF_TWO",
        N_(
            "Rows with this number disagree on the name and on the birth date: it may be used by two."
        ),
        ("name", "birth_date"),
        "conflict & {bit_name} <> 0 and conflict & {bit_birth_date} <> 0",
        against=("name", (), "true"),
    ),
    Comparison(
        "OVER_AGE",
        N_("Older than 120 years and no death is registered."),
        ("deceased_date",),
        f"deceased_date is null and {BORN} + interval 120 years < {{today}}",
    ),
    Comparison(
        "DEAD_INSURED",
        N_("Registered as dead, but employment or social insurance has a later row."),
        ("deceased_date",),
        later=(9, 11, 13, 21),
    ),
    Comparison(
        "DEAD_BEFORE_BIRTH",
        N_("The day of death lies before the day of birth."),
        ("deceased_date", "birth_date"),
        "deceased_date < birth_date",
    ),
    Comparison(
        "CHILD_EMPLOYED",
        N_("Employed before the age of 16."),
        ("employer",),
        f"employer is not null and employer_at::date < {BORN} + interval 16 years",
    ),
    Comparison(
        "MARRIED_EARLY",
        N_("Registered as married before the legal age."),
        ("marital", "sex"),
        f"marital in {MARRIED} and marital_at::date < "
        f"{BORN} + case sex when 1 then interval 22 years else interval 20 years end",
    ),
    Comparison(
        "SHARED_PHONE",
        N_("More than %(limit)s persons have this telephone number: %(count)s."),
        ("phone",),
        shared=10,
    ),
)
FIRMS = (
    Comparison(
        "CANCELLED_INSURED",
        N_("Cancelled, but tax or social insurance has it as active later."),
        ("status",),
        f"status = {CANCELLED}",
        against=("status", (4, 5), f"v.value = '{ACTIVE}' and v.\"at\" > p.status_at"),
    ),
    Comparison(
        "FOUNDED_LATER",
        N_("The day of establishment has not come yet."),
        ("established_date",),
        "established_date > {today}",
    ),
    Comparison(
        "SHARED_NAME",
        N_("Several organisations bear this name: %(count)s."),
        ("name",),
        shared=1,
    ),
    Comparison(
        "SHARED_PHONE",
        N_("More than %(limit)s organisations have this telephone number: %(count)s."),
        ("phone",),
        shared=20,
    ),
    Comparison(
        "SHARED_ADDRESS",
        N_("More than %(limit)s organisations have this address: %(count)s."),
        ("address",),
        shared=50,
    ),
    Comparison(
        "SHARED_REPRESENTATIVE",
        N_("One person represents more than %(limit)s organisations: %(count)s."),
        ("representative_id",),
        shared=10,
    ),
)


def comparisons(plan: FusionPlan) -> tuple[Comparison, ...]:
    """List the rules that the fields of a plan allow (比对规则)."""
    there = {field.name for field in plan.fields}
    rules = {"ID_NUMBER": PEOPLE, "USCC": FIRMS}[plan.identifier]
    return tuple(rule for rule in rules if there.issuperset(rule.fields))


def comparisons_write(
    plan: FusionPlan, folder: Path, *, today: date, limits: TabularLimits
) -> dict[str, int]:
    """Run every rule over a finished run and write what it found; returns numbers by rule (执行比对).

    today: the day of the run. Subjects without a validated number are not compared.
    """
    rules = comparisons(plan)
    with tabular_open(limits) as connection:
        _view(connection, "persons", sorted(folder.glob("persons-*.parquet")))
        _view(connection, "losing", sorted(folder.glob("values-*.parquet")))
        parts = " union all ".join(_select(plan, rule, today) for rule in rules)
        connection.execute(f"create temp table found as select * from ({parts})")
        connection.execute(
            "copy (select * from found order by rule, uid, rows) to "
            f"{sql_text(str(folder / COMPARISONS))} (format parquet, compression zstd)"
        )
        return dict(connection.execute("select rule, count(*) from found group by 1").fetchall())


def findings_read(folder: Path) -> Iterator[Finding]:
    """Yield what the comparisons of a run found, then the contradictions of its ties (比对结果)."""
    for one in _lines(folder / COMPARISONS):
        params = json.loads(one["params"]) if one["params"] else {}
        rows = tuple((row["class"], row["row_no"]) for row in one["rows"])
        fields = tuple(one["fields"])
        message = Message(one["message"], params)
        yield Finding(one["rule"], one["uid"], (), fields, rows, False, message)
    for one in _lines(folder / CONFLICTS):
        names = ("identifier", "other_identifier", "third_identifier")
        identifiers = tuple(one[name] for name in names if one[name])
        rows = ((one["class"], one["row_no"]), (one["against_class"], one["against_row_no"]))
        rows = tuple(dict.fromkeys(rows))
        fields = (one["kind"],) if one["kind"] else ()
        yield Finding(one["rule"], 0, identifiers, fields, rows, True, Message(RULES[one["rule"]]))


def _lines(path: Path) -> Iterator[dict]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - rules are listed without it

    if path.exists():
        for batch in pq.ParquetFile(path).iter_batches():
            yield from batch.to_pylist()


def _view(connection, name: str, files: Sequence[Path]) -> None:
    connection.execute(f"create view {name} as select * from {parquet_list(files)}")


def _select(plan: FusionPlan, rule: Comparison, today: date) -> str:
    """Compile one rule."""
    fields = ", ".join(sql_text(name) for name in rule.fields)
    said = [f"struct_pack(class := p.{name}_class, row_no := p.{name}_row)" for name in rule.fields]
    source, where, params = "persons p", _where(plan, rule, today), "''"
    if rule.against:
        name, classes, condition = rule.against
        numbers = ", ".join(str(number) for number in classes)
        among = f"and v.class in ({numbers}) " if classes else ""
        source += (
            f" join losing v on v.uid = p.uid and v.field = {sql_text(name)} {among}and {condition}"
        )
        said.append("struct_pack(class := v.class, row_no := v.row_no)")
    if rule.later:
        tests = _later(plan, rule)
        where += f" and ({' or '.join(tests.values())})"
        said += [
            f"case when {test} then struct_pack(class := p.{name}_class, row_no := p.{name}_row) end"
            for name, test in tests.items()
        ]
    if rule.shared:
        name = rule.fields[0]
        source += (
            f" join (select {name} as often, count(*) as count from persons where {name} is not null "
            f"and identifier is not null group by 1 having count(*) > {rule.shared}) s on s.often = p.{name}"
        )
        params = f"'{{\"count\": ' || s.count || ', \"limit\": {rule.shared}}}'"
    return f"""
select {sql_text(rule.key)} as rule, p.uid, [{fields}] as fields,
  list_sort(list_distinct(list_filter([{", ".join(said)}], lambda x: x.class is not null))) as rows,
  {sql_text(rule.message)} as message, {params} as params
from {source} where p.identifier is not null and {where}"""


def _where(plan: FusionPlan, rule: Comparison, today: date) -> str:
    bits = {f"bit_{field.name}": 1 << place for place, field in enumerate(plan.fields)}
    return rule.where.format(today=f"date '{today.isoformat()}'", **bits)


def _later(plan: FusionPlan, rule: Comparison) -> dict[str, str]:
    """Compile for each field whether its value came from one of the classes after the day."""
    numbers, day = ", ".join(str(number) for number in rule.later), rule.fields[0]
    return {
        field.name: f"(p.{field.name}_class in ({numbers}) and p.{field.name}_at::date > p.{day} + 60)"
        for field in plan.fields
        if field.name != day
    }
