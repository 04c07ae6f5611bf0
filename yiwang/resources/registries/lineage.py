"""Where one value comes from (血缘): value → source row → batch → rule → trust → who published it."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from django.db.models import F

from yiwang.identity.api import data_scope
from yiwang.resources.fusion.data import FusionPlan
from yiwang.resources.fusion.plans import REGISTRY_PLANS
from yiwang.resources.registries.data import (
    LineageView,
    NotInRegistry,
    Origin,
    RowPlace,
    SubjectField,
)
from yiwang.resources.registries.models import Enterprise, Person, RegistryMaster
from yiwang.resources.registries.rules import (
    class_title,
    fields_check,
    function_of,
    lineage_read,
    origin_of,
)
from yiwang.resources.registries.store import (
    LEGAL_PERSONS,
    POPULATION,
    bucket_of,
    enterprise_row,
    enterprise_row_by_ref,
    person_row,
)
from yiwang.resources.registries.subjects import department_text, subject_fields, subject_get

ROWS_SHOWN = 200


def person_lineage(ref: str, field: str, *, purpose: str) -> LineageView:
    """Tell where a value of a person comes from (字段血缘); an audited read."""
    return subject_lineage("person", ref, field, purpose=purpose)


def subject_lineage(
    kind: str, key: str, field: str, *, purpose: str, unmasked: bool = False
) -> LineageView:
    """Tell where a value comes from (字段血缘): row, batch, rule, trust, version; an audited read.

    Raises UnknownField, NotInRegistry, PurposeNeeded, Forbidden.
    """
    subject = subject_get(kind, key, purpose=purpose, unmasked=unmasked)
    with data_scope(purpose=purpose, reason=f"lineage of {field}"):
        row = _row(kind, subject.ref, key)
    fields_check([field], subject_fields(row))
    registry = POPULATION if kind == "person" else LEGAL_PERSONS
    chosen = subject_fields(row)[field]
    lineage = lineage_read(row.lineage, registry)
    origin = origin_of(lineage, chosen)
    plan = REGISTRY_PLANS[registry]()
    master = RegistryMaster.objects.filter(registry=registry, number=row.from_master).first()
    code = f"C{origin.class_number:02d}" if origin else ""
    resource = _resource(registry, code) if origin else ""
    rank, basis = _trust(plan, chosen.plan_fields, lineage.origins, origin)
    batch = _batch(resource, origin.row_no, unmasked) if resource and origin else None
    deciders, decided_at = _deciders(registry, origin) if origin else ((), None)
    shown = next(one for one in subject.fields if one.name == field)
    places = _others_places(registry, plan, shown, unmasked)
    if origin and places:
        own = RowPlace(
            shown.text, shown.department, class_title(registry, origin.class_number),
            origin.row_no, origin.at, resource, batch, is_chosen=True,
        )  # fmt: skip
        places = (own, *places)
    return LineageView(
        subject=subject,
        field=shown,
        origin=origin,
        class_code=code,
        class_title=class_title(registry, origin.class_number) if origin else "",
        department=department_text(function_of(registry, origin.class_number), row.area_code)
        if origin
        else {},
        trust_rank=rank,
        trust_basis=basis,
        resource_code=resource,
        batch=batch,
        sender=_sender(batch["batch_id"]) if batch else "",
        deciders=deciders,
        decided_at=decided_at,
        rows=_rows(registry, row.uid, master),
        run=master.run if master else "",
        master=row.from_master,
        published_at=master.published_at if master else None,
        published_name=master.published_name if master else "",
        places=places,
    )


def _others_places(
    registry: str, plan: FusionPlan, field: SubjectField, unmasked: bool
) -> tuple[RowPlace, ...]:
    """Return where the rows stand that say something else (不同取值所在行)."""
    numbers = {class_title(registry, source.number): source.number for source in plan.sources}
    found = []
    for other in field.others:
        number = numbers.get(other.class_title)
        code = _resource(registry, f"C{number:02d}") if number is not None else ""
        batch = _batch(code, other.row_no, unmasked) if code else None
        found.append(
            RowPlace(
                other.text, other.department, other.class_title, other.row_no, other.at, code, batch
            )
        )
    return tuple(found)


def _row(kind: str, ref: str, key: str) -> Person | Enterprise:
    row = person_row(ref) if kind == "person" else enterprise_row_by_ref(ref) or enterprise_row(key)
    if row is None:
        raise NotInRegistry()
    return row


def _trust(
    plan: FusionPlan, names: tuple[str, ...], origins: dict[str, Origin], origin: Origin | None
) -> tuple[int, str]:
    """Return how far the class is believed in the field, and by which law (数源权威)."""
    name = next((name for name in names if name in origins), "")
    if origin is None or not name:
        return 0, ""
    trust = plan.trust.get(name, {}).get(origin.class_number)
    return (trust.rank, trust.basis) if trust else (1, "")


def _resource(registry: str, code: str) -> str:
    """Return which information resource feeds a class (数据源绑定), "" when none does."""
    from yiwang.resources.fusion.models import FusionSource  # noqa: PLC0415 - only for this page

    found = FusionSource.objects.filter(registry=registry, code=code).first()
    return found.resource_code if found else ""


def _batch(resource: str, row_no: int, unmasked: bool) -> dict | None:
    """Return what landing knows of the row: batch, line, as received, repairs; None when it knows nothing.

    Values as received are shown to who may see the subject unmasked.
    """
    from yiwang.resources.landing.queries import BatchNotFound, row_origin  # noqa: PLC0415

    try:
        found = asdict(row_origin(resource, row_no))
    except (BatchNotFound, OSError):
        return None
    if not unmasked:
        for name in ("values_original", "values"):
            found[name] = {key: "****" if value else "" for key, value in found[name].items()}
        found["repairs"] = {
            key: {**repair, "before": "****"} for key, repair in found["repairs"].items()
        }
    return found


def _sender(batch_id: int) -> str:
    """Return who sent a batch (报送人), "" when a folder or a schedule did."""
    from yiwang.resources.landing.queries import batch_get  # noqa: PLC0415 - only for this page

    return batch_get(batch_id).received_by


def _deciders(registry: str, origin: Origin) -> tuple[tuple[str, ...], datetime | None]:
    """Return who decided that a row belongs to its subject (判定人), and when; nobody for other rules."""
    if origin.rule != "DECIDED":
        return (), None
    from yiwang.resources.fusion.models import MatchDecision, Verdict  # noqa: PLC0415

    decision = (
        MatchDecision.objects.filter(
            registry=registry,
            number=origin.class_number,
            row_no=origin.row_no,
            word="MUST",
        )
        .order_by(F("valid_to").desc(nulls_first=True), "-pk")
        .first()
    )
    if decision is None:
        return (), None
    verdicts = Verdict.objects.filter(pair_id=decision.pair_id, round=decision.round)
    names = verdicts.order_by("seat").values_list("actor_name", flat=True)
    return tuple(names), decision.valid_from


def _rows(
    registry: str, uid: int, master: RegistryMaster | None
) -> tuple[tuple[str, str, int, str, float], ...]:
    """Return every row that makes the subject, with its rule and score, from the run's own files.

    Empty when the files of that run have gone, or no fusion made the row.
    """
    folder = run_folder(registry, master.run) if master else None
    if folder is None or uid <= 0:
        return ()
    from yiwang.engines.tabular.door import parquet_list, tabular_open  # noqa: PLC0415 - DuckDB

    bucket = bucket_of(uid)
    paths = [folder / f"rows-{bucket:03d}.parquet", *sorted(folder.glob("rows-*.parquet"))[-1:]]
    paths = [path for path in dict.fromkeys(paths) if path.exists()]
    if not paths:
        return ()
    with tabular_open() as connection:
        found = connection.execute(
            f"select class, row_no, rule, score from {parquet_list(paths)} where uid = ?"
            f" order by all limit {ROWS_SHOWN}",
            [uid],
        ).fetchall()
    return tuple(
        (f"C{number:02d}", class_title(registry, number), row_no, rule, float(score))
        for number, row_no, rule, score in found
    )


def run_folder(registry: str, run: str) -> Path | None:
    """Return the folder of a run's files (运行文件夹), None when it has gone."""
    from yiwang.resources.fusion.queries.sources import master_folder  # noqa: PLC0415

    folder = master_folder(registry) / f"run-{run}"
    return folder if run and folder.is_dir() else None
