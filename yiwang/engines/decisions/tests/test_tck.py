"""The DMN conformance kit: every value of level 2 and of level 3."""

import tarfile
from functools import cache
from pathlib import Path

from yiwang.engines.decisions.evaluation import Engine
from yiwang.engines.decisions.model import model_open
from yiwang.engines.decisions.tests.tck import Case, cases, same

LEVEL_2 = Path(__file__).parent / "dmn_tck_level2"
LEVEL_3 = Path(__file__).parent / "dmn_tck_level3.tar.xz"


@cache
def _engine(path: Path) -> Engine:
    return Engine(model_open(path))


def _holds(case: Case) -> bool:
    found = _engine(case.model).decide(case.asked, case.inputs).value
    return same(found[case.part] if case.part else found, case.expected)


def test_all_126_values_of_level_2_are_right():
    found = list(cases(LEVEL_2))

    assert len(found) == 126
    assert [case.name for case in found if not _holds(case)] == []


def test_all_3369_values_of_level_3_are_right(tmp_path):
    with tarfile.open(LEVEL_3) as packed:
        packed.extractall(tmp_path, filter="data")
    found = list(cases(tmp_path / "compliance-level-3"))

    assert len(found) == 3369
    assert [case.name for case in found if not _holds(case)] == []
