"""Every page without parameters answers for whoever may open it, and never with an error of ours."""

import pytest
from django.urls import URLPattern, URLResolver, get_resolver


def plain_addresses(resolver=None, prefix=""):
    """Yield the addresses that have no parameters."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from plain_addresses(entry, route)
        elif isinstance(entry, URLPattern) and "<" not in route and "^" not in route:
            yield f"/{route}"


@pytest.mark.parametrize(
    "username", ["", "elder", "agent", "clerk", "head", "steward", "system_admin", "audit_admin"]
)
def test_every_plain_page_answers(city, client, username):
    client.raise_request_exception = False
    if username:
        client.force_login(city.account(username))
    wrong = []
    for address in plain_addresses():
        answer = client.get(address)
        if answer.status_code >= 500 and address != "/healthz":
            wrong.append((address, answer.status_code))
        if not answer.streaming and b"{&#39;zh&#39;:" in answer.content:
            wrong.append((address, "shows both languages of a text as it is stored"))
    assert wrong == []
