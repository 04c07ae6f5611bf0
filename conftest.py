"""What every test shares: plain static files, fast hashing, Chinese compiled."""

import copy
import gc
import os
import shutil
import sys
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from yiwang.config.messages import messages_compile
from yiwang.config.testing_databases import LAYERS, layers_of, plain_make, touches

messages_compile()
NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
# No deadline: on a loaded machine it would fail by chance.
hypothesis_settings.register_profile("house", deadline=None)
hypothesis_settings.load_profile("house")


@pytest.fixture(autouse=True)
def _language_of_the_city(settings):
    """Begin in the city's language: a request leaves its own behind in the thread."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(autouse=True)
def _plain_settings(settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    # Reads leave their audit row where the test looks for it; the journal has tests of its own.
    settings.AUDIT_READS_BESIDE = False
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True, scope="session")
def _still_minute():
    """Hold the minute still that tries are counted in: now and then it would end in the middle of a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("yiwang.kernel.ui.limits._now", lambda: NOW)
        yield


@pytest.fixture(autouse=True)
def _empty_cache():
    """Count no try of another test, and no answer that was kept for it: numbers of rows come again."""
    cache.clear()


@pytest.fixture(autouse=True, scope="session")
def _unsynced():
    """Do not wait for the disk: no test in this process cuts the power, live cities sync as they do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _handle: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def _impolite():
    """Let no command called in this process make it give way: it could not take that back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.setpriority", lambda *_of: None)
        patch.setattr("os.sched_setscheduler", lambda *_of: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def _templates_compiled(pytestconfig):
    """Keep compiled templates for the other workers and the next run: a change of the source compiles it anew."""
    from django.template import engines
    from jinja2 import FileSystemBytecodeCache

    if pytestconfig.pluginmanager.hasplugin("cacheprovider"):
        folder = str(pytestconfig.cache.mkdir("templates"))
        engines.all()[0].env.bytecode_cache = FileSystemBytecodeCache(folder)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment,
    django_db_blocker,
    django_db_modify_db_settings,
    django_db_keepdb,
    django_db_createdb,
):
    """Make the test database by the migrations, once for all workers of a run."""
    from django.test.utils import teardown_databases

    with django_db_blocker.unblock():
        made = plain_make(keep=django_db_keepdb and not django_db_createdb)
    yield
    if not django_db_keepdb:
        with django_db_blocker.unblock():
            teardown_databases(made, verbosity=0)


@pytest.fixture(scope="session")
def databases(django_db_setup, django_db_blocker):
    """The databases of this process: the plain one and its copies."""
    from django.test import TransactionTestCase

    from yiwang.config.testing_databases import Databases

    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        # The copy that a test with real transactions worked in is thrown away, not emptied.
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _self: None)
        found = Databases()
        yield found
        found.close()


@pytest.fixture
def _database(request, databases, django_db_blocker):
    """Give a test the database that its fixtures ask for."""
    with django_db_blocker.unblock():
        databases.begin(request.node)
    yield databases
    with django_db_blocker.unblock():
        databases.end()


@pytest.fixture
def _django_db_helper(_database, _django_db_helper):
    """Let pytest-django begin its transaction in that database."""


@pytest.fixture
def seeds(db):
    """The code tables that the product ships are loaded."""


def _seeds_load():
    from yiwang.kernel.api import codes_seed_load, context_system, context_use

    with context_use(context_system("test")):
        codes_seed_load(now=NOW)


def _geodata_load():
    from yiwang.kernel.api import context_system, context_use
    from yiwang.resources.api import geodata_load

    _seeds_load()
    with context_use(context_system("test")):
        return geodata_load(NOW)


def _packs_load():
    from yiwang.kernel.api import pack_load_all

    return {state.pack: state.problems for state in pack_load_all(NOW)}


LAYERS.update(seeds=_seeds_load, geodata=_geodata_load, loaded_packs=_packs_load)


