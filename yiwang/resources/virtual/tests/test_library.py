"""From a definition under two persons to a question with its trace, on pages as people use them."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import yaml
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from yiwang.identity.api import accounts_load, department_by_uscc, departments_load, posts_load
from yiwang.kernel.api import audit_list, context_system, context_use
from yiwang.resources.catalogue.queries import resource_get
from yiwang.resources.registries.rules import ref_make
from yiwang.resources.virtual.actions import answers_sweep
from yiwang.resources.virtual.answering import run_execute, virtual_query
from yiwang.resources.virtual.data import (
    Answer,
    FilterSpec,
    MeasureSpec,
    PurposeNotAllowed,
    Query,
    QueryInvalid,
    Scope,
)
from yiwang.resources.virtual.demo import virtual_demo_load
from yiwang.resources.virtual.models import VirtualDataset, VirtualRun
from yiwang.resources.virtual.queries import run_folder
from yiwang.resources.virtual.rules import answer_finish, query_check, spec_dump, spec_problems
from yiwang.resources.virtual.tests.conftest import (
    PEOPLE,
    PERMITS,
    STREETS,
    parquet_write,
    spec_make,
    sqlite_write,
)
from yiwang.resources.virtual.tests.test_federation import (
    AREAS,
    PEOPLE_PARTS,
    PERMIT_PARTS,
    STREET_PARTS,
)
from yiwang.sdk.identifiers import uscc_make

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
ROOM = "/resources/virtual/"
REFS = [ref_make("P", number) for number in range(6)]
SPEC = replace(spec_make(PEOPLE_PARTS, PERMIT_PARTS, STREET_PARTS), small_cell=3)
SPEC = replace(
    SPEC,
    fields=tuple(
        replace(one, level=3, mask="NAME")
        if one.key == "name"
        else replace(one, is_person=True)
        if one.key == "title"
        else one
        for one in SPEC.fields
    ),
)
DEPARTMENTS = (
    ("data", "苏州市数据局", "CITY", "320500"),
    ("market_supervision", "苏州市市场监督管理局", "CITY", "320500"),
    ("market_supervision", "苏州市姑苏区市场监督管理局", "DISTRICT", "320508"),
)
STAFF = {
    "bureau": (0, "DATA_STEWARD"),
    "writer": (1, "DATA_STEWARD"),
    "officer": (1, "APPROVER"),
    "gusu": (2, "DATA_STEWARD"),
    "clerk": (1, "WINDOW_CLERK"),
}


@pytest.fixture(autouse=True)
def sources(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    folder = tmp_path / "virtual" / "sources"
    folder.mkdir(parents=True)
    people = [
        (n, f"王{n}明", AREAS[n % 3], 30 + n, 1.7, date(1990, 1, 1), f"s{n}") for n in range(6)
    ]
    permits = [
        (f"N{n}", n % 6, "餐饮" if n % 4 else "零售", n * 1.0, date(2026, 1, 1)) for n in range(24)
    ]
    sqlite_write(folder / "p.sqlite3", "people", PEOPLE, people[:3])
    parquet_write(folder / "p.parquet", PEOPLE, people[3:])
    parquet_write(folder / "permits.parquet", PERMITS, permits)
    streets = [(f"s{n}", REFS[n], "姑苏") for n in range(6)]
    sqlite_write(folder / "s.sqlite3", "streets", STREETS, streets)
    return folder


@pytest.fixture
def as_(client, db):
    rows = [
        {
            "uscc": uscc_make("1", "1", "320500", f"MC90000{number}"),
            "name": name,
            "short_name": name[3:],
            "name_en": f"Bureau {number}",
            "function": function,
            "level": level,
            "area_code": area,
        }
        for number, (function, name, level, area) in enumerate(DEPARTMENTS)
    ]
    posts = [
        {"department_uscc": rows[number]["uscc"], "title": key, "roles": [role]}
        for key, (number, role) in STAFF.items()
    ]
    accounts = [
        {
            "username": key,
            "population": "STAFF",
            "name": key,
            "posts": [{"department_uscc": rows[number]["uscc"], "title": key}],
        }
        for key, (number, _role) in STAFF.items()
    ]
    with context_use(context_system("test")):
        departments_load(rows, now=NOW)
        posts_load(posts, now=NOW)
        accounts_load(accounts, now=NOW)

    def sign_in(name):
        client.force_login(get_user_model().objects.get(username=name))
        return client

    sign_in.departments = [department_by_uscc(row["uscc"]).id for row in rows]
    return sign_in


@pytest.fixture
def theme(as_):
    """Return the theme, written by one steward and published by another."""
    as_("writer").post(
        ROOM + "desk/new/", {"key": "theme", "definition": yaml.safe_dump(spec_dump(SPEC))}
    )
    one = ROOM + "desk/theme/"
    assert as_("writer").post(one, {"act": "submit"}).status_code == 302
    assert as_("bureau").post(one, {"act": "publish"}).status_code == 302
    return VirtualDataset.objects.get(key="theme")


def ask(client, **typed) -> VirtualRun:
    """Ask as the builder does, and let a worker answer."""
    answer = client.post(ROOM + "theme/", {"purpose": "许可核查", "limit": "100"} | typed)
    assert answer.status_code == 302, re.findall(
        r"error-list.*?</ul>", answer.content.decode(), re.DOTALL
    )
    run = VirtualRun.objects.get(number=answer["Location"].rstrip("/").rpartition("/")[2])
    run_execute(run.pk)
    run.refresh_from_db()
    return run


def test_whoever_wrote_a_definition_does_not_publish_it(as_, theme):
    assert (theme.state, theme.current_version.number) == ("PUBLISHED", 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        theme.versions.update(published_by=1, submitted_by=1)
    one = ROOM + "desk/theme/"
    text = yaml.safe_dump(spec_dump(replace(SPEC, title="许可新版")))
    as_("bureau").post(one, {"act": "save", "definition": text})
    as_("bureau").post(one, {"act": "submit"})
    refused = as_("bureau").post(one, {"act": "publish"})
    assert refused.status_code == 422
    assert as_("writer").post(one, {"act": "publish"}).status_code in (403, 422)
    theme.refresh_from_db()
    assert (theme.state, theme.current_version.number) == ("SUBMITTED", 1)


def test_a_published_dataset_stands_in_the_catalogue_with_its_fields(as_, theme):
    with context_use(context_system("test")):
        found = resource_get(theme.resource_code)
    assert found.published.spec.title == "从业许可"
    assert [one.name for one in found.published.spec.fields] == [one.key for one in SPEC.fields]
    assert found.department_id == as_.departments[1]


def test_a_revision_is_published_as_a_second_version(as_, theme):
    one = ROOM + "desk/theme/"
    text = yaml.safe_dump(spec_dump(replace(SPEC, title="许可新版")))
    as_("writer").post(one, {"act": "save", "definition": text})
    as_("writer").post(one, {"act": "submit"})
    assert as_("bureau").post(one, {"act": "publish"}).status_code == 302
    theme.refresh_from_db()
    assert [v.valid_to is None for v in theme.versions.order_by("number")] == [False, True]
    with context_use(context_system("test")):
        assert resource_get(theme.resource_code).published.number == 2


def test_a_definition_with_a_query_or_a_path_that_leads_out_is_not_submitted(as_):
    part = replace(PERMIT_PARTS[0], kind="POSTGRESQL", location="YIWANG_DATABASE", table="x; --")
    source = replace(SPEC.sources[1], parts=(part, replace(part, key="b", table="t"),
        replace(PERMIT_PARTS[0], key="c", location="../../x.parquet")))  # fmt: skip
    wrong = replace(SPEC, sources=(SPEC.sources[0], source, SPEC.sources[2]), purposes=())
    assert spec_problems(wrong) == [
        "sources.permits.all: table",
        "sources.permits.b: location (YIWANG_SOURCE_…)",
        "sources.permits.c: location",
        "purposes",
    ]
    as_("writer").post(
        ROOM + "desk/new/", {"key": "theme", "definition": yaml.safe_dump(spec_dump(wrong))}
    )
    answer = as_("writer").post(ROOM + "desk/theme/", {"act": "submit"})
    assert answer.status_code == 422
    assert VirtualDataset.objects.get().state == "DRAFT"


def test_rows_are_masked_by_level_and_traced_by_field_and_person(as_, theme):
    run = ask(as_("writer"), fields=["name", "title", "number"], **{
        "f0-field": "name", "f0-op": "EQ", "f0-value": "王1明"})  # fmt: skip
    assert (run.state, run.rows, run.version_id) == ("DONE", 4, theme.current_version_id)
    page = as_("writer").get(f"{ROOM}runs/{run.number}/").content.decode()
    assert "王**" in page
    assert "王1明</td>" not in page
    assert "SELECT" in page
    [row] = audit_list(person_ref=REFS[1])
    assert (row["act"], row["purpose"]) == ("resources.virtual.read", "许可核查")
    assert row["detail"] == {"fields": ["name", "number", "title"]}
    traces = [one["detail"] for one in audit_list(subject="virtual:theme")]
    assert all("王1明" not in str(detail) for detail in traces)
    clear = ask(as_("officer"), fields=["name"], purpose="许可核查", case="案-7")
    assert clear.purpose == "许可核查：案-7"
    assert "王1明" in as_("officer").get(f"{ROOM}runs/{clear.number}/").content.decode()


def test_a_district_sees_its_own_rows_and_nobody_sees_anothers_questions(as_, theme):
    run = ask(as_("gusu"), fields=["area", "number"])
    assert run.rows == 8
    page = as_("gusu").get(f"{ROOM}runs/{run.number}/").content.decode()
    assert {area for area in AREAS if f">{area}<" in page} == {"320508"}
    assert as_("writer").get(f"{ROOM}runs/{run.number}/").status_code == 404
    assert as_("clerk").get(ROOM).status_code == 403


def test_small_groups_lose_their_figures_and_the_next_smallest_too(as_, theme):
    answer = Answer((), [("a", 9, 9), ("b", 2, 2), ("c", 5, 5)], False, ())
    query = Query(groups=("kind",), measures=(MeasureSpec("COUNT"),))
    shown = answer_finish(SPEC, query, answer, Scope())
    assert (shown.rows, shown.hidden) == ([("a", 9), ("b", None), ("c", None)], 2)
    run = ask(as_("writer"), g0="kind", **{"m0-kind": "COUNT"})
    assert (run.state, run.hidden, run.rows) == ("DONE", 0, 2)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (Query(), "fields"),
        (Query(fields=("nothing",)), ""),
        (Query(fields=("age",), groups=("kind",)), "fields"),
        (Query(groups=("name",)), "groups"),
        (Query(fields=("name",), order=(("name", False),)), "order"),
        (Query(fields=("age",), order=(("kind", False),)), "order"),
        (Query(fields=("age",), filters=(FilterSpec("name", "STARTS", ("王",)),)), "filter-name"),
        (Query(fields=("age",), filters=(FilterSpec("age", "EQ", ("x",)),)), "filter-age"),
        (Query(fields=("age",), filters=(FilterSpec("age", "LIKE", ("1",)),)), "filter-age"),
        (Query(measures=(MeasureSpec("SUM", "kind"),)), "measures"),
        (Query(measures=(MeasureSpec("MAX", "name"),)), "measures"),
    ],
)
def test_what_would_tell_hidden_values_or_means_nothing_is_not_asked(query, field):
    with pytest.raises(QueryInvalid) as refused:
        query_check(SPEC, query, Scope("", 2))
    assert field in refused.value.fields


def test_a_purpose_that_the_dataset_does_not_list_is_refused_and_nothing_is_asked(as_, theme):
    answer = as_("writer").post(ROOM + "theme/", {"purpose": "好奇", "fields": ["age"]})
    assert answer.status_code == 422
    assert VirtualRun.objects.count() == 0
    with context_use(context_system("test")), pytest.raises(PurposeNotAllowed):
        virtual_query("theme", Query(fields=("age",)), purpose="好奇")
    with context_use(context_system("test")):
        answer = virtual_query("theme", Query(fields=("name",), limit=3), purpose="许可核查")
    assert (len(answer.rows), answer.is_cut) == (3, True)


def test_an_incomplete_answer_says_which_part_is_missing_on_page_and_export(as_, theme, sources):
    (sources / "p.parquet").unlink()
    run = ask(as_("writer"), fields=["number"])
    assert (run.state, run.rows) == ("INCOMPLETE", 12)
    page = as_("writer").get(f"{ROOM}runs/{run.number}/").content.decode()
    assert "乙" in page
    assert "结果不完整" in page
    export = as_("writer").get(f"{ROOM}runs/{run.number}/export/").content.decode()
    first, second = export.splitlines()[:2]
    for text in ("许可核查", run.number, "writer", "苏州市市场监督管理局"):
        assert text in first
    assert "乙" in second
    (sources / "permits.parquet").unlink()
    failed = ask(as_("writer"), fields=["number"])
    assert (failed.state, failed.error_code) == ("FAILED", "source_down")
    assert "许可" in as_("writer").get(f"{ROOM}runs/{failed.number}/").content.decode()


def test_a_question_is_cancelled_and_its_answer_kept_for_a_week(as_, theme):
    client = as_("writer")
    answer = client.post(ROOM + "theme/", {"purpose": "许可核查", "fields": ["age"]})
    run = VirtualRun.objects.get()
    waiting = client.get(answer["Location"]).content.decode()
    assert "hx-get" in waiting
    client.post(answer["Location"])
    run_execute(run.pk)
    run.refresh_from_db()
    assert (run.state, run.rows) == ("CANCELLED", None)
    done = ask(client, fields=["age"])
    assert done.rows == 24
    assert answers_sweep(now=datetime.now(UTC)) == 0
    assert answers_sweep(now=datetime(2100, 1, 1, tzinfo=UTC)) == 2
    assert list(run_folder().iterdir()) == []
    assert "已删除" in client.get(f"{ROOM}runs/{done.number}/").content.decode()


def test_sources_are_tried_from_the_definition(as_, theme, sources):
    (sources / "s.sqlite3").unlink()
    page = as_("writer").post(ROOM + "desk/theme/", {"act": "probe"}).content.decode()
    assert page.count("文件不存在") == 1
    assert as_("gusu").get(ROOM + "desk/theme/").status_code == 404


def test_every_page_opens(as_, theme):
    run = ask(as_("writer"), g0="kind", **{"m0-kind": "AVG", "m0-field": "amount"})
    pages = ("", "theme/", "runs/", f"runs/{run.number}/", "desk/", "desk/new/", "desk/theme/")
    for path in pages:
        assert as_("writer").get(ROOM + path).status_code == 200, path


def test_the_made_dataset_is_asked_as_one_over_its_three_places(as_):
    with context_use(context_system("test")):
        assert virtual_demo_load(NOW) == 13_000
        assert virtual_demo_load(NOW) == 0
    query = Query(groups=("result",), measures=(MeasureSpec("COUNT"),))
    with context_use(context_system("test")):
        answer = virtual_query("food_safety", query, purpose="统计分析")
        none = virtual_query(
            "food_safety",
            Query(measures=(MeasureSpec("COUNT"),), filters=(FilterSpec("result", "NOT_NULL"),)),
            purpose="统计分析",
        )
    assert [row[0] for row in answer.rows] == ["不合格", "合格", "限期整改", None]
    assert none.rows == [(9_000,)]
    assert len(answer.reports) == 3
