from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from yiwang.kernel.serials.actions import (
    LANES,
    serial_last,
    serial_next,
    serial_next_parallel,
    serial_reach,
)


@pytest.mark.django_db
def test_numbers_of_a_scope_follow_each_other_from_one():
    assert [serial_next("a") for _ in range(3)] == [1, 2, 3]
    assert serial_next("b") == 1
    assert (serial_last("a"), serial_last("c")) == (3, 0)


@pytest.mark.django_db
def test_numbers_go_on_after_one_given_out_elsewhere():
    assert serial_reach("a", 7) == 7
    assert serial_reach("a", 5) == 7
    assert serial_next("a") == 8


@pytest.mark.django_db
def test_an_act_that_fails_gives_its_number_back():
    def act() -> None:
        with transaction.atomic():
            assert serial_next("a") == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        act()
    assert serial_next("a") == 1


@pytest.mark.django_db(transaction=True)
def test_side_by_side_no_number_is_given_twice_and_none_is_missing():
    def take(_: int) -> list[int]:
        try:
            with transaction.atomic():
                return [serial_next("a"), serial_next("a")]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        given = [number for pair in threads.map(take, range(16)) for number in pair]

    assert sorted(given) == list(range(1, 33))


@pytest.mark.django_db
def test_parallel_numbers_follow_each_other_and_go_on_after_those_before():
    assert [serial_next_parallel("a") for _ in range(2 * LANES + 1)] == [*range(1, 2 * LANES + 2)]
    serial_reach("b", 7)
    assert [serial_next_parallel("b") for _ in range(3)] == [8, 9, 10]


@pytest.mark.django_db
def test_a_parallel_number_given_back_is_the_next_one():
    assert serial_next_parallel("a") == 1
    with transaction.atomic():
        assert serial_next_parallel("a") == 2
        transaction.set_rollback(True)
    assert [serial_next_parallel("a") for _ in range(2)] == [2, 3]


@pytest.mark.django_db(transaction=True)
def test_parallel_acts_hold_different_numbers_and_none_is_missing():
    if connection.vendor == "sqlite":
        pytest.skip("one writer at a time")
    with transaction.atomic():
        serial_next_parallel("a")
    together = Barrier(8, timeout=30)

    def take(_: int) -> int:
        try:
            with transaction.atomic():
                number = serial_next_parallel("a")
                together.wait()  # all eight hold a number at once: nobody waits for another's end
                return number
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        given = list(threads.map(take, range(8)))
    assert sorted(given) == list(range(2, 10))


@pytest.mark.django_db(transaction=True)
def test_more_acts_than_lanes_wait_and_get_a_number_each():
    def take(_: int) -> list[int]:
        try:
            with transaction.atomic():
                return [serial_next_parallel("a")]
        finally:
            connection.close()

    with ThreadPoolExecutor(2 * LANES) as threads:
        given = [number for some in threads.map(take, range(4 * LANES)) for number in some]
    assert len(set(given)) == 4 * LANES
    assert min(given) == 1
