"""What reaches the application is whole: a connection that broke is an error and never the end of a form."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.config.wsgi import Body, whole_bodies


class InPieces(io.BytesIO):
    """What a server gives of a request: as much as has arrived, and nothing once the connection broke."""

    def read(self, size: int = -1) -> bytes:
        return super().read(min(size, 3) if size >= 0 else 3)


@given(st.binary(max_size=60), st.lists(st.integers(-1, 12), max_size=12), st.integers(0, 20))
def test_what_was_announced_arrives_whole_in_any_pieces_or_is_an_error(content, sizes, missing):
    body = Body(InPieces(content), len(content) + missing)
    read = b""
    try:
        for size in sizes:
            left = body.announced - body.arrived
            piece = body.read(size)
            assert len(piece) == (left if size < 0 else min(size, left))
            read += piece
        read += body.read()
    except ConnectionResetError:
        assert missing
    else:
        assert (read, missing) == (content, 0)
        assert (body.read(), body.read(5), body.readline()) == (b"", b"", b"")


@given(st.lists(st.sampled_from([b"a", b"\n", b"bc\n"]), max_size=9), st.integers(0, 2))
def test_lines_are_read_to_the_last_or_are_an_error(lines, missing):
    content = b"".join(lines)
    body = Body(io.BytesIO(content), len(content) + missing)
    if missing:
        with pytest.raises(ConnectionResetError):
            list(iter(body.readline, b""))
    else:
        assert list(iter(body.readline, b"")) == content.splitlines(keepends=True)


@pytest.mark.parametrize("announced", [None, "", "0", "-1", "x"])
def test_a_request_without_a_body_is_given_on_as_it_came(announced):
    given_on = {}
    application = whole_bodies(lambda environ, _answer: given_on.update(environ) or [])
    body = io.BytesIO()
    application({"wsgi.input": body, "CONTENT_LENGTH": announced}, None)
    assert given_on["wsgi.input"] is body
