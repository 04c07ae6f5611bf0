"""What the pack says holds together; the way itself is walked in `tests/hall/test_companies*.py`."""

from pathlib import Path

from yiwang.sdk.packs import pack_read

PACK = pack_read(Path(__file__).resolve().parents[1])


def test_every_item_of_scope_has_a_section_and_licensed_ones_their_permit():
    [file] = PACK.section("codes")
    items = {row["code"]: row["attributes"] for row in file.data["codes"]}
    assert {len(one["section"]) for one in items.values()} == {1}
    assert all(
        one["kind"] == ("LICENSED" if code[0] == "X" else "GENERAL") for code, one in items.items()
    )
    assert all(one.get("permit") for one in items.values() if one["kind"] == "LICENSED")


def test_the_sample_chooses_items_that_are_there():
    [codes] = PACK.section("codes")
    known = {row["code"] for row in codes.data["codes"]}
    samples = [one["values"] for file in PACK.section("sample") for one in file.data["rows"]]
    chosen = {
        row["scope_code"]
        for values in samples
        for row in [*values.get("scope", []), *values.get("new_scope", [])]
    }
    assert {"G6510"} <= chosen <= known
