"""Many people applying over HTTP at once: the highest rate at which nineteen of twenty answers come within 300 ms.

Each of --users citizens reads the guide, fills in the senior card's form page by page, looks at the documents, checks, submits
and reads the receipt: 14 requests, with some seconds of reading between pages; then they wait for their next turn,
so that the rate asked for comes about. The rate goes up by a quarter for --seconds each while p95 stays at most 300 ms, or down from a first that is too much; the highest
one is then kept for --hold seconds. The people are made by this process, on the same cores as the city.
Baseline: the health page asked at the rate of requests that was held.

The size of the bar:  python benchmarks/bench_users.py --users 1150 --seconds 30 --hold 300
"""

import asyncio
import os
import random
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

from harness import ROOT, city_open, engine_name, options_parse, percentile, report

LIMIT = 0.3
READING = 2.0  # seconds on a page, give or take half
LEAST = 0.5  # applications a second
RAMP = 35.0  # seconds until as many are at every step as will be: longer than one application takes
CARD = "322014001000"
PASSWORD = "made-for-tests-only"
HIDDEN = re.compile(rb'<input type="hidden" name="([^"]+)"[^>]*? value="([^"]*)"')
ANSWERS = {
    "address": "苏州市姑苏区平江路十八号",
    "phone": "13900002000",
    "delivery": "ELECTRONIC",
    "agree": "true",
}


@dataclass(slots=True)
class Person:
    """A citizen with a session: their cookies and connection."""

    username: str
    cookies: dict[str, str] = field(default_factory=dict)
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None


@dataclass(slots=True)
class Load:
    """What a stretch of time gave: seconds of each request, receipts, what failed."""

    port: int
    cycle: float = 0.0
    counts_from: float = 0.0
    ends_at: float = 0.0
    seconds: list[float] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    async def ask(
        self, person: Person, path: str, form: dict | None = None
    ) -> tuple[int, str, bytes]:
        """Send a request of a person; returns (status, location, body) and notes how long it took."""
        if person.writer is None or person.reader.at_eof():  # the server ends connections that idle
            person.reader, person.writer = await asyncio.open_connection("127.0.0.1", self.port)
        body = urlencode(form).encode() if form is not None else b""
        kind = "POST" if form is not None else "GET"
        cookies = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
        head = f"{kind} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nCookie: {cookies}\r\nAccept-Language: zh-CN\r\n"
        if form is not None:
            head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        begun = time.perf_counter()
        person.writer.write(head.encode() + b"\r\n" + body)
        status, headers, content = await answer_read(person.reader)
        if begun >= self.counts_from:
            self.seconds.append(time.perf_counter() - begun)
        for line in headers.get("set-cookie", []):
            name, _, rest = line.partition("=")
            person.cookies[name] = rest.partition(";")[0]
        if headers.get("connection") == ["close"]:
            person.writer.close()
            person.writer = None
        return status, headers.get("location", [""])[0], content

    async def follow(
        self, person: Person, path: str, form: dict | None = None
    ) -> tuple[str, bytes]:
        """Send a request and go where it leads; returns (path, body)."""
        status, location, content = await self.ask(person, path, form)
        while location:
            path = location
            status, location, content = await self.ask(person, path)
        if status != 200:
            self.failed.append(f"{status} {path}")
        return path, content

    async def think(self) -> None:
        """Read what is on the page, for a while that differs."""
        await asyncio.sleep(READING * random.uniform(0.5, 1.5))  # noqa: S311 - no secret

    async def live(self, person: Person) -> None:
        """Apply again and again until the time is over."""
        turn = self.counts_from - RAMP + self.cycle * random.random()  # noqa: S311 - no secret
        while turn < self.ends_at:
            await asyncio.sleep(max(0, turn - time.perf_counter()))
            await self.apply(person)
            turn = max(turn + self.cycle, time.perf_counter())

    async def apply(self, person: Person) -> None:
        """Go from the guide to the receipt."""
        await self.follow(person, f"/hall/matters/{CARD}/")
        await self.think()
        path, content = await self.follow(person, f"/hall/applications/start/{CARD}/")
        for typed in ({}, ANSWERS):
            await self.think()
            form = hidden_of(content) | typed | {"go": "next"}
            path, content = await self.follow(person, path, form)
        await self.think()
        path, content = await self.follow(person, path, hidden_of(content) | {"go": "next"})
        await self.think()
        submit = path.replace("/check/", "/submit/")
        path, content = await self.follow(person, submit, hidden_of(content))
        if found := re.search(r"/mine/([^/]+)/receipt/", path):
            if self.counts_from <= time.perf_counter() < self.ends_at:
                self.numbers.append(found.group(1))
        else:
            self.failed.append(f"no receipt at {path}")


async def answer_read(reader: asyncio.StreamReader) -> tuple[int, dict[str, list[str]], bytes]:
    """Read one answer: (status, headers, body)."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers: dict[str, list[str]] = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers.setdefault(name.lower(), []).append(value.strip())
    if "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"][0]))
    else:
        body = b""
        while size := int(await reader.readline() or b"0", 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    return int(lines[0].split()[1]), headers, body


def hidden_of(content: bytes) -> dict[str, str]:
    """Return the hidden fields of a page's forms."""
    return {name.decode(): value.decode() for name, value in HIDDEN.findall(content)}


