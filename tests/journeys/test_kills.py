"""`kill -9` of any process during 200 random journeys: no acknowledged act is lost or doubled, clocks are right.

Eight citizens live through five working days: they apply, correct, pay at a provider outside the city, withdraw,
book, take tickets, choose deliveries, rate; officers accept, ask for corrections, review, decide, call, serve and hand
out. Meanwhile web workers, the web server, its main process alone, the job worker, its worker for batches and the
payment provider are killed. After each day what stands in the tables is held against what everybody wrote down; after
the last, reconciliation finds exactly what was planted.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import datetime, timedelta

import pytest

from tests.journeys.conftest import IS_POSTGRESQL, ROOT, LiveCity, children_of, run_city
from tests.journeys.kills import invariants
from tests.journeys.kills.clock import CityClock
from tests.journeys.kills.people import (
    PATIENCE_SECONDS,
    Caller,
    Officer,
    Person,
    Resident,
    same_person,
)
from yiwang.config.serving import PortTaken, port_check, port_free

pytestmark = pytest.mark.kills

HANDS, DAYS, QUOTA = 8, 5, 5
JOURNEYS = HANDS * DAYS * QUOTA
SETTINGS = "tests.journeys.kills.settings"
# One turn of the killer; the two that take the whole city down come last in each half.
TURN = (
    "child",
    "worker",
    "provider",
    "child",
    "batch",
    "worker",
    "server",
    "provider",
    "child",
    "main",
)
DAY_SECONDS = 400  # before a day is called endless; on a still machine it takes a minute
BETWEEN = (20, 100)  # answers between two kills


class Killer:
    """Kills processes of a city and does what a supervisor does: starts what is gone."""

    def __init__(self, city: LiveCity, answers) -> None:
        self.city, self.group, self.answers = city, city.group, answers
        self.random = random.Random(2026)
        self.count: Counter[str] = Counter()
        self.turns = 0
        self.error: BaseException | None = None

    def start(self, over: threading.Event) -> threading.Thread:
        """Begin to kill until `over`."""

        def rage() -> None:
            try:
                while self._wait_for_work(over):
                    kind = TURN[self.turns % len(TURN)]
                    getattr(self, f"kill_{kind}")()
                    self.count[kind] += 1
                    self.turns += 1
            except BaseException as error:  # noqa: BLE001 - told by the test itself
                self.error = error

        thread = threading.Thread(target=rage, daemon=True)
        thread.start()
        return thread

    def _wait_for_work(self, over: threading.Event) -> bool:
        """Let people get some answers between two kills: more time on a slow machine; False in the evening."""
        until = self.answers() + self.random.randint(*BETWEEN)
        while self.answers() < until and not over.is_set():
            time.sleep(self.random.uniform(0.05, 0.2))
        return not over.is_set()

    def kill_child(self) -> None:
        """Kill the older of the server's own workers; the server replaces it."""
        children = children_of(self.group.children["web"].pid)
        if children:
            _kill(children[0])
        time.sleep(0.2)
        if self.group.children["web"].poll() is not None:  # it gives up after two deaths in 5 s
            self._web_again()

    def kill_server(self) -> None:
        """Kill the server and its workers at one blow."""
        os.killpg(self.group.children["web"].pid, signal.SIGKILL)
        self._web_again()

    def kill_main(self) -> None:
        """Kill the server's main process alone; its workers must not keep the port."""
        _kill(self.group.children["web"].pid)
        self._web_again()

    def kill_worker(self) -> None:
        """Kill the job worker once it is at work, and start another."""
        child = self.group.children["worker"]
        self._wait_at_work(child.pid)
        _kill(child.pid)
        child.wait()
        self.group.child_start("worker")

    def kill_batch(self) -> None:
        """Kill the worker for batches, which the job worker replaces."""
        worker = self.group.children["worker"]
        self._wait_at_work(worker.pid)
        for child in children_of(worker.pid):
            _kill(child)

    def kill_provider(self) -> None:
        """Kill the payment provider; it comes back with its books after a while."""
        self.group.children["provider"].kill()
        self.group.children["provider"].wait()
        time.sleep(self.random.uniform(0, 1))
        provider_start(self.city)

    def _wait_at_work(self, process_id: int) -> None:
        until = time.monotonic() + 5
        at_work = f"SELECT count(*) FROM kernel_jobs_worker WHERE process_id = {process_id}"
        while time.monotonic() < until and not self.city.query(at_work)[0][0]:
            time.sleep(0.1)
        time.sleep(self.random.uniform(0, 0.5))

    def _web_again(self) -> None:
        self.group.children["web"].wait()
        until = time.monotonic() + 20
        while True:
            try:
                port_check(self.group.host, self.group.port)
                break
            except PortTaken:
                assert time.monotonic() < until, "orphans hold the port"
                time.sleep(0.05)
        self.group.child_start("web")
        self.group.wait_ready()


