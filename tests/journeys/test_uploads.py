"""Sent over the wire to the true server: too much, packed, with a script, or broken off half way.

Somebody whose file is not taken reads why, on the page with what was typed; and the server stays as small as it was.
"""

import io
import re
import socket
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from tests.journeys.conftest import LiveCity, children_of
from tests.journeys.steps import ANSWERS, contact_page
from yiwang.config.browsing import Browser, Form, Page, _multipart
from yiwang.config.check import PDF

pytestmark = [pytest.mark.heavy, pytest.mark.pages]

MB = 1 << 20
GROWTH_MB = 32  # of each process of the server, whatever is sent
MARK = b"here the file is sent"
KEPT = ("食品安全制度.pdf", "application/pdf", PDF)


class Memory:
    """What the server's processes hold (VmRSS) and held at once (VmHWM), in MB, beside what they held at first."""

    def __init__(self, city: LiveCity) -> None:
        self.workers = children_of(city.group.children["web"].pid)
        self.before = self._now()
        self.most = self.before

    def _now(self) -> dict[tuple[int, str], int]:
        found = {}
        for number in self.workers:
            lines = Path(f"/proc/{number}/status").read_text()
            for name, size in re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", lines, re.M):
                found[number, name] = int(size) // 1024
        assert len(found) == 4, found  # of two workers
        return found

    def look(self) -> None:
        """Look once more."""
        now = self._now()
        self.most = {key: max(self.most[key], now[key]) for key in now}

    def grown(self) -> int:
        """Return by how much one of them grew at the most."""
        self.look()
        return max(self.most[key] - self.before[key] for key in self.before)


class Sending:
    """A form with a file that is made while it is sent."""

    def __init__(
        self, page: Page, form: Form, *, field: str, size: int, others: dict | None = None
    ) -> None:
        files = {**(others or {}), field: ("平面图.pdf", "application/pdf", MARK)}
        body, self.kind = _multipart([*form.values, ("go", "next")], files)
        self.head, self.tail = body.split(MARK)
        self.address = urllib.parse.urljoin(page.url, form.action)
        self.back, self.size = page.url, size

    def pieces(self, look: Callable[[], None] = lambda: None) -> Iterator[bytes]:
        """Yield the body in pieces of a megabyte; look after each."""
        yield self.head + PDF
        for at in range(len(PDF), self.size, MB):
            look()
            yield b"x" * min(MB, self.size - at)
        yield self.tail

    def request(self, pieces: Iterable[bytes]) -> urllib.request.Request:
        """Return what asks for the page; its body is `pieces`, its announced length that of the whole."""
        length = len(self.head) + self.size + len(self.tail)
        headers = {"Content-Type": self.kind, "Content-Length": f"{length}", "Referer": self.back}
        return urllib.request.Request(self.address, pieces, headers)


def cut_off(browser: Browser, request: urllib.request.Request, pieces: Iterable[bytes]) -> bytes:
    """Send the head of a request and these pieces of its body, then nothing; return what is said to that."""
    browser.cookies.add_cookie_header(request)
    parts = urllib.parse.urlsplit(request.full_url)
    lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in request.header_items()]
    with closing(socket.create_connection((parts.hostname, parts.port), timeout=30)) as wire:
        wire.sendall("\r\n".join([*lines, "", ""]).encode())
        for piece in pieces:
            wire.sendall(piece)
        wire.shutdown(socket.SHUT_WR)
        return wire.makefile("rb").read()


def kept(city: LiveCity) -> list[tuple]:
    """Return what is kept of all uploads and drafts."""
    uploads = city.query("SELECT id, name, size FROM engines_forms_attachment ORDER BY id")
    return uploads + city.query("SELECT id, revision FROM engines_forms_draft ORDER BY id")


def test_100_megabytes_and_a_byte_are_answered_beside_the_field_and_the_server_stays_small(
    live_city, documents
):
    agent, page = documents
    form = page.form(action="/materials/")
    memory = Memory(live_city)
    large = Sending(
        page, form, field="sign_picture", size=100 * MB + 1, others={"food_rules": KEPT}
    )

    answer = agent._send(large.request(large.pieces(memory.look)), None)

    assert answer.status == 413
    assert answer.has("100 MB"), answer.text
    assert answer.has("10 MB")
    assert "sign_picture" in answer.form(action="/materials/").files
    assert answer.has(KEPT[0])  # what was sent beside it is there
    assert memory.grown() <= GROWTH_MB


