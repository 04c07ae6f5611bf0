"""The journeys of journey.yaml: every matter reaches its licence. The product's runner walks them."""

from pathlib import Path

from yiwang.sdk.packs import pack_read

PACK = pack_read(Path(__file__).resolve().parents[1])
JOURNEYS = PACK.files["tests/journey.yaml"].data["journeys"]


def test_every_matter_has_a_journey_to_what_it_issues():
    approved = {
        journey["matter"]: journey["expect"]["licences"]
        for journey in JOURNEYS
        if journey["expect"]["state"] == "APPROVED"
    }
    issued = {file.name: file.data["result"]["licences"] for file in PACK.section("matters")}
    assert approved == issued


def test_every_journey_starts_from_a_sample_of_the_matters_form():
    forms = {file.name: file.data["form"] for file in PACK.section("matters")}
    samples = {file.data["form"]: file.name for file in PACK.section("sample")}
    for journey in JOURNEYS:
        assert journey["sample"] == samples[forms[journey["matter"]]]


def test_every_upload_is_a_material_of_the_matter():
    for journey in JOURNEYS:
        matter = next(file for file in PACK.section("matters") if file.name == journey["matter"])
        keys = {material["key"] for material in matter.data["materials"]}
        assert set(journey["materials"]) <= keys
