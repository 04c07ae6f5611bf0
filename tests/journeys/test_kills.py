"""`kill -9` anywhere in the journey: no acknowledged submission is lost, and none is doubled.

Eight citizens apply without pause and two windows of one clerk approve, while web workers, the whole
web server, its main process alone and the job worker are killed, one after the other.
"""

import hashlib
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter

import pytest

from tests.journeys.conftest import IS_POSTGRESQL, LiveCity, run_city
from yiwang.config.browsing import Browser, Page, PageProblem
from yiwang.config.check import Walk, fill_draft
from yiwang.config.serving import PortTaken, port_check

pytestmark = pytest.mark.kills

CARD = "/hall/applications/start/322014001000/"
HANDS = 8
# One turn of the killer; the two that take the whole city down come last in each half.
TURN = (*("child", "worker") * 3, "server", *("worker", "child") * 2, "worker", "main")
KILLS = 4 * len(TURN)
PATIENCE_SECONDS = 90


class PatientBrowser(Browser):
    """A person who presses *reload* while the city does not answer, and notes what should not be."""

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self.broken = 0
        self.faults: list[str] = []

    def _send(self, request, expect) -> Page:
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return super()._send(request, expect)
            except PageProblem as problem:
                if problem.status and problem.status < 500:
                    raise
                if problem.status:
                    self.faults.append(str(problem))
                else:
                    self.broken += 1
                if time.monotonic() > until:
                    raise
            time.sleep(0.1)
            vars(request).pop("redirect_dict", None)  # or urllib takes a fifth reload for a loop


