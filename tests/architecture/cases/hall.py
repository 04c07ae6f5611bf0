"""Rows of the hall and of the registries that fill it: the cases of the matrix."""

import re
from collections.abc import Callable

from django.urls import reverse

from tests.architecture.cases.case import Case, matrix_case
from tests.architecture.world import World


def _message(world: World) -> Case:
    from yiwang.hall.api import message_send
    from yiwang.kernel.api import context_system, context_use

    def send(persona: str) -> str:
        with context_use(context_system("test")):
            key = message_send(
                world.account_id(persona),
                template="application_submitted",
                params={"number": "1", "title": "x"},
                link="/",
                now=world.now,
            )
        return reverse("hall_messages:detail", args=[key])

    return Case(
        own=send, other=lambda persona: send("CITIZEN" if persona != "CITIZEN" else "AGENT")
    )


def _licence(name: str) -> Callable[[World], Case]:
    """Return the case of a page of a licence: its holder and its issuing department see it."""

    def build(world: World) -> Case:
        own = {
            "CITIZEN": _licence_issued(world, "PERSON", "person:own", world.other_department),
            "AGENT": _licence_issued(world, "ENTERPRISE", "enterprise:own", world.other_department),
        }
        mine = _licence_issued(world, "PERSON", "person:other", world.own_department)
        other = _licence_issued(world, "PERSON", "person:other", world.other_department)
        return Case(
            own=lambda persona: reverse(name, args=[own.get(persona, mine)]),
            other=reverse(name, args=[other]),
            personas=("CITIZEN", "AGENT", "APPROVER", "DEPARTMENT_HEAD"),
        )

    return build


def _licence_issued(world: World, holder: str, holder_ref: str, department_id: int) -> int:
    from yiwang.hall.api import licence_issue, licence_type_put
    from yiwang.kernel.api import context_system, context_use

    definition = {
        "title": {"zh": "证", "en": "Licence"},
        "type_code": f"11320500MATRIX0001{len(holder):03}",
        "holder": holder,
        "validity_years": None,
        "fields": [],
        "template": "CARD",
        "legal_basis": [],
    }
    with context_use(context_system("test")):
        licence_type_put(f"matrix.{holder}", definition, source="test", now=world.now)
        return licence_issue(
            f"matrix.{holder}",
            holder_ref=holder_ref,
            holder_name="某",
            holder_number="1",
            data={"form": {}, "applicant": {}},
            area_code="320500",
            department_id=department_id,
            source=f"test:{holder_ref}:{department_id}",
            now=world.now,
        ).id


def _service(name: str) -> Callable[[World], Case]:
    """Return the case of a page of a sending system: its own department's, the operators see all."""

    def build(world: World) -> Case:
        from yiwang.hall.messages.notify.actions import service_put, template_put
        from yiwang.kernel.api import context_system, context_use

        def made(department_id: int) -> str:
            numbers = ("per_minute", "sms_per_day", "email_per_day", "letter_per_day")
            texts = {"name": "系统", "sender": "签名", "reply_to": "", "callback_url": ""}
            flags = {"is_live": False, "may_post": False, "guests": []}
            values = texts | flags | dict.fromkeys(numbers, 1)
            with context_use(context_system("test")):
                key = service_put(values | {"department_id": department_id}, now=world.now)
                more = []
                if name.endswith(":service_template"):
                    more = [template_put(key, kind="sms", name="模板", body="x", now=world.now)]
            return reverse(name, args=[key, *more])

        foreign = made(world.other_department)
        nowhere = re.sub(r"[0-9a-f]{8}-", "00000000-", foreign, count=1)
        # The city's operators see every department's: for them no foreign row exists.
        return Case(
            own=made(world.own_department),
            other=lambda persona: nowhere if persona == "SYSTEM_ADMIN" else foreign,
        )

    return build


matrix_case("hall_messages:detail", _message)
for _name in ("service", "service_edit", "service_template", "service_template_new"):
    matrix_case(f"hall_messages:{_name}", _service(f"hall_messages:{_name}"))
matrix_case("hall_licences:detail", _licence("hall_licences:detail"))
matrix_case("hall_licences:pdf", _licence("hall_licences:pdf"))


