"""The only door of the area `portal`: what `config` may use. Keep `__all__` sorted and complete."""

from django.http import HttpRequest, HttpResponse

from yiwang.identity.api import public


@public
def home(request: HttpRequest) -> HttpResponse:
    """Stand in until every room below is open."""
    return HttpResponse("")


__all__ = ["home"]
