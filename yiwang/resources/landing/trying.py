"""Trying a rule on the last batch before it is asked for (规则试算): nothing is changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from django.utils import timezone

from yiwang.engines.api import TabularLimits, sql_text, tabular_open
from yiwang.resources.catalogue.data import ResourceSpec
from yiwang.resources.landing.models import Batch
from yiwang.resources.landing.queries import data_root, feed_files
from yiwang.resources.quality.contracts import CheckOptions, contract_check
from yiwang.resources.quality.data import Contract, Rule
from yiwang.resources.quality.queries import contract_build

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Trial:
    """How a rule would have gone on a batch (试算结果).

    judged, failed: of the rows in force of that batch; stops: the batch would have been stopped.
    rows: the first that fail, as (line of the file, {field: value} of the fields the rule reads).
    """

    batch_id: int
    batch_number: int
    judged: int
    failed: int
    stops: bool
    rejects: bool
    detail: str = ""
    rows: tuple[tuple[int, dict[str, str]], ...] = ()


def rule_try(resource_id: int, code: str, spec: ResourceSpec, key: str) -> Trial | None:
    """Check the rows of the last batch in force with one rule of a specification; None without a batch.

    spec: the working copy with the rule in it. Raises `ContractInvalid`.
    """
    contract = contract_build(spec, code)
    rule = contract.rule(key)
    landed = Batch.objects.filter(resource_id=resource_id, state=Batch.State.LANDED)
    batch = landed.order_by("-number").first()
    if batch is None:
        return None
    path = data_root() / batch.folder / "accepted.parquet"
    return _checked(batch, path, replace(contract, rules=(rule,)), rule)


def _checked(batch: Batch, path: Path, contract: Contract, rule: Rule) -> Trial:
    options = CheckOptions(timezone.localdate())
    with tabular_open(TabularLimits(1, 512)) as connection:
        came = {name for name, *_ in connection.execute(
            f"describe select * from read_parquet({sql_text(str(path))})"
        ).fetchall()}  # fmt: skip
        names = [one.name for one in contract.fields]
        columns = ", ".join(
            f"{_quoted(name)}" if name in came else f"null::varchar as {_quoted(name)}"
            for name in names
        )
        connection.execute(
            f"create temp table tried as select _line as line, {columns} "
            f"from read_parquet({sql_text(str(path))})"
        ).fetchall()
        checked = contract_check(
            connection, "tried", contract,
            references=_references(rule), previous=feed_files(contract.resource_code),
            options=options,
        )  # fmt: skip
        count = checked.count(rule.key)
        rows = _sample(connection, checked.table, rule.fields or names[:3]) if count.failed else ()
    return Trial(
        batch_id=batch.pk,
        batch_number=batch.number,
        judged=count.judged,
        failed=count.failed,
        stops=count.is_stopping,
        rejects=rule.action == "REJECT",
        detail=count.detail,
        rows=tuple(rows),
    )


def _references(rule: Rule) -> dict[str, list[Path]]:
    if rule.kind != "REFERENCE":
        return {}
    code = rule.that.rpartition(".")[0]
    return {code: feed_files(code)}


def _sample(connection, table: str, names: Sequence[str]):  # noqa: ANN001, ANN202 - of DuckDB
    columns = ", ".join(f"cast(t.{_quoted(name)} as varchar)" for name in names)
    found = connection.execute(
        f"select t.line, {columns} from tried t join {table} c on c.line = t.line "
        f"order by t.line limit {SHOWN:d}"
    ).fetchall()
    return [(line, dict(zip(names, values, strict=True))) for line, *values in found]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