def _registry(world: World) -> None:
    """Put the world's people and enterprises into the registries; phones come from the other room."""
    from yiwang.kernel.api import context_system, context_use
    from yiwang.resources.api import registries_load

    home = {"ref": "H", "address": "x", "area_code": "320508", "community_code": "320508018001"}
    person = {
        "birth_date": world.now.date(),
        "sex": "1",
        "ethnicity": "01",
        "marital_status": "10",
        "area_code": "320508",
        "community_code": "320508018001",
        "address": "x",
        "household_id": "H",
        "photo_key": "m_old_1",
        "sources": {"field:phone": ["health", "2026-11-01"]},
    }
    enterprise = {
        "name": "x",
        "legal_representative": "x",
        "legal_representative_ref": "own",
        "registered_address": "x",
        "area_code": "320508",
        "community_code": "320508018001",
        "business_scope": "x",
        "registered_capital": 1,
        "established_date": world.now.date(),
        "industry": "H",
    }
    with context_use(context_system("test")):
        registries_load(
            households=[home],
            persons=[
                person | {"ref": ref, "name": ref, "id_number": ref} for ref in ("own", "other")
            ],
            enterprises=[enterprise | {"uscc": uscc} for uscc in ("own", "other")],
            now=world.now,
        )


def _objection(subject_ref: str, field: str, world: World) -> str:
    from dataclasses import replace

    from yiwang.kernel.api import ANONYMOUS, context_use
    from yiwang.resources.api import objection_add

    with context_use(replace(ANONYMOUS, population="CITIZEN", subject_ref=subject_ref)):
        return objection_add(
            subject_ref, field, shown="", claimed="x", note="", now=world.now
        ).number


def _my_objection(world: World) -> Case:
    _registry(world)
    own = {persona: _objection(ref, "phone", world) for persona, ref in world.own_subject.items()}
    other = {
        persona: _objection(ref, "phone", world) for persona, ref in world.other_subject.items()
    }
    name = "resources_registries:my_objection"
    return Case(
        own=lambda persona: reverse(name, args=[own[persona]]),
        other=lambda persona: reverse(name, args=[other[persona]]),
    )


def _steward_objection(world: World) -> Case:
    _registry(world)
    name = "resources_registries:objection"
    return Case(  # marital status is supplied by civil affairs, the own department
        own=reverse(name, args=[_objection("person:own", "marital_status", world)]),
        other=reverse(name, args=[_objection("person:own", "phone", world)]),
    )


def _photo(world: World) -> Case:
    _registry(world)
    name = "resources_registries:photo"
    return Case(
        own=reverse(name, args=["own"]),
        other=reverse(name, args=["other"]),
        personas=("CITIZEN",),
    )


matrix_case("resources_registries:my_objection", _my_objection)
matrix_case("resources_registries:objection", _steward_objection)
matrix_case("resources_registries:photo", _photo)


_FORM = {
    "key": "form",
    "title": {"zh": "申请表", "en": "Application form"},
    "schema": {"type": "object", "properties": {"phone": {"type": "string"}}},
    "ui": {
        "pages": [{"key": "one", "title": {"zh": "一", "en": "One"}, "fields": ["phone"]}],
        "fields": {"phone": {"title": {"zh": "电话", "en": "Phone"}}},
    },
}


def _matter(world: World):
    """Put a matter in force that is decided at one window, once for a world."""
    if not hasattr(world, "matter"):
        from pathlib import Path

        from yiwang.engines.api import form_put, process_put
        from yiwang.hall.matters.actions import matter_put
        from yiwang.sdk.packs import LegalBasis, Limit, Limits, MatterDefinition

        process = Path("yiwang/packs/hall_basics/workflows/accept_decide.bpmn")
        xml = (Path(__file__).resolve().parents[3] / process).read_text(encoding="utf-8")
        title = {"zh": "某事", "en": "A matter"}
        world.matter = matter_put(
            MatterDefinition(
                code="999999999999",
                title=title,
                item_type="20",
                department="civil_affairs",
                level="CITY",
                project_type="1",
                legal_basis=(LegalBasis({"zh": "某法", "en": "A law"}, "第一条"),),
                limits=Limits(Limit(20), Limit(0)),
            ),
            form_version_id=form_put("matrix.form", _FORM, source="test").version_id,
            process_version_id=process_put(
                "matrix.process", xml, title=title, source="test"
            ).version_id,
            source="test",
            now=world.now,
        )
    return world.matter


