"""The SELECT that standardises a class (标准化), compiled from its declared formats.

One statement a class instead of one CASE for all: a format that does not occur costs nothing. Every
output column is without NULL: text '' and number 0 stand for no value, so that Arrow hands the columns
to NumPy without copying. Written in DuckDB's dialect; source of the design: spikes.md, D3.

Two statements share every expression. `select_compile` is whole, for engines that have nothing but SQL.
`staged_compile` leaves the check of identifiers to `checks`, which takes a fifth of the time, and what a class
does not supply to who reads the stage. It has one level of columns over another and no more, so that DuckDB
works on the dictionaries of a Parquet file instead of on its rows.
"""

from datetime import date

from yiwang.engines.tabular.door import sql_text
from yiwang.resources.fusion.characters import digit_table, name_table
from yiwang.resources.fusion.data import Field, FusionPlan, Source

DIGIT_TABLE, NAME_TABLE = (
    ", ".join(sql_text(part) for part in table) for table in (digit_table(), name_table())
)
# `translate` builds its table anew for every row (5 µs), so it is called only where there is something for
# it to do that `replace` cannot: a row in a hundred.
BLANKS = (" ", "\u3000")  # those that people type
ODD = "".join(letter for letter in name_table()[0] if letter not in BLANKS)
WITHOUT_BLANKS = "replace(replace({c}, ' ', ''), '\u3000', '')"
NAME_CLEAN = (
    f"case when regexp_matches({{c}}, {sql_text(f'[{name_table()[0]}]')}) then "
    f"case when regexp_matches({{c}}, {sql_text(f'[{ODD}]')}) then translate({{c}}, {NAME_TABLE}) "
    f"else {WITHOUT_BLANKS} end else {{c}} end"
)
ID_TYPED = (
    "case when strlen(id_number) in (15, 18) and not contains(id_number, ' ') then id_number "
    "when regexp_matches(id_number, '[^ -~]') "
    f"then translate(id_number, {DIGIT_TABLE}) else replace(id_number, ' ', '') end"
)

# (kind, format) → expression of the column {c}. DATE gives days since 0001-01-01, 0 for none.
FORMATS = {
    ("NAME", "CLEAN"): "rtrim({c})",
    ("NAME", "TYPED"): NAME_CLEAN,
    ("TEXT", "CLEAN"): "rtrim({c})",
    ("TEXT", "TYPED"): NAME_CLEAN,
    ("ADDRESS", "BARE"): "replace({c}, '号楼', '幢')",
    ("ADDRESS", "CITY"): (
        "replace(case when starts_with({c}, '苏州市') then substr({c}, 4) else {c} end, '号楼', '幢')"
    ),
    ("ADDRESS", "PROVINCE"): (
        "replace(case when starts_with({c}, '江苏省苏州市') then substr({c}, 7) when "
        "starts_with({c}, '苏州市') then substr({c}, 4) else {c} end, '号楼', '幢')"
    ),
    ("CODE", "CODE"): "try_cast({c} as utinyint)",
    ("CODE", "SEX_TEXT"): "case {c} when '男' then 1 when '女' then 2 end",
    ("DATE", "DATE"): "date_diff('day', date '0001-01-01', {c})",
    ("DATE", "ISO"): "date_diff('day', date '0001-01-01', try_cast({c} as date))",
    ("DATE", "COMPACT"): "date_diff('day', date '0001-01-01', try_strptime({c}, '%Y%m%d')::date)",
    ("DATE", "SLASH"): "date_diff('day', date '0001-01-01', try_strptime({c}, '%Y/%m/%d')::date)",
    ("DATE", "CHINESE"): (
        "date_diff('day', date '0001-01-01', try_strptime({c}, '%Y年%m月%d日')::date)"
    ),
    ("PHONE", "DIGITS"): "try_cast({c} as bigint)",
    ("PHONE", "TYPED"): (
        "coalesce(try_cast({c} as bigint), try_cast(replace(replace({c}, ' ', ''), '-', '') as bigint), "
        f"try_cast(replace(translate({{c}}, {DIGIT_TABLE}), '-', '') as bigint))"
    ),
}
ID_CLEAN = {"CLEAN": "id_number", "TYPED": ID_TYPED}
HASH_BITS = (1 << 32) - 1

# f(d) = Σ aᵢ·2ⁱ mod 11 over the decimal digits aᵢ of d, with integer divisions only; the weighted sum
# of GB 11643 is 2·f(d). Σ over k of 2ᵏ⁻¹·(d // 10ᵏ), times 8, taken from d leaves exactly Σ aᵢ·2ⁱ.
DIGIT_SUM = "(d - 8 * ({})) % 11".format(
    " + ".join(f"{2 ** (k - 1)} * (d // {10**k})" for k in range(1, 17))
)


