"""The front end's libraries: fetched once, kept whole, and a failure is a sentence."""

import json
import subprocess
import threading

import pytest

from yiwang.config import assets


@pytest.fixture
def house(tmp_path, monkeypatch, settings):
    """A root with a lock file, and an npm that writes one library."""
    root = tmp_path / "root"
    root.mkdir()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        (root / name).write_text("{}")
    settings.DATA_DIR = tmp_path / "var"
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    monkeypatch.setattr(assets, "ROOT", root)
    monkeypatch.setattr(assets, "VENDOR", root / "yiwang" / "static" / "vendor")
    monkeypatch.setattr(assets, "FILES", (("lib", "dist/lib.min.js", "lib/lib.js"),))
    monkeypatch.setattr(assets, "call_command", lambda *args, **options: None)
    calls = []

    def npm(arguments, *, folder):
        calls.append(arguments)
        target = folder / "node_modules" / "lib" / "dist"
        target.mkdir(parents=True)
        (target / "lib.min.js").write_text("let a = 1;\n//# sourceMappingURL=lib.js.map")

    monkeypatch.setattr(assets, "npm_run", npm)
    return root, calls


def test_libraries_are_fetched_once_and_again_when_the_lock_file_changes(house):
    root, calls = house
    said = []
    assets.assets_build(echo=said.append)
    assets.assets_build(echo=said.append)
    assert len(calls) == 1
    assert (assets.VENDOR / "lib" / "lib.js").read_text() == "let a = 1;\n"
    assert not list((root.parent / "var").iterdir())
    (root / "package-lock.json").write_text('{"a": 1}')
    assets.assets_build(echo=said.append)
    assert len(calls) == 2
    assert all(isinstance(line, str) for line in said)


def test_of_two_at_once_the_second_waits_and_finds_what_the_first_fetched(house, monkeypatch):
    _root, calls = house
    fetch = assets.npm_run
    second = threading.Thread(target=assets.assets_build)

    def npm(arguments, *, folder):
        if not second.ident:
            second.start()
            # It stands at the door, or has run into the same folder.
            assert not (assets.VENDOR / "stamp.json").exists()
        fetch(arguments, folder=folder)

    monkeypatch.setattr(assets, "npm_run", npm)
    assets.assets_build()
    second.join()
    assert len(calls) == 1


def test_a_failed_fetch_leaves_the_libraries_that_were_there(house, monkeypatch):
    root, _calls = house
    assets.assets_build()

    def unreachable(arguments, *, folder):
        raise assets.AssetsUnreachable(said="ENOTFOUND")

    monkeypatch.setattr(assets, "npm_run", unreachable)
    with pytest.raises(assets.AssetsUnreachable, match="ENOTFOUND"):
        assets.assets_build(force=True)
    assert (assets.VENDOR / "lib" / "lib.js").exists()
    assert [path.name for path in assets.VENDOR.parent.iterdir()] == ["vendor"]


def test_a_full_disk_is_said_before_anything_is_fetched(house, monkeypatch):
    _root, calls = house
    monkeypatch.setattr(assets.shutil, "disk_usage", lambda folder: type("U", (), {"free": 10**6}))
    with pytest.raises(assets.AssetsDiskFull, match="1 MB"):
        assets.assets_build()
    assert calls == []


def test_npm_that_fails_or_hangs_is_a_sentence(tmp_path, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "npm error code ENOTFOUND")
    monkeypatch.setattr(assets.subprocess, "run", lambda *args, **options: failed)
    with pytest.raises(assets.AssetsUnreachable, match="ENOTFOUND"):
        assets.npm_run(["ci"], folder=tmp_path)

    def hang(*args, **options):
        raise subprocess.TimeoutExpired("npm", 600)

    monkeypatch.setattr(assets.subprocess, "run", hang)
    with pytest.raises(assets.AssetsUnreachable, match="ten minutes"):
        assets.npm_run(["ci"], folder=tmp_path)


def test_the_lock_file_names_no_registry():
    lock = json.loads((assets.ROOT / "package-lock.json").read_text())
    assert all("resolved" not in package for package in lock["packages"].values())
