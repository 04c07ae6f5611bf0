"""A payment provider of its own (外部支付渠道): `python -m tests.journeys.kills.provider FOLDER PORT`.

It keeps its books in a file of its own, so that two sets of books can be compared, and it may be killed at any
moment. By the number of an order it opens it and drops the answer, answers late, notifies late, twice or never, and
says of some orders that it knows nothing until the statement of their day has been asked for.
"""

import hashlib
import json
import os
import random
import sqlite3
import sys
import threading
import time
import urllib.request
from contextlib import closing, contextmanager
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from tests.journeys.kills.clock import CityClock
from yiwang.sdk.signed import Signer

CITY = ZoneInfo("Asia/Shanghai")
KINDS = {"PAID": "CAPTURE", "DECLINED": "FAIL", "CLOSED": "EXPIRE", "BACK": "REFUND"}
LATE_SECONDS = 12
TABLES = """
CREATE TABLE IF NOT EXISTS entry (
  ref INTEGER PRIMARY KEY, number TEXT UNIQUE, kind TEXT, amount INTEGER, state TEXT, paid_number TEXT DEFAULT '',
  url_back TEXT DEFAULT '', url_notify TEXT DEFAULT '', settled_at TEXT DEFAULT '', begun INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS notice (id INTEGER PRIMARY KEY, number TEXT, due REAL);
CREATE TABLE IF NOT EXISTS statement (day TEXT PRIMARY KEY);
"""
PAGE = """<!DOCTYPE html><html><body><h1>收银台 {number}</h1><p id="state">{state}</p>
<form method="post" action="/checkout/{number}"><button name="answer" value="pay">付款</button>
<button name="answer" value="leave">付款后离开</button><button name="answer" value="decline">不付</button></form></body></html>"""


class Books:
    """What the provider knows, durable before it answers."""

    def __init__(self, folder: Path) -> None:
        self.path, self.clock = folder / "provider.sqlite3", CityClock(folder)
        self.lock = threading.Lock()
        with self.open() as rows:
            rows.executescript(TABLES)

    @contextmanager
    def open(self):
        """One transaction at a time."""
        with self.lock, closing(sqlite3.connect(self.path, timeout=30)) as rows, rows:
            rows.execute("PRAGMA synchronous = FULL")
            rows.row_factory = sqlite3.Row
            yield rows

    def entry(self, number: str) -> dict | None:
        """Return an order or a refund."""
        with self.open() as rows:
            row = rows.execute("SELECT * FROM entry WHERE number = ?", [number]).fetchone()
        return dict(row) if row else None

    def order_open(self, said: dict) -> dict:
        """Open an order; the same number again is the same order."""
        with self.open() as rows:
            rows.execute(
                "INSERT INTO entry (number, kind, amount, state, url_back, url_notify) "
                "VALUES (?, 'PAY', ?, 'OPEN', ?, ?) ON CONFLICT (number) DO NOTHING",
                [said["number"], said["amount_fen"], said["url_back"], said["url_notify"]],
            )
            rows.execute("UPDATE entry SET begun = begun + 1 WHERE number = ?", [said["number"]])
        return self.entry(said["number"])

    def answer(self, number: str, *, is_paid: bool) -> dict | None:
        """Let the payer pay or decline; plan who is told, and when."""
        at = self.clock.now().isoformat()
        state = "PAID" if is_paid else "DECLINED"
        with self.open() as rows:
            done = rows.execute(
                "UPDATE entry SET state = ?, settled_at = ? WHERE number = ? AND state = 'OPEN'",
                [state, at if is_paid else "", number],
            )
            if done.rowcount:
                plan = [[number, time.time() + wait] for wait in waits_of(number)]
                rows.executemany("INSERT INTO notice (number, due) VALUES (?, ?)", plan)
        return self.entry(number)

    def close(self, number: str) -> None:
        """Close an order; what was paid stays paid."""
        with self.open() as rows:
            rows.execute(
                "UPDATE entry SET state = 'CLOSED' WHERE number = ? AND state = 'OPEN'", [number]
            )

    def refund(self, paid: str, said: dict) -> list[dict]:
        """Send money back, once a number, never more than was paid."""
        with self.open() as rows:
            left = rows.execute(
                "SELECT (SELECT amount FROM entry WHERE number = ? AND state = 'PAID') - "
                "(SELECT coalesce(sum(amount), 0) FROM entry WHERE paid_number = ? AND number <> ?)",
                [paid, paid, said["number"]],
            ).fetchone()[0]
            if left is None or left < said["amount_fen"]:
                return []
            rows.execute(
                "INSERT INTO entry (number, kind, amount, state, paid_number, settled_at) "
                "VALUES (?, 'REFUND', ?, 'BACK', ?, ?) ON CONFLICT (number) DO NOTHING",
                [said["number"], said["amount_fen"], paid, self.clock.now().isoformat()],
            )
        return [event_of(self.entry(said["number"]))]

    def events(self, number: str) -> list[dict]:
        """Say what became of an order: of some, nothing before their day's statement was asked for."""
        row = self.entry(number)
        if row is None or row["state"] == "OPEN":
            return []
        if row["state"] == "PAID" and lot(number, 1) < 12:
            with self.open() as rows:
                day = str(_day_of(row))
                sql = "SELECT 1 FROM statement WHERE day IN (?, 'HONEST')"
                if not rows.execute(sql, [day]).fetchone():
                    return []
        return [event_of(row)]

    def statement(self, day: date) -> list[list]:
        """Return the settled entries of a day."""
        with self.open() as rows:
            rows.execute("INSERT INTO statement VALUES (?) ON CONFLICT DO NOTHING", [str(day)])
            found = rows.execute(
                "SELECT * FROM entry WHERE settled_at <> '' ORDER BY ref"
            ).fetchall()
        return [
            [row["number"], row["kind"], row["amount"], f"X{row['ref']:08}", row["settled_at"]]
            for row in found
            if _day_of(row) == day
        ]

    def notices_send(self, signer: Signer) -> None:
        """Tell the city what is due; what was not acknowledged is told again."""
        with self.open() as rows:
            due = rows.execute("SELECT * FROM notice WHERE due <= ?", [time.time()]).fetchall()
        for notice in due:
            row = self.entry(notice["number"])
            body = json.dumps(event_of(row)).encode()
            headers = signer.headers(body, now=self.clock.now())
            request = urllib.request.Request(row["url_notify"], body, headers)
            try:
                with urllib.request.urlopen(request, timeout=5):
                    pass
            except OSError:
                continue
            with self.open() as rows:
                rows.execute("DELETE FROM notice WHERE id = ?", [notice["id"]])


