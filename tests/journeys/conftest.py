"""Live cities: real processes on a database of their own, SQLite or PostgreSQL as the suite runs."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from yiwang.config.serving import ProcessGroup, port_free
from yiwang.config.testing_databases import PLAIN, database_copy

ROOT = Path(__file__).resolve().parents[2]
SERVER = os.environ["YIWANG_DATABASE"]
IS_POSTGRESQL = SERVER.startswith("postgres")


@dataclass
class LiveCity:
    """A running city: its processes, its address, its accounts, its folder."""

    group: ProcessGroup
    folder: Path
    accounts: dict[str, dict]
    database: str

    @property
    def base(self) -> str:
        """Return the address of the pages."""
        return f"http://{self.group.host}:{self.group.port}"

    def query(self, sql: str) -> list[tuple]:
        """Read rows behind the city's back."""
        if IS_POSTGRESQL:
            import psycopg

            with psycopg.connect(self.database) as connection:
                return connection.execute(sql).fetchall()
        import sqlite3

        path = self.database.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            return connection.execute(sql).fetchall()

    def execute(self, sql: str) -> None:
        """Change rows behind the city's back, as only a test or an accident does."""
        if IS_POSTGRESQL:
            import psycopg

            with psycopg.connect(self.database) as connection:
                connection.execute(sql)
            return
        import sqlite3

        path = self.database.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
            connection.execute(sql)

    def codes_forget(self) -> None:
        """Let one-time codes that were used work again: else whoever signs in twice waits for the next."""
        self.execute("UPDATE identity_accounts_account SET totp_last_step = 0")


def children_of(process_id: int) -> list[int]:
    """List the processes that a process of the city has started itself, the oldest first."""
    found = subprocess.run(
        ["ps", "-o", "pid=", "--sort", "start_time", "--ppid", str(process_id)],
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(word) for word in found.stdout.split()]


def _environment(folder: Path, database: str) -> dict[str, str]:
    return {
        "YIWANG_DATA": str(folder),
        "YIWANG_DATABASE": database,
        "YIWANG_DEMO": "1",
        "DJANGO_SETTINGS_MODULE": "yiwang.config.settings",
    }


def _database_named(name: str) -> str:
    parts = urlsplit(SERVER)
    # urlunsplit drops the empty host of a socket address, so the pieces are joined by hand.
    return f"{parts.scheme}://{parts.netloc}/{name}?{parts.query}"


def _server_execute(sql: str) -> None:
    import psycopg

    with psycopg.connect(urlunsplit(urlsplit(SERVER)) if "?" not in SERVER else SERVER,
                         autocommit=True) as connection:  # fmt: skip
        connection.execute(sql)


@pytest.fixture(scope="session")
def city_template(databases, django_db_blocker, tmp_path_factory) -> Iterator[tuple[Path, str]]:
    """Build the city once a session, in a copy of the empty database; every live test gets a copy of that."""
    folder = tmp_path_factory.mktemp("city-template")
    name = f"live_{uuid.uuid4().hex[:12]}"
    database = _database_named(name) if IS_POSTGRESQL else f"sqlite:///{folder}/yiwang.sqlite3"
    with django_db_blocker.unblock():
        database_copy(databases.names[PLAIN], name if IS_POSTGRESQL else f"{folder}/yiwang.sqlite3")
    made = subprocess.run(
        [sys.executable, "-m", "tests.journeys.prepare"],
        cwd=ROOT,
        env={**os.environ, **_environment(folder, database)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    yield folder, name
    if IS_POSTGRESQL:
        _server_execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="package")
def live_city(city_template, tmp_path_factory) -> Iterator[LiveCity]:
    """Run a copy of the city: web server and worker as in a real installation, one for all tests."""
    yield from run_city(city_template, tmp_path_factory.mktemp("city"))


@pytest.fixture(scope="package")
def walked(live_city) -> tuple[int, list[str]]:
    """Walk the three journeys, before anybody does anything else there: exit code, and what was said."""
    from yiwang.config.check import journeys_walk

    said: list[str] = []
    code = journeys_walk(live_city.base, data_dir=live_city.folder, echo=said.append)
    live_city.codes_forget()
    return code, said


@pytest.fixture(scope="package")
def walk(live_city, walked):
    """The people of the city over HTTP, each signed in once."""
    from yiwang.config.check import Walk

    return Walk(live_city.base, live_city.accounts, lambda _text: None)


@pytest.fixture(scope="package")
def documents(walk):
    """A draft of a restaurant at its documents: the agent's browser and the page."""
    from yiwang.config.check import RESTAURANT, fill_draft

    agent = walk.browser("agent")
    found = agent.open("/hall/matters/search/?q=%E5%BC%80%E9%A4%90%E9%A6%86")
    code = found.link("开餐馆").strip("/").split("/")[-1]
    page = agent.open(f"/hall/applications/start/{code}/")
    return agent, fill_draft(agent, page, RESTAURANT)


def run_city(city_template, folder: Path, *, begin: bool = True) -> Iterator[LiveCity]:
    """Copy the template, start its processes, tidy both away at the end."""
    template, template_name = city_template
    shutil.copytree(template, folder, dirs_exist_ok=True)
    name = f"live_{uuid.uuid4().hex[:12]}"
    if IS_POSTGRESQL:
        _server_execute(f"CREATE DATABASE {name} TEMPLATE {template_name}")
        database = _database_named(name)
    else:
        database = f"sqlite:///{folder}/yiwang.sqlite3"
    static = Path(os.environ.get("YIWANG_DATA_STATIC", ROOT / "var" / "static"))
    if static.exists():
        (folder / "static").symlink_to(static)
    group = ProcessGroup("127.0.0.1", port_free(), environment=_environment(folder, database))
    rows = json.loads((folder / "demo-accounts.json").read_text())
    city = LiveCity(group, folder, {row["username"]: row for row in rows}, database)
    try:
        if begin:
            group.begin()
            group.wait_ready()
        yield city
    finally:
        group.end()
        if IS_POSTGRESQL:
            _server_execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="module", params=["desktop", "phone"])
def town(request, city_template, tmp_path_factory, browser):
    """Run a city for each width, since a one-time code works once."""
    from tests.journeys.visitor import Town

    for city in run_city(city_template, tmp_path_factory.mktemp(request.param)):
        town = Town(city, browser, request.param)
        yield town
        town.close()
