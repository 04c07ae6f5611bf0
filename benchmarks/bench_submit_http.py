"""Submitting over HTTP: the button of prepared forms pressed by eight people at once, per second."""

import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

from bench_submit import drafts_make
from harness import ROOT, city_open, engine_name, options_parse, report

HANDS = 8


def press(
    base: str, account: dict, drafts: list[int], done: list[str], gate: threading.Barrier
) -> None:
    """Sign in, then send the submit button of one draft after the other and note the receipts."""
    from yiwang.config.browsing import Browser

    browser = Browser(base)
    page = browser.open("/identity/accounts/sign-in/")
    browser.submit(
        page,
        page.form(having="password"),
        {"username": account["username"], "password": account["password"]},
    )
    page = browser.open(f"/hall/applications/drafts/{drafts[0]}/check/")
    token = page.form(action="/submit/").value("csrfmiddlewaretoken")
    headers = {
        "Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=60)
    gate.wait()
    for number in drafts:
        address = f"/hall/applications/drafts/{number}/submit/"
        connection.request("POST", address, f"csrfmiddlewaretoken={token}", headers)
        answer = connection.getresponse()
        answer.read()
        found = re.search(r"/mine/([^/]+)/receipt/", answer.headers.get("Location", ""))
        if found:
            done.append(found.group(1))
    gate.wait()


def main() -> None:
    options = options_parse(__doc__, count=240)
    folder = city_open(build=False)
    from django.db import connection
    from django.utils import timezone

    from tests.city import City
    from tests.journeys.prepare import main as city_prepare
    from yiwang.config.serving import ProcessGroup, port_free
    from yiwang.kernel.api import context_use

    city_prepare()
    now = timezone.now()
    city = City.read(folder)
    each = options.count // HANDS
    work = {}
    for number in range(HANDS):
        with context_use(city.context(f"load{number}")):
            work[f"load{number}"] = drafts_make(each, now=now)
    engine = engine_name()
    connection.close()
    subprocess.run(
        [sys.executable, "-m", "yiwang.config.cli", "assets"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    group = ProcessGroup("127.0.0.1", port_free(), environment={**os.environ})
    try:
        group.begin()
        group.wait_ready()
        base = f"http://127.0.0.1:{group.port}"
        rows = {r["username"]: r for r in json.loads((folder / "demo-accounts.json").read_text())}
        gate, done = threading.Barrier(HANDS + 1), []
        hands = [
            threading.Thread(target=press, args=(base, rows[name], drafts, done, gate))
            for name, drafts in work.items()
        ]
        for hand in hands:
            hand.start()
        gate.wait()
        begun = time.perf_counter()
        gate.wait()
        rate = len(done) / (time.perf_counter() - begun)
        connection = http.client.HTTPConnection("127.0.0.1", group.port, timeout=60)
        begun = time.perf_counter()
        for _number in range(200):
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        plain = 200 / (time.perf_counter() - begun)
    finally:
        group.end()
    if len(set(done)) != each * HANDS:
        raise SystemExit(f"{each * HANDS} forms gave {len(set(done))} applications")
    report(
        f"submit over HTTP, {HANDS} hands, {engine}",
        rate,
        "submissions/s",
        baseline=plain,
        baseline_name="health pages/s, one client",
        as_json=options.json,
    )


if __name__ == "__main__":
    main()
