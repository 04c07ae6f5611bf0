"""The pages as a WSGI application (网页应用): what the web server calls."""

import os
from collections.abc import Callable, Iterable

from django.core.wsgi import get_wsgi_application

from yiwang.config.serving import parent_watch


class Body:
    """The body of a request, of which all that was announced arrives, or an error (完整请求体).

    To Granian a connection that breaks is the end of what was sent, so half of a form read like a form. Django
    expects an OSError then, and turns it into `UnreadablePostError`.

    >>> import io
    >>> Body(io.BytesIO(b"half"), 4).read(100)
    b'half'
    >>> Body(io.BytesIO(b"half"), 8).read(100)
    Traceback (most recent call last):
    ConnectionResetError: 4 of 8 bytes of the request arrived
    """

    def __init__(self, given: object, announced: int) -> None:
        self.given, self.announced = given, announced
        self.arrived = 0

    def read(self, size: int | None = -1) -> bytes:
        """Read so many bytes, or what is left of them."""
        left = self.announced - self.arrived
        wanted = left if size is None or size < 0 else min(size, left)
        pieces = []
        while wanted > 0:
            piece = self.given.read(wanted)
            self._count(piece)
            pieces.append(piece)
            wanted -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def readline(self, size: int | None = -1) -> bytes:
        """Read a line, or what is left of the last."""
        left = self.announced - self.arrived
        wanted = left if size is None or size < 0 else min(size, left)
        if not wanted:
            return b""
        line = self.given.readline(wanted)
        self._count(line)
        return line

    def _count(self, piece: bytes) -> None:
        self.arrived += len(piece)
        if not piece:
            raise ConnectionResetError(
                f"{self.arrived} of {self.announced} bytes of the request arrived"
            )


def whole_bodies(application: Callable) -> Callable:
    """Let an application see whole requests only (不受理残缺请求)."""

    def run(environ: dict, start_response: Callable) -> Iterable[bytes]:
        announced = environ.get("CONTENT_LENGTH") or ""
        if announced.isdecimal() and int(announced):
            environ["wsgi.input"] = Body(environ["wsgi.input"], int(announced))
        return application(environ, start_response)

    return run


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yiwang.config.settings")
application = whole_bodies(get_wsgi_application())
parent_watch()