def _application(world: World, applicant_ref: str, department_id: int):
    """Make an application (办件) that waits at a department; the row itself, with its number."""
    import secrets

    from yiwang.engines.api import WorkCard, process_start
    from yiwang.hall.applications.models import Application, ApplicationBranch
    from yiwang.identity.api import data_scope
    from yiwang.kernel.api import context_system, context_use

    number = f"M{secrets.token_hex(8)}"
    with context_use(context_system("test")), data_scope(purpose="测试"):
        matter = _matter(world)
        card = WorkCard(f"application:{number}", number, matter.title, "某", "/")
        instance = process_start(
            matter.process_version_id,
            business_key=f"application:{number}",
            card=card,
            variables={},
            departments={"owner": department_id},
            now=world.now,
        )
        application = Application.objects.create(
            number=number,
            query_code="ABCDEFGH",
            submission_key=f"matrix:{number}",
            account_id=world.account_id("CITIZEN"),
            applicant_ref=applicant_ref,
            applicant_name="某",
            applicant_number="1",
            matter_version_id=matter.version_id,
            matter_code=matter.code,
            title=matter.title,
            department_id=department_id,
            area_code="320500",
            form_version_id=matter.form_version_id,
            form_data={"phone": "1"},
            state="SUBMITTED",
            instance_id=instance,
            receipt_hash="0" * 64,
            submitted_at=world.now,
        )
        ApplicationBranch.objects.create(
            application=application, key="owner", title=matter.title, department_id=department_id
        )
    return application


def _applicants(route: str) -> Callable[[World], Case]:
    """Return the case of a page of an applicant: his own applications and nobody else's."""

    def build(world: World) -> Case:
        def address(subjects: dict) -> Callable[[str], str]:
            made = {
                persona: _application(world, ref, world.own_department)
                for persona, ref in subjects.items()
            }
            return lambda persona: reverse(route, args=_arguments(route, made[persona], world))

        return Case(own=address(world.own_subject), other=address(world.other_subject))

    return build


def _officers(route: str) -> Callable[[World], Case]:
    """Return the case of an officer's page: applications in which the own department takes part."""

    def build(world: World) -> Case:
        own, other = (
            _application(world, "person:other", department)
            for department in (world.own_department, world.other_department)
        )
        return Case(
            own=reverse(route, args=_arguments(route, own, world)),
            other=reverse(route, args=_arguments(route, other, world)),
        )

    return build


def _both(route: str, *, personas: tuple[str, ...] = ()) -> Callable[[World], Case]:
    """Return the case of what both sides of an application may open."""

    def build(world: World) -> Case:
        mine = {
            persona: _application(world, ref, world.other_department)
            for persona, ref in world.own_subject.items()
        }
        own = _application(world, "person:other", world.own_department)
        other = _application(world, "person:other", world.other_department)
        addresses = {
            persona: reverse(route, args=_arguments(route, row, world))
            for persona, row in {**mine, "own": own, "other": other}.items()
        }
        return Case(
            own=lambda persona: addresses.get(persona, addresses["own"]),
            other=addresses["other"],
            personas=personas,
        )

    return build


def _arguments(route: str, application, world: World) -> list:
    """Return what stands in an address: number, instance, work item, correction or attachment."""
    from yiwang.engines.workflow.models import WorkItem
    from yiwang.hall.applications.models import Correction

    if route.startswith("engines_workflow:"):
        return [application.instance_id]
    if route == "engines_forms:attachment":
        return [_attachment(application, world)]
    item = WorkItem.objects.get(instance_id=application.instance_id)
    if route == "hall_applications:work":
        return [item.pk]
    if route != "hall_applications:correction":
        return [application.number]
    correction = Correction.objects.create(
        application=application,
        branch_key="owner",
        work_item_id=item.pk,
        items=[
            {"kind": "field", "key": "phone", "title": {"zh": "电话", "en": "Phone"}, "what": "x"}
        ],
        legal_basis="x",
        requested_by="x",
        department_name="x",
        requested_at=world.now,
    )
    return [application.number, correction.pk]


