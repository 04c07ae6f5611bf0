"""A published resource of a bureau, batches made of plain rows, and a sender of corrections."""

from datetime import UTC, datetime, timedelta

import pytest

from yiwang.engines.tabular.door import tabular_open
from yiwang.kernel.api import (
    calendar_seed_load,
    context_system,
    context_use,
)
from yiwang.resources.catalogue.data import FieldSpec, QualityRule
from yiwang.resources.catalogue.tests.conftest import SPEC, City
from yiwang.resources.quality.actions.batches import batch_judge
from yiwang.resources.quality.contracts import CheckOptions, contract_check, faults_keep
from yiwang.resources.quality.data import BatchFacts
from yiwang.resources.quality.hooks import fix_forget
from yiwang.resources.quality.queries import HANDLE, contract_build, data_path

NOW = datetime(2026, 11, 18, 2, tzinfo=UTC)  # a Wednesday
FIELDS = ("number", "name", "sex", "registered_date")


class Quality(City):
    """The city of the catalogue's tests with one published resource and its batches."""

    def __init__(self) -> None:
        super().__init__()
        from dataclasses import replace

        from yiwang.resources.catalogue.actions import resource_register, resource_submit
        from yiwang.resources.catalogue.actions.reviews import resource_publish

        calendar_seed_load(now=NOW)
        spec = replace(
            SPEC,
            cycle="DAILY",
            fields=(
                FieldSpec("number", "登记证号", "Number", "C", 40, 2, is_key=True),
                FieldSpec("name", "男方姓名", "Name", "C", 4, 3, "2"),
                FieldSpec("sex", "性别", "Sex", "C", 1, 2, code_table="sexes"),
                FieldSpec("registered_date", "登记日期", "Date", "D", 0, 1),
            ),
            quality=(
                QualityRule("named", kind="REQUIRED", fields=("name",)),
                QualityRule("later", "registered_date > date('2000-01-01')", "登记日期应晚于2000年",
                            "Registered after 2000"),
            ),
        )  # fmt: skip
        with self.steward():
            view = resource_register(spec, department_id=self.ids["bureau"], now=NOW)
            resource_submit(view.id, now=NOW)
        with self.reviewer():
            view = resource_publish(view.id, now=NOW)
        self.resource_id, self.code = view.id, view.code
        self.contract = contract_build(view.spec, view.code)
        self.number = 0
        self.fixes: list[list[dict]] = []

    def context(self, name, account_id, **more):
        context = super().context(name, account_id, **more)
        from dataclasses import replace

        return replace(context, permissions=context.permissions | {HANDLE})

    def batch(self, rows, *, mode="DELTA", source="UPLOAD", state="LANDED", now=NOW):
        """Land rows as landing does: check, keep the faults, write what was accepted, judge."""
        self.number += 1
        folder = data_path(f"landing/test/{self.number}")
        folder.mkdir(parents=True, exist_ok=True)
        with tabular_open() as connection:
            columns = ", ".join(f"{name} varchar" for name in FIELDS)
            connection.execute(f"create temp table t (line bigint, {columns})").fetchall()
            if rows:
                connection.executemany(
                    "insert into t values (?, ?, ?, ?, ?)",
                    [(line, *row) for line, row in enumerate(rows, start=2)],
                )
            checked = contract_check(
                connection, "t", self.contract, options=CheckOptions(now.date())
            )
            profile = faults_keep(
                connection, "t", self.contract, checked, path=folder / "faults.parquet"
            )
            connection.execute(
                f"copy (select * exclude (line) from t anti join (from {checked.table} where"
                f" rejected) using (line)) to '{folder}/accepted.parquet' (format parquet)"
            ).fetchall()
        facts = BatchFacts(
            resource_id=self.resource_id, batch_id=self.number, number=self.number, mode=mode,
            source=source, state=state, department_id=self.ids["bureau"], at=now,
            checked=checked, contract=self.contract, profile=profile,
            faults=f"landing/test/{self.number}/faults.parquet",
            accepted=f"landing/test/{self.number}/accepted.parquet",
        )  # fmt: skip
        with context_use(context_system("test")):
            return batch_judge(facts, now=now)

    def send(self, resource_id, rows, *, reason, now):
        self.fixes.append(list(rows))
        self.batch(
            [tuple(row[name] or None for name in FIELDS) for row in rows],
            source="FIX", now=now + timedelta(minutes=1),
        )  # fmt: skip
        return self.number


@pytest.fixture
def city(seeds, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    with context_use(context_system("test")):
        yield Quality()
    fix_forget()