def bomb() -> bytes:
    """A workbook of some hundred kilobytes whose sheet unpacks to 400 MB."""
    made, piece = io.BytesIO(), b" " * MB
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("[Content_Types].xml", "<Types/>")
        with parts.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _number in range(400):
                sheet.write(piece)
    return made.getvalue()


def test_a_workbook_that_unpacks_without_end_is_refused_beside_the_rows_and_they_stay(
    live_city, documents
):
    agent, papers = documents
    page = agent.open(papers.url.replace("/materials/", "/pages/food/"))
    form = page.form(having="_fields")
    content = bomb()
    assert len(content) < MB
    memory = Memory(live_city)

    answer = agent.submit(
        page,
        form,
        {"safety_manager": "李安全"},
        button=("_import", "staff:replace"),
        files={"staff._file": ("从业人员.xlsx", "application/octet-stream", content)},
        expect=422,
    )

    assert answer.has("从业人员.xlsx"), answer.text
    there = answer.form(having="_fields")
    assert there.value("safety_manager") == "李安全"
    assert there.value("staff.0.staff_name") == form.value("staff.0.staff_name") == "陈大厨"
    assert memory.grown() <= GROWTH_MB


HARMFUL = {
    "a script": (b"1 0 obj <</S /J#61vaScript /JS (app.alert(1))>> endobj", "脚本"),
    "a program to start": (b"1 0 obj <</S /Launch /F (cmd.exe)>> endobj", "程序"),
}


@pytest.mark.parametrize("what", HARMFUL)
def test_a_pdf_that_acts_by_itself_is_refused_beside_the_field(live_city, documents, what):
    agent, page = documents
    acting, words = HARMFUL[what]
    form = page.form(action="/materials/")
    before = kept(live_city)

    answer = agent.submit(
        page,
        form,
        button=("go", "next"),
        files={"sign_picture": ("效果图.pdf", "application/pdf", PDF + acting)},
        expect=422,
    )

    assert answer.has("效果图.pdf"), answer.text
    assert answer.has(words), answer.text
    assert "sign_picture" in answer.form(action="/materials/").files
    assert kept(live_city) == before


@pytest.mark.parametrize("pieces", [2, 7], ids=["in memory", "on the disk"])
def test_a_file_cut_off_half_way_changes_nothing(live_city, documents, pieces):
    agent, page = documents
    before = kept(live_city)
    sending = Sending(page, page.form(action="/materials/"), field="sign_picture", size=9 * MB)

    said = cut_off(agent, sending.request([]), islice(sending.pieces(), pieces))

    assert said.startswith(b"HTTP/1.1 400 "), said[:300]
    assert "只收到一部分" in said.decode()
    assert kept(live_city) == before
    again = agent.open(page.url)
    assert "sign_picture" in again.form(action="/materials/").files


def test_a_form_cut_off_half_way_is_not_taken_for_the_whole(live_city, walk):
    elder = walk.browser("load5")
    page = contact_page(elder)
    elder.submit(page, page.form(having="_fields"), ANSWERS, button=("go", "save"))
    page = contact_page(elder)
    form = page.form(having="_fields")
    before = kept(live_city)
    typed = {**dict(form.values), "go": "save", "address": "只到一半的地址" * 10}
    body = urllib.parse.urlencode(typed).encode()
    kind = "application/x-www-form-urlencoded"
    headers = {"Content-Type": kind, "Content-Length": f"{len(body)}", "Referer": page.url}
    address = urllib.parse.urljoin(page.url, form.action)

    said = cut_off(elder, urllib.request.Request(address, b"", headers), [body[:-90]])

    assert said.startswith(b"HTTP/1.1 400 "), said[:300]
    assert "只收到一部分" in said.decode()
    assert kept(live_city) == before
    assert contact_page(elder).form(having="_fields").value("address") == ANSWERS["address"]
