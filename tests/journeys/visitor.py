"""A person at a browser (访客): opens, signs in, looks; everything the browser complains of is kept.

With YIWANG_SHOTS naming a folder, every look leaves a picture there.
"""

import os
import re
import shutil
import time
from contextlib import contextmanager
from pathlib import Path

import pyotp
from playwright.sync_api import expect

from yiwang.config.check import PDF

CHROMIUM = os.environ.get("YIWANG_CHROMIUM") or shutil.which("chromium") or shutil.which("chrome")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
STEP_SECONDS = 30
GUIDE = "/hall/matters/322014001000/"
STAFF_ROW = {"staff.0.staff_name": "陈大厨", "staff.0.health_number": "健320508-2026-0001"}
# A form that comes back with its errors beside the fields is an answer, not a fault.
ANSWERED = re.compile(r"status of 422")
OVERFLOW = """() => [...document.querySelectorAll('body *')].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width && box.right > innerWidth + 1 && !one.closest('.side-menu, .table-scroll');
}).slice(0, 5).map((one) => `${one.tagName}.${one.className}: ${one.textContent.trim().slice(0, 40)}`)"""


class Visitor:
    """One person in a browser of their own."""

    def __init__(self, browser, base: str, *, size: str, language: str = "zh-CN"):
        width, height = SIZES[size]
        self.base = base
        self.size = size
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, locale=language
        )
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self._complain(str(error)))
        self.page.on("console", self._hear)
        self.page.on("dialog", lambda dialog: dialog.accept())

    def _hear(self, message) -> None:
        if message.type == "error" and not ANSWERED.search(message.text):
            self._complain(message.text)

    def _complain(self, text: str) -> None:
        self.complaints.append(f"{self.page.url}: {text}")

    def open(self, address: str):
        """Open an address of the city and look at it."""
        self.page.goto(address if address.startswith("http") else self.base + address)
        return self.look()

    def look(self, name: str = ""):
        """Check what holds on every page: no complaint, nothing wider than the screen."""
        self.page.wait_for_load_state("load")
        wide = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if folder := os.environ.get("YIWANG_SHOTS"):
            self.picture(Path(folder), name)
        assert wide <= 0, (self.page.url, wide, self.page.evaluate(OVERFLOW))
        assert self.complaints == [], self.complaints
        return self.page

    def picture(self, folder: Path, name: str = "") -> None:
        """Keep a picture of the whole page."""
        folder.mkdir(parents=True, exist_ok=True)
        path = re.sub(r"https?://[^/]+|\W+", "-", self.page.url).strip("-")[:60]
        count = len(list(folder.glob(f"{self.size}-*")))
        self.page.screenshot(
            path=folder / f"{self.size}-{count:03d}-{name or path}.png", full_page=True
        )

    @contextmanager
    def leaving(self):
        """Do something that leads to another page, and look at that."""
        with self.page.expect_navigation():
            yield
        self.look()

    def press(self, name: str, *, role: str = "button", exact: bool = True):
        """Press a button, or a link, by its words; look at the page it leads to."""
        with self.leaving():
            self.page.get_by_role(role, name=name, exact=exact).first.click()
        return self.page

    def sign_in(self, account: dict) -> "Visitor":
        """Sign in with password and, where the account has one, the code of the moment."""
        self.open("/identity/accounts/sign-in/")
        self.page.locator("[name=username]").fill(account["username"])
        self.page.locator("[name=password]").fill(account["password"])
        with self.leaving():
            self.page.locator("[name=password]").press("Enter")
        if account["totp_secret"]:
            self._second_factor(account["totp_secret"])
        assert "sign-in" not in self.page.url, self.page.url
        return self

    def _second_factor(self, secret: str) -> None:
        """Give the code; one that was used already is refused, so the next is waited for."""
        for _attempt in range(2):
            self.page.locator("[name=code]").fill(pyotp.TOTP(secret).now())
            with self.leaving():
                self.page.locator("[name=code]").press("Enter")
            if not self.page.locator("[name=code]").count():
                return
            time.sleep(STEP_SECONDS - time.time() % STEP_SECONDS + 0.5)

    def close(self) -> None:
        """Close the browser of this person."""
        self.context.close()


