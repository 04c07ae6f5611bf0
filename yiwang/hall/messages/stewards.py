"""What data stewards are told (数据管理员通知): exceptions, stopped batches, silent feeds, pairs to review."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from yiwang.hall.messages.digest_rules import ALERTS, BUREAU, KINDS, REGISTRIES, SUPPLIER
from yiwang.hall.messages.digests import digest_collect
from yiwang.identity.api import (
    DepartmentUnknown,
    account_list_by_department,
    department_find,
    department_get,
)
from yiwang.kernel.api import EventView, subscriber
from yiwang.resources.api import (
    BatchView,
    batch_get,
    batch_problem,
    exception_get,
    pairs_waiting,
    resource_by_id,
)

STEWARD = "DATA_STEWARD"
NOT_IN_FORCE = frozenset({"STOPPED", "FAILED"})


@dataclass(frozen=True, slots=True)
class Line:
    """A line to be kept: its kind, what it says, where it leads, whose department it is about."""

    kind: str
    params: Mapping[str, object]
    link: str
    department_id: int | None


def steward_tell(event: EventView) -> None:
    """Keep a line for the stewards whom an event concerns (通知数据管理员)."""
    line = LINES[event.topic](event.payload)
    if line is None:
        return
    digest_collect(
        event.id,
        kind=line.kind,
        params=line.params,
        link=line.link,
        account_ids=_audience(line, event),
        at=event.published_at,
    )


def _audience(line: Line, event: EventView) -> set[int]:
    """Return who is told; a department without a steward is told through the city's."""
    wanted = KINDS[line.kind].audience
    day = event.published_at.date()
    found: set[int] = set()
    if SUPPLIER in wanted and line.department_id is not None:
        found = _stewards(line.department_id, day)
    if BUREAU in wanted or not found:
        bureau = department_find("data", settings.CITY["area_code"], "CITY")
        found |= _stewards(bureau.id, day) if bureau else set()
    return found


def _stewards(department_id: int, day) -> set[int]:  # noqa: ANN001 - a date
    people = account_list_by_department(department_id, role=STEWARD, on=day)
    return {person.id for person in people}


def _department(department_id: int | None) -> dict[str, str]:
    try:
        view = department_get(department_id or 0)
    except DepartmentUnknown:
        return {"zh": "提供部门", "en": "The department"}
    return {"zh": view.short_name or view.name, "en": view.name_en or view.name}


def _exception(kind: str) -> Callable[[dict], Line | None]:
    def build(payload: dict) -> Line | None:
        view = exception_get(payload["exception_id"])
        if view.state == "CLOSED":
            return None
        params = {
            "title": payload["title"],
            "number": payload["number"],
            "rows": payload.get("rows", view.rows),
            "due": str(view.due_date or ""),
            "batch": payload.get("batch", ""),
            "department": _department(payload["department_id"]),
        }
        link = reverse("resources_quality:exception", args=[view.id])
        return Line(kind, params, link, payload["department_id"])

    return build


def _answered(payload: dict) -> Line | None:
    """Tell the data bureau of a dispute only: an accepted exception takes its course."""
    if payload.get("outcome") not in {"DISPUTE", "DISPUTED"}:
        return None
    return _exception("EXCEPTION_DISPUTED")(payload)


def _alert(payload: dict) -> Line:
    resource = resource_by_id(payload["resource_id"])
    title = {"zh": resource.spec.title, "en": resource.spec.title_en or resource.spec.title}
    kind = "FEED_SILENT" if payload["kind"] == "SILENT" else "FEED_UNUSUAL"
    params = {
        "title": title,
        "what": ALERTS.get(payload["kind"], payload["kind"]),
        "department": _department(payload["department_id"]),
    }
    return Line(kind, params, reverse("resources_quality:monitor"), payload["department_id"])


def _batch(payload: dict) -> Line | None:
    if payload["state"] not in NOT_IN_FORCE:
        return None
    view: BatchView = batch_get(payload["batch_id"])
    if view.state not in NOT_IN_FORCE:
        return None
    params = {"title": view.resource_title, "number": view.number, "reason": batch_problem(view)}
    link = reverse("resources_landing:batch", args=[view.id])
    return Line("BATCH_STOPPED", params, link, view.department_id)


def _published(payload: dict) -> Line | None:
    pairs = pairs_waiting(payload["registry"])
    if not pairs:
        return None
    params = {"pairs": pairs, "registry": REGISTRIES.get(payload["registry"], payload["registry"])}
    return Line("REVIEW_WAITING", params, reverse("resources_fusion:reviews"), None)


def _token(payload: dict) -> Line:
    params = {
        "title": payload["name"],
        "number": f"yw_{payload['prefix']}_…",
        "due": payload["expires_at"][:10],
    }
    link = reverse("identity_tokens:system", args=[payload["system_id"]])
    return Line("TOKEN_EXPIRING", params, link, payload["department_id"])


LINES: dict[str, Callable[[dict], Line | None]] = {
    "quality.exception_opened": _exception("EXCEPTION_NEW"),
    "quality.exception_overdue": _exception("EXCEPTION_OVERDUE"),
    "quality.exception_reopened": _exception("EXCEPTION_BACK"),
    "quality.exception_decided": _exception("EXCEPTION_DECIDED"),
    "quality.exception_answered": _answered,
    "quality.alert_raised": _alert,
    "landing.batch_finished": _batch,
    "registries.published": _published,
    "identity.token_expiring": _token,
}


def register() -> None:
    """Subscribe (called once, from `ready`)."""
    for topic in LINES:
        subscriber(topic, name=f"hall.messages.stewards.{topic}")(steward_tell)
