"""People of a city that is killed again and again (断电城市里的人): they reload, repeat, and write down what they were told.

What somebody was told clearly stands in `said`; what was sent and whose answer was lost stands in `unsure` until
the next look settles it.
"""

import random
import re
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field

import pyotp

from tests.journeys.kills.clock import CityClock
from yiwang.config.browsing import Browser, Form, Page, PageProblem
from yiwang.config.check import fill_draft

PATIENCE_SECONDS = 90
CARD, PAID = "322014001000", "320199998000"
ANSWERS = {
    CARD: {"delivery": "ELECTRONIC", "agree": "true"},
    PAID: {"reason": "断电演练"},
}
CORRECTED = {CARD: "address", PAID: "reason"}
SILENT = "支付服务没有响应"
UNPAID = "缴清前不能发证"
HALL = "/hall/counters/halls/gusu/"
LOOKS = 8
LEVELS = ("VERY_SATISFIED", "SATISFIED", "FAIRLY_SATISFIED", "DISSATISFIED")


class PatientBrowser(Browser):
    """A person who presses *reload* while the city does not answer, until it does."""

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self.answers = 0
        self.broken = 0
        self.silent = 0

    def _send(self, request, expect) -> Page:
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._told(super()._send(request, None), request, expect)
            except PageProblem as problem:
                if problem.status and problem.status < 500:
                    raise
                if SILENT in str(problem):
                    self.silent += 1  # the payment provider is dead: the person was told so
                elif problem.status:
                    raise  # a defect, however often it is tried
                else:
                    self.broken += 1
                if time.monotonic() > until:
                    raise
            time.sleep(0.25)
            vars(request).pop("redirect_dict", None)  # or urllib takes a fifth reload for a loop

    def _told(self, page: Page, request, expect: int | None) -> Page:
        self.answers += 1
        if page.status < 500 and expect in (None, page.status):
            return page
        raise PageProblem(
            f"{request.get_method()} {page.url} answered {page.status}, not {expect}: "
            f"{' '.join(page.text.split())[:600]}",
            status=page.status,
        )

    def press(self, page: Page, form: Form, values=None, *, button=None) -> tuple[Page, bool]:
        """Press a button; return the page, and whether it is sure that it was pressed once."""
        before = self.broken
        answer = self.submit(page, form, values, button=button, expect=None)
        return answer, self.broken == before


class Person:
    """Somebody with a browser, who does something again and again until told to stop."""

    def __init__(self, base: str, account: dict, clock: CityClock) -> None:
        self.account, self.clock = account, clock
        self.browser = PatientBrowser(base)
        self.random = random.Random(account["username"])
        self.said: dict[str, list] = defaultdict(list)
        self.unsure: dict[str, list] = defaultdict(list)
        self.error: BaseException | None = None

    def sign_in(self) -> None:
        """Sign in anew: a day has passed."""
        self.browser.cookies.clear()
        page = self.browser.open("/identity/accounts/sign-in/")
        given = {"username": self.account["username"], "password": self.account["password"]}
        page = self.browser.submit(page, page.form(having="password"), given)
        if self.account["totp_secret"]:
            code = pyotp.TOTP(self.account["totp_secret"]).at(int(self.clock.now().timestamp()))
            page = self.browser.submit(page, page.form(having="code"), {"code": code})
        assert "sign-in" not in page.url, page.text[:300]

    def start(self, over: threading.Event) -> threading.Thread:
        """Begin to live until `over`; what goes wrong is kept in `error`."""

        def live() -> None:
            try:
                self.day(over)
            except BaseException as error:  # noqa: BLE001 - told by the test itself
                self.error = error

        thread = threading.Thread(target=live, daemon=True)
        thread.start()
        return thread

    def day(self, over: threading.Event) -> None:
        """Do one's things."""
        while not over.is_set():
            self.once()

    def once(self) -> None:
        """Do one thing."""
        raise NotImplementedError

    def note(self, act: str, key: object, page: Page, *, sure: bool) -> bool:
        """Write down what the page says about an act; True when it was acknowledged."""
        if page.status == 200:
            self.said[act].append(key)
            return True
        assert page.status in (409, 422, 403, 404), (act, page.status, page.text[:400])
        assert not sure or act in CONTESTED, (act, key, page.status, page.text[:400])
        self.unsure[act].append(key)
        return False


CONTESTED = {"conclude", "correction", "book", "check_in"}
"""What somebody else may have done first, so that a refusal is an answer."""


@dataclass
class Journey:
    """One application on its way."""

    matter: str
    number: str
    fate: float
    rests_on: int = -1
    paid_on: int = -1
    looks: int = 0
    is_over: bool = False
    wants: set[str] = field(default_factory=set)


