"""The seam between the door (middleware) and what stands above it: sessions and kept forms.

`accounts` knows sessions; the middleware must not import it, or the two would form a cycle.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from yiwang.kernel.api import ANONYMOUS, RequestContext

ContextReader = Callable[[HttpRequest], RequestContext]
FormKeeper = Callable[[HttpRequest, HttpResponse, str], None]


def _nobody(request: HttpRequest) -> RequestContext:
    return ANONYMOUS


def _keep_nothing(request: HttpRequest, response: HttpResponse, page: str) -> None:
    return None


_reader: ContextReader = _nobody
_keeper: FormKeeper = _keep_nothing


def gate_register(*, reader: ContextReader, keeper: FormKeeper) -> None:
    """Name who turns a request into a context, and who keeps a form that came too late."""
    global _reader, _keeper  # noqa: PLW0603
    _reader, _keeper = reader, keeper


def context_of(request: HttpRequest) -> RequestContext:
    """Return the acting person of a request; address, channel and purpose are the caller's."""
    return _reader(request)


def form_keep(request: HttpRequest, response: HttpResponse, page: str) -> None:
    """Keep the posted fields of a request that needs a sign-in, tied to a cookie on `response`.

    page: the address of the page on which the form stands.
    """
    _keeper(request, response, page)
