"""A browser without scripts (无脚本浏览器): opens pages, fills forms, keeps cookies.

It exists for `./start --check` and for load tests: what it can do, a person without JavaScript can.
"""

import http.client
import http.cookiejar
import secrets
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser

TIMEOUT_SECONDS = 30


class PageProblem(Exception):
    """A page did not answer (status 0), answered unexpectedly, or did not hold what was looked for."""

    def __init__(self, text: str, *, status: int = 200) -> None:
        super().__init__(text)
        self.status = status


@dataclass
class Button:
    """A button of a form."""

    name: str
    value: str
    label: str = ""


@dataclass
class Form:
    """A form as the page holds it: its address, its values as they stand, its buttons."""

    action: str
    method: str
    values: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def value(self, name: str) -> str:
        """Return what stands in a field."""
        return next((value for key, value in self.values if key == name), "")


@dataclass
class Page:
    """An answered page."""

    url: str
    status: int
    body: str
    text: str
    forms: list[Form]
    links: list[tuple[str, str]]
    content: bytes = b""
    content_type: str = ""

    def form(self, *, action: str = "", having: str = "") -> Form:
        """Find the form whose address contains `action` and which has the field `having`."""
        for form in self.forms:
            if action in form.action and (not having or having in form.names):
                return form
        raise PageProblem(f"no form {action or having!r} on {self.url}: {self.text[:300]}")

    def link(self, words: str) -> str:
        """Find the address of the link with these words."""
        for href, text in self.links:
            if words in text:
                return href
        raise PageProblem(f"no link {words!r} on {self.url}: {self.text[:300]}")

    def has(self, words: str) -> bool:
        """Tell whether the page says these words."""
        return words in self.text