class Resident(Person):
    """A citizen: applies, corrects, pays, withdraws, takes tickets, chooses a delivery, rates."""

    def __init__(self, base: str, account: dict, clock: CityClock) -> None:
        super().__init__(base, account, clock)
        self.journeys: list[Journey] = []
        self.today, self.quota = 0, 0
        self.ticket = ""

    def day(self, over: threading.Event) -> None:
        """Begin the journeys of the day, then push all of them until each is over or rests."""
        self.today, self.ticket = self.today + 1, ""
        for _number in range(self.quota):
            self.apply()
            self.go_to_hall()
            self.push_all()
        while not over.is_set() and (self.open_journeys() or self.ticket):
            self.push_all()
            self.look_at_ticket()
            time.sleep(0.5)

    def open_journeys(self) -> list[Journey]:
        """List the journeys that may move today."""
        return [one for one in self.journeys if not one.is_over and one.rests_on != self.today]

    def apply(self) -> None:
        """Fill in and submit a form; note the number of the receipt."""
        matter = self.random.choice((CARD, PAID))
        page = self.browser.open(f"/hall/applications/start/{matter}/")
        page = fill_draft(self.browser, page, ANSWERS[matter])
        if "/materials/" in page.url:
            form = page.form(action="/materials/")
            page = self.browser.submit(page, form, button=("go", "next"))
        page = self.browser.submit(page, page.form(action="/submit/"))
        assert "/receipt/" in page.url, page.text[:300]
        number = page.url.rstrip("/").split("/")[-2]
        self.said["submit"].append((number, matter))
        wants = {name for name, share in WISHES if self.random.random() < share}
        self.journeys.append(Journey(matter, number, self.random.random(), wants=wants))

    def push_all(self) -> None:
        """Push every journey that may move."""
        for journey in self.open_journeys():
            self.push(journey)

    def push(self, journey: Journey) -> None:
        """Open one's application and do what it asks for."""
        page = self.browser.open(f"/hall/applications/mine/{journey.number}/")
        asked = [href for href, _text in page.links if "/corrections/" in href]
        pay = [href for href, text in page.links if "/hall/payments/" in href and "去缴费" in text]
        is_open = any("/withdraw/" in form.action for form in page.forms)
        if is_open and journey.fate < 0.08:
            self.withdraw(journey, page)
        elif asked:
            self.correct(journey, asked[0])
        elif pay:
            self.pay(journey, pay[0])
        elif not is_open:
            self.finish(journey, page)

    def withdraw(self, journey: Journey, page: Page) -> None:
        """Take the application back."""
        form = page.form(action="/withdraw/")
        answer, _sure = self.browser.press(page, form, {"reason": "不办了"})
        if not self.note("withdraw", journey.number, answer, sure=False):
            journey.fate = 1.0

    def correct(self, journey: Journey, address: str) -> None:
        """Answer a correction notice at once, or tomorrow: then its clock stands still for a day."""
        if "slow" in journey.wants:
            journey.wants.discard("slow")
            journey.rests_on = self.today
            return
        page = self.browser.open(address, expect=None)
        forms = [form for form in page.forms if "/corrections/" in form.action]
        if page.status != 200 or not forms:
            return
        values = {CORRECTED[journey.matter]: f"苏州市姑苏区平江路{self.random.randrange(1, 900)}号"}
        answer, sure = self.browser.press(page, forms[0], values)
        # A withdrawal whose answer was lost may still be under way in a worker that outlived its server.
        sure = sure and journey.number not in self.unsure["withdraw"]
        self.note("correct", int(address.strip("/").split("/")[-1]), answer, sure=sure)

    def pay(self, journey: Journey, address: str) -> None:
        """Pay at the provider; some leave its page, some decline first, some pay again tomorrow."""
        if (
            journey.paid_on == self.today
        ):  # the city has not heard of it yet: look again, then tomorrow
            journey.looks += 1
            journey.rests_on = self.today if journey.looks % LOOKS == 0 else journey.rests_on
            return
        if "tomorrow" in journey.wants:
            journey.wants.discard("tomorrow")
            journey.rests_on = self.today
            return
        page = self.browser.open(address)
        forms = [form for form in page.forms if form.action.endswith("/pay/")]
        if not forms:
            return
        page = self.browser.submit(page, forms[0], button=("provider", "remote"), expect=None)
        checkout = [form for form in page.forms if "/checkout/" in form.action]
        if page.status != 200 or not checkout:
            return  # it was paid in the meantime
        number = checkout[0].action.split("/")[-1]
        answer = self.random.choices(("pay", "leave", "decline"), (70, 18, 12))[0]
        if re.search(r'id="state">OPEN<', page.body) is None:
            answer = "leave"
        done = self.browser.submit(page, checkout[0], button=("answer", answer), expect=None)
        if answer != "decline" and (answer == "pay" or "PAID" in done.body):
            journey.paid_on = self.today
            self.said["pay"].append(number)

    def finish(self, journey: Journey, page: Page) -> None:
        """Choose a delivery and rate, once it is decided."""
        hrefs = [href for href, _text in page.links]
        choose = [href for href in hrefs if href.endswith(f"{journey.number}/delivery/")]
        rate = [href for href in hrefs if href.endswith(f"{journey.number}/rate/")]
        if choose and journey.wants & {"counter", "courier"}:
            self.choose(journey, choose[0])
        elif rate and "rate" in journey.wants:
            journey.wants.discard("rate")
            page = self.browser.open(rate[0])
            values = {"level": self.random.choice(LEVELS), "text": "断电时也办成了"}
            answer, sure = self.browser.press(page, page.form(action="/rate/"), values)
            self.note("rate", journey.number, answer, sure=sure)
        else:
            journey.is_over = True

    def choose(self, journey: Journey, address: str) -> None:
        """Choose how the paper comes."""
        method = "COUNTER" if "counter" in journey.wants else "COURIER"
        journey.wants -= {"counter", "courier"}
        page = self.browser.open(address, expect=None)
        forms = [form for form in page.forms if "/delivery/" in form.action]
        if not forms:
            return
        values = {"method": method, "phone": "13900001234", "address": "苏州市姑苏区平江路十八号"}
        answer, sure = self.browser.press(page, forms[0], values)
        self.note("choose", journey.number, answer, sure=sure)

    def go_to_hall(self) -> None:
        """Take a ticket, or book a time and check in; some cancel."""
        if self.ticket or self.random.random() < 0.5:
            return
        if self.random.random() < 0.5:
            self.take_ticket()
        else:
            self.book()

    def take_ticket(self) -> None:
        """Take a ticket by phone for the queue of civil affairs."""
        page = self.browser.open(HALL)
        forms = [form for form in page.forms if form.action.endswith("/take/")]
        if not forms:
            return
        answer, sure = self.browser.press(
            page, forms[1]
        )  # the queue that the clerk's window serves
        if "/tickets/" in answer.url:
            self._ticket_has(answer)
        else:  # told on the hall's page that one has a ticket already: the first press had come through
            mine = [href for href, _text in answer.links if "/tickets/" in href]
            assert mine, answer.text[:400]
            assert not sure, answer.text[:400]
            self._ticket_has(self.browser.open(mine[0]))

    def _ticket_has(self, page: Page) -> None:
        self.ticket = page.url
        self.said["ticket"].append(page.url.strip("/").split("/")[-1])

    def book(self) -> None:
        """Book the soonest free time of today; then check in or cancel."""
        queues = [form.value("queue") for form in self.browser.open(HALL).forms]
        queue = [one for one in queues if one][1]  # the one that the clerk's window serves
        page = self.browser.open(
            f"/hall/counters/appointments/new/gusu/?queue={queue}&people=1"
            f"&day={self.clock.now().date().isoformat()}"
        )
        free = re.findall(r'name="slot"[^>]*value="([^"]+)"(?! disabled)>', page.body)
        forms = [form for form in page.forms if "slot" in form.names]
        if not free or not forms:
            return
        answer, sure = self.browser.press(
            page, forms[0], {"slot": free[0], "phone": "13900001234", "name": "预约人"}
        )
        if not self.note("book", answer.url.strip("/").split("/")[-1], answer, sure=sure):
            return
        if self.random.random() < 0.3:
            values, act = ("do", "cancel"), "cancel"
        else:
            values, act = ("do", "check_in"), "check_in"
        forms = [one for one in answer.forms if values[1] in {b.value for b in one.buttons}]
        if not forms:
            return
        key = answer.url.strip("/").split("/")[-1]
        done, sure = self.browser.press(answer, forms[0], button=values)
        self.note(act, key, done, sure=sure and act != "check_in")
        mine = [href for href, _text in done.links if "/tickets/" in href]
        if "/tickets/" in done.url:
            self._ticket_has(done)
        elif mine:  # checked in by the press whose answer was lost
            self._ticket_has(self.browser.open(mine[0]))

    def look_at_ticket(self) -> None:
        """Look at one's ticket until the visit is finished."""
        if self.ticket:
            page = self.browser.open(self.ticket, expect=None)
            if page.has("已办结"):
                self.ticket = ""


