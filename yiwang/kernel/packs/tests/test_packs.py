"""Packs load one by one; none can stop another; the check says what is wrong and where."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from yiwang.kernel.audit.queries import audit_list
from yiwang.kernel.packs import commands, registry
from yiwang.kernel.packs.actions import pack_load, pack_load_all
from yiwang.kernel.packs.data import PackState
from yiwang.kernel.packs.models import PackInstallation
from yiwang.kernel.packs.queries import pack_health
from yiwang.sdk.errors import NotFound, YiwangError
from yiwang.sdk.packs import PackError

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)


class Words:
    """A section `words`: each file gives one word, may refer to another, may be bad."""

    def __init__(self):
        self.read: list[str] = []

    def __call__(self, section, *, now):
        found = {}
        for file in section.files:
            self.read.append(section.qualified(file.name))
            if file.data.get("bad"):
                raise PackError(file.problem(("bad",), "It is bad."))
            if file.data.get("fails"):
                raise WordRefused(file=file.path)
            word = file.data["word"]
            if "like" in file.data:
                word = f"{section.resolve('first', file.data['like'], file, ('like',))}!"
            found[file.name] = word
        return found


class WordRefused(YiwangError):
    code = "word_refused"
    message = "The word of %(file)s is refused."


@pytest.fixture
def city(tmp_path, settings, monkeypatch):
    settings.PACK_DIRS = [tmp_path]
    monkeypatch.setattr(registry, "_sections", {})
    readers = {"first": Words(), "second": Words()}
    registry.pack_section_register("second", readers["second"], order=2)
    registry.pack_section_register("first", readers["first"], order=1)
    return City(tmp_path, readers)


class City:
    def __init__(self, root: Path, readers: dict):
        self.root, self.readers = root, readers

    def write(self, name, *, depends=(), version="1.0.0", **files):
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        (folder / "pack.toml").write_text(
            f'id = "{name}"\ntitle = {{ zh = "包", en = "Pack" }}\nversion = "{version}"\n'
            f'owner = "civil_affairs"\ndepends = {list(depends)}\n'
        )
        (folder / "README.md").write_text("x")
        for path, text in files.items():
            target = folder / (path.replace("__", "/") + ".yaml")
            target.parent.mkdir(exist_ok=True)
            target.write_text(text)

    def load(self) -> dict[str, PackState]:
        return {state.pack: state for state in pack_load_all(NOW)}


def states(found):
    return {name: state.state for name, state in found.items()}


def test_sections_are_read_in_order_and_references_cross_packs(city):
    city.write("basics", first__hello="word: hello")
    city.write("other", depends=["basics"], second__loud="word: x\nlike: basics.hello")
    assert states(city.load()) == {"basics": "LOADED", "other": "LOADED"}
    assert PackInstallation.objects.get(pack="other").symbols == {
        "second": {"other.loud": "hello!"}
    }


def test_a_reference_that_leads_nowhere_is_told_with_file_and_line(city):
    city.write("basics", first__hello="word: hello")
    city.write("other", depends=["basics"], second__a="word: x\nlike: basics.missing")
    city.write("third", second__a="word: x\nlike: basics.hello")
    found = city.load()
    assert [str(p) for p in found["other"].problems] == [
        "other/second/a.yaml:2: first has no basics.missing."
    ]
    assert [str(p) for p in found["third"].problems] == [
        "third/second/a.yaml:2: basics.hello belongs to the pack basics, "
        "which is not among depends."
    ]


def test_an_error_stops_the_pack_and_its_dependants_never_the_others(city):
    city.write("good", first__a="word: a")
    city.write("bad", first__a="word: a\nbad: true")
    city.write("refused", first__a="word: a\nfails: true")
    city.write("needs_bad", depends=["bad"], first__a="word: a")
    city.write("needs_needs", depends=["needs_bad"], first__a="word: a")
    city.write("broken", first__a="word: [")
    found = city.load()
    assert states(found) == {
        "bad": "FAILED",
        "broken": "FAILED",
        "good": "LOADED",
        "needs_bad": "SKIPPED",
        "needs_needs": "SKIPPED",
        "refused": "FAILED",
    }
    assert str(found["bad"].problems[0]) == "bad/first/a.yaml:2: It is bad."
    assert "The word of first/a.yaml is refused." in found["refused"].problems[0].message
    assert pack_health() == {"FAILED": 3, "LOADED": 1, "SKIPPED": 2}


def test_loading_again_without_a_change_reads_nothing_and_writes_nothing(city):
    city.write("basics", first__a="word: a")
    city.load()
    before = list(PackInstallation.objects.values())
    city.readers["first"].read.clear()
    assert not city.load()["basics"].changed
    assert city.readers["first"].read == []
    assert list(PackInstallation.objects.values()) == before


def test_a_change_is_read_again_and_so_is_what_depends_on_it(city):
    city.write("basics", first__a="word: a")
    city.write("other", depends=["basics"], second__b="word: x\nlike: basics.a")
    city.write("aside", first__c="word: c")
    city.load()
    for reader in city.readers.values():
        reader.read.clear()
    city.write("basics", version="1.1.0", first__a="word: z")
    found = city.load()
    assert city.readers["first"].read == ["basics.a"]
    assert city.readers["second"].read == ["other.b"]
    assert found["basics"].loaded_version == "1.1.0"
    assert PackInstallation.objects.get(pack="other").symbols == {"second": {"other.b": "z!"}}


def test_after_a_failure_the_version_before_stays_in_force(city):
    city.write("basics", first__a="word: a")
    city.load()
    city.write("basics", version="2.0.0", first__a="word: a\nbad: true")
    state = city.load()["basics"]
    assert (state.state, state.version, state.loaded_version) == ("FAILED", "2.0.0", "1.0.0")
    assert PackInstallation.objects.get().symbols == {"first": {"basics.a": "a"}}
    city.write("basics", version="2.0.1", first__a="word: b")
    assert city.load()["basics"].loaded_version == "2.0.1"


def test_a_pack_that_is_gone_from_disk_is_marked(city):
    city.write("basics", first__a="word: a")
    city.load()
    for path in sorted((city.root / "basics").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (city.root / "basics").rmdir()
    assert city.load() == {}
    assert PackInstallation.objects.get().state == "MISSING"
    assert pack_health() == {}


def test_one_pack_loads_with_what_it_depends_on(city):
    city.write("basics", first__a="word: a")
    city.write("other", depends=["basics"], second__b="word: x\nlike: basics.a")
    city.write("aside", first__c="word: c")
    assert pack_load("other", now=NOW).state == "LOADED"
    assert set(PackInstallation.objects.values_list("pack", flat=True)) == {"basics", "other"}
    with pytest.raises(NotFound):
        pack_load("nothing", now=NOW)


def test_each_load_and_each_failure_leaves_an_audit_row(city):
    city.write("good", first__a="word: a")
    city.write("bad", first__a="word: a\nbad: true")
    city.load()
    rows = {name: audit_list(subject=f"pack:{name}")[0] for name in ("good", "bad")}
    assert rows["good"]["act"] == rows["bad"]["act"] == "kernel.packs.load"
    assert (rows["good"]["outcome"], rows["bad"]["outcome"]) == ("DONE", "FAILED")


def test_the_check_writes_nothing_and_names_every_problem(city):
    city.write("good", first__a="word: a")
    city.write("bad", first__a="word: a\nbad: true", wrong__x="a: 1")
    (city.root / "bad" / "README.md").unlink()
    (city.root / "bad" / "rules.py").write_text(
        "import os\nfrom yiwang.sdk.text import clean\nfrom yiwang import hall\n"
        "from datetime import date\nopen('x')\n"
    )
    lines: list[str] = []
    assert commands.pack_check([], echo=lines.append) == 1
    assert lines == [
        "bad/README.md:1: Say in a README.md what the pack is for and who answers.",
        "bad/first/a.yaml:2: It is bad.",
        "bad/rules.py:1: rules.py may import yiwang.sdk and pure modules only, not os.",
        "bad/rules.py:3: rules.py may import yiwang.sdk and pure modules only, not yiwang.hall.",
        "bad/rules.py:5: rules.py may not call open().",
        "bad/wrong/x.yaml:1: No part of the city reads this file.",
        "2 packs checked, 1 sound, 6 problems",
    ]
    assert PackInstallation.objects.count() == 0
    lines.clear()
    assert commands.pack_check(["good"], echo=lines.append) == 0
    assert commands.pack_check(["nothing"], echo=lines.append) == 1
    assert lines == [
        "1 packs checked, 1 sound, 0 problems",
        "There is no pack nothing.",
        "0 packs checked, 0 sound, 0 problems",
    ]


@pytest.mark.heavy
def test_the_check_needs_no_database(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "yiwang.config.cli", "pack", "check", "hall_basics"],
        env=os.environ
        | {"YIWANG_DATA": f"{tmp_path}", "YIWANG_DATABASE": f"sqlite:///{tmp_path}/none.sqlite3"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "1 packs checked, 1 sound, 0 problems\n",
        "",
    )


def test_the_list_shows_versions_and_states(city):
    city.write("good", first__a="word: a")
    city.load()
    city.write("new", first__a="word: a")
    lines: list[str] = []
    assert commands.pack_list(echo=lines.append) == 0
    assert [line.split() for line in lines] == [
        ["good", "1.0.0", "LOADED", "包"],
        ["new", "1.0.0", "NEW", "包"],
        ["2", "packs"],
    ]


def test_a_new_pack_passes_its_own_check_and_loads(tmp_path, settings):
    settings.PACK_DIRS = [tmp_path, *settings.PACK_DIRS]
    lines: list[str] = []
    assert commands.pack_new("flood_control", title_zh="防汛", echo=lines.append) == 0
    folder = tmp_path / "flood_control"
    assert "防汛登记" in (folder / "matters" / "registration.yaml").read_text()
    assert (folder / "tests" / "test_journey.py").is_file()
    assert not list(folder.rglob("*.template"))
    lines.clear()
    assert commands.pack_check(["flood_control"], echo=lines.append) == 0, lines
    assert pack_load("flood_control", now=NOW).problems == ()


@pytest.mark.parametrize(
    "name", ["Flood", "1flood", "flood-control", "../flood", "", "flood control"]
)
def test_a_bad_name_makes_no_pack(tmp_path, settings, name):
    settings.PACK_DIRS = [tmp_path, *settings.PACK_DIRS]
    assert commands.pack_new(name, title_zh="防汛", echo=lambda line: None) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_taken_name_makes_no_pack(city):
    city.write("good", first__a="word: a")
    before = sorted(city.root.rglob("*"))
    assert commands.pack_new("good", title_zh="好", echo=lambda line: None) == 1
    assert sorted(city.root.rglob("*")) == before
