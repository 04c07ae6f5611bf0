"""A page in the real browser (浏览): is it sound for axe, and does it fit, on a wide screen and on a phone."""

from functools import cache

from django.db import connection

from yiwang.config.assets import developer_file

SIZES = ((1280, 900), (390, 844))
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@cache
def axe() -> str:
    """Return the script of axe."""
    return developer_file("axe-core", "axe.min.js").read_text()


def window(browser, live_server, client=None, **settings):
    """Open a window; client: a test client whose session the window has."""
    if connection.vendor == "sqlite" and not connection.is_in_memory_db():
        # The server began with the plain database; each request now opens the file that the test has.
        live_server.thread.connections_override.clear()
    context = browser.new_context(locale="zh-CN", **settings)
    if client is not None:
        value = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": value, "url": live_server.url}])
    return context


def unsound_pages(browser, live_server, visits, *, picture=None) -> list[tuple]:
    """Return what is seriously wrong with any of the pages, at both widths.

    visits: (test client of who opens it or None, address, name); everybody keeps one window. picture: called with
    page, name and width.
    """
    wrong: list[tuple] = []
    pages = {}
    for client, address, name in visits:
        if client not in pages:
            pages[client] = window(browser, live_server, client).new_page()
            pages[client].on("pageerror", lambda error: wrong.append(("script", str(error))))
        page = pages[client]
        answer = page.goto(live_server.url + address)
        assert answer.status == 200, address
        each = (lambda width, at=(page, name): picture(*at, width)) if picture else None
        wrong.extend(unsound(page, name, each=each))
    for page in pages.values():
        page.context.close()
    return wrong


def unsound(page, name: str, *, each=None) -> list[tuple]:
    """Return what is seriously wrong with a page as it stands, at both widths.

    each: called with the width when the page has it, for pictures.
    """
    page.evaluate(axe())
    wrong = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        wrong += [
            (name, width, one["id"], one["nodes"][0]["html"][:100])
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        if page.evaluate(SIDEWAYS):
            wrong.append((name, width, "scrolls sideways"))
        if each:
            each(width)
    return wrong
