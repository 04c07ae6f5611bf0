"""Pages of the portal (门户)."""

from django.http import HttpRequest, HttpResponse

from yiwang.identity.api import public


@public
def home(request: HttpRequest) -> HttpResponse:
    """Show the city's front page (首页)."""
    return HttpResponse("")
