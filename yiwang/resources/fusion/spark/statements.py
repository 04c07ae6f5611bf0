"""The statements of a fuse on Spark (集群语句): compiled from the plan, pure text, nothing is run here.

Semantics are those of `survivorship`: trust, then time, then the canonical order of rows (class, file, place
in the file). Values are compared themselves; DuckDB's hashes play no part.
"""

import re
from datetime import date

from yiwang.engines.tabular.door import sql_text, to_spark
from yiwang.resources.fusion.data import Field, FusionPlan, Level, Source
from yiwang.resources.fusion.sql import DIGIT_SUM, select_compile
from yiwang.resources.fusion.survivorship import TIME_LIMIT
from yiwang.sdk.identifiers import BASE_36, ORG_WEIGHTS, USCC_ALPHABET, USCC_WEIGHTS

GOLDEN = 0x9E3779B97F4A7C15  # of `stage.bucket_of`
UID_BITS = 54
# What a row carries besides its fields. `place` orders rows as they are fused; `code` is the claimed number.
CARRIED = ("bucket", "key", "number", "row_no", "place", "seconds", "claimed")


def nothing(field: Field) -> str:
    """Write what stands for no value (空值)."""
    return "''" if field.is_text else "0"


def standard_compile(plan: FusionPlan, source: Source, relation: str, *, today: date) -> str:
    """Compile the standardising of one class for Spark (标准化).

    relation: a view of the class whose `row_no` is a struct (row_no, place): the statement hands `row_no`
    through untouched, so that the place of a row comes along. Columns out: number, row_no, place, key, seconds,
    claimed and the fields.
    """
    statement = to_spark(select_compile(plan, source, relation, today=today))
    key = "key"
    if plan.identifier == "USCC":
        key = to_spark(f"select {organisation_key('claimed')} as k").removeprefix("SELECT ")
        key = key.removesuffix(" AS k")
    fields = ", ".join(
        name.name if name.is_text else f"cast({name.name} as bigint) as {name.name}"
        for name in plan.fields
    )
    return (
        f"select {source.number} as number, row_no.row_no as row_no, row_no.place as place, "
        f"{key} as key, seconds, claimed, {fields} from ({statement})"
    )


def organisation_key(code: str) -> str:
    """Compile `checks.organisation_keys` for one code, in DuckDB's dialect (组织机构校验)."""
    plain = f"replace({code}, '-', '')"
    body = f"case when strlen({plain}) = 18 then substr({plain}, 9, 9) else {plain} end"
    weighted = " + ".join(
        f"{weight} * (strpos('{USCC_ALPHABET}', substr({plain}, {place}, 1)) - 1)"
        for place, weight in enumerate(USCC_WEIGHTS, start=1)
    )
    own = " + ".join(
        f"{weight} * (strpos('{BASE_36}', substr({body}, {place}, 1)) - 1)"
        for place, weight in enumerate(ORG_WEIGHTS, start=1)
    )
    number = " + ".join(
        f"{36 ** (8 - place)} * (strpos('{BASE_36}', substr({body}, {place}, 1)) - 1)"
        for place in range(1, 9)
    )
    letters = f"[{USCC_ALPHABET}]"
    form = f"^{letters}{{2}}[0-9]{{6}}{letters}{{10}}$"
    holds = (
        f"case when strlen({plain}) = 18 then case when regexp_matches({plain}, '{form}') then "
        f"substr('{USCC_ALPHABET}', (31 - ({weighted}) % 31) % 31 + 1, 1) = substr({plain}, 18, 1) "
        f"else false end else strlen({plain}) = 9 end"
    )
    right = f"substr('0123456789X', (11 - ({own}) % 11) % 11 + 1, 1) = substr({body}, 9, 1)"
    return (
        f"case when coalesce({holds}, false) and regexp_matches({body}, '^[0-9A-Z]{{8}}[0-9X]$') "
        f"and {right} then ({number})::bigint + 1 else 0::bigint end"
    )


def bucket_of(plan: FusionPlan, key: str = "key") -> str:
    """Compile `stage.bucket_of`: the highest bits of the product modulo 2⁶⁴ (分桶)."""
    product = f"cast({key} as decimal(17, 0)) * cast('{GOLDEN}' as decimal(20, 0))"
    step = (1 << 64) // plan.buckets
    return f"cast(({product}) % {1 << 64}BD div {step}BD as int)"


