"""What the pack says holds together; the whole way is walked in `tests/hall/test_projects.py`."""

from pathlib import Path

from yiwang.sdk.packs import pack_read

PACK = pack_read(Path(__file__).resolve().parents[1])


def test_every_licence_is_the_result_of_a_matter():
    issued = {key for file in PACK.section("matters") for key in file.data["result"]["licences"]}
    assert issued == {file.name for file in PACK.section("licences")}