class _Reader(HTMLParser):
    """Collect text, links and forms."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self._form: Form | None = None
        self._link: list | None = None
        self._area: list | None = None
        self._select: list | None = None
        self._button: Button | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list) -> None:
        given = {key: value or "" for key, value in attrs}
        handler = getattr(self, f"_open_{tag}", None)
        if handler:
            handler(given, dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        handler = getattr(self, f"_close_{tag}", None)
        if handler:
            handler()

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.text.append(data)
        if self._link is not None:
            self._link[1] += data
        if self._area is not None:
            self._area[1] += data
        if self._button is not None:
            self._button.label += data.strip()

    def _open_script(self, given: dict, attrs: dict) -> None:
        self._silent += 1

    def _close_script(self) -> None:
        self._silent = max(0, self._silent - 1)

    _open_style, _close_style = _open_script, _close_script

    def _open_form(self, given: dict, attrs: dict) -> None:
        self._form = Form(given.get("action", ""), given.get("method", "get").lower())
        self.forms.append(self._form)

    def _close_form(self) -> None:
        self._form = None

    def _open_a(self, given: dict, attrs: dict) -> None:
        if "href" in given:
            self._link = [given["href"], ""]

    def _close_a(self) -> None:
        if self._link is not None:
            self.links.append((self._link[0], " ".join(self._link[1].split())))
        self._link = None

    def _open_input(self, given: dict, attrs: dict) -> None:
        name, kind = given.get("name", ""), given.get("type", "text")
        if self._form is None or not name or "disabled" in attrs:
            return
        self._form.names.add(name)
        if kind == "file":
            self._form.files.append(name)
        elif kind in ("checkbox", "radio"):
            if "checked" in attrs:
                self._form.values.append((name, given.get("value", "on")))
        elif kind in ("submit", "image"):
            self._form.buttons.append(Button(name, given.get("value", "")))
        else:
            self._form.values.append((name, given.get("value", "")))

    def _open_textarea(self, given: dict, attrs: dict) -> None:
        self._area = [given.get("name", ""), ""]

    def _close_textarea(self) -> None:
        if self._form is not None and self._area and self._area[0]:
            self._form.names.add(self._area[0])
            self._form.values.append((self._area[0], self._area[1]))
        self._area = None

    def _open_select(self, given: dict, attrs: dict) -> None:
        self._select = [given.get("name", ""), None]

    def _open_option(self, given: dict, attrs: dict) -> None:
        if self._select is not None and (self._select[1] is None or "selected" in attrs):
            self._select[1] = given.get("value", "")

    def _close_select(self) -> None:
        if self._form is not None and self._select and self._select[0]:
            self._form.names.add(self._select[0])
            self._form.values.append((self._select[0], self._select[1] or ""))
        self._select = None

    def _open_button(self, given: dict, attrs: dict) -> None:
        if self._form is not None and given.get("type", "submit") == "submit":
            self._button = Button(given.get("name", ""), given.get("value", ""))
            self._form.buttons.append(self._button)

    def _close_button(self) -> None:
        self._button = None


class Browser:
    """One person's browser with its own cookies."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def open(self, address: str, *, expect: int | None = 200) -> Page:
        """Open an address and return its page; raises PageProblem for another status.

        expect: None takes whatever status comes.
        """
        return self._send(urllib.request.Request(urllib.parse.urljoin(self.base, address)), expect)  # noqa: S310

    def submit(
        self,
        page: Page,
        form: Form,
        values: dict[str, str] | None = None,
        *,
        button: tuple[str, str] | None = None,
        files: dict[str, tuple[str, str, bytes]] | None = None,
        expect: int | None = 200,
    ) -> Page:
        """Fill a form and press a button; `files` are {field: (name, type, content)}."""
        given = values or {}
        pairs = [(k, v) for k, v in form.values if k not in given]
        pairs += [(key, value) for key, value in given.items()]
        if button:
            pairs.append(button)
        address = urllib.parse.urljoin(page.url, form.action or page.url)
        if form.method == "get":
            return self.open(
                f"{address.split('?')[0]}?{urllib.parse.urlencode(pairs)}", expect=expect
            )
        if files:
            body, kind = _multipart(pairs, files)
        else:
            body, kind = urllib.parse.urlencode(pairs).encode(), "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, "Referer": page.url}
        return self._send(urllib.request.Request(address, body, headers), expect)  # noqa: S310

    def _send(self, request: urllib.request.Request, expect: int | None) -> Page:
        try:
            page = self._exchange(request)
        except (OSError, http.client.HTTPException) as error:
            raise PageProblem(f"{request.full_url} does not answer: {error!r}", status=0) from error
        if expect is not None and page.status != expect:
            raise PageProblem(
                f"{request.get_method()} {page.url} answered {page.status}, not {expect}: "
                f"{' '.join(page.text.split())[:400]}",
                status=page.status,
            )
        return page

    def _exchange(self, request: urllib.request.Request) -> Page:
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return _read(answer)
        except urllib.error.HTTPError as error:
            return _read(error)


def _read(answer) -> Page:
    content = answer.read()
    kind = answer.headers.get("Content-Type", "")
    body = content.decode("utf-8", "replace") if "text" in kind or "json" in kind else ""
    reader = _Reader()
    if "html" in kind:
        reader.feed(body)
    return Page(
        url=answer.geturl(),
        status=answer.status,
        body=body,
        text=" ".join("".join(reader.text).split()) or body,
        forms=reader.forms,
        links=reader.links,
        content=content,
        content_type=kind,
    )


def _multipart(
    pairs: list[tuple[str, str]], files: dict[str, tuple[str, str, bytes]]
) -> tuple[bytes, str]:
    boundary = secrets.token_hex(16)
    lines: list[bytes] = []
    for key, value in pairs:
        lines.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        )
    for key, (name, kind, content) in files.items():
        lines.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"; filename="{name}"\r\n'
            f"Content-Type: {kind}\r\n\r\n".encode()
            + content
            + b"\r\n"
        )
    lines.append(f"--{boundary}--\r\n".encode())
    return b"".join(lines), f"multipart/form-data; boundary={boundary}"
