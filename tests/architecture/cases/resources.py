"""Rows of the information resource centre: the cases of the matrix."""

from collections.abc import Callable

from django.urls import reverse

from tests.architecture.cases.case import Case, matrix_case
from tests.architecture.world import World


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


def _source(world: World) -> Case:
    """Return the case of a regular source; setting one up (`source_edit`) is the data bureau's alone."""
    from yiwang.kernel.api import context_system, context_use
    from yiwang.resources.landing.actions import source_put
    from yiwang.resources.landing.queries import resource_view

    def put(department_id: int) -> str:
        code = resource_view(_batch_made(department_id)[0]).code
        with context_use(context_system("test")):
            view = source_put(code, kind="FOLDER", now=world.now)
        return reverse("resources_landing:source", args=[view.id])

    return Case(own=put(world.own_department), other=put(world.other_department))


matrix_case("resources_landing:source", _source)
for _name in ("rules", "rule_new"):
    matrix_case(f"resources_landing:{_name}", _resource(f"resources_landing:{_name}"))
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
