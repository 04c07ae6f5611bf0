"""The examples in the docstrings of fusion, of its engine and of its made data run as written."""

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

import yiwang.config.generate
import yiwang.engines.tabular
import yiwang.resources.fusion

PACKAGES = (yiwang.config.generate, yiwang.engines.tabular, yiwang.resources.fusion)
MODULES = sorted(
    found.name
    for package in PACKAGES
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if ".tests" not in found.name
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run_as_written(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_library_loads_without_django_and_without_the_heavy_packages():
    code = (
        "import sys, yiwang.resources.fusion.library, yiwang.resources.fusion.plans; "
        "print([m for m in ('django', 'numpy', 'pyarrow', 'duckdb', 'splink') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_run_needs_no_django():
    code = "import sys, yiwang.resources.fusion.run; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