class _Browsers:
    """The one browser of this process, while tests that want it follow each other."""

    def __init__(self):
        self.opened = None
        self.patch = pytest.MonkeyPatch()

    def open(self):
        if self.opened is None:
            from playwright.sync_api import sync_playwright

            from tests.journeys.visitor import CHROMIUM, CHROMIUM_FLAGS
            from yiwang.config.assets import assets_build

            if not CHROMIUM:
                pytest.skip("no Chromium")
            assets_build()
            # Playwright runs a loop in this thread until it ends.
            self.patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
            self.playwright = sync_playwright().start()
            self.opened = self.playwright.chromium.launch(
                executable_path=CHROMIUM, args=CHROMIUM_FLAGS
            )
        return self.opened

    def close(self):
        if self.opened is not None:
            self.opened.close()
            self.playwright.stop()
            self.patch.undo()
            self.opened = None


_BROWSERS = _Browsers()


@pytest.fixture(scope="module")
def browser():
    """The headless Chromium of this process; what a test opens in it, it closes."""
    return _BROWSERS.open()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """Close the browser when the next test does without: what follows shall find no running loop."""
    yield
    if nextitem is None or not nextitem.get_closest_marker("browser"):
        _BROWSERS.close()


@pytest.fixture
def filled(request, db, _database, tmp_path):
    """What the function of the mark `filled` gave; the files it made lie in the folder of the test."""
    folder, given = _database.given[layers_of(request.node)[-1][0]]
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return copy.deepcopy(given)


@pytest.fixture
def loaded_packs(db, _database):
    """The city's packs are loaded, once for all tests that ask for them; gives the problems of each."""
    return _database.given["loaded_packs"]


@pytest.fixture
def city_packs(db):
    """Load the city's packs; gives how each stands, by id."""
    from yiwang.kernel.api import pack_load_all

    return {state.pack: state for state in pack_load_all(NOW)}


def pytest_collection_modifyitems(config, items):
    """Leave out what another database cannot change, and begin with what needs no database."""
    if os.environ.get("YIWANG_DATABASE_ONLY") == "1":
        chosen = [item for item in items if _is_about_the_database(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
        items[:] = chosen
    if hasattr(config, "workerinput"):
        items[:] = _one_after_the_other(items)


def pytest_collection_finish():
    """Leave what is loaded by now out of every later collection of garbage: it stays to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


def pytest_unconfigure():
    """Let the end of the process find it, where DuckDB is in it: its binding counts what is left over and says so."""
    if "duckdb" in sys.modules:
        gc.unfreeze()
        gc.disable()  # once at the very end is enough


def _one_after_the_other(items: list) -> list:
    """Order the tests so that no worker waits for another, and tests of one database follow each other.

    While one makes the empty database, the others do what needs none. Then the first test of each layer, for
    which it is filled: else all would come to a layer at the same moment, and all but one would wait.
    """
    places = [(touches(item), [name for name, _ in layers_of(item)]) for item in items]
    first = {str(place): number for number, place in reversed(list(enumerate(places)))}
    keys = [
        (touching, not (names and first[str((touching, names))] == number), names)
        for number, (touching, names) in enumerate(places)
    ]
    return [items[number] for number in sorted(range(len(items)), key=keys.__getitem__)]


def _is_about_the_database(item) -> bool:
    """Tell whether the second pass of the suite, which is about PostgreSQL, repeats a test.

    A test that touches no database, or looks at pages, has said all it has to say on the first. Pages on
    PostgreSQL are what `./test --postgresql` is for.
    """
    is_page = (
        any(map(item.get_closest_marker, ("browser", "pages"))) or "client" in item.fixturenames
    )
    return touches(item) and not is_page


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give tests that share a live city, or a browser's module, to one worker; the others to whoever is free.

    By their place: the suffix that xdist 3.8 appends for its mark `xdist_group` is lost with pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::")[0]
            if file.endswith(("_browser.py", "test_accessibility.py")):
                return file
            return "live" if file.startswith("tests/journeys/") else nodeid

    return Together(config, log)