WISHES = (
    ("slow", 0.4),
    ("tomorrow", 0.1),
    ("rate", 0.6),
    ("counter", 0.3),
    ("courier", 0.15),
)


class Officer(Person):
    """A civil servant at the desk: concludes what lies there; colleagues may have been quicker."""

    def __init__(self, base: str, account: dict, clock: CityClock) -> None:
        super().__init__(base, account, clock)
        self.asked: set[str] = set()
        self.tried: set[str] = set()

    def once(self) -> None:
        """Take some items of the desk's list, in any order."""
        desk = self.browser.open("/portal/spaces/desk/?show=all")
        found = sorted({href for href, _text in desk.links if ITEM.fullmatch(href)})
        for href in self.random.sample(found, min(6, len(found))):
            self.conclude(href)
        time.sleep(0.5)

    def conclude(self, href: str) -> None:
        """Conclude an item: ask for a correction now and then, refuse seldom, else go on."""
        page = self.browser.open(href, expect=None)
        outcomes = re.findall(r'name="outcome" value="([A-Z_]+)"', page.body)
        if page.status != 200 or not any("/conclude/" in form.action for form in page.forms):
            return
        item = int(href.strip("/").split("/")[-1])
        if (
            page.has(UNPAID)
            and "APPROVE" in outcomes
            and (href in self.tried or self.random.random() < 0.7)
        ):
            return
        self.tried.add(href)
        outcome, words = self._decision(page, href, outcomes)
        form = page.form(action="/conclude/")
        answer, sure = self.browser.press(page, form, words, button=("outcome", outcome))
        act = "correction" if outcome == "CORRECT" else "conclude"
        key = item if outcome == "CORRECT" else (item, outcome)
        self.note(act, key, answer, sure=sure)

    def _decision(self, page: Page, href: str, outcomes: list[str]) -> tuple[str, dict]:
        drawn = self.random.random()
        if "CORRECT" in outcomes and drawn < 0.25 and href not in self.asked:
            self.asked.add(href)
            name = next(name for name in CORRECTED.values() if f"field:{name}" in page.body)
            return "CORRECT", {
                "correct": f"field:{name}",
                f"what:field:{name}": "请填写完整",
            }
        if drawn > 0.95 and set(outcomes) & {"REFUSE", "NOT_ACCEPTED"}:
            refusal = next(one for one in outcomes if one in ("REFUSE", "NOT_ACCEPTED"))
            return refusal, {"reason": "材料不实", "legal_basis": "某法第一条"}
        forward = next(one for one in outcomes if one in ("APPROVE", "ACCEPT", "AGREE"))
        return forward, {"opinion": "材料齐全"}


