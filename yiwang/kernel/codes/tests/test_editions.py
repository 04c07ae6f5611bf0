"""Loading a second edition of the divisions: the exact report, and answers as of a date."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from yiwang.kernel.audit.context import ANONYMOUS, context_system, context_use
from yiwang.kernel.audit.queries import audit_list
from yiwang.kernel.codes.actions import (
    EditionDateTaken,
    EditionExists,
    code_file_read,
    code_table_load,
    succession_decide,
)
from yiwang.kernel.codes.formats import CodeFileInvalid, csv_parse, yaml_parse
from yiwang.kernel.codes.models import Code, CodeEdition, CodeSuccession
from yiwang.kernel.codes.queries import (
    EditionUnknown,
    code_diff,
    code_get,
    code_list,
    code_trace,
    succession_list,
)
from yiwang.kernel.codes.rules import CodeRow
from yiwang.sdk.errors import Invalid, NotFound, SignInNeeded

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
HERE = Path(__file__).parent
BEFORE, AFTER = date(2024, 12, 31), date(2025, 1, 1)


@pytest.fixture(autouse=True)
def _system():
    with context_use(context_system("test")):
        yield


def load(number: int, **changes):
    file = code_file_read(HERE / f"made-divisions-{number}.yaml")
    given = {
        "edition": file.edition,
        "rows": file.rows,
        "valid_from": file.valid_from,
        "title": dict(file.title),
        "source": file.source,
        "is_made": file.is_made,
        "now": NOW,
    }
    return code_table_load(file.table, **(given | changes))


def told(diff, kind: str) -> list[tuple[str, str]]:
    return [(change.from_code, change.to_code) for change in diff.of(kind)]


def test_the_second_edition_says_exactly_what_became_of_every_code():
    first = load(1)
    assert (first.codes, first.is_new, first.diff) == (26, True, None)
    result = load(2)
    assert (result.codes, result.before) == (25, "made-1")
    diff = result.diff
    assert diff.counts == {
        "UNCHANGED": 8,
        "RENAMED": 1,
        "RECODED": 13,
        "MERGED": 2,
        "SPLIT": 0,
        "ADDED": 1,
        "GONE": 1,
        "UNDECIDED": 1,
    }
    assert told(diff, "RENAMED") == [("320506104001", "320506104001")]
    assert told(diff, "MERGED") == [
        ("320506104002", "320506104008"),
        ("320506104200", "320506104008"),
    ]
    assert told(diff, "ADDED") == [("", "320506104009")]
    assert told(diff, "GONE") == [("320506104202", "")]
    recoded = told(diff, "RECODED")
    assert recoded[0] == ("320507105", "320506111")
    assert all(
        a.startswith("320507105") and b == a.replace("320507105", "320506111") for a, b in recoded
    )
    (case,) = diff.undecided
    assert (case.from_code, case.from_name) == ("320506104204", "采香泾村委会")
    assert case.candidates == (("320506104010", "采香泾社区居委会"),)
    assert code_diff("divisions", "made-1", "made-2") == diff
    assert len(succession_list("divisions", "made-1", "made-2")) == 18


def test_a_date_is_answered_from_the_edition_in_force():
    load(1)
    load(2)
    assert code_get("divisions", "320506104001", BEFORE).name == "子胥社区居委会"
    assert code_get("divisions", "320506104001", AFTER).name == "伍子胥社区居委会"
    assert code_get("divisions", "320507105", AFTER) is None
    assert code_get("divisions", "320507105", date(2023, 6, 29)) is None
    assert code_get("divisions", "320506111", AFTER).parent_code == "320506"
    assert len(code_list("divisions", as_of=BEFORE)) == 26
    assert len(code_list("divisions", as_of=AFTER)) == 25
    edition = CodeEdition.objects.get(edition="made-1")
    assert (edition.valid_from, edition.valid_to, edition.is_made) == (
        date(2023, 6, 30),
        AFTER,
        True,
    )


def test_an_old_code_is_traced_to_what_it_is_called_today():
    load(1)
    load(2)

    def traced(code: str) -> list[str]:
        return [v.code for v in code_trace("divisions", code, since=BEFORE, as_of=AFTER)]

    assert traced("320507105201") == ["320506111201"]
    assert traced("320506104002") == ["320506104008"]
    assert traced("320506104001") == ["320506104001"]
    assert traced("320506104202") == []
    assert traced("320506104204") == []
    assert traced("320506104009") == []


def test_loading_the_same_edition_again_changes_nothing():
    load(1)
    load(2)
    counts = (CodeEdition.objects.count(), Code.objects.count(), CodeSuccession.objects.count())
    again = load(2)
    assert (again.is_new, again.diff) == (False, None)
    assert counts == (
        CodeEdition.objects.count(),
        Code.objects.count(),
        CodeSuccession.objects.count(),
    )
    assert audit_list(subject="codes:divisions")[0]["outcome"] == "UNCHANGED"


def test_the_older_edition_may_be_loaded_later():
    load(2)
    load(1)
    assert CodeEdition.objects.get(edition="made-1").valid_to == AFTER
    assert CodeEdition.objects.get(edition="made-2").valid_to is None
    assert code_diff("divisions", "made-1", "made-2").counts["RECODED"] == 13
    assert len(succession_list("divisions", "made-1", "made-2")) == 18


def test_an_edition_is_never_edited():
    load(1)
    with pytest.raises(EditionExists):
        load(2, edition="made-1")
    with pytest.raises(EditionDateTaken):
        load(2, valid_from=date(2023, 6, 30))
    assert Code.objects.count() == 26


def test_a_person_decides_what_the_rules_left_open():
    load(1)
    load(2)
    pair = {"a": "made-1", "b": "made-2"}
    link = {"from_code": "320506104204", "to_code": "320506104010"}
    with pytest.raises(Invalid):
        succession_decide("divisions", **pair, **link, kind="RECODED", evidence=" ")
    with pytest.raises(NotFound):
        succession_decide(
            "divisions", **pair, **(link | {"to_code": "1"}), kind="RECODED", evidence="x"
        )
    assert len(code_diff("divisions", *pair.values()).undecided) == 1
    succession_decide("divisions", **pair, **link, kind="RECODED", evidence="吴政发〔2025〕1号")
    diff = code_diff("divisions", *pair.values())
    assert diff.undecided == ()
    (change,) = [c for c in diff.changes if c.from_code == "320506104204"]
    assert (change.to_code, change.decided_by, change.evidence) == (
        "320506104010",
        "PERSON",
        "吴政发〔2025〕1号",
    )
    assert diff.counts["GONE"] == 1
    assert [v.code for v in code_trace("divisions", "320506104204", since=BEFORE, as_of=AFTER)] == [
        "320506104010"
    ]


def test_a_person_may_correct_a_rule():
    load(1)
    load(2)
    pair = {"a": "made-1", "b": "made-2"}
    succession_decide(
        "divisions",
        **pair,
        from_code="320506104202",
        to_code="320506104009",
        kind="RECODED",
        evidence="吴政发〔2025〕2号",
    )
    counts = code_diff("divisions", *pair.values()).counts
    assert (counts["GONE"], counts["ADDED"], counts["RECODED"]) == (0, 0, 14)
    kinds = {s.from_code or s.to_code: s.kind for s in succession_list("divisions", *pair.values())}
    assert kinds["320506104202"] == "RECODED"
    assert "320506104009" not in kinds


def test_unknown_editions_and_strangers_are_refused():
    load(1)
    with pytest.raises(EditionUnknown):
        code_diff("divisions", "made-1", "made-9")
    with context_use(ANONYMOUS), pytest.raises(SignInNeeded):
        load(2)
    assert CodeEdition.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b\n1,2\n", "columns code and name"),
        ("code,name\n1,东\n1,西\n", "line 3: the code 1 stands twice"),
        ("code,name\n1,\n", "line 2: code and name are needed"),
        ("code,name,parent\n1,东,9\n", "line 2: the parent 9 is missing"),
        ("code,name,parent\n1,东,2\n2,西,1\n", "in a circle"),
        ("code,name\n1,东,西\n", "line 2: it does not fit"),
        ("code,name,level\n1,东,x\n", "the level x"),
    ],
)
def test_a_broken_csv_is_refused_with_its_line(text, reason):
    with pytest.raises(CodeFileInvalid, match=reason):
        csv_parse(text)


def test_yaml_keeps_codes_as_text():
    file = yaml_parse(
        "table: t\nvalid_from: 2020-01-01\ncodes:\n - {code: 01, name: no, rank: 7}\n"
    )
    assert file.rows == (CodeRow("01", "no", level=1, attributes={"rank": "7"}),)
    assert file.valid_from == date(2020, 1, 1)
    for broken in ("- 1", "codes: 7", "codes: [a]", "codes:\n - {code: 1", "valid_from: soon"):
        with pytest.raises(CodeFileInvalid):
            yaml_parse(broken)


def test_a_file_of_another_kind_or_encoding_is_refused(tmp_path):
    for name, content in (("x.txt", b"a"), ("x.csv", b"\xff\xfe"), ("x.csv.gz", b"code")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CodeFileInvalid):
            code_file_read(tmp_path / name)
    with pytest.raises(CodeFileInvalid):
        code_file_read(tmp_path / "none.csv")
