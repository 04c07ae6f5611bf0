"""What `yw quality check|score` does (质量命令): prints by `echo`, returns the exit code."""

import json
from collections.abc import Callable
from pathlib import Path

from django.utils import timezone

from yiwang.engines.tabular.door import TabularLimits, sql_text, tabular_open
from yiwang.kernel.api import context_system, context_use
from yiwang.resources.catalogue.queries import resource_get
from yiwang.resources.quality.columns import identifier
from yiwang.resources.quality.contracts import CheckOptions, contract_check
from yiwang.resources.quality.data import Checked, Contract
from yiwang.resources.quality.models import QualityScore
from yiwang.resources.quality.queries import contract_build, standard_get
from yiwang.resources.quality.rules import level_of
from yiwang.sdk.errors import N_, YiwangError

Echo = Callable[[str], object]
SHOWN = 20


class CheckFileUnreadable(YiwangError):
    """The file is not a table of a kind that the dry run reads."""

    code = "quality_file_unreadable"
    status = 422
    message = N_(
        "This file cannot be read for a check. Give UTF-8 CSV with a heading, or Parquet; `yw land` "
        "reads what offices make."
    )


def check(file: str, *, resource: str, as_json: bool = False, echo: Echo) -> int:
    """Check a file against a resource's contract and change nothing (试检); 1 when rows would be refused.

    Columns are found by the field's name or title. Values are read as they stand: repairs are
    landing's, so a dry run is stricter than a delivery.
    """
    path = Path(file)
    with context_use(context_system(f"yw quality check {path.name}", name="yw")):
        view = resource_get(resource)
        contract = contract_build(view.spec, view.code)
        with tabular_open(TabularLimits(threads=2)) as connection:
            _table_make(connection, path, contract)
            checked = contract_check(
                connection, "checked", contract, options=CheckOptions(timezone.localdate())
            )
            rows = connection.execute(
                f"select line, reasons from {checked.table} order by line limit {SHOWN}"
            ).fetchall()
    if as_json:
        echo(json.dumps(_plain(checked), ensure_ascii=False))
        for line, reasons in rows:
            echo(json.dumps({"line": line, "reasons": reasons}, ensure_ascii=False))
    else:
        _print(checked, rows, echo)
    return 1 if checked.rejected or checked.stops else 0


def _table_make(connection, path: Path, contract: Contract) -> None:  # noqa: ANN001
    import duckdb  # noqa: PLC0415 - not paid for by web processes

    readers = {
        ".parquet": "read_parquet({})",
        ".csv": "read_csv({}, all_varchar = true, header = true)",
    }
    reader = readers.get(path.suffix.lower())
    if reader is None or not path.is_file():
        raise CheckFileUnreadable()
    source = reader.format(sql_text(str(path)))
    try:
        came = [
            name for name, *_ in connection.execute(f"describe select * from {source}").fetchall()
        ]
        titles = {name: one.name for one in contract.fields for name in (one.title, one.name)}
        columns = "".join(
            f", {identifier(name)} as {identifier(titles.get(name, name))}"
            for name in came
            if name != "line"
        )
        connection.execute(
            f"create temp table checked as select row_number() over () + 1 as line{columns} from {source}"
        ).fetchall()
    except duckdb.Error as error:
        raise CheckFileUnreadable() from error


def _plain(checked: Checked) -> dict[str, object]:
    return {
        "rows": checked.rows,
        "rejected": checked.rejected,
        "warned": checked.warned,
        "missing": checked.missing,
        "extra": checked.extra,
        "stops": checked.stops,
        "rules": [
            {
                "rule": one.rule.key,
                "judged": one.judged,
                "failed": one.failed,
                "action": one.rule.action,
            }
            for one in checked.counts
        ],
    }


def _print(checked: Checked, rows: list[tuple], echo: Echo) -> None:
    echo(
        f"{checked.rows:,} rows, {checked.rejected:,} would be kept back, {checked.warned:,} noted"
    )
    if checked.missing:
        echo(f"missing columns: {', '.join(checked.missing)}")
    for one in checked.counts:
        if one.failed:
            echo(
                f"  {one.failed:>10,} of {one.judged:,}  {one.rule.key}  {one.rule.message}".rstrip()
            )
    for line, reasons in rows:
        echo(f"  line {line}: {', '.join(reasons)}")
    if checked.stops:
        echo(f"The batch would stop: {', '.join(checked.stops)}")


def score(*, resource: str = "", as_json: bool = False, echo: Echo) -> int:
    """Print the latest scores of the city and its departments, or of a resource by field (评分)."""
    rows = QualityScore.objects.filter(is_latest=True)
    if resource:
        with context_use(context_system("yw quality score", name="yw")):
            rows = rows.filter(scope="RESOURCE", resource_id=resource_get(resource).id)
    else:
        rows = rows.exclude(scope="RESOURCE")
    standard = standard_get()
    found = list(rows.order_by("scope", "department_id", "field", "property"))
    for row in found:
        level = level_of(row.score, standard)[0]
        if as_json:
            names = ("scope", "department_id", "field", "property", "judged", "failed", "score")
            values = {name: getattr(row, name) for name in names}
            echo(json.dumps(values | {"day": f"{row.day}", "level": level}, ensure_ascii=False))
            continue
        about = row.field or (f"department {row.department_id}" if row.department_id else row.scope)
        echo(f"{row.score:6.2f} {level}  {row.property or 'ALL':14} {about}")
    if not found and not as_json:
        echo("Nothing has been measured yet.")
    return 0