def _attachment(application, world: World) -> int:
    """Attach a file to an application: a citizen's or agent's own, else a neighbour's."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    from yiwang.engines.api import attachment_put
    from yiwang.hall.applications.models import ApplicationMaterial
    from yiwang.identity.api import accounts_load
    from yiwang.kernel.api import context_system, context_use

    owners = {ref: persona for persona, ref in world.own_subject.items()}
    neighbour = {"username": "neighbour", "population": "CITIZEN", "name": "x"}
    with context_use(context_system("test")):
        accounts_load([{**neighbour, "subject_ref": "person:other"}], now=world.now)
        attachment = attachment_put(
            account_id=world.account_id(owners.get(application.applicant_ref, "neighbour")),
            file=SimpleUploadedFile("a.pdf", b"%PDF-1.4\n%%EOF"),
            accept=["application/pdf"],
            max_bytes=10_000,
            now=world.now,
        )
    ApplicationMaterial.objects.create(
        application=application,
        key="proof",
        title={"zh": "证明", "en": "Proof"},
        source="UPLOAD",
        attachment_id=attachment.id,
    )
    return attachment.id


HANDLERS = ("WINDOW_CLERK", "REVIEWER", "APPROVER", "DEPARTMENT_HEAD")
for _name in ("detail", "receipt", "correction"):
    matrix_case(f"hall_applications:{_name}", _applicants(f"hall_applications:{_name}"))
for _name in ("work", "case"):
    matrix_case(f"hall_applications:{_name}", _officers(f"hall_applications:{_name}"))
for _name in ("diagram", "diagram_file"):
    matrix_case(f"engines_workflow:{_name}", _both(f"engines_workflow:{_name}"))
matrix_case(
    "engines_forms:attachment",
    _both("engines_forms:attachment", personas=("CITIZEN", "AGENT", *HANDLERS)),
)


def _supervision_rules() -> int:
    from yiwang.hall.supervision.models import SupervisionRule
    from yiwang.hall.supervision.sweep import rules_seed
    from yiwang.kernel.api import context_system, context_use

    with context_use(context_system("test")):
        rules_seed()
    return SupervisionRule.objects.get(key="step_exceeded").pk


def _supervision_card(world: World) -> Case:
    """Who must answer sees the card; the supervisor sees all there are."""
    from yiwang.hall.supervision.models import SupervisionCard

    rule_id = _supervision_rules()

    def made(subject: str, department_id: int, officer_id: int | None) -> str:
        card, _is_new = SupervisionCard.objects.get_or_create(
            subject=subject,
            rule_key="step_exceeded",
            defaults={
                "rule_id": rule_id,
                "trigger": "STEP_EXCEEDED",
                "level": "YELLOW",
                "severity": 1,
                "department_id": department_id,
                "officer_id": officer_id,
                "issued_at": world.now,
            },
        )
        return reverse("hall_supervision:card", args=[card.pk])

    other = made("item:other", world.other_department, None)
    nothing = reverse("hall_supervision:card", args=[999_999])
    return Case(
        own=lambda persona: made(
            f"item:{persona}", world.own_department, world.account_id(persona)
        ),
        other=lambda persona: nothing if persona == "SUPERVISOR" else other,
    )


def _supervision_letter(world: World) -> Case:
    """The head of the department sees its letters; the supervisor sees all there are."""
    from yiwang.hall.supervision.models import SupervisionLetter

    own, other = (
        SupervisionLetter.objects.create(
            department_id=department_id, text="x", issued_at=world.now, issued_by="x"
        ).pk
        for department_id in (world.own_department, world.other_department)
    )
    return Case(
        own=reverse("hall_supervision:letter", args=[own]),
        other=lambda persona: reverse(
            "hall_supervision:letter", args=[999_999 if persona == "SUPERVISOR" else other]
        ),
        personas=("DEPARTMENT_HEAD", "SUPERVISOR"),
    )


matrix_case("hall_supervision:card", _supervision_card)
matrix_case("hall_supervision:letter", _supervision_letter)
