"""Uploads are counted while they stream in: too much is answered in words and never kept."""

import io
import tracemalloc

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory

from yiwang.kernel.ui.uploads import (
    MB,
    OversizedFile,
    UploadTooLarge,
    upload_check,
    upload_limits,
    upload_overflow,
)

BOUNDARY = "limit"
FORM = "application/x-www-form-urlencoded"
BEFORE = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="first"\r\n\r\nbefore\r\n'
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="扫描.pdf"\r\n'
    "Content-Type: application/pdf\r\n\r\n"
).encode()
AFTER = (
    f'\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name="last"\r\n\r\nafter\r\n--{BOUNDARY}--\r\n'
).encode()


class Body(io.RawIOBase):
    """A multipart body that is made while it is read: nothing of it is held."""

    def __init__(self, size: int) -> None:
        self.length = len(BEFORE) + size + len(AFTER)
        self.parts = [BEFORE, size, AFTER]

    def read(self, size: int = -1) -> bytes:
        if not self.parts:
            return b""
        part = self.parts[0]
        if isinstance(part, int):
            piece = b"x" * min(part, size if size > 0 else part)
            self.parts[0] -= len(piece)
            if not self.parts[0]:
                self.parts.pop(0)
            return piece
        piece, rest = part[:size], part[size:]
        self.parts[0:1] = [rest] if rest else []
        return piece

    readline = read


class Untouched(io.RawIOBase):
    """A body that must not be read."""

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("a byte of it was read")


def request_of(body, length: int) -> WSGIRequest:
    return WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/hall/applications/x/",
            "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
            "CONTENT_LENGTH": str(length),
            "wsgi.input": body,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
        }
    )


def test_a_request_beyond_its_limit_is_refused_before_a_byte_is_read(settings):
    settings.UPLOAD_LIMITS_MB = {"": (1, 4)}
    with pytest.raises(UploadTooLarge) as caught:
        upload_check(request_of(Untouched(), 100 * MB))
    assert (caught.value.status, caught.value.params) == (413, {"size": 100, "limit": 4})


def test_the_page_says_in_words_what_was_too_large(settings, client, db):
    settings.UPLOAD_LIMITS_MB = {"": (1, 4)}
    answer = client.generic(
        "POST", "/hall/matters/", b"", content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(100 * MB),
    )  # fmt: skip
    assert answer.status_code == 413
    assert "100 MB" in answer.content.decode()


@pytest.mark.parametrize("size", [MB + 1, 3 * MB])
def test_a_file_over_the_limit_is_counted_and_what_was_typed_around_it_is_kept(settings, size):
    settings.UPLOAD_LIMITS_MB = {"": (1, 8)}
    body = Body(size)
    request = request_of(body, body.length)
    assert dict(request.POST.items()) == {"first": "before", "last": "after"}
    file = request.FILES["file"]
    assert isinstance(file, OversizedFile)
    assert (file.name, file.size, file.read(), list(file.chunks())) == ("扫描.pdf", size, b"", [])
    file.seek(0)
    assert upload_overflow(request)


def test_a_file_within_the_limit_arrives_whole(settings):
    settings.UPLOAD_LIMITS_MB = {"": (1, 8)}
    body = Body(MB)
    request = request_of(body, body.length)
    assert request.FILES["file"].read() == b"x" * MB
    assert not upload_overflow(request)


def test_files_together_over_the_limit_of_a_request_are_not_kept(settings):
    settings.UPLOAD_LIMITS_MB = {"": (1, 2)}
    files = {f"file{n}": io.BytesIO(b"x" * (MB - 1000)) for n in range(4)}
    request = RequestFactory().post("/a/", files)
    kept = [name for name, file in request.FILES.items() if file.size and file.read(1)]
    assert len(kept) == 2
    assert upload_overflow(request)


def test_a_hundred_megabytes_leave_memory_as_it_was():
    body = Body(100 * MB)
    request = request_of(body, body.length)
    tracemalloc.start()
    assert request.FILES["file"].size == 100 * MB
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * MB


class Broken(io.RawIOBase):
    """A body whose connection breaks."""

    def read(self, size: int = -1) -> bytes:
        raise ConnectionResetError


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", FORM])
def test_a_request_of_which_only_a_part_arrived_is_not_acted_upon(client, db, kind):
    sent = {"CONTENT_TYPE": kind, "CONTENT_LENGTH": "300", "wsgi.input": Broken()}
    answer = client.generic("POST", "/language/", **sent)
    assert answer.status_code == 400
    assert "只收到一部分" in answer.content.decode()
    assert "django_language" not in answer.cookies


def test_the_longest_beginning_of_an_address_decides(settings):
    settings.UPLOAD_LIMITS_MB = {"": (1, 2), "/resources/": (3, 4), "/resources/landing/": (5, 6)}
    assert upload_limits("/resources/landing/x/") == (5, 6)
    assert upload_limits("/resources/x/") == (3, 4)
    assert upload_limits("/hall/") == (1, 2)
