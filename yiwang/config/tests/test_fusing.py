"""`yw generate` and `yw fuse`: from made records to a scored master, by command alone."""

import json
import sys

import pytest

from yiwang.config.cli import main


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    assert (
        main(
            [
                "generate",
                "population",
                "--persons",
                "200",
                "--records",
                "1500",
                "--out",
                str(folder / "in"),
            ]
        )
        == 0
    )
    return folder


def test_generated_records_are_fused_and_scored_by_command(made, capsys):
    capsys.readouterr()
    arguments = ["--in", str(made / "in"), "--out", str(made / "out"), "--json"]
    assert main(["fuse", "population", *arguments]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["records"], result["persons"] + result["provisional"] >= 195) == (1500, True)
    assert set(result["seconds"]) >= {"standardise", "fuse", "residue", "publish"}

    truth = ["--out", str(made / "out"), "--truth", str(made / "in" / "truth"), "--json"]
    assert main(["fuse", "score", *truth]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["precision"] >= 0.999
    assert answer["recall"] >= 0.98


def test_spark_says_that_it_is_not_installed(made, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    arguments = ["--in", str(made / "in"), "--out", str(made / "spark"), "--engine", "spark"]
    assert main(["fuse", "population", *arguments]) == 1
    assert "spark is not installed" in capsys.readouterr().err
    assert not (made / "spark").exists()


def test_an_empty_folder_is_explained(tmp_path, capsys):
    arguments = ["--in", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main(["fuse", "legal-persons", *arguments]) == 1
    assert "Nothing to work on was found" in capsys.readouterr().err


def test_numbers_out_of_range_are_explained(tmp_path, capsys):
    arguments = ["--persons", "0", "--out", str(tmp_path / "x")]
    assert main(["generate", "legal-persons", *arguments]) == 1
    assert "subjects" in capsys.readouterr().err
