"""Files of a pack with the line of every key, so that each problem can say where it is.

YAML is read as its version 1.2 core subset: null, true, false, numbers, text. Dates, `yes`/`no`,
octal numbers, tags, anchors and duplicate keys of YAML 1.1 are traps, so they stay text or are refused.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from yiwang.sdk.errors import N_, YiwangError

Keypath = tuple[str | int, ...]

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_NUMBER = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+)\Z")
_QUOTED = frozenset({"'", '"', "|", ">"})
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq"))


@dataclass(frozen=True, slots=True, order=True)
class PackProblem:
    """What is wrong in a pack (问题), and where.

    >>> str(PackProblem("senior", "matters/card.yaml", 7, "The promised limit is longer."))
    'senior/matters/card.yaml:7: The promised limit is longer.'
    """

    pack: str
    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.pack}/{self.file}:{self.line}: {self.message}"


class PackError(YiwangError):
    """A pack cannot be loaded; `problems` say why, each with file and line."""

    code = "pack_invalid"
    status = 422
    message = N_("The pack has %(count)s problems. First: %(first)s")

    def __init__(self, problems: Sequence[PackProblem] | PackProblem) -> None:
        self.problems = (problems,) if isinstance(problems, PackProblem) else tuple(problems)
        super().__init__(count=len(self.problems), first=str(next(iter(self.problems), "")))


@dataclass(frozen=True, slots=True)
class PackFile:
    """One file of a pack: parsed `data` and the lines of its keys.

    path: inside the pack, "matters/elder_card.yaml"; data: plain JSON for YAML and TOML, else text.
    """

    pack: str
    path: str
    data: object
    lines: Mapping[Keypath, int] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """Return the name by which others refer to it: the file's stem."""
        return Path(self.path).stem

    def line_of(self, keypath: Sequence[str | int] = ()) -> int:
        """Return the line of a key, or of the nearest key above it; lines count from 1."""
        path = tuple(keypath)
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, keypath: Sequence[str | int], message: str) -> PackProblem:
        """Build a problem that points at a key of this file."""
        return PackProblem(self.pack, self.path, self.line_of(keypath), message)


def file_read(pack: str, root: Path, path: Path) -> PackFile:
    """Read one file of a pack; raises `PackError` with the line where it cannot be read."""
    name = path.relative_to(root).as_posix()
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PackError(PackProblem(pack, name, 1, "The file is not UTF-8 text.")) from error
    if path.suffix == ".yaml":
        data, lines = yaml_read(text, pack=pack, path=name)
        return PackFile(pack, name, data, lines)
    if path.suffix == ".toml":
        data, lines = toml_read(text, pack=pack, path=name)
        return PackFile(pack, name, data, lines)
    return PackFile(pack, name, text)


def yaml_read(text: str, *, pack: str = "", path: str = "") -> tuple[object, dict[Keypath, int]]:
    """Read YAML into plain JSON and the line of every key.

    >>> yaml_read("a: 1\\nb: [yes, 0512]")
    ({'a': 1, 'b': ['yes', '0512']}, {(): 1, ('a',): 1, ('b',): 2, ('b', 0): 2, ('b', 1): 2})
    """
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PackError(PackProblem(pack, path, line, f"YAML: {error.problem}.")) from error
    except yaml.YAMLError as error:
        raise PackError(PackProblem(pack, path, 1, f"YAML: {error}.")) from error
    reading = _Reading(pack, path)
    return reading.value(node, ()) if node else None, reading.lines


class _Reading:
    """Walks the node tree of one YAML document."""

    def __init__(self, pack: str, path: str) -> None:
        self.pack = pack
        self.path = path
        self.lines: dict[Keypath, int] = {}
        self.seen: set[int] = set()

    def value(self, node: yaml.Node, key: Keypath) -> object:
        """Turn a node into plain data, noting the line of `key`."""
        line = node.start_mark.line + 1
        self.lines.setdefault(key, line)
        if id(node) in self.seen:
            self.refuse(line, "Anchors and aliases (&, *) are not used in packs; write it out.")
        self.seen.add(id(node))
        if node.tag and node.tag not in _PLAIN_TAGS and node.tag != "!":
            self.refuse(line, f"The tag {node.tag} is not allowed.")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, key)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*key, index)) for index, item in enumerate(node.value)]
        return node.value if node.style in _QUOTED else _scalar(node.value)

    def mapping(self, node: yaml.MappingNode, key: Keypath) -> dict[str, object]:
        """Turn a mapping into a dict; a key twice is refused, because YAML would keep the last."""
        result: dict[str, object] = {}
        for name_node, value_node in node.value:
            line = name_node.start_mark.line + 1
            if not isinstance(name_node, yaml.ScalarNode):
                self.refuse(line, "A key must be a word.")
            name = name_node.value
            if name in result:
                self.refuse(line, f"The key {name} appears twice.")
            self.lines[(*key, name)] = line
            result[name] = self.value(value_node, (*key, name))
        return result

    def refuse(self, line: int, message: str) -> None:
        """Stop reading with a problem."""
        raise PackError(PackProblem(self.pack, self.path, line, message))


def _scalar(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _NUMBER.match(text) else text


def toml_read(
    text: str, *, pack: str = "", path: str = ""
) -> tuple[dict[str, object], dict[Keypath, int]]:
    """Read TOML; lines are known for tables and for the keys that start a line.

    >>> toml_read('id = "a"\\n[title]\\nzh = "甲"')[1]
    {(): 1, ('id',): 1, ('title',): 2, ('title', 'zh'): 3}
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found.group(1)) if found else 1
        raise PackError(PackProblem(pack, path, line, f"TOML: {error}.")) from error
    lines: dict[Keypath, int] = {(): 1}
    table: Keypath = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if found := re.match(r"\s*\[+([^\]]+)\]", line):
            table = tuple(part.strip().strip("\"'") for part in found.group(1).split("."))
            lines.setdefault(table, number)
        elif found := re.match(r"\s*([A-Za-z0-9_-]+)\s*=", line):
            lines.setdefault((*table, found.group(1)), number)
    return data, lines
