"""`yw pack list`, `yw pack check`, `yw pack new`: each prints with `echo` and returns an exit code."""

import hashlib
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from yiwang.kernel.audit.context import context_system, context_use
from yiwang.kernel.codes.actions import codes_seed_load
from yiwang.kernel.packs.actions import Symbols, pack_read_sections
from yiwang.kernel.packs.checks import pack_check_static
from yiwang.kernel.packs.queries import pack_folder_list, pack_source_list, pack_state_list
from yiwang.kernel.packs.registry import section_list
from yiwang.sdk.packs import Pack, PackError, PackProblem, load_order

Echo = Callable[[str], object]
TEMPLATE = "_example"
_ID = re.compile(r"[a-z][a-z0-9_]{1,39}\Z")


def pack_list(*, echo: Echo) -> int:
    """Print every pack on disk with its state after the last load (应用包清单)."""
    packs, broken = pack_source_list()
    try:
        states = {state.pack: state for state in pack_state_list()}
    except DatabaseError:
        states = {}
    for name in sorted({*packs, *broken, *states}):
        manifest = packs[name].manifest if name in packs else None
        state = states.get(name)
        echo(
            "  ".join(
                (
                    f"{name:<24}",
                    f"{manifest.version if manifest else '-':<8}",
                    f"{state.state if state else 'NEW':<8}",
                    manifest.title["zh"] if manifest else "",
                )
            ).rstrip()
        )
    echo(f"{len(packs) + len(broken)} packs")
    return 0


def pack_check(names: Sequence[str] = (), *, echo: Echo) -> int:
    """Check packs against the access specification (接入规范检查): all, or those named.

    Prints `pack/file:line: message` for each problem and a summary. The sections are read as when
    loading, in a transaction that is rolled back. Returns 0 when nothing is wrong, 1 otherwise.
    Without a database of the city (a pack author's laptop, CI) an empty one in memory will do.
    """
    packs, broken = pack_source_list()
    unknown = [name for name in names if name not in packs and name not in broken]
    for name in unknown:
        echo(f"There is no pack {name}.")
    wanted = set(names) - set(unknown) if names else {*packs, *broken}
    try:
        found = problems_find(packs, broken)
    except DatabaseError:
        database_in_memory()
        found = problems_find(packs, broken)
    problems = [problem for problem in found if problem.pack in wanted]
    for problem in problems:
        echo(str(problem))
    sound = len(wanted - {problem.pack for problem in problems})
    echo(f"{len(wanted)} packs checked, {sound} sound, {len(problems)} problems")
    return 1 if problems or unknown else 0


def problems_find(
    packs: Mapping[str, Pack], broken: Mapping[str, Sequence[PackProblem]]
) -> list[PackProblem]:
    """Read every pack as when loading and take everything back; returns all problems, in order."""
    problems = [problem for found in broken.values() for problem in found]
    sections = {section.name for section in section_list()}
    for pack in packs.values():
        problems += pack_check_static(pack, sections)
    order, refused = load_order(packs)
    problems += refused.values()
    known: dict[str, Symbols] = {}
    with context_use(context_system("check packs", name="pack check")), transaction.atomic():
        codes_seed_load(now=timezone.now())
        for name in order:
            problems += _read(packs[name], known)
        transaction.set_rollback(True)
    return sorted(set(problems))


def database_in_memory() -> None:
    """Let this process go on with an empty, migrated database in memory (内存数据库)."""
    connections.close_all()
    connections.settings["default"] |= {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        "OPTIONS": {},
    }
    del connections["default"]
    call_command("migrate", verbosity=0)


def _read(pack: Pack, known: dict[str, Symbols]) -> list[PackProblem]:
    """Read one pack in a savepoint; its symbols join `known` when it is sound."""
    depends = pack.manifest.depends
    missing = [name for name in depends if name not in known]
    if missing:
        text = f"It depends on {', '.join(missing)}, which could not be loaded."
        return [pack.files["pack.toml"].problem(("depends",), text)]
    merged: Symbols = {}
    for name in depends:
        for section, values in known[name].items():
            merged.setdefault(section, {}).update(values)
    try:
        with transaction.atomic():
            known[pack.manifest.id] = pack_read_sections(
                pack, merged, now=timezone.now(), check=True
            )
    except PackError as error:
        return list(error.problems)
    return []


def pack_new(pack_id: str, *, title_zh: str = "", title_en: str = "", echo: Echo) -> int:
    """Begin a pack from the template (新建应用包) in the first of settings.PACK_DIRS.

    The new pack passes its own check. Returns 1, and writes nothing, when the name is taken or bad.
    """
    target = Path(settings.PACK_DIRS[0]) / pack_id
    template = pack_folder_list(templates=True).get(TEMPLATE)
    if not _ID.match(pack_id):
        echo(
            f"{pack_id!r} is no name for a pack: lower case letters, digits and _, not digits first."
        )
        return 1
    if pack_id in pack_folder_list() or target.exists():
        echo(f"The pack {pack_id} exists already.")
        return 1
    if template is None:
        echo(f"The template {TEMPLATE} was not found in {settings.PACK_DIRS}.")
        return 1
    title_en = title_en or pack_id.replace("_", " ").capitalize()
    words = {
        "example_pack": pack_id,
        "示例应用": title_zh or pack_id,
        "Example application": title_en,
        "322099999000": _made_code(pack_id),
    }
    _copy(template, target, words)
    echo(f"{target} is ready. Next: edit it, then `yw pack check {pack_id}`.")
    return 0


def _copy(template: Path, target: Path, words: Mapping[str, str]) -> None:
    """Copy the template, putting the new pack's words into its text files."""
    shutil.copytree(template, target, ignore=shutil.ignore_patterns("__pycache__"))
    for path in sorted(target.rglob("*")):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            for old, new in words.items():
                text = text.replace(old, new)
            path.write_text(text, encoding="utf-8")
            if path.suffix == ".template":
                path.rename(path.with_suffix(""))


def _made_code(pack_id: str) -> str:
    """Make a 12-digit code of a local public service: 32 + item type 20 + main item + 000."""
    digest = hashlib.sha256(pack_id.encode()).digest()
    return f"3220{90000 + int.from_bytes(digest[:4], 'big') % 10000:05d}000"
