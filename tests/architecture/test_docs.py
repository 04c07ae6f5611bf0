"""The pages of the areas name tests, files and models: each of them is there."""

import re

import pytest

from tests.architecture.test_house import HOUSE, ROOT, our_models

PAGES = sorted((ROOT / "docs" / "areas").glob("*.md"))
TESTS = "\n".join(
    path.read_text() for folder in (HOUSE, ROOT / "tests") for path in folder.rglob("test_*.py")
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_tests_that_a_page_names_are_there(page):
    named = set(re.findall(r"`(test_\w+)`", page.read_text()))
    assert sorted(name for name in named if f"def {name}(" not in TESTS) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_files_that_a_page_names_are_there(page):
    places = (ROOT, HOUSE, HOUSE / page.stem)
    named = set(
        re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|md|html|yaml|json|js|css))`", page.read_text())
    )
    named = {name for name in named if not name.startswith("/")}
    assert sorted(name for name in named if not any((at / name).exists() for at in places)) == []


def page_of(model, pages) -> str:
    """Return the page of a model's area with its lines joined."""
    return " ".join(pages[model.__module__.split(".")[1]].split())


def test_every_table_stands_on_the_page_of_its_area():
    pages = {page.stem: page.read_text() for page in PAGES}
    missing = [
        model._meta.label
        for model in our_models()
        if f"{model.__name__} {model._meta.verbose_name}" not in page_of(model, pages)
    ]
    assert missing == []
