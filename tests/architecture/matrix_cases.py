"""Rows of one's own and of another department (本部门与其他部门): the cases of the matrix.

    def application_item(world):
        own, other = …                      # make one in world.own_department, one in the other
        return Case(own=reverse(…, args=[own]), other=reverse(…, args=[other]))

    matrix_case("hall_applications:item", application_item)

An app's cases stand here, one call a route. For every role that may open the route, `own` must be
shown and `other` refused (403, or 404 where even its existence is nobody's business).
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from tests.architecture.world import World


@dataclass(frozen=True, slots=True)
class Case:
    """Two addresses of one route.

    own, other: an address, or a function of the persona that gives one (a citizen's own row is
    another one than an agent's). personas: who sees the own row, all that may open the route by
    default; whoever may open the route and is not among them sees neither.
    """

    own: str | Callable[[str], str]
    other: str | Callable[[str], str]
    personas: tuple[str, ...] = ()
    refused: tuple[int, ...] = (403, 404)


CASES: dict[str, Callable[[World], Case]] = {}


def matrix_case(route: str, build: Callable[[World], Case]) -> None:
    """Declare how a route with parameters is tried on one's own and on another's rows."""
    CASES[route] = build


# Routes whose rows belong to no department: the role alone decides, over the whole city.
WHOLE_CITY = frozenset(
    {
        "identity_accounts:account_close",
        "identity_accounts:post_assign",
        "identity_accounts:post_leave",
        "identity_accounts:staff_one",
        "identity_accounts:staff_password",
        "identity_accounts:staff_sessions_end",
        "identity_accounts:totp_reset",
        "resources_fusion:run",
        # A city's people and organisations are no department's rows: role and stated purpose decide.
        "api_resources_registries:changes",
        "api_resources_registries:organisation",
        "api_resources_registries:person",
        "resources_registries:compare",
        "resources_registries:lineage",
        "resources_registries:masters_of",
        "resources_registries:masters_progress",
        "resources_registries:organisation",
        "resources_registries:person",
        # The form of the file is its parameter; the rows are the steward's own by the query.
        "resources_catalogue:mine_export",
    }
)


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


matrix_case("hall_messages:detail", _message)
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
        xml = (Path(__file__).resolve().parents[2] / process).read_text(encoding="utf-8")
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


def _resource(name: str, *, submitted: bool = False) -> Callable[[World], Case]:
    """Return the case of a page of a working copy: its department's steward sees it."""

    def build(world: World) -> Case:
        return Case(
            own=reverse(name, args=[_resource_made(world.own_department, submitted)]),
            other=reverse(name, args=[_resource_made(world.other_department, submitted)]),
        )

    return build


def _resource_made(department_id: int, submitted: bool) -> int:
    from datetime import UTC, datetime

    from yiwang.kernel.api import context_system, context_use
    from yiwang.resources.api import FieldSpec, ResourceSpec, resource_register
    from yiwang.resources.catalogue.actions import resource_submit

    now = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
    spec = ResourceSpec("x", "x", sharing="1", opening_reason="x", fields=(FieldSpec("a", "a"),))
    with context_use(context_system("test")):
        made = resource_register(spec, department_id=department_id, now=now)
        if submitted:
            resource_submit(made.id, now=now)
    return made.id


def _proposal(world: World) -> Case:
    from yiwang.kernel.api import context_system, context_use
    from yiwang.resources.catalogue.actions.proposals import proposals_put
    from yiwang.resources.catalogue.data import Proposal, ResourceSpec

    def put(function: str) -> str:
        proposal = Proposal(function, ResourceSpec("x", ""), function, 1, ())
        with context_use(context_system("test")):
            views = proposals_put(f"test:{function}", [proposal], now=world.now)
        return reverse("resources_catalogue:proposal", args=[views[0].id])

    return Case(own=put("civil_affairs"), other=put("health"))


matrix_case("resources_catalogue:one", _resource("resources_catalogue:one"))
matrix_case("resources_catalogue:edit", _resource("resources_catalogue:edit"))
matrix_case("resources_catalogue:review", _resource("resources_catalogue:review", submitted=True))
matrix_case("resources_catalogue:proposal", _proposal)


def _landing(name: str, *, of_batch: bool, more: tuple[str, ...] = ()) -> Callable[[World], Case]:
    """Return the case of a page about a delivered resource or one of its batches."""

    def build(world: World) -> Case:
        own, other = (
            _batch_made(department_id)
            for department_id in (world.own_department, world.other_department)
        )
        return Case(
            own=reverse(name, args=[own[of_batch], *more]),
            other=reverse(name, args=[other[of_batch], *more]),
        )

    return build


def _batch_made(department_id: int, code: bool = False) -> tuple:
    from datetime import UTC, datetime

    from yiwang.kernel.api import context_system, context_use
    from yiwang.resources.catalogue.actions import resource_publish
    from yiwang.resources.landing.actions.receiving import batch_receive_chunks

    now = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
    resource = _resource_made(department_id, submitted=True)
    with context_use(context_system("test")):
        view = resource_publish(resource, now=now)
        batch = batch_receive_chunks(view.code, [b"a\n1\n"], name="a.csv", now=now, run=False)
    return (view.code.replace("/", "-") if code else resource), batch.id


def _landing_rest(world: World) -> Case:
    name = "api_resources_landing:batches"
    own, other = (
        _batch_made(department_id, code=True)[0]
        for department_id in (world.own_department, world.other_department)
    )
    return Case(own=reverse(name, args=[own]), other=reverse(name, args=[other]))


for _name, _of_batch, _more in (
    ("resource", False, ()),
    ("template", False, ("csv",)),
    ("batch", True, ()),
    ("progress", True, ()),
    ("rows", True, ()),
    ("rows_file", True, ("csv",)),
):
    _route = f"resources_landing:{_name}"
    matrix_case(_route, _landing(_route, of_batch=_of_batch, more=_more))
matrix_case("api_resources_landing:batch", _landing("api_resources_landing:batch", of_batch=True))
matrix_case("api_resources_landing:batches", _landing_rest)


def _housing(world: World) -> tuple[str, int, int]:
    """Report a dwelling, and from both departments one thing that cannot hold; number and desk rows."""
    from yiwang.kernel.api import context_system, context_use
    from yiwang.resources.api import housing_event_post
    from yiwang.resources.housing.models import HousingException

    number = "320508001001GB00001F00010001"
    built = {
        "key": "b",
        "kind": "BUILT",
        "number": number,
        "document": "b",
        "effective_date": "2001-01-01",
        "payload": {
            "address": "x",
            "area_code": "320508",
            "community_code": "320508018001",
            "building": "1",
            "flat": "1",
            "area_m2": "1",
            "structure": "RC",
            "purpose": "RESIDENTIAL",
            "year": 2001,
        },
    }
    wrong = [
        {**built, "key": key, "kind": "LEASE_ENDED", "document": key, "payload": {"of": "?"}}
        for key in ("own", "other")
    ]
    with context_use(context_system("test")):
        housing_event_post([built, *wrong], now=world.now)
    rows = dict(HousingException.objects.values_list("event__document", "pk"))
    for key, department in (("own", world.own_department), ("other", world.other_department)):
        HousingException.objects.filter(pk=rows[key]).update(department_id=department)
    return number, rows["own"], rows["other"]


def _housing_exception(world: World) -> Case:
    _number, own, other = _housing(world)
    name = "resources_housing:exception"
    return Case(own=reverse(name, args=[own]), other=reverse(name, args=[other]))


def _dwelling(world: World) -> Case:
    number, _own, _other = _housing(world)
    name = "resources_housing:dwelling"
    return Case(own=reverse(name, args=[number]), other=reverse(name, args=["0" * 28]))


matrix_case("resources_housing:exception", _housing_exception)
matrix_case("resources_housing:dwelling", _dwelling)


def _review_pair(world: World) -> Case:
    from uuid import uuid4

    from yiwang.resources.fusion.models import FusionRun, ReviewPair

    run = FusionRun.objects.create(
        registry="population", trace=uuid4(), state="PUBLISHED", created_at=world.now
    )
    own, other = (
        ReviewPair.objects.create(
            registry="population",
            number=7,
            row_no=department,
            other_number=2,
            other_row=1,
            anchors=[[2, 1]],
            uid=1,
            probability=0.9,
            department_id=department,
            first_run=run,
            last_run=run,
            created_at=world.now,
        )
        for department in (world.own_department, world.other_department)
    )
    name = "resources_fusion:review"
    return Case(  # who settles disputes sees no pair that is not disputed
        own=reverse(name, args=[own.pk]),
        other=reverse(name, args=[other.pk]),
        personas=("DATA_STEWARD",),
    )


matrix_case("resources_fusion:review", _review_pair)


def _virtual_spec() -> dict:
    return {
        "title": "x",
        "sources": [
            {
                "key": "s",
                "title": "x",
                "columns": [{"name": "a"}],
                "parts": [{"key": "p", "title": "x", "kind": "PARQUET", "location": "x.parquet"}],
            }
        ],
        "fields": [{"key": "a", "source": "s", "column": "a", "title": "x"}],
        "purposes": ["x"],
    }


def _virtual_dataset(world: World, key: str, department_id: int, *, published: bool = False) -> str:
    from yiwang.resources.virtual.models import VirtualDataset, VirtualVersion

    row = VirtualDataset.objects.create(
        key=key, department_id=department_id, draft=_virtual_spec(), draft_title="x"
    )
    if published:
        row.current_version = VirtualVersion.objects.create(
            dataset=row, number=1, spec=row.draft, digest="", valid_from=world.now
        )
        row.save()
    return key


def _virtual_definition(world: World) -> Case:
    name = "resources_virtual:definition"
    return Case(
        own=reverse(name, args=[_virtual_dataset(world, "own", world.own_department)]),
        other=reverse(name, args=[_virtual_dataset(world, "other", world.other_department)]),
    )


def _virtual_ask(world: World) -> Case:
    name = "resources_virtual:dataset"
    published = _virtual_dataset(world, "own", world.other_department, published=True)
    draft = _virtual_dataset(world, "other", world.own_department)
    return Case(own=reverse(name, args=[published]), other=reverse(name, args=[draft]))


def _virtual_run(route: str) -> Callable[[World], Case]:
    def build(world: World) -> Case:
        from yiwang.resources.virtual.models import VirtualDataset, VirtualRun

        _virtual_dataset(world, "own", world.own_department, published=True)
        version = VirtualDataset.objects.get(key="own").current_version

        def asked(account_id: int, number: str) -> str:
            row, _made = VirtualRun.objects.get_or_create(
                number=number,
                defaults={
                    "version": version,
                    "account_id": account_id,
                    "purpose": "x",
                    "query": {
                        "fields": ["a"],
                        "filters": [],
                        "groups": [],
                        "measures": [],
                        "order": [],
                        "limit": 1,
                    },
                    "created_at": world.now,
                },
            )
            return reverse(route, args=[row.number])

        return Case(
            own=lambda persona: asked(world.account_id(persona), f"own-{persona}"[:24]),
            other=asked(-1, "other"),
        )

    return build


matrix_case("resources_virtual:definition", _virtual_definition)
matrix_case("resources_virtual:dataset", _virtual_ask)
matrix_case("resources_virtual:run", _virtual_run("resources_virtual:run"))
matrix_case("resources_virtual:export", _virtual_run("resources_virtual:export"))


def _quality(name: str, make: Callable[[World, int], list]) -> Callable[[World], Case]:
    """Return the case of a page about a department's quality: its steward sees it."""

    def build(world: World) -> Case:
        return Case(
            own=reverse(name, args=make(world, world.own_department)),
            other=reverse(name, args=make(world, world.other_department)),
        )

    return build


def _quality_field(world: World, department_id: int) -> list:
    from yiwang.resources.quality.models import QualityScore

    resource_id = _resource_made(department_id, False)
    QualityScore.objects.create(
        scope="RESOURCE",
        resource_id=resource_id,
        department_id=department_id,
        day=world.now.date(),
        field="a",
        judged=1,
        failed=0,
        score=100,
    )
    return [resource_id, "a"]


def _quality_exception(world: World, department_id: int) -> list:
    from yiwang.resources.quality.models import QualityException

    row = QualityException.objects.create(
        origin="BATCH",
        resource_id=_resource_made(department_id, False),
        department_id=department_id,
        rule="x",
        title="x",
        opened_at=world.now,
    )
    QualityException.objects.filter(pk=row.pk).update(number=f"YC{row.pk}")
    return [row.pk]


for _name in ("resource", "rows", "rows_export"):
    matrix_case(
        f"resources_quality:{_name}",
        _quality(
            f"resources_quality:{_name}",
            lambda world, department_id: [_resource_made(department_id, False)],
        ),
    )
matrix_case(
    "resources_quality:department",
    _quality("resources_quality:department", lambda world, department_id: [department_id]),
)
matrix_case("resources_quality:field", _quality("resources_quality:field", _quality_field))
for _name in ("exception", "exception_rows_export"):
    matrix_case(
        f"resources_quality:{_name}", _quality(f"resources_quality:{_name}", _quality_exception)
    )
