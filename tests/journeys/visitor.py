"""A person at a browser (访客): opens, signs in, looks; everything the browser complains of is kept.

With YIWANG_SHOTS naming a folder, every look leaves a picture there.
"""

import os
import re
import time
from contextlib import contextmanager
from pathlib import Path

import pyotp

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
# A form that comes back with its errors beside the fields is an answer, not a fault.
ANSWERED = re.compile(r"status of 422")
OVERFLOW = """() => [...document.querySelectorAll('body *')].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width && box.right > innerWidth + 1;
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
        self.page.on("console", lambda message: self._hear(message))
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
        assert self.complaints == []
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
