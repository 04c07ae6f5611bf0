"""A renewal asks little: valid licences and the last granted case fill the draft, and it is counted."""

from dataclasses import replace

import pytest

from tests.hall.test_pack_journeys import PACKS, applicant_make, code_of, officer_act, submit
from yiwang.engines.api import draft_get, draft_state
from yiwang.hall.api import licence_list_by_source, matter_get
from yiwang.hall.applications.actions.drafts import draft_begin
from yiwang.hall.applications.filing import OWN
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.applications.queries.drafts import draft_context_get
from yiwang.hall.applications.queries.prefill import licence_sources, reuse_prefill
from yiwang.hall.licences.models import Licence
from yiwang.hall.reuse.origins import origins_of
from yiwang.identity.api import data_scope
from yiwang.kernel.api import context_use

BY_KEY = {
    journey["key"]: (pack, journey)
    for pack in PACKS
    for journey in pack.files["tests/journey.yaml"].data["journeys"]
}


def granted(city, key: str, *, now):
    """Play a journey to its licence; return the matter, the applicant and what was answered."""
    pack, journey = BY_KEY[key]
    matter = matter_get(code_of(pack, journey["matter"]))
    applicant = applicant_make(city, journey["applicant"], now=now)
    number = submit(city, pack, journey, matter, applicant, now=now)
    for step in journey["steps"]:
        officer_act(number, step, now=now)
    application = application_rows("测试").get(number=number)
    assert application.state == "APPROVED"
    return matter, applicant, application


EXPECTED = {
    "entertainment_venue_approved": {
        "LICENCE": {"venue_name", "venue_address", "venue_kind", "area_size", "manager_name"},
        "EARLIER": {"contact_name", "floor", "rooms"},
    },
    "goods_transport_approved": {
        "LICENCE": {"safety_manager", "transport_kinds"},
        "EARLIER": {"contact_name", "vehicles", "drivers", "safety_manager_phone"},
    },
    "tour_guide_approved": {
        "LICENCE": {"qualification_number", "language", "agency_name"},
        "EARLIER": {"engagement"},
    },
}


@pytest.mark.parametrize("key", EXPECTED)
def test_a_renewal_is_filled_from_the_licence_and_the_last_granted_case(city, now, key):
    matter, applicant, first = granted(city, key, now=now)
    with context_use(applicant):
        draft = draft_get(draft_begin(matter.code, now=now))
        context = draft_context_get(draft.id)
        state = draft_state(draft, names=context.applicant.names(now.date()))
    for kind, fields in EXPECTED[key].items():
        assert {name for name, one in draft.sources.items() if one.kind == kind} == fields
        assert {name: draft.values[name] for name in fields} == {
            name: first.form_data[name] for name in fields
        }
        assert {name for name, one in origins_of(state).items() if one == kind} == fields
    issued = licence_list_by_source(f"application:{first.number}")[0]
    mark = draft.sources[min(EXPECTED[key]["LICENCE"])].registry_field
    assert mark == f"licence:{issued.identifier}"
    assert draft.values.get("agree") is None

    deputy = replace(OWN, delegation_id=1)
    found = reuse_prefill(matter, applicant.subject_ref, filing=deputy, now=now)
    assert {one.kind for one in found.values()} == {"LICENCE"}
    with data_scope(purpose="测试"):
        Licence.objects.filter(pk=issued.id).update(state="REVOKED")
    found = reuse_prefill(matter, applicant.subject_ref, filing=OWN, now=now)
    assert {one.kind for one in found.values()} == {"EARLIER"}
    with context_use(city.context("citizen")):
        assert reuse_prefill(matter, "person:nobody", filing=OWN, now=now) == {}


def test_every_licence_that_a_shipped_form_is_filled_from_has_that_field(city):
    known = {one.name for one in licence_sources()}
    named = {
        source
        for pack in PACKS
        for file in pack.section("forms")
        for each in file.data["ui"]["fields"].values()
        if (source := str(each.get("prefill") or "")).startswith("licence.")
    }
    assert named - known == set()
    assert len(named) >= 10
