from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from yiwang.kernel.serials.actions import serial_last, serial_next, serial_reach


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