def _kill(process_id: int) -> None:
    try:
        os.kill(process_id, signal.SIGKILL)
    except ProcessLookupError:
        return


def provider_start(city: LiveCity) -> None:
    """Start the payment provider, a process like the others."""
    port = city.group.environment["YIWANG_KILLS_PROVIDER"].rsplit(":", 1)[1]
    city.group.children["provider"] = subprocess.Popen(
        [sys.executable, "-m", "tests.journeys.kills.provider", str(city.folder), port],
        cwd=ROOT,
        env={**os.environ, **city.group.environment},
        start_new_session=True,
    )


@pytest.fixture
def fresh_city(city_template, tmp_path):
    """A city of this test's own, with its own clock and a payment provider; and the days it lives through."""
    for city in run_city(city_template, tmp_path, begin=False):
        group = city.group
        group.environment |= {
            "DJANGO_SETTINGS_MODULE": SETTINGS,
            "YIWANG_ADDRESS": city.base,
            "YIWANG_KILLS_PROVIDER": f"http://127.0.0.1:{port_free()}",
            "YIWANG_KILLS_SECRET": "made-for-tests-only",
        }
        made = subprocess.run(
            [sys.executable, "-m", "tests.journeys.kills.prepare", str(DAYS + 2)],
            cwd=ROOT,
            env={**os.environ, **group.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stdout + made.stderr
        group.begin()
        provider_start(city)
        group.wait_ready()
        yield city, [datetime.fromisoformat(line) for line in made.stdout.split()]


def test_kills_anywhere_lose_no_acknowledged_act_and_double_none(fresh_city):
    city, days = fresh_city
    clock, begun = CityClock(city.folder), time.monotonic()
    residents = [
        Resident(city.base, city.accounts[f"load{number}"], clock) for number in range(HANDS)
    ]
    officers, copies = officers_of(city, clock)
    everybody = [*residents, *officers, *(copy for _one, copy in copies)]
    killer = Killer(city, lambda: sum(one.browser.answers for one in everybody))

    for number, day in enumerate(days[:-1]):
        clock.put(day)
        is_last = number == DAYS
        for resident in residents:
            resident.quota = 0 if is_last else QUOTA
        live_a_day(residents, officers, copies, killer=None if is_last else killer)
        found = wrong_when_drained(city, clock, everybody)
        assert found == {}, (number, found)
        if number == DAYS - 1:
            planted = plant(city)
            invariants.provider_write(city, "INSERT INTO statement VALUES ('HONEST')")
    figures(city, killer, everybody, begun)

    assert sum(killer.count.values()) >= 50
    assert killer.count["provider"] >= 5
    numbers = [key for one in residents for key in one.said["submit"]]
    assert len(numbers) == JOURNEYS
    assert [one.number for resident in residents for one in resident.open_journeys()] == []
    assert invariants.wrong_letters(city) == []
    compared(city, clock, days[-1])
    assert wrong_when_drained(city, clock, everybody) == {}
    assert sorted(city.query(OPEN_DIFFERENCES)) == sorted(planted)
    assert invariants.wrong_acts(city, everybody, acts=("pay",)) == {}
    assert {row[0] for row in invariants.wrong_books(city)} == {row[1] for row in planted}
    if not IS_POSTGRESQL:
        assert city.query("PRAGMA integrity_check") == [("ok",)]


OPEN_DIFFERENCES = "SELECT kind, number FROM hall_payments_difference WHERE state = 'OPEN'"


def plant(city: LiveCity) -> list[tuple]:
    """Spoil the provider's books of today: one entry gone, one with another amount, one that nobody ordered."""
    gone, other = [
        row[0]
        for row in city.query(
            "SELECT p.number FROM hall_payments_payment p JOIN hall_payments_bill b ON b.id = p.bill_id "
            "JOIN hall_applications_application a ON b.subject = 'application:' || a.number "
            "WHERE p.state = 'CAPTURED' AND a.state = 'APPROVED' ORDER BY p.settled_at DESC LIMIT 2"
        )
    ]
    invariants.provider_write(
        city,
        f"DELETE FROM entry WHERE number = '{gone}'",
        f"UPDATE entry SET amount = amount + 100 WHERE number = '{other}'",
        "INSERT INTO entry (number, kind, amount, state, settled_at) SELECT 'P-NOBODY', 'PAY', 777, "
        f"'PAID', settled_at FROM entry WHERE number = '{other}'",
    )
    return [("MISSING_THERE", gone), ("AMOUNT", other), ("MISSING_HERE", "P-NOBODY")]


def compared(city: LiveCity, clock: CityClock, day: datetime) -> None:
    """Let the last day come, and wait until all before it were compared with the provider and asked about."""
    clock.put(day)
    until = time.monotonic() + PATIENCE_SECONDS
    while city.query(f"{OPEN_DIFFERENCES} AND number LIKE 'P2%' AND kind = 'MISSING_HERE'") or not (
        city.query(f"SELECT 1 FROM hall_payments_reconciliation WHERE at >= '{day:%Y-%m-%d}'")
    ):
        assert time.monotonic() < until, city.query(OPEN_DIFFERENCES)
        time.sleep(3)
        clock.put(clock.now() + timedelta(minutes=31))


def officers_of(city: LiveCity, clock: CityClock) -> tuple[list[Person], list[tuple]]:
    """Name the civil servants: one of each step, and the clerk at three windows at once."""
    accounts = city.accounts
    clerk, reviewer, approver = (
        Officer(city.base, accounts[name], clock) for name in ("clerk", "reviewer", "approver")
    )
    second = Officer(city.base, accounts["clerk"], clock)
    second.random.seed("second")
    caller = Caller(city.base, accounts["clerk"], clock)
    return [clerk, reviewer, approver], [(clerk, second), (clerk, caller)]


def live_a_day(residents, officers, copies, *, killer: Killer | None) -> None:
    """Let everybody live until the citizens have nothing more to do today."""
    for person in (*residents, *officers):
        person.sign_in()
    for one, copy in copies:
        same_person(one, copy)
    workers = [*officers, *(copy for _one, copy in copies)]
    evening = threading.Event()
    watched = [*([killer] if killer else []), *residents, *workers]
    threads = [person.start(evening) for person in workers]
    outside = [person.start(evening) for person in residents]
    raging = [killer.start(evening)] if killer else []
    try:
        until = time.monotonic() + DAY_SECONDS
        while any(thread.is_alive() for thread in outside) and time.monotonic() < until:
            time.sleep(0.2)
            for one in watched:
                if one.error:
                    raise one.error
    finally:
        evening.set()
        for thread in (*raging, *outside, *threads):
            thread.join(PATIENCE_SECONDS)
    assert not any(thread.is_alive() for thread in (*outside, *threads)), "somebody waits for ever"
    assert [one.error for one in watched if one.error] == []


def drained(city: LiveCity, clock: CityClock) -> None:
    """Wait until everything that goes by itself has gone: events, jobs, refunds. The evening passes quickly."""
    until, looks = time.monotonic() + PATIENCE_SECONDS, 0
    while any(city.query(sql)[0][0] for sql in UNDER_WAY):
        assert time.monotonic() < until, {sql: city.query(sql)[0][0] for sql in UNDER_WAY}
        time.sleep(0.3)
        looks += 1
        if looks % 10 == 0:
            clock.put(clock.now() + timedelta(minutes=1))


UNDER_WAY = (
    "SELECT count(*) FROM kernel_events_eventdelivery WHERE state = 'PENDING'",
    "SELECT count(*) FROM django_tasks_database_dbtaskresult WHERE status IN ('READY', 'RUNNING')",
    "SELECT count(*) FROM hall_payments_refund WHERE state IN ('APPROVED', 'SENT')",
)


def wrong_when_drained(city: LiveCity, clock: CityClock, everybody: list[Person]) -> dict:
    """Gather what does not hold once the day is quiet; a sweep may begin something anew between two looks."""
    for _look in range(5):
        drained(city, clock)
        found = wrong_today(city, everybody)
        if not found:
            break
        time.sleep(1)
    return found


def wrong_today(city: LiveCity, everybody: list[Person]) -> dict:
    """Gather everything that does not hold at the end of a day."""
    found = {
        **invariants.wrong_rows(city),
        **invariants.wrong_acts(city, everybody),
        **invariants.wrong_numbers(city),
        "clocks": invariants.wrong_clocks(city)[:5],
        "due dates on the desk": invariants.wrong_dues(city)[:5],
    }
    return {what: rows for what, rows in found.items() if rows}


def figures(city: LiveCity, killer: Killer, everybody: list[Person], begun: float) -> None:
    """Print the figures of the run."""
    said = Counter(dict.fromkeys(invariants.DONE, 0))
    for one in everybody:
        said.update({act: len(keys) for act, keys in one.said.items()})
    sources = dict(
        city.query("SELECT source, count(*) FROM hall_payments_paymentevent GROUP BY source")
    )
    print(  # noqa: T201
        f"{time.monotonic() - begun:.0f} s, {sum(killer.count.values())} kills {dict(killer.count)}; "
        f"acknowledged {dict(said)}; {sum(one.browser.broken for one in everybody)} broken requests, "
        f"{sum(one.browser.silent for one in everybody)} times told that the provider is silent; "
        f"payments heard of by {sources}; "
        f"{city.query('SELECT count(*) FROM hall_payments_refund')[0][0]} refunds"
    )