def _day_of(row) -> date:
    return datetime.fromisoformat(row["settled_at"]).astimezone(CITY).date()


def lot(number: str, place: int) -> int:
    """Return a number from 0 to 99 that a payment's number always draws."""
    return hashlib.sha256(number.encode()).digest()[place] * 100 // 256


def waits_of(number: str) -> list[int]:
    """Say after how many seconds an order's end is notified: never, twice, late, or at once."""
    drawn = lot(number, 0)
    if drawn < 15:
        return []
    if drawn < 40:
        return [0, 4]
    return [LATE_SECONDS] if drawn < 55 else [0]


def event_of(row: dict) -> dict:
    """Say what became of an entry, as notifications and answers do."""
    kind = KINDS[row["state"]]
    return {
        "event_id": f"{row['number']}-{kind}",
        "kind": kind,
        "number": row["number"],
        "provider_ref": f"X{row['ref']:08}",
        "amount_fen": row["amount"],
        "at": row["settled_at"] or "2026-01-01T00:00:00+00:00",
    }


class Desk(BaseHTTPRequestHandler):
    """The provider's addresses: for the city's adapter and, under /checkout/, for payers."""

    books: Books

    def do_GET(self) -> None:
        """Answer a question, or show the checkout."""
        place = self.path.strip("/").split("/")
        if place[0] == "checkout":
            row = self.books.entry(place[1])
            self._answer(200 if row else 404, self._page(row) if row else "", "text/html")
        elif place[0] == "orders":
            self._faulty(place[1], {"events": self.books.events(place[1])})
        elif place[0] == "statements":
            self._json({"lines": self.books.statement(date.fromisoformat(place[1]))})

    def do_POST(self) -> None:
        """Do what the city or the payer wants."""
        content = self.rfile.read(int(self.headers["Content-Length"] or 0))
        place = self.path.strip("/").split("/")
        if place[0] == "checkout":
            self._checkout(place[1], parse_qs(content.decode())["answer"][0])
            return
        said = json.loads(content)
        if place[-1] == "close":
            self.books.close(said["number"])
            self._json({})
        elif place[-1] == "refund":
            self._faulty(said["number"], {"events": self.books.refund(place[1], said)})
        else:
            row = self.books.order_open(said)
            port = self.server.server_address[1]
            opened = {
                "url": f"http://127.0.0.1:{port}/checkout/{row['number']}",
                "ref": f"X{row['ref']:08}",
            }
            # The worst of answers: the order stands, and the city never hears of it.
            if row["begun"] == 1 and lot(row["number"], 2) < 12:
                return
            self._json(opened)

    def _checkout(self, number: str, answer: str) -> None:
        row = self.books.answer(number, is_paid=answer != "decline")
        if row is None or answer == "leave":
            self._answer(200 if row else 404, self._page(row) if row else "", "text/html")
            return
        self.send_response(303)
        self.send_header("Location", row["url_back"])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _page(self, row: dict) -> str:
        return PAGE.format(**row)

    def _faulty(self, number: str, said: dict) -> None:
        """Answer, or late, or not at all."""
        drawn = random.random()
        if drawn < 0.1:
            return
        if drawn < 0.13:
            time.sleep(3)  # longer than the city waits
        self._json(said)

    def _json(self, said: dict) -> None:
        self._answer(200, json.dumps(said), "application/json")

    def _answer(self, status: int, text: str, kind: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_said: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until killed."""
    Desk.books = Books(Path(sys.argv[1]))
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Desk)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    signer = Signer(os.environ["YIWANG_KILLS_SECRET"].encode(), "Outside")
    parent = os.getppid()
    while os.getppid() == parent:  # it ends with the test that started it
        Desk.books.notices_send(signer)
        time.sleep(0.2)


if __name__ == "__main__":
    main()