class Town:
    """A live city seen at one width: who signed in once stays signed in."""

    def __init__(self, city, browser, size: str):
        self.city = city
        self.browser = browser
        self.size = size
        self.known: dict[str, Visitor] = {}

    def visitor(self, **settings) -> Visitor:
        """Bring somebody new, who is not signed in."""
        return Visitor(self.browser, self.city.base, size=self.size, **settings)

    def person(self, username: str) -> Visitor:
        """Return a signed-in person."""
        if username not in self.known:
            account = self.city.accounts[username]
            self.known[username] = self.visitor().sign_in(account)
        return self.known[username]

    def officer(self, function: str, role: str) -> Visitor:
        """Return a signed-in officer by trade and role."""
        wanted = (function, role)
        rows = self.city.accounts.items()
        found = [name for name, row in rows if (row["function"], row["role_code"]) == wanted]
        return self.person(found[0])

    def close(self) -> None:
        """Send everybody home."""
        for visitor in self.known.values():
            visitor.close()


def fill_page(visitor: Visitor, values: dict[str, str]) -> None:
    """Fill in what the page asks; fields that a choice brings are waited for."""
    page = visitor.page
    for name, value in values.items():
        fields = page.locator(f'#form-page [name="{name}"]:not([type=hidden])')
        if not fields.count():
            continue
        kind = fields.first.get_attribute("type")
        if kind in ("radio", "checkbox"):
            chosen = fields.and_(page.locator(f'[value="{value}"]')) if kind == "radio" else fields
            if kind == "checkbox" and fields.count() > 1:
                chosen = fields.and_(page.locator(f'[value="{value}"]'))
            chosen.check()
            page.wait_for_load_state("networkidle")
        elif fields.first.evaluate("(one) => one.tagName") == "SELECT":
            fields.select_option(value)
            page.wait_for_load_state("networkidle")
        else:
            fields.fill(value)


def fill_draft(visitor: Visitor, values: dict[str, str]) -> None:
    """Go through the pages of the form until the documents."""
    page = visitor.page
    for _number in range(9):
        if "/pages/" not in page.url:
            return
        add = page.locator("button[name=_add]")
        if add.count() and not page.locator('[name="staff.0.staff_name"]').count():
            with visitor.leaving():
                add.first.click()
        fill_page(visitor, {**values, **STAFF_ROW})
        expect(page.locator("#saved-mark")).to_contain_text("已保存")
        before = page.url
        visitor.press("保存并继续")
        assert page.url != before, page.locator(".error-summary").inner_text()
    raise AssertionError(page.url)


def submit_draft(visitor: Visitor) -> str:
    """Upload what is missing, check everything, submit; return the application's number."""
    page = visitor.page
    for field in page.locator("main input[type=file]").all():
        name = field.get_attribute("name")
        file = {"name": f"{name}.pdf", "mimeType": "application/pdf", "buffer": PDF}
        field.set_input_files(file)
    visitor.press("保存并继续")
    assert page.url.endswith("/check/"), page.locator("main").inner_text()
    visitor.press("提交申请")
    assert page.locator("h1").inner_text() == "提交成功"
    return re.search(r"/mine/([^/]+)/receipt/", page.url).group(1)


def draw_islands(visitor: Visitor) -> None:
    """Scroll to every island and wait until it is drawn."""
    for box in visitor.page.locator("[data-island]").all():
        box.scroll_into_view_if_needed()
    waiting = visitor.page.locator("[data-island]:not([data-state])")
    expect(waiting).to_have_count(0, timeout=60_000)
    expect(visitor.page.locator('[data-island]:not([data-state="ready"])')).to_have_count(0)
    visitor.look("islands")
