"""The payment's machine and the comparison of books, for every order of events and every planted fault."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from yiwang.hall.payments import data, rules
from yiwang.hall.payments.data import BookLine, StatementLine
from yiwang.sdk.identifiers import luhn_check

EVENTS = st.lists(st.sampled_from([data.AUTHORISE, data.CAPTURE, data.FAIL, data.EXPIRE]))
AT = datetime(2026, 11, 20, tzinfo=UTC)


@given(EVENTS)
def test_money_that_moved_is_in_the_books_whatever_was_said_before_or_after(events):
    state = data.CREATED
    for event in events:
        state = rules.state_after(state, event)
    assert (state == data.CAPTURED) == (data.CAPTURE in events)


@given(EVENTS)
def test_saying_everything_twice_changes_nothing(events):
    once = twice = data.CREATED
    for event in events:
        once = rules.state_after(once, event)
        twice = rules.state_after(rules.state_after(twice, event), event)
    assert once == twice


BOOKS = st.dictionaries(st.integers(1, 40), st.integers(1, 10**9), max_size=25)
FAULTS = st.dictionaries(
    st.integers(1, 40), st.sampled_from(["MISSING_HERE", "MISSING_THERE", "AMOUNT", "REPEATED"])
)


@given(BOOKS, FAULTS)
def test_reconciliation_finds_every_planted_difference_and_no_other(books, faults):
    ours = [BookLine(str(number), "PAY", fen) for number, fen in books.items()]
    theirs, planted = [], set()
    for number, fen in books.items():
        fault = faults.get(number)
        line = StatementLine(str(number), "PAY", fen + (fault == "AMOUNT"), "ref", AT)
        theirs += [line] * {"MISSING_THERE": 0, "REPEATED": 2}.get(fault, 1)
        if fault and fault != "MISSING_HERE":
            planted.add((fault, str(number)))
    for number, fault in faults.items():
        if fault == "MISSING_HERE" and number not in books:
            theirs.append(StatementLine(str(number), "PAY", 5, "ref", AT))
            planted.add((fault, str(number)))
    found = rules.books_compare(theirs, ours)
    assert {(one.kind, one.number) for one in found} == planted
    assert len(found) == len(planted)


def test_a_payment_and_its_refund_of_one_number_are_two_entries():
    theirs = [StatementLine("1", kind, 5, "", AT) for kind in ("PAY", "REFUND")]
    assert [one.entry for one in rules.books_compare(theirs, [BookLine("1", "PAY", 5)])] == [
        "REFUND"
    ]


@given(st.integers(1, 10**9 - 1))
def test_a_voucher_number_ends_in_its_check_digit(serial):
    number = rules.voucher_make("320508000000", 2026, serial)
    assert (len(number), number[-1]) == (20, luhn_check(number[:-1]))
