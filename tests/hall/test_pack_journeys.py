"""Every journey of every pack (办件旅程): each matter runs from the form to its answer, end to end."""

from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.pictures import PDF, PNG
from yiwang.engines.api import (
    draft_post,
    draft_state,
    form_get,
    instance_get,
    work_item_list,
)
from yiwang.hall.api import application_submit, licence_list_by_source, matter_get
from yiwang.hall.applications.actions.applicant import correction_answer
from yiwang.hall.applications.actions.drafts import draft_begin
from yiwang.hall.applications.actions.materials import material_attach
from yiwang.hall.applications.actions.work import correction_request, work_conclude
from yiwang.hall.applications.errors import FeeUnpaid
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.applications.queries.drafts import draft_context_get
from yiwang.hall.applications.queries.joint import joint_draft
from yiwang.hall.parties.actions import party_confirm, party_invite, party_join
from yiwang.hall.payments.actions import payment_begin
from yiwang.hall.payments.following import payment_refresh
from yiwang.hall.payments.providers.sandbox import sandbox_answer
from yiwang.hall.payments.queries import bill_of
from yiwang.identity.api import account_create, department_get
from yiwang.kernel.api import context_system, context_use
from yiwang.resources.registries.models import Person
from yiwang.sdk.packs import pack_read

PACKS = [
    pack_read(folder)
    for folder in sorted(Path(settings.PACK_DIRS[0]).iterdir())
    if (folder / "tests" / "journey.yaml").exists() and not folder.name.startswith("_")
]
JOURNEYS = [
    pytest.param(pack, journey, id=f"{pack.manifest.id}:{journey['key']}")
    for pack in PACKS
    for journey in pack.files["tests/journey.yaml"].data["journeys"]
]
FILES = {
    "application/pdf": ("a.pdf", PDF),
    "image/png": ("a.png", PNG),
    "image/jpeg": ("a.png", PNG),
}


@pytest.mark.parametrize(("pack", "journey"), JOURNEYS)
def test_the_journey_ends_as_it_says(city, now, pack, journey):
    matter = matter_get(code_of(pack, journey["matter"]))
    applicant = applicant_make(city, journey["applicant"], now=now)
    number = submit(city, pack, journey, matter, applicant, now=now)
    for step in journey["steps"]:
        if "officer" in step:
            officer_act(number, step, now=now)
        elif step["applicant"] == "pay":
            pay(number, applicant, now=now)
        else:
            answer(number, step, matter, applicant, now=now)

    application = application_rows("测试").get(number=number)
    issued = licence_list_by_source(f"application:{number}")
    assert application.state == journey["expect"]["state"]
    assert sorted(one.type_key.split(".")[-1] for one in issued) == sorted(
        journey["expect"]["licences"]
    )
    assert instance_get(application.instance_id).tokens == ()
    bill = bill_of(f"application:{number}")
    assert (bill.amount_fen if bill else 0) == journey["expect"].get("paid_fen", 0)


def test_there_are_at_least_forty_matters_of_fifteen_departments(city):
    packs = [
        pack_read(folder)
        for folder in sorted(Path(settings.PACK_DIRS[0]).iterdir())
        if (folder / "pack.toml").exists() and not folder.name.startswith("_")
    ]
    matters = [matter_get(file.data["code"]) for pack in packs for file in pack.section("matters")]
    functions = {m.department_function for m in matters}
    functions |= {branch.department for m in matters for branch in m.branches}
    played = {code_of(pack, journey["matter"]) for pack in PACKS
              for journey in pack.files["tests/journey.yaml"].data["journeys"]}  # fmt: skip
    elsewhere = {  # a project or a company name comes first: test_project_approvals, test_companies
        file.data["code"]
        for pack in packs
        if pack.manifest.id in ("investment_projects", "company_registration")
        for file in pack.section("matters")
    }

    assert len({m.code for m in matters}) == len(matters) >= 40
    assert len(functions) >= 15
    assert played | elsewhere == {m.code for m in matters}
    for readme, words in (
        ("README.md", "{} matters that run"),
        ("README.zh-CN.md", "{} 个事项全程"),
    ):
        assert words.format(len(matters)) in (settings.ROOT / readme).read_text()


def code_of(pack, matter: str) -> str:
    return next(file for file in pack.section("matters") if file.name == matter).data["code"]


def applicant_make(city, wanted: dict, *, now):
    """Find somebody of the made population who fits, give them an account, return their context."""
    if wanted["kind"] == "enterprise":
        return city.context("agent")
    youngest, oldest = wanted.get("min_age", 18), wanted.get("max_age", 120)
    with context_use(context_system("测试旅程")):
        from yiwang.identity.api import context_of_account, data_scope

        with data_scope(purpose="测试旅程"):
            people = Person.objects.filter(id_number__isnull=False, birth_date__isnull=False)
            if "sex" in wanted:
                people = people.filter(sex=wanted["sex"])
            people = people.order_by("ref")
            for row in people.values("ref", "name", "birth_date", "phone"):
                age = (now.date() - row["birth_date"]).days // 365.25
                if youngest <= age <= oldest:
                    break
            else:
                raise LookupError(f"nobody of {wanted} in the made population")
        account_id = account_create(
            f"j{row['ref'].lower()}",
            population="CITIZEN",
            name=row["name"],
            subject_ref=f"person:{row['ref']}",
            now=now,
        )
        return replace(context_of_account(account_id), purpose="测试旅程")


