"""`yw codes load|diff|show`."""

import json
from pathlib import Path

import pytest

from yiwang.kernel.codes.commands import codes_diff, codes_load, codes_show
from yiwang.kernel.codes.models import CodeEdition

pytestmark = pytest.mark.django_db
HERE = Path(__file__).parent


class Lines(list):
    """Collects what a command prints."""

    def __call__(self, text: str) -> None:
        self.append(text)

    @property
    def json(self) -> dict:
        return json.loads("\n".join(self))


def load(number: int, **options) -> tuple[int, Lines]:
    lines = Lines()
    return codes_load(str(HERE / f"made-divisions-{number}.yaml"), echo=lines, **options), lines


def test_loading_tells_what_became_of_the_codes_before():
    assert load(1) == (0, ["divisions made-1: 26 codes loaded."])
    code, lines = load(2)
    assert code == 0
    assert lines[:3] == [
        "divisions made-2: 25 codes loaded.",
        "against made-1:",
        "unchanged 8  renamed 1  recoded 13  merged 2  split 0  added 1  gone 1  undecided 1",
    ]
    assert (
        "MERGED    320506104002 一箭河社区居委会 -> 320506104008 箭欣社区居委会: stated in the file"
        in lines
    )
    assert lines[-1] == (
        "UNDECIDED 320506104204 采香泾村委会 -> 320506104010 采香泾社区居委会?: "
        "a similar name stands under the same parent"
    )
    assert load(2) == (0, ["divisions made-2: already loaded, nothing changed."])


def test_the_json_form_carries_the_same_facts():
    load(1)
    code, lines = load(2, as_json=True)
    assert (code, lines.json["counts"]["recoded"]) == (0, 13)
    assert lines.json["gone"][0]["from_code"] == "320506104202"
    diff = Lines()
    assert codes_diff("divisions", "made-1", "made-2", as_json=True, echo=diff) == 0
    assert diff.json["counts"] == lines.json["counts"]


def test_a_plain_csv_needs_table_edition_and_date(tmp_path):
    file = tmp_path / "sexes.csv"
    file.write_text("code,name\n1,男\n2,女\n", encoding="utf-8")
    lines = Lines()
    assert codes_load(str(file), table="sexes", edition="x", echo=lines) == 1
    assert "--valid-from" in lines[0]
    assert codes_load(str(file), valid_from="2020-01-01", echo=lines) == 1
    assert codes_load(str(file), table="sexes", edition="x", valid_from="soon", echo=lines) == 1
    assert not CodeEdition.objects.exists()
    options = {"table": "sexes", "edition": "x", "valid_from": "2020-01-01"}
    assert codes_load(str(file), **options, echo=lines) == 0
    assert lines[-1] == "sexes x: 2 codes loaded."


def test_showing_a_code_says_what_it_is_called_today():
    load(1)
    load(2)
    lines = Lines()
    assert codes_show("divisions", "320507105", as_of="2024-12-31", echo=lines) == 0
    assert lines == [
        "320507105  渭塘镇",
        "edition made-1, valid from 2023-06-30 to 2025-01-01",
        "below 320507  相城区",
        "today: 320506111 渭塘镇",
    ]
    shown = Lines()
    assert codes_show("divisions", "320507105", "2024-12-31", as_json=True, echo=shown) == 0
    assert [one["code"] for one in shown.json["today"]] == ["320506111"]


def test_what_is_unknown_is_said_with_exit_code_1():
    load(1)
    lines = Lines()
    assert codes_show("divisions", "9", as_of="2024-12-31", echo=lines) == 1
    assert codes_show("divisions", "320505", as_of="2020-01-01", echo=lines) == 1
    assert codes_show("divisions", "320505", as_of="yesterday", echo=lines) == 1
    assert codes_diff("divisions", "made-1", "made-9", echo=lines) == 1
    assert lines[0] == "divisions has no code 9 on 2024-12-31."
    assert lines[1] == "No edition of divisions holds on 2020-01-01."
    error = Lines()
    assert codes_diff("divisions", "a", "b", as_json=True, echo=error) == 1
    assert error.json == {"error": "The code table divisions has no edition a."}
