"""The access specification (接入规范) in code: what a pack must have before it joins the city.

The sections' readers check their own files; here stands what concerns a pack as a whole.
"""

import ast
import re
from collections.abc import Iterator

from yiwang.sdk.packs import Pack, PackProblem

JOURNEY = "tests/test_journey.py"
README = "README.md"
RULES = "rules.py"
# Modules of the standard library that compute and do nothing else.
PURE_MODULES = frozenset(
    "collections dataclasses datetime decimal enum fractions functools itertools math operator re "
    "statistics string types typing unicodedata".split()
)
FORBIDDEN_CALLS = frozenset({"__import__", "compile", "eval", "exec", "globals", "open"})
KNOWN_FOLDERS = frozenset({"sample", "tests", "locale"})
KNOWN_FILES = frozenset({"pack.toml", README, RULES, "__init__.py"})


def pack_check_static(pack: Pack, sections: set[str]) -> list[PackProblem]:
    """List what a pack lacks as a whole (应用包检查). sections: those that some app reads."""
    return sorted([*_readme(pack), *_journey(pack), *_rules(pack), *_unread(pack, sections)])


def _readme(pack: Pack) -> Iterator[PackProblem]:
    if README not in pack.files:
        yield _missing(pack, README, "Say in a README.md what the pack is for and who answers.")


def _journey(pack: Pack) -> Iterator[PackProblem]:
    """A pack with matters shows in a journey that they run, and has sample rows."""
    if not pack.section("matters"):
        return
    file = pack.files.get(JOURNEY)
    if file is None:
        yield _missing(pack, JOURNEY, "A pack with matters has a journey test.")
    elif not re.search(r"^\s*(async )?def test_", str(file.data), re.MULTILINE):
        yield file.problem((), "The journey has no test function.")
    if not pack.section("sample"):
        yield _missing(pack, "sample", "A pack with matters has sample rows.")


def _rules(pack: Pack) -> Iterator[PackProblem]:
    """rules.py imports yiwang.sdk and pure modules only, and runs nothing it is not given."""
    file = pack.files.get(RULES)
    if file is None:
        return
    try:
        tree = ast.parse(str(file.data))
    except SyntaxError as error:
        yield PackProblem(pack.manifest.id, RULES, error.lineno or 1, f"Python: {error.msg}.")
        return
    for node in ast.walk(tree):
        for name in _imported(node):
            if not _may_import(name):
                text = f"rules.py may import yiwang.sdk and pure modules only, not {name}."
                yield PackProblem(pack.manifest.id, RULES, node.lineno, text)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in FORBIDDEN_CALLS:
            text = f"rules.py may not call {node.func.id}()."
            yield PackProblem(pack.manifest.id, RULES, node.lineno, text)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        return [f"{module}.{alias.name}" if module == "yiwang" else module for alias in node.names]
    return []


def _may_import(name: str) -> bool:
    parts = name.split(".")
    return parts[:2] == ["yiwang", "sdk"] or parts[0] in PURE_MODULES


def _unread(pack: Pack, sections: set[str]) -> Iterator[PackProblem]:
    """A folder or file that nobody reads is a misspelling."""
    folders = {name for name in sections if "." not in name} | KNOWN_FOLDERS
    for path, file in pack.files.items():
        top, _, rest = path.partition("/")
        if (rest and top not in folders) or (not rest and top not in sections | KNOWN_FILES):
            yield file.problem((), "No part of the city reads this file.")


def _missing(pack: Pack, path: str, message: str) -> PackProblem:
    return PackProblem(pack.manifest.id, path, 1, message)
