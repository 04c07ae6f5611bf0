"""A pack as a whole (应用包): its manifest, its sections, the order in which packs load."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from yiwang.sdk.packs.documents import PackError, PackFile, PackProblem, file_read

MANIFEST = "pack.toml"
_ID = re.compile(r"[a-z][a-z0-9_]{1,39}\Z")
_VERSION = re.compile(r"\d+\.\d+\.\d+\Z")
_TEXT_SUFFIXES = frozenset({".yaml", ".toml", ".bpmn", ".dmn", ".csv", ".json", ".py", ".md"})
_KEYS = frozenset({"id", "title", "version", "owner", "plan_refs", "depends", "tier"})


@dataclass(frozen=True, slots=True)
class Manifest:
    """What pack.toml says. owner: the function of the department that answers for the pack."""

    id: str
    title: Mapping[str, str]
    version: str
    owner: str
    plan_refs: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack read from its folder. `files` hold every text file by its path inside the pack."""

    root: Path
    manifest: Manifest
    files: Mapping[str, PackFile] = field(repr=False)
    digest: str = ""

    def section(self, name: str) -> tuple[PackFile, ...]:
        """Return the files of a folder ("matters"), or the one file of that name ("synonyms.yaml")."""
        if name in self.files:
            return (self.files[name],)
        return tuple(
            file
            for path, file in sorted(self.files.items())
            if path.startswith(f"{name}/") and "/tests/" not in path
        )


@dataclass(frozen=True, slots=True)
class PackSection:
    """What a section's reader gets: the files, and a way to resolve references to other sections."""

    manifest: Manifest
    name: str
    files: tuple[PackFile, ...]
    lookup: Callable[[str, str], object | None] = field(repr=False)

    @property
    def source(self) -> str:
        """Say where loaded things come from: "pack:senior_services@1.0.0"."""
        return f"pack:{self.manifest.id}@{self.manifest.version}"

    def qualified(self, name: str) -> str:
        """Return the full name `<pack>.<name>`; a name with a point is full already."""
        return name if "." in name else f"{self.manifest.id}.{name}"

    def resolve(
        self, section: str, reference: str, file: PackFile, keypath: Sequence[str | int] = ()
    ) -> object:
        """Return what the reader of `section` gave for a reference (引用).

        Raises `PackError` naming file and line: a pack that is not among `depends`, or nothing there.
        """
        full = self.qualified(reference)
        pack = full.partition(".")[0]
        if pack != self.manifest.id and pack not in self.manifest.depends:
            message = f"{reference} belongs to the pack {pack}, which is not among depends."
            raise PackError(file.problem(keypath, message))
        value = self.lookup(section, full)
        if value is None:
            raise PackError(file.problem(keypath, f"{section} has no {full}."))
        return value


def pack_read(root: Path) -> Pack:
    """Read a pack's folder; raises `PackError` with all that cannot be read."""
    problems: list[PackProblem] = []
    files: dict[str, PackFile] = {}
    digest = hashlib.sha256()
    for path in _paths(root):
        name = path.relative_to(root).as_posix()
        digest.update(f"{name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
        if path.suffix in _TEXT_SUFFIXES:
            try:
                files[name] = file_read(root.name, root, path)
            except PackError as error:
                problems += error.problems
    if MANIFEST not in files and not problems:
        problems.append(PackProblem(root.name, MANIFEST, 1, "The file is missing."))
    manifest = None
    if MANIFEST in files:
        manifest, found = manifest_parse(files[MANIFEST])
        problems += found
    if problems or manifest is None:
        raise PackError(problems)
    return Pack(root, manifest, files, digest.hexdigest())


def manifest_parse(file: PackFile) -> tuple[Manifest | None, list[PackProblem]]:
    """Check pack.toml and build the manifest."""
    data = file.data if isinstance(file.data, dict) else {}
    title = data.get("title") if isinstance(data.get("title"), dict) else {}
    depends = data.get("depends", [])
    rules = [
        ("id", data.get("id") == file.pack, f"id must be the folder's name, {file.pack}."),
        ("id", bool(_ID.match(file.pack)), "A pack's folder is named in lower case letters and _."),
        ("title", bool(title.get("zh")) and bool(title.get("en")), "title needs zh and en."),
        (
            "version",
            bool(_VERSION.match(str(data.get("version", "")))),
            "version must be like 1.0.0.",
        ),
        ("owner", bool(data.get("owner")), "owner must name the function of a department."),
        ("plan_refs", _texts(data.get("plan_refs", [])), "plan_refs must be a list of texts."),
        ("depends", _texts(depends), "depends must be a list of packs."),
        ("depends", file.pack not in depends, "A pack cannot depend on itself."),
    ]
    problems = [file.problem((key,), text) for key, holds, text in rules if not holds]
    problems += [
        file.problem((key,), f"The key {key} is not known.") for key in data if key not in _KEYS
    ]
    if problems:
        return None, problems
    return (
        Manifest(
            id=data["id"],
            title=dict(title),
            version=data["version"],
            owner=data["owner"],
            plan_refs=tuple(data.get("plan_refs", [])),
            depends=tuple(depends),
        ),
        [],
    )


def load_order(packs: Mapping[str, Pack]) -> tuple[list[str], dict[str, PackProblem]]:
    """Order packs so that each comes after those it depends on (依赖顺序).

    Returns the ids that can load, and a problem for each that cannot: a dependency that is missing,
    cannot load itself, or a circle.
    """
    order: list[str] = []
    refused: dict[str, PackProblem] = {}
    waiting = dict(sorted(packs.items()))
    while waiting:
        ready = [key for key in waiting if not _open_depends(packs[key], order)]
        if not ready:
            break
        order += ready
        for key in ready:
            del waiting[key]
    for key, pack in waiting.items():
        file = pack.files[MANIFEST]
        missing = [name for name in pack.manifest.depends if name not in packs]
        names = ", ".join(missing or _open_depends(pack, order))
        reason = (
            "does not exist" if missing else "cannot load before it (a circle, or it is broken)"
        )
        refused[key] = file.problem(("depends",), f"It depends on {names}, which {reason}.")
    return order, refused


def _open_depends(pack: Pack, done: Iterable[str]) -> list[str]:
    return [name for name in pack.manifest.depends if name not in done]


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)


def _paths(root: Path) -> list[Path]:
    return sorted(
        path
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    )
