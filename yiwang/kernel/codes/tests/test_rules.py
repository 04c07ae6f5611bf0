"""Comparing editions: what is told by name and place, and that nothing is lost or doubled."""

from hypothesis import given
from hypothesis import strategies as st

from yiwang.kernel.codes.rules import Change, CodeRow, codes_compare


def row(code: str, name: str, parent: str = "", level: int = 1, *predecessors: str) -> CodeRow:
    return CodeRow(code, name, parent, level, predecessors=predecessors)


def found(diff) -> list[tuple[str, str, str]]:
    return [(change.kind, change.from_code, change.to_code) for change in diff.changes]


def test_swapped_codes_follow_the_names():
    diff = codes_compare([row("1", "东"), row("2", "西")], [row("1", "西"), row("2", "东")])
    assert found(diff) == [("RECODED", "1", "2"), ("RECODED", "2", "1")]


def test_a_code_given_to_another_place_is_not_taken_for_its_successor():
    old = [row("1", "市"), row("11", "东", "1", 2)]
    new = [row("1", "市"), row("2", "县"), row("11", "北", "2", 2)]
    assert found(codes_compare(old, new)) == [
        ("ADDED", "", "11"),
        ("ADDED", "", "2"),
        ("GONE", "11", ""),
    ]


def test_children_of_a_renamed_and_of_a_recoded_parent_are_followed():
    old = [row("1", "甲"), row("11", "东", "1", 2), row("2", "乙"), row("21", "西", "2", 2)]
    new = [row("1", "甲新"), row("12", "东", "1", 2), row("3", "乙"), row("31", "西", "3", 2)]
    assert found(codes_compare(old, new)) == [
        ("RENAMED", "1", "1"),
        ("RECODED", "11", "12"),
        ("RECODED", "2", "3"),
        ("RECODED", "21", "31"),
    ]


def test_several_candidates_are_left_for_a_person():
    diff = codes_compare([row("1", "东")], [row("2", "东"), row("3", "东")])
    assert diff.changes == ()
    (case,) = diff.undecided
    assert (case.from_code, case.candidates) == ("1", (("2", "东"), ("3", "东")))
    both = codes_compare([row("1", "东"), row("2", "东")], [row("3", "东")])
    assert [case.from_code for case in both.undecided] == ["1", "2"]
    assert both.changes == ()


def test_a_similar_name_is_shown_to_a_person_and_never_linked():
    diff = codes_compare([row("1", "木渎镇")], [row("2", "木渎街道")])
    assert diff.changes == ()
    assert diff.undecided[0].candidates == (("2", "木渎街道"),)


def test_a_moved_place_without_its_subdivisions_is_left_for_a_person():
    old = [row("1", "甲"), row("2", "乙"), row("11", "东", "1", 2), row("111", "一", "11", 3)]
    new = [row("1", "甲"), row("2", "乙"), row("21", "东", "2", 2), row("211", "二", "21", 3)]
    diff = codes_compare(old, new)
    assert [(u.from_code, u.candidates) for u in diff.undecided] == [("11", (("21", "东"),))]


def test_a_split_and_a_merger_stated_by_the_file_are_taken():
    old = [row("1", "东"), row("2", "西"), row("3", "南")]
    new = [
        row("4", "东一", "", 1, "1"),
        row("5", "东二", "", 1, "1"),
        row("2", "西南", "", 1, "2", "3"),
    ]
    assert found(codes_compare(old, new)) == [
        ("MERGED", "2", "2"),
        ("MERGED", "3", "2"),
        ("SPLIT", "1", "4"),
        ("SPLIT", "1", "5"),
    ]


def test_what_a_person_decided_goes_before_the_rules():
    decided = [Change("RECODED", "1", "木渎镇", "2", "木渎街道", "苏政发〔2025〕1号", "PERSON")]
    old = [row("1", "木渎镇"), row("11", "东", "1", 2)]
    new = [row("2", "木渎街道"), row("21", "东", "2", 2)]
    diff = codes_compare(old, new, decided=decided)
    assert found(diff) == [("RECODED", "1", "2"), ("RECODED", "11", "21")]
    assert diff.undecided == ()


@st.composite
def editions(draw: st.DrawFn) -> list[CodeRow]:
    tops = draw(st.lists(st.sampled_from("12345"), unique=True, min_size=1))
    rows = [row(code, draw(st.sampled_from("甲乙丙丁"))) for code in tops]
    for top in tops:
        for tail in draw(st.lists(st.sampled_from("123"), unique=True)):
            rows.append(row(top + tail, draw(st.sampled_from("东西南北")), top, 2))
    return rows


@given(editions(), editions())
def test_every_old_and_every_new_code_is_told_of_exactly_once(old, new):
    diff = codes_compare(old, new)
    told_old = [c.from_code for c in diff.changes if c.from_code]
    told_old += [case.from_code for case in diff.undecided]
    assert len(told_old) == len(set(told_old))
    assert len(told_old) + diff.unchanged == len(old)
    told_new = [c.to_code for c in diff.changes if c.to_code]
    assert len(told_new) == len(set(told_new))
    offered = {code for case in diff.undecided for code, _name in case.candidates}
    assert len(set(told_new) | offered) + diff.unchanged >= len(new)
    names = {r.code: r.name for r in new}
    for change in (*diff.of("RECODED"), *diff.of("UNCHANGED")):
        assert names[change.to_code] == change.from_name


@given(editions())
def test_an_edition_equals_itself(rows):
    diff = codes_compare(rows, rows)
    assert (diff.changes, diff.undecided, diff.unchanged) == ((), (), len(rows))