def salted(plan: FusionPlan) -> str:
    """Compile the bucket of a row; rows without a valid identifier are spread behind the others."""
    return (
        f"case when key <> 0 then {bucket_of(plan)} "
        f"else {plan.buckets} + cast(pmod(row_no, {plan.buckets}) as int) end"
    )


def uid_fresh(secret: str) -> str:
    """Compile a new identifier of a key (主体标识): positive, low byte the bucket, none without the secret.

    Drawn from the run's secret and not from `rand`, so that a task that is done again gives the same.
    """
    digest = f"sha2(concat({sql_text(secret)}, ':', key), 256)"
    number = f"cast(conv(substr({digest}, 1, 15), 16, 10) as bigint) & {(1 << UID_BITS) - 1}"
    return f"shiftleft(greatest({number}, 1), 8) | bucket"


def identifier_text(plan: FusionPlan, key: str) -> str:
    """Compile the identifier of a key, with its check character (还原号码): `checks.id_numbers` and its kin."""
    if plan.identifier == "ID_NUMBER":
        rest = re.sub(r"\bd\b", key, DIGIT_SUM).replace("//", "div")
        check = f"substr('10X98765432', cast(2 * ({rest}) % 11 as int) + 1, 1)"
        return f"concat(cast({key} as string), {check})"
    body = f"lpad(conv(cast({key} - 1 as string), 10, 36), 8, '0')"
    total = " + ".join(
        f"{weight} * (instr('{BASE_36}', substr({body}, {place}, 1)) - 1)"
        for place, weight in enumerate(ORG_WEIGHTS, start=1)
    )
    return f"concat({body}, substr('0123456789X', (11 - ({total}) % 11) % 11 + 1, 1))"


def fuse_compile(plan: FusionPlan, rows: str) -> str:
    """Compile the fuse: one aggregation by subject (逐字段取值).

    Columns out: bucket, key, records, for each field `w_<field>`, a struct of the winning row, null where no row
    has a value, and conflict: bit i is set where sources disagree on field i.
    """
    columns, bits = [], []
    for place, field in enumerate(plan.fields):
        some = f"filter (where {field.name} <> {nothing(field)})"
        columns.append(
            f"max(named_struct('rank', {_rank(plan, field)}, 'moment', "
            f"least(greatest(seconds, 0), {TIME_LIMIT}), 'place', place, 'value', {field.name}, "
            f"'number', number, 'row_no', row_no, 'seconds', seconds)) {some} as w_{field.name}"
        )
        differ = f"min({field.name}) {some} <> max({field.name}) {some}"
        bits.append(f"case when {differ} then {1 << place} else 0 end")
    return (
        f"select bucket, key, count(*) as records, {', '.join(columns)}, "
        f"{' + '.join(bits)} as conflict from {rows} group by bucket, key"
    )


def _rank(plan: FusionPlan, field: Field) -> str:
    given = plan.trust.get(field.name, {})
    cases = " ".join(f"when {number} then {trust.rank}" for number, trust in given.items())
    return f"case number {cases} else 1 end" if cases else "1"


def persons_compile(plan: FusionPlan, fused: str, ids: str) -> str:
    """Compile the golden records with the source row of every value (主记录)."""
    columns = ["f.bucket", "i.uid", "f.key", f"{identifier_text(plan, 'f.key')} as identifier"]
    for field in plan.fields:
        won = f"w_{field.name}"
        columns += [
            f"{kept_form(field, f'{won}.value')} as {field.name}",
            f"cast({won}.number as int) as {field.name}_class",
            f"{won}.row_no as {field.name}_row",
            f"{_moment(f'{won}.seconds')} as {field.name}_at",
        ]
    lacks = " + ".join(
        f"case when w_{field.name} is null then {1 << place} else 0 end"
        for place, field in enumerate(plan.fields)
    )
    columns += ["cast(records as int) as records", "conflict", f"{lacks} as lacks"]
    return f"select {', '.join(columns)} from {fused} f join {ids} i on i.bucket = f.bucket and i.key = f.key"