def people_make(count: int) -> list[str]:
    """Give so many people of sixty and over an account; returns their user names."""
    from django.utils import timezone

    from yiwang.identity.api import accounts_load, data_scope
    from yiwang.kernel.api import context_system, context_use
    from yiwang.resources.registries.models import Person as Row

    now = timezone.now()
    oldest = (now - timedelta(days=61 * 366)).date()
    with context_use(context_system("bench")), data_scope(purpose="测试"):
        rows = Row.objects.filter(birth_date__lt=oldest, id_number__isnull=False).order_by("ref")
        people = list(rows.values("ref", "name")[:count])
        if len(people) < count:
            raise SystemExit(f"the made city has {len(people)} people of sixty and over only")
        accounts_load(
            [
                {
                    "username": f"crowd{number}",
                    "population": "CITIZEN",
                    "name": one["name"],
                    "subject_ref": f"person:{one['ref']}",
                    "phone": f"139{number:08d}",
                    "email": "",
                    "password": PASSWORD,
                    "totp_secret": "",
                    "posts": [],
                    "authorities": [],
                }
                for number, one in enumerate(people)
            ],
            now=now,
        )
    return [f"crowd{number}" for number in range(count)]


async def sign_in(load: Load, person: Person, gate: asyncio.Semaphore) -> None:
    """Open a session."""
    async with gate:
        _path, content = await load.follow(person, "/identity/accounts/sign-in/")
        typed = {"username": person.username, "password": PASSWORD}
        await load.follow(person, "/identity/accounts/sign-in/", hidden_of(content) | typed)
    if "sessionid" not in person.cookies:
        raise SystemExit(f"{person.username} cannot sign in: {load.failed[-3:]}")


async def stretch(port: int, people: list[Person], rate: float, seconds: float) -> Load:
    """Have everybody apply so that `rate` applications a second come about."""
    load = Load(port, cycle=len(people) / rate)
    load.counts_from = time.perf_counter() + RAMP
    load.ends_at = load.counts_from + seconds
    await asyncio.gather(*(load.live(person) for person in people))
    return load


async def health(port: int, rate: float, seconds: float) -> list[float]:
    """Ask the health page at a steady rate of requests."""
    load, person = Load(port), Person("")
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        begun = time.perf_counter()
        await load.ask(person, "/healthz")
        await asyncio.sleep(max(0, 1 / rate - (time.perf_counter() - begun)))
    return load.seconds


def told(found: Load, rate: float, seconds: float) -> bool:
    """Print what came of a rate; returns whether it was held."""
    p95, came = percentile(found.seconds, 0.95), len(found.numbers) / seconds
    words = (
        f"  asked {rate:.1f}/s for {seconds} s, {came:.1f}/s came about: p95 {p95 * 1000:.0f} ms"
    )
    print(f"{words}, {len(found.failed)} failed {found.failed[:3] or ''}", flush=True)
    return p95 <= LIMIT and not found.failed and came > 0.9 * rate


async def highest(port: int, people: list[Person], options) -> float:  # noqa: ANN001
    """Return the highest rate that is held for --seconds, 0 for none: by quarters, down from --rate where that is too much."""
    rate = float(options.rate)
    while not told(await stretch(port, people, rate, options.seconds), rate, options.seconds):
        rate *= 0.8
        if rate < LEAST:
            return 0.0
    if rate < options.rate:
        return rate
    while told(
        await stretch(port, people, rate * 1.25, options.seconds), rate * 1.25, options.seconds
    ):
        rate *= 1.25
    return rate


async def measure(port: int, names: list[str], options) -> None:  # noqa: ANN001
    """Find the rate that is held, hold it, and print it."""
    people = [Person(name) for name in names]
    load, gate = Load(port), asyncio.Semaphore(4)
    await asyncio.gather(*(sign_in(load, person, gate) for person in people))
    held = await highest(port, people, options)
    while held:
        found = await stretch(port, people, held, options.hold)
        if told(found, held, options.hold):
            break
        held = held * 0.9 if held > LEAST else 0.0
    if not held:
        raise SystemExit(f"not even {LEAST} applications a second are held")
    p95 = percentile(found.seconds, 0.95)
    requests = len(found.seconds) / options.hold
    plain = await health(port, requests, 10)
    what = f"{len(people):,} people, {engine_name()}"
    report(
        f"submit over HTTP, {what}", len(found.numbers) / options.hold, "submissions/s",
        baseline=requests, baseline_name="requests/s with it", as_json=options.json,
    )  # fmt: skip
    report(
        f"p95 of their requests, {what}", 1000 * p95, "ms", baseline=1000 * percentile(plain, 0.95),
        baseline_name="p95 of the health page at as many requests, one after the other",
        bar="≤ 300 ms", as_json=options.json,
    )  # fmt: skip


def main() -> None:
    options = options_parse(__doc__, users=100, rate=4, seconds=15, hold=30)
    city_open(build=False)
    from django.core.management import call_command
    from django.db import connection
    from django.test import override_settings
    from django.utils import timezone

    from tests.city import QUICK, direct_registries
    from yiwang.config.demo import city_build
    from yiwang.config.serving import ProcessGroup, port_free

    call_command("migrate", verbosity=0, interactive=False)
    with override_settings(PASSWORD_HASHERS=QUICK), direct_registries():
        city_build(persons=max(600, options.users * 8), enterprises=40, now=timezone.now())
        names = people_make(options.users)
    connection.close()
    command = [sys.executable, "-m", "yiwang.config.cli", "assets"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    group = ProcessGroup("127.0.0.1", port_free(), environment={**os.environ})
    try:
        group.begin()
        group.wait_ready()
        asyncio.run(measure(group.port, names, options))
    finally:
        group.end()


if __name__ == "__main__":
    main()