ITEM = re.compile(r"/hall/applications/items/\d+/")


class Caller(Person):
    """A clerk at a window of the hall: calls, serves, finishes; hands papers out in between."""

    window = ""

    def day(self, over: threading.Event) -> None:
        """Sit down, serve until told to stop, and leave nobody standing at the window."""
        page = self.browser.open("/hall/counters/windows/")
        if not self.window:
            mine = [href for href, _text in page.links if re.search(r"/windows/\d+/", href)]
            self.window = mine[0]
        while not over.is_set():
            self.once()

    def once(self) -> None:
        """Press the next button of the window; hand out a paper."""
        page = self.browser.open(self.window)
        buttons = {b.value: form for form in page.forms for b in form.buttons if b.name == "do"}
        for do in ("start", "next", "call", "open"):
            if do in buttons:
                answer, sure = self.browser.press(page, buttons[do], button=("do", do))
                seen = buttons[do].value("ticket")
                if do == "next" and answer.status == 409 and sure:  # finished, and nobody waits
                    self.said["finish"].append(int(seen))
                elif do in ("start", "next"):
                    self.note("finish" if do == "next" else do, int(seen), answer, sure=sure)
                break
        self.hand_out()
        time.sleep(0.5)

    def hand_out(self) -> None:
        """Put a paper ready, or hand it over to whoever shows an identity document; or give it to the courier."""
        desk = self.browser.open("/hall/deliveries/desk/")
        found = sorted(
            {h for h, _text in desk.links if re.fullmatch(r"/hall/deliveries/desk/\d+/", h)}
        )
        for href in self.random.sample(found, min(2, len(found))):
            page = self.browser.open(href, expect=None)
            forms = {b.value: form for form in page.forms for b in form.buttons}
            key = int(href.strip("/").split("/")[-1])
            if "place" in forms:
                answer, sure = self.browser.press(page, forms["place"], button=("do", "place"))
                self.note("place", key, answer, sure=sure)
            elif "document" in forms:
                answer, sure = self.browser.press(
                    page, forms["document"], {"document": "123X"}, button=("do", "document")
                )
                self.note("hand_out", key, answer, sure=sure)
            elif "practice" in forms:
                answer, sure = self.browser.press(
                    page, forms["practice"], button=("courier", "practice")
                )
                self.note("post", key, answer, sure=sure)


def same_person(first: Person, second: Person) -> None:
    """Give the second browser the first one's session: two windows of one person."""
    second.browser.cookies.clear()
    for cookie in first.browser.cookies:
        second.browser.cookies.set_cookie(cookie)
