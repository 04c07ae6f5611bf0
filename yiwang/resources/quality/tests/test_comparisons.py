"""Comparisons of fusion become exceptions of each department, settled by a run that no longer finds them."""

from yiwang.engines.tabular.door import sql_text, tabular_open
from yiwang.resources.quality.actions.exceptions import exceptions_from_comparisons
from yiwang.resources.quality.keeping import rows_page
from yiwang.resources.quality.models import QualityException
from yiwang.resources.quality.queries import data_path
from yiwang.resources.quality.tests.conftest import NOW

BOTH = """
select 'DEAD_EMPLOYED' as rule, 7::bigint as uid, ['employer'] as fields,
  [{'class': 1, 'row_no': 11}, {'class': 2, 'row_no': 22}] as rows, 'x' as message
union all select 'OVER_AGE', 8, ['deceased_date'], [{'class': 1, 'row_no': 12}], 'y'
"""


def taken(city, tmp_path, select):
    path = tmp_path / "comparisons.parquet"
    with tabular_open() as connection:
        connection.execute(f"copy ({select}) to {sql_text(str(path))} (format parquet)").fetchall()
    departments = {1: city.ids["bureau"], 2: city.ids["health"]}
    messages = {"OVER_AGE": ("超过一百二十岁", "Older than 120 years")}
    return exceptions_from_comparisons(
        path, registry="population", departments=departments, messages=messages, now=NOW
    )


def found():
    rows = QualityException.objects.order_by("rule", "department_id")
    return [(row.rule, row.department_id, row.rows_open, row.state) for row in rows]


def test_a_department_has_one_exception_a_rule_and_a_clean_run_settles_it(city, tmp_path):
    bureau, health = city.ids["bureau"], city.ids["health"]
    assert taken(city, tmp_path, BOTH) == 3
    assert found() == [
        ("DEAD_EMPLOYED", bureau, 1, "OPEN"), ("DEAD_EMPLOYED", health, 1, "OPEN"),
        ("OVER_AGE", bureau, 1, "OPEN"),
    ]  # fmt: skip
    row = QualityException.objects.get(rule="OVER_AGE")
    assert (row.message, row.message_en) == ("超过一百二十岁", "Older than 120 years")
    (kept,) = rows_page(data_path(row.path), offset=0, limit=5)
    assert (kept["key"], kept["class"], kept["row_no"]) == ("8", "1", "12")
    assert taken(city, tmp_path, BOTH) == 0
    assert taken(city, tmp_path, f"select * from ({BOTH}) where uid = 8") == 0
    assert [state for *_, state in found()] == ["CLOSED", "CLOSED", "OPEN"]
    assert taken(city, tmp_path, BOTH) == 2
    assert [state for *_, state in found()] == ["OPEN", "OPEN", "OPEN"]
