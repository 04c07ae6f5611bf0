"""What a page says of an error is in the reader's language: `error_text(error)`, never `str(error)`."""

import ast
from pathlib import Path

import yiwang

ROOT = Path(yiwang.__file__).parent
VIEWS = sorted(
    {*ROOT.glob("*/*/views.py"), *ROOT.glob("*/*/*_views.py"), *ROOT.glob("*/*/views/*.py")}
)
NOT_OURS = {  # words of a parser about what somebody wrote, or the reason of a 404 in the log
    "resources/catalogue/views/forms.py",
    "resources/registries/views/own.py",
    "resources/virtual/views/desk.py",
}


def plain_texts(path: Path) -> list[int]:
    """Return the lines on which a caught error is turned into text as it is."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    caught = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "str"
        and len(node.args) == 1
        and isinstance(node.args[0], ast.Name)
        and node.args[0].id in caught
    ]


def test_pages_say_errors_in_the_readers_language():
    assert len(VIEWS) > 60
    found = {path.relative_to(ROOT).as_posix(): plain_texts(path) for path in VIEWS}
    assert {name for name, lines in found.items() if lines} <= NOT_OURS