class Hand(threading.Thread):
    """Somebody who repeats one thing until told to stop; an exception ends the test."""

    def __init__(self, browser: PatientBrowser, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.browser, self.over = browser, over
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.over.is_set():
                self.once()
        except BaseException as error:  # noqa: BLE001 - told by the test itself
            self.error = error

    def once(self) -> None:
        raise NotImplementedError


class Applicant(Hand):
    """A citizen: applies for the card and writes down the number of each receipt."""

    def __init__(self, browser: PatientBrowser, over: threading.Event) -> None:
        super().__init__(browser, over)
        self.acknowledged: list[str] = []

    def once(self) -> None:
        page = self.browser.open(CARD)
        page = fill_draft(self.browser, page, {"delivery": "ELECTRONIC", "agree": "true"})
        page = self.browser.submit(page, page.form(action="/materials/"), button=("go", "next"))
        page = self.browser.submit(page, page.form(action="/submit/"))
        assert "/receipt/" in page.url, page.text[:300]
        self.acknowledged.append(page.url.rstrip("/").split("/")[-2])


class Clerk(Hand):
    """A window: approves what lies on the desk; another window may have been quicker."""

    def once(self) -> None:
        desk = self.browser.open("/portal/spaces/desk/?show=all")
        items = sorted({href for href, _text in desk.links if "/hall/applications/items/" in href})
        for href in random.Random(len(items)).sample(items, min(8, len(items))):
            page = self.browser.open(href, expect=None)
            if page.status == 200 and any("/conclude/" in form.action for form in page.forms):
                form = page.form(action="/conclude/")
                words = {"opinion": "材料齐全，准予发证"}
                answer = self.browser.submit(
                    page, form, words, button=("outcome", "APPROVE"), expect=None
                )
                assert answer.status in (200, 403, 404, 409), (answer.status, answer.text[:300])
        time.sleep(0.2)


class Killer:
    """Kills processes of a city and does what a supervisor does: starts what is gone."""

    def __init__(self, city: LiveCity) -> None:
        self.city, self.group = city, city.group
        self.random = random.Random(2026)
        self.count: Counter[str] = Counter()
        self.seconds: Counter[str] = Counter()

    def rage(self) -> None:
        """Kill everything in turn, with pauses long enough for work in between."""
        for number in range(KILLS):
            time.sleep(self.random.uniform(0.3, 1.1))
            kind = TURN[number % len(TURN)]
            begun = time.monotonic()
            getattr(self, f"kill_{kind}")()
            self.count[kind] += 1
            self.seconds[kind] += time.monotonic() - begun

    def kill_child(self) -> None:
        """Kill the older of the server's own workers; the server replaces it."""
        children = self._children()
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
        until = time.monotonic() + 5
        at_work = f"SELECT count(*) FROM kernel_jobs_worker WHERE process_id = {child.pid}"
        while time.monotonic() < until and not self.city.query(at_work)[0][0]:
            time.sleep(0.1)
        time.sleep(self.random.uniform(0, 0.5))
        _kill(child.pid)
        child.wait()
        self.group.child_start("worker")

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

    def _children(self) -> list[int]:
        main = self.group.children["web"].pid
        found = subprocess.run(
            ["ps", "-o", "pid=", "--sort", "start_time", "--ppid", str(main)],
            capture_output=True,
            text=True,
            check=False,
        )
        return [int(word) for word in found.stdout.split()]


def _kill(process_id: int) -> None:
    try:
        os.kill(process_id, signal.SIGKILL)
    except ProcessLookupError:
        return


@pytest.fixture
def fresh_city(city_template, tmp_path):
    """A city of this test's own."""
    yield from run_city(city_template, tmp_path)


def test_kills_anywhere_lose_no_acknowledged_submission_and_double_none(fresh_city):
    city, killer = fresh_city, Killer(fresh_city)
    applicants_over, clerks_over = threading.Event(), threading.Event()
    applicants = [
        Applicant(_signed_in(city, f"load{number}"), applicants_over) for number in range(HANDS)
    ]
    window = _signed_in(city, "clerk")
    clerks = [Clerk(browser, clerks_over) for browser in (window, _second_window(window))]
    for hand in (*applicants, *clerks):
        hand.start()

    killer.rage()

    applicants_over.set()
    _joined(applicants)
    _until(lambda: not city.query(_OPEN_ITEMS)[0][0], "the desk is not emptied")
    clerks_over.set()
    _joined(clerks)
    city.execute(_LEASES_OVER)
    _until(lambda: not city.query(_PENDING)[0][0], "the outbox is not drained")
    acknowledged = [number for hand in applicants for number in hand.acknowledged]
    print(  # noqa: T201 - the figures of the run
        f"{sum(killer.count.values())} kills {dict(killer.count)}, {len(acknowledged)} receipts, "
        f"{sum(hand.browser.broken for hand in (*applicants, *clerks))} broken requests; seconds "
        f"{ {kind: round(seconds) for kind, seconds in killer.seconds.items()} }"
    )
    assert sum(killer.count.values()) >= 50
    assert len(acknowledged) >= HANDS
    assert [fault for hand in (*applicants, *clerks) for fault in hand.browser.faults] == []
    assert sorted(acknowledged) == sorted(row[0] for row in city.query(_NUMBERS))
    _rows_hold(city, count=len(acknowledged))
    _letters_hold(city, count=len(acknowledged))
    if not IS_POSTGRESQL:
        assert city.query("PRAGMA integrity_check") == [("ok",)]


def _signed_in(city: LiveCity, username: str) -> PatientBrowser:
    walk = Walk(city.base, city.accounts, lambda _text: None)
    return _with_cookies(PatientBrowser(city.base), walk.browser(username))


def _second_window(first: PatientBrowser) -> PatientBrowser:
    return _with_cookies(PatientBrowser(first.base), first)


def _with_cookies(browser: PatientBrowser, other: Browser) -> PatientBrowser:
    for cookie in other.cookies:
        browser.cookies.set_cookie(cookie)
    return browser


def _joined(hands: list[Hand]) -> None:
    for hand in hands:
        hand.join(PATIENCE_SECONDS)
        assert not hand.is_alive(), "somebody waits for an answer for ever"
        if hand.error:
            raise hand.error


def _until(holds, otherwise: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < until, otherwise
        time.sleep(0.2)


_NUMBERS = "SELECT number FROM hall_applications_application"
_OPEN_ITEMS = (
    "SELECT count(*) FROM engines_workflow_workitem "
    "WHERE state NOT IN ('COMPLETED', 'WITHDRAWN', 'CANCELLED')"
)
_PENDING = "SELECT count(*) FROM kernel_events_eventdelivery WHERE state = 'PENDING'"
# An outside delivery whose worker was killed comes again when its lease of five minutes is over.
_LEASES_OVER = (
    "UPDATE kernel_events_eventdelivery SET due_at = published_at FROM kernel_events_outboxevent "
    "WHERE kernel_events_outboxevent.id = event_id AND state = 'PENDING'"
)
# What must be empty, whatever was killed: each finds rows that are too many or too few.
_NOWHERE = {
    "an application without its approval": (
        "SELECT number FROM hall_applications_application WHERE state <> 'APPROVED'"
    ),
    "an application without exactly one decision and one opinion": (
        "SELECT a.number FROM hall_applications_application a "
        "WHERE (SELECT count(*) FROM hall_applications_decision d WHERE d.application_id = a.id) <> 1 "
        "OR (SELECT count(*) FROM hall_applications_applicationopinion o "
        "WHERE o.application_id = a.id) <> 1"
    ),
    "an application without exactly one licence": (
        "SELECT a.number FROM hall_applications_application a WHERE (SELECT count(*) "
        "FROM hall_licences_licence l WHERE l.source = 'application:' || a.number) <> 1"
    ),
    "an application without exactly one audit row of its submission": (
        "SELECT a.number FROM hall_applications_application a WHERE (SELECT count(*) "
        "FROM kernel_audit_auditevent e WHERE e.subject = 'application:' || a.number "
        "AND e.act = 'hall.applications.submit') <> 1"
    ),
    "an application without exactly one item and one ended instance": (
        "SELECT a.number FROM hall_applications_application a "
        "WHERE (SELECT count(*) FROM engines_workflow_workitem w "
        "WHERE w.business_key = 'application:' || a.number AND w.state = 'COMPLETED') <> 1 "
        "OR (SELECT count(*) FROM engines_workflow_processinstance p "
        "WHERE p.business_key = 'application:' || a.number AND p.state = 'COMPLETED') <> 1"
    ),
    "a work item or instance without its application": (
        "SELECT business_key FROM engines_workflow_workitem "
        "UNION ALL SELECT business_key FROM engines_workflow_processinstance "
        "EXCEPT SELECT 'application:' || number FROM hall_applications_application"
    ),
    "a token in an ended instance": "SELECT id FROM engines_workflow_token",
    "a running clock": "SELECT subject FROM engines_clocks_clock WHERE stopped_at IS NULL",
    "a draft left over": "SELECT id FROM engines_forms_draft",
    "an event told twice, or not": (
        "SELECT a.number, t.topic FROM hall_applications_application a "
        "CROSS JOIN (SELECT 'application.submitted' AS topic UNION SELECT 'application.decided') t "
        "WHERE (SELECT count(*) FROM kernel_events_outboxevent o "
        "WHERE o.key = a.number AND o.topic = t.topic) <> 1"
    ),
    "a delivery that is not delivered": (
        "SELECT id, error FROM kernel_events_eventdelivery WHERE state <> 'DELIVERED'"
    ),
    "an event about which the applicant was not told exactly once": (
        "SELECT o.id FROM kernel_events_outboxevent o "
        "JOIN kernel_events_eventdelivery d ON d.event_id = o.id "
        "WHERE d.subscriber LIKE 'hall.messages.application.%' AND (SELECT count(*) "
        "FROM hall_messages_message m WHERE m.source = 'event:' || o.id) <> 1"
    ),
    "a message that did not go out exactly once by telephone": (
        "SELECT m.id FROM hall_messages_message m WHERE m.template = 'application_approved' "
        "AND (SELECT count(*) FROM hall_messages_messagesending s "
        "WHERE s.message_id = m.id AND s.channel = 'SMS') <> 1"
    ),
}


def _rows_hold(city: LiveCity, *, count: int) -> None:
    assert {what: city.query(sql) for what, sql in _NOWHERE.items()} == dict.fromkeys(_NOWHERE, [])
    told = dict(
        city.query("SELECT template, count(*) FROM hall_messages_message GROUP BY template")
    )
    assert told["application_submitted"] == told["application_approved"] == count
    serials = city.query("SELECT sum(last) FROM hall_applications_numbercounter")
    assert serials[0][0] == 2 * count  # one of the day, one of the documents: none is left out


def _letters_hold(city: LiveCity, *, count: int) -> None:
    rows = city.query("SELECT document_path, document_sha256 FROM hall_licences_licence")
    assert len(rows) == count
    for path, digest in rows:
        content = (city.folder / "files" / path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