def select_compile(plan: FusionPlan, source: Source, relation: str, *, today: date) -> str:
    """Compile the statement that standardises one class (编译标准化语句).

    relation: what is read, for example `read_parquet(['a.parquet'])`. Columns out: key (bigint, 0 without
    a valid identifier), row_no, seconds (since 1970), claimed (the number as written where it does not
    hold), then each field, texts with `<field>_hash` beside them. today: no birth lies after it.
    """
    columns = ["row_no", "epoch(updated_at)::bigint as seconds", "coalesce(claimed, '') as claimed"]
    for item in plan.fields:
        columns += _outer(item, supplied=item.name in source.formats)
    inner = [
        _inner(item, source.formats[item.name])
        for item in plan.fields
        if item.name in source.formats
    ]
    key = {"ID_NUMBER": _id_number, "USCC": _uscc}[plan.identifier]
    return key(ID_CLEAN[source.id_format], inner, columns, relation, today)


def staged_compile(plan: FusionPlan, source: Source, relation: str) -> str:
    """Compile what of it the stage keeps (暂存语句): only the fields that the class supplies.

    Columns out: row_no, seconds, id_text (as cleaned, may be null), each field, texts with `<field>_hash`.
    """
    supplied = [item for item in plan.fields if item.name in source.formats]
    inner = [_inner(item, source.formats[item.name]) for item in supplied]
    outer = [part for item in supplied for part in _outer(item, supplied=True)]
    cleaned = ID_CLEAN[source.id_format]
    if plan.identifier == "USCC":
        cleaned = f"upper(trim({cleaned}))"
    return f"""
select row_no, seconds, id_text, {", ".join(outer)} from (
  select row_no, epoch(updated_at)::bigint as seconds, {cleaned} as id_text, {", ".join(inner)}
  from {relation})"""


def _inner(item: Field, form: str) -> str:
    expression = FORMATS[item.kind, form].replace("{c}", item.name)
    return f"{expression} as s_{item.name}"


def _outer(item: Field, *, supplied: bool) -> list[str]:
    name = item.name
    if item.is_text:
        if not supplied:
            return [f"'' as {name}", f"0::uinteger as {name}_hash"]
        return [
            f"coalesce(s_{name}, '') as {name}",
            f"(xor(hash(coalesce(s_{name}, '')), hash('')) & {HASH_BITS})::uinteger as {name}_hash",
        ]
    kind = {"CODE": "utinyint", "DATE": "integer", "PHONE": "bigint"}[item.kind]
    if not supplied:
        return [f"0::{kind} as {name}"]
    if item.kind == "PHONE":
        # +86 typed before a mobile number; a landline has lost its leading 0 and cannot be a mobile.
        return [
            f"case when s_{name} between 1000000000 and 99999999999 then s_{name} "
            f"when s_{name} between 8613000000000 and 8619999999999 then s_{name} - 8600000000000 "
            f"else 0 end::{kind} as {name}"
        ]
    return [f"coalesce(s_{name}, 0)::{kind} as {name}"]


def _id_number(
    cleaned: str, inner: list[str], columns: list[str], relation: str, today: date
) -> str:
    """Compile the check of citizen identity numbers: 18 characters, or 15 of the old form."""
    return f"""
with read as (
  select row_no, updated_at, trim({cleaned}) as id_text, {", ".join(inner)} from {relation}
), digits as (
  select *, strlen(id_text) as size, case when contains(id_text, 'e') or contains(id_text, 'E') then null else try_cast(
    case strlen(id_text) when 18 then substr(id_text, 1, 17)
    when 15 then substr(id_text, 1, 6) || '19' || substr(id_text, 7) end as bigint) end as d from read
), checked as (
  select *, 2 * ({DIGIT_SUM}) % 11 as r, d // 1000 % 100 as dd, d // 100000 % 100 as mm,
    d // 10000000 % 10000 as yy from digits
), keyed as (
  select *, case when d between 10000000000000000 and 99999999999999999
    and (size = 15 or unicode(upper(substr(id_text, 18, 1))) =
      case when r > 2 then 60 - r when r = 2 then 88 else 49 - r end)
    and mm between 1 and 12 and yy > 0
    and case when dd between 1 and 28 then true
      when dd in (29, 30) then mm <> 2 or (dd = 29 and yy % 4 = 0 and (yy % 100 <> 0 or yy % 400 = 0))
      when dd = 31 then mm in (1, 3, 5, 7, 8, 10, 12) else false end
    and d // 1000 % 100000000 <= {today:%Y%m%d}
    then d else 0 end as key from checked
), named as (select *, case when key = 0 then id_text end as claimed from keyed)
select coalesce(key, 0)::bigint as key, {", ".join(columns)} from named"""


def _uscc(cleaned: str, inner: list[str], columns: list[str], relation: str, _today: date) -> str:
    """Compile the reading of organisations' codes; `checks.organisation_keys` decides on them."""
    return f"""
with read as (
  select row_no, updated_at, upper(trim({cleaned})) as claimed, {", ".join(inner)} from {relation}
) select 0::bigint as key, {", ".join(columns)} from read"""