def submit(city, pack, journey, matter, applicant, *, now) -> str:
    sample = next(file for file in pack.section("sample") if file.name == journey["sample"])
    values = {**sample.data["rows"][0]["values"], **journey["values"]}
    with context_use(applicant):
        draft_id = draft_begin(matter.code, now=now)
        fill(draft_id, values, now=now)
        for key in journey["materials"]:
            material_attach(draft_id, key, file=upload(matter, key), now=now)
    for wanted in journey.get("parties", ()):
        party_confirms(draft_id, wanted, applicant, applicant_make(city, wanted, now=now), values)
    with context_use(applicant):
        return application_submit(draft_id, now=now).number


def party_confirms(draft_id: int, wanted: dict, applicant, other, values: dict) -> None:
    """Invite another party to a draft, fill in their part as themselves and confirm it."""
    from django.utils import timezone

    with context_use(applicant):
        draft = joint_draft(draft_context_get(draft_id))
        invited = party_invite(draft, key=wanted["key"], name=other.name, now=timezone.now())
    with context_use(other):
        own = party_join(invited.code, now=timezone.now())
        for page in own.party.pages:
            post = {key: str(value).lower() for key, value in values.items()}
            draft_post(own.draft_id, post=post, page=page, now=timezone.now())
        party_confirm(own.part.id, now=timezone.now())


def fill(draft_id: int, values: dict, *, now) -> None:
    """Type the values page by page, rows of groups included; twice, since answers show questions."""
    for _round in range(2):
        context = draft_context_get(draft_id)
        state = draft_state(context.draft, names=context.applicant.names(now.date()))
        for page in state.pages:
            typed = {}
            for field in page.fields:
                if field.key in values and not field.locked:
                    typed.update(typed_of(field.key, values[field.key]))
            if typed:
                draft_post(draft_id, post=typed, page=page.key, now=now)


def typed_of(key: str, value) -> dict:
    """Turn a value into what a browser posts for it."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        typed = {}
        for number, row in enumerate(value):
            typed[f"{key}.{number}._row"] = "1"
            typed.update({f"{key}.{number}.{name}": str(one) for name, one in row.items()})
        return typed
    if isinstance(value, bool):
        return {key: "true" if value else ""}
    if isinstance(value, list):
        return {key: [str(one) for one in value]}
    return {key: str(value)}


def upload(matter, key: str) -> SimpleUploadedFile:
    material = next(one for one in matter.materials if one.key == key)
    kind = next((one for one in material.accept if one in FILES), "application/pdf")
    name, content = FILES[kind]
    return SimpleUploadedFile(name, content, content_type=kind)


def item_of(number: str, node: str):
    items = work_item_list(
        business_key=f"application:{number}", states=("READY", "CLAIMED", "SUSPENDED")
    )
    return next(item for item in items if item.node_id == node)


def officer_of(item, *, now):
    """Return the context of an officer with the item's role in the item's department."""
    from yiwang.identity.api import account_list_by_department, context_of_account

    people = account_list_by_department(item.department_id, role=item.role, on=now.date())
    assert people, f"{department_get(item.department_id).name} has no {item.role}"
    return replace(context_of_account(people[0].id), purpose="办理办件")


def officer_act(number: str, step: dict, *, now) -> None:
    item = item_of(number, step["officer"])
    with context_use(officer_of(item, now=now)):
        if step["outcome"] == "CORRECT":
            asked = step["correction"]
            entries = [("field", key) for key in asked["fields"]]
            entries += [("material", key) for key in asked["materials"]]
            correction_request(
                item.id,
                items=[
                    {"kind": kind, "key": key, "title": {"zh": key, "en": key},
                     "what": asked["reason"]["zh"]}
                    for kind, key in entries
                ],
                now=now,
            )  # fmt: skip
            return
        work_conclude(
            item.id,
            outcome=step["outcome"],
            opinion=step.get("comment", ""),
            reason=step.get("reason", {}).get("zh", ""),
            legal_basis=step.get("legal_basis", {}).get("zh", ""),
            now=now,
        )


def pay(number: str, applicant, *, now) -> None:
    """Pay the bill at the practice provider; before that nothing can be issued."""
    item = item_of(number, "decide")
    with context_use(officer_of(item, now=now)), pytest.raises(FeeUnpaid):
        work_conclude(item.id, outcome="APPROVE", opinion="同意。", now=now)
    bill = bill_of(f"application:{number}")
    with context_use(applicant):
        payment = payment_begin(bill.id, provider="sandbox", idempotency_key="journey", now=now)
    sandbox_answer(payment.number, is_paid=True, now=now)
    payment_refresh(payment.number, now=now)


def answer(number: str, step: dict, matter, applicant, *, now) -> None:
    application = application_rows("测试").get(number=number)
    correction = application.corrections.get(answered_at=None)
    values = {}
    for key, value in step["values"].items():
        values.update(typed_of(key, value))
    with context_use(applicant):
        correction_answer(
            number,
            correction.pk,
            values=values,
            files={key: upload(matter, key) for key in step["materials"]},
            now=now,
        )
    changed = application_rows("测试").get(number=number)
    assert form_get(changed.form_version_id).version_id == application.form_version_id
