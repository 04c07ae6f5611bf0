from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from yiwang.kernel.contents.keeping import content_drop, content_keep

PATH = "attachments/ab/cd/abcd"
CONTENT = b"x" * 1_000_000


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
    }
    return tmp_path


def names(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_a_content_kept_many_times_at_once_is_never_seen_in_part_and_stands_there_once(folder):
    content_keep(PATH, CONTENT)

    def press(number):
        if number % 2:
            return content_keep(PATH, CONTENT)
        with default_storage.open(PATH) as file:
            assert file.read() == CONTENT
        return None

    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(press, range(128))) == [None] * 128
    assert names(folder) == ["abcd"]


def test_a_content_that_came_anew_is_not_dropped_and_an_old_one_is(folder):
    content_keep(PATH, CONTENT)
    now = timezone.now()
    assert content_drop(PATH, before=now - timedelta(days=30)) is False
    assert names(folder) == ["abcd"]
    assert content_drop(PATH, before=now + timedelta(seconds=1)) is True
    assert names(folder) == []
    assert content_drop(PATH, before=now + timedelta(seconds=1)) is False


def test_what_stood_there_is_replaced_whole(folder):
    content_keep(PATH, b"half")
    content_keep(PATH, CONTENT)
    with default_storage.open(PATH) as file:
        assert file.read() == CONTENT
    assert names(folder) == ["abcd"]
