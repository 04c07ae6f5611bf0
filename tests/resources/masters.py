"""Two masters of the same sources compared, whichever engine made them (主数据对照)."""

from pathlib import Path

import pyarrow.parquet as pq

from yiwang.engines.tabular.door import TabularLimits, parquet_list, sql_text, tabular_open
from yiwang.resources.fusion.publish import master_open

# What of a subject is its own whatever identifier was drawn for it: its key, or its first row where it has none.
ROWS = """
create temp table rows_{side} as
with r as (from {rows}), named as (
  select r.*, coalesce(nullif(p.key, 0), 0) as key from r left join {persons} p on p.uid = r.uid
), first as (select uid, min("class" * 10000000000000 + row_no) as first from r group by uid)
select n.uid, case when key > 0 then key else -f.first end as who, "class", row_no, rule, round(score, 4) as score
from named n join first f on f.uid = n.uid"""


def masters_differ(one: Path, other: Path, *, same_uids: bool = False) -> dict[str, int]:
    """Count what two masters do not share: persons, rows, values, review; each a difference of sets, both ways.

    same_uids: identifiers must be the same too. Values are compared themselves, never a hash.
    """
    with tabular_open(TabularLimits(threads=2, memory_mb=4096)) as connection:
        for side, out in (("a", one), ("b", other)):
            _load(connection, side, out, same_uids)
        counts = {}
        for kind in ("persons", "rows", "values", "review"):
            columns = connection.execute(f"select * from {kind}_a limit 0").description
            names = ", ".join(f'"{column[0]}"' for column in columns)
            counts[kind] = connection.execute(
                f"select (select count(*) from (select {names} from {kind}_a except all select {names} from {kind}_b))"
                f" + (select count(*) from (select {names} from {kind}_b except all select {names} from {kind}_a))"
            ).fetchall()[0][0]
        return counts


def _load(connection, side: str, out: Path, same_uids: bool) -> None:
    master = master_open(out)
    files = {kind: parquet_list(master.files(kind)) for kind in ("persons", "rows", "values")}
    connection.execute(ROWS.format(side=side, rows=files["rows"], persons=files["persons"]))
    if not same_uids:
        connection.execute(
            f"create temp table who_{side} as select distinct uid, who from rows_{side}"
        )
        connection.execute(f"alter table rows_{side} drop column uid")
    review = master.folder / "review.parquet"
    whole = {**files, "review": f"read_parquet({sql_text(str(review))})"}
    for kind in ("persons", "values", "review"):
        given = whole[kind]
        more = "round(probability, 6) as probability" if kind == "review" else ""
        leave = "uid" if not same_uids else ""
        leave = ", ".join(part for part in (leave, "probability" if more else "") if part)
        select = f"t.* exclude ({leave})" if leave else "t.*"
        chosen = ", ".join(part for part in ("" if same_uids else "w.who", select, more) if part)
        # A pair of two rows for review has no subject.
        joined = "" if same_uids else f" left join who_{side} w on w.uid = t.uid"
        if kind == "persons" and not same_uids:
            chosen = chosen.replace("exclude (uid)", "exclude (uid, key)")
        connection.execute(
            f"create temp table {kind}_{side} as select {chosen} from {given} t{joined}"
        )


def schemas_of(out: Path) -> dict[str, str]:
    """Return the schema of each kind of file."""
    master = master_open(out)
    return {
        kind: str(pq.read_schema(master.files(kind)[0]))
        for kind in ("persons", "rows", "values", "ids")
    }