def kept_form(field: Field, value: str) -> str:
    """Compile a value as it is kept: text, number, date, or a telephone number as text (`values_text`)."""
    if field.kind == "DATE":
        return f"date_add(date '0001-01-01', cast({value} as int))"
    if field.kind == "CODE":
        return f"cast({value} as int)"
    if field.kind == "PHONE":
        mobile = f"{value} between 13000000000 and 19999999999"
        text = f"cast({value} as string)"
        return f"case when {mobile} then {text} else concat('0', {text}) end"
    return value


def _moment(seconds: str) -> str:
    return f"cast(timestamp_seconds({seconds}) as timestamp_ntz)"


def losers_compile(plan: FusionPlan, rows: str, fused: str, ids: str) -> str:
    """Compile the rows whose value lost (落选值), a row of the result for each field and row.

    Columns: bucket, uid, field, value, number, row_no, place, seconds.
    """
    entries = ", ".join(
        f"named_struct('field', '{field.name}', 'value', "
        f"cast({kept_form(field, f'r.{field.name}')} as string), 'lost', "
        f"r.{field.name} <> {nothing(field)} and r.{field.name} <> f.w_{field.name}.value)"
        for field in plan.fields
    )
    return (
        "select bucket, uid, e.field, e.value, number, row_no, place, seconds from ("
        "select r.bucket, i.uid, r.number, r.row_no, r.place, r.seconds, "
        f"explode(filter(array({entries}), e -> e.lost)) as e "
        f"from {rows} r join {fused} f on f.bucket = r.bucket and f.key = r.key "
        f"join {ids} i on i.bucket = r.bucket and i.key = r.key)"
    )


def values_compile(losers: str) -> str:
    """Compile the losing values, dated: of equal values of a subject the latest row stands for all."""
    return (
        "select bucket, uid, field, value, cast(last.number as int) as class, last.row_no as row_no, "
        f"{_moment('last.seconds')} as at from (select bucket, uid, field, value, "
        "max(named_struct('seconds', seconds, 'place', place, 'number', number, 'row_no', row_no)) as last "
        f"from {losers} group by bucket, uid, field, value)"
    )


def lineage_compile(rows: str, ids: str, rule: str) -> str:
    """Compile the lineage of rows with a valid identifier (行血缘)."""
    return (
        f"select r.bucket, i.uid, cast(r.number as int) as class, r.row_no, '{rule}' as rule, "
        f"cast(1 as float) as score, r.key from {rows} r "
        f"join {ids} i on i.bucket = r.bucket and i.key = r.key"
    )


def comparable_compile(plan: FusionPlan, fused: str, ids: str, names: set[str]) -> str:
    """Compile the masters in the form in which rows are compared (比对视图): uid, identifier, some fields."""
    fields = "".join(
        f", coalesce(w_{field.name}.value, {nothing(field)}) as {field.name}"
        for field in plan.fields
        if field.name in names
    )
    return (
        f"select i.uid, {identifier_text(plan, 'f.key')} as identifier{fields} "
        f"from {fused} f join {ids} i on i.bucket = f.bucket and i.key = f.key"
    )


def levels_compile(plan: FusionPlan) -> str:
    """Compile all second keys at once (第二键): rid, uid, level of the first level with one candidate.

    Whether a level hits a row depends on no other level, so that they need not wait for each other. Reads
    the views left_rows, masters, cannot. In DuckDB's dialect.
    """
    parts = [
        f"select l.rid, min(m.uid) as uid, {number} as level from left_rows l join masters m "
        f"on {_level_test(plan, level)} "
        "where not exists (select 1 from cannot c where c.rid = l.rid and c.uid = m.uid) "
        "group by l.rid having min(m.uid) = max(m.uid)"
        for number, level in enumerate(plan.levels, start=2)
    ]
    return (
        "select rid, arg_min(uid, level) as uid, min(level) as level from "
        f"({' union all '.join(parts)}) hits group by rid"
    )


def _level_test(plan: FusionPlan, level: Level) -> str:
    kinds = {field.name: field for field in plan.fields}
    test = " and ".join(
        f"l.{name} = m.{name} and l.{name} <> {nothing(kinds[name])}" for name in level.fields
    )
    if level.digits is None:
        return test
    near = f"hamming(l.claimed, m.identifier) <= {level.digits}"
    alike = "strlen(l.claimed) = strlen(m.identifier) and strlen(l.claimed) > 8"
    return f"{test} and case when {alike} then {near} else false end"
