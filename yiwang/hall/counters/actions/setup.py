"""Setting halls up (大厅设置): from packs, and by the manager of a hall."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import F

from yiwang.hall.counters import rules
from yiwang.hall.counters.data import KioskView
from yiwang.hall.counters.errors import (
    CapacityTaken,
    HallNotFound,
    PairingCodeWrong,
    SlotNotOffered,
    VisitIncomplete,
    WindowNotFound,
)
from yiwang.hall.counters.models import (
    Hall,
    Kiosk,
    PriorityClass,
    Queue,
    Slot,
    SlotPool,
    Window,
    WindowSkill,
)
from yiwang.hall.counters.queries.halls import MANAGE, hall_rows_managed, kiosk_view
from yiwang.hall.counters.queries.slots import slot_is_offered
from yiwang.identity.api import department_find
from yiwang.kernel.api import action, audit_record


@action("hall.counters.priorities_put")
def priorities_put(classes: Sequence[Mapping[str, object]], *, source: str) -> int:
    """Store the classes of people who are called earlier (优先类别); those no longer named are no longer offered."""
    keys = [str(one["key"]) for one in classes]
    for order, one in enumerate(classes, 1):
        PriorityClass.objects.update_or_create(
            key=one["key"],
            defaults={
                "title": one["title"],
                "proof": one["proof"],
                "head_start_minutes": one["head_start_minutes"],
                "order": order,
                "is_offered": one.get("is_offered", True),
            },
        )
    PriorityClass.objects.exclude(key__in=keys).update(is_offered=False)
    audit_record("counters:priorities", detail={"classes": keys, "source": source})
    return len(keys)


@action("hall.counters.hall_put")
def hall_put(code: str, definition: Mapping[str, object], *, source: str) -> int:
    """Store a hall (大厅) with its pools, queues and windows, as a pack defines it; returns its id.

    definition: checked by `pack.hall_check`. What it no longer names is closed, never deleted: past
    tickets keep their queue. Departments are found by function and area; one that is not there yet
    stays open until the next load.
    """
    owner = department_find(str(definition["department"]), str(definition["area_code"]))
    hall, _is_new = Hall.objects.update_or_create(
        code=code,
        defaults={
            **{name: definition[name] for name in ("title", "level", "area_code", "address")},
            "phone": definition.get("phone", ""),
            "department_id": owner.id if owner else None,
            "hours": definition["hours"],
            "rules": definition.get("rules", {}),
            "is_open": True,
            "is_made": definition.get("is_made", False),
            "source": source,
        },
    )
    pools = _pools_put(hall, definition.get("pools", ()))
    queues = _queues_put(hall, definition["queues"], pools)
    _windows_put(hall, definition["windows"], queues)
    audit_record(f"counters:{code}", detail={"source": source, "queues": len(queues)})
    return hall.pk


def _pools_put(hall: Hall, pools: Sequence[Mapping]) -> dict[str, SlotPool]:
    return {
        one["key"]: SlotPool.objects.update_or_create(
            hall=hall,
            key=one["key"],
            defaults={name: one[name] for name in ("title", "minutes", "capacity")},
        )[0]
        for one in pools
    }


def _queues_put(
    hall: Hall, queues: Sequence[Mapping], pools: Mapping[str, SlotPool]
) -> dict[str, Queue]:
    found = {}
    for order, one in enumerate(queues, 1):
        found[one["key"]], _is_new = Queue.objects.update_or_create(
            hall=hall,
            key=one["key"],
            defaults={
                "letter": one["letter"],
                "title": one["title"],
                "matters": one["matters"],
                "service_seconds": one["service_minutes"] * 60,
                "pool": pools.get(one.get("pool", "")),
                "slot_limit": one.get("slot_limit"),
                "order": order,
                "is_open": True,
            },
        )
    Queue.objects.filter(hall=hall).exclude(key__in=found).update(is_open=False)
    return found


def _windows_put(hall: Hall, windows: Sequence[Mapping], queues: Mapping[str, Queue]) -> None:
    for one in windows:
        owner = department_find(str(one["department"]), hall.area_code)
        window, _is_new = Window.objects.update_or_create(
            hall=hall,
            number=str(one["number"]),
            defaults={
                "title": one["title"],
                "department_id": owner.id if owner else None,
                "is_in_use": True,
            },
        )
        _skills_set(
            window,
            {queues[key].pk: 0 for key in one["queues"]}
            | {queues[key].pk: minutes for key, minutes in one.get("helps", {}).items()},
        )
    numbers = [str(one["number"]) for one in windows]
    gone = Window.objects.filter(hall=hall).exclude(number__in=numbers)
    gone.update(is_in_use=False, state="CLOSED", clerk_id=None, clerk_name="")


def _skills_set(window: Window, skills: Mapping[int, int]) -> None:
    WindowSkill.objects.filter(window=window).exclude(queue_id__in=skills).delete()
    for queue_id, minutes in skills.items():
        WindowSkill.objects.update_or_create(
            window=window, queue_id=queue_id, defaults={"helps_after_minutes": minutes}
        )


@action("hall.counters.halls_close")
def halls_close(codes: Sequence[str], *, source: str) -> int:
    """Close the halls of a source that it no longer names (停用大厅); returns how many."""
    prefix = source.partition("@")[0]
    rows = Hall.objects.filter(source__startswith=f"{prefix}@", is_open=True)
    closed = rows.exclude(code__in=codes).update(is_open=False)
    audit_record("counters:halls", detail={"source": source, "closed": closed})
    return closed


@action("hall.counters.skills_set", permission=MANAGE)
def window_skills_set(window_id: int, *, skills: Mapping[int, int]) -> None:
    """Say which queues a window takes (窗口技能): queue ids with the minutes after which it helps, 0 at once.

    Raises `WindowNotFound`, `VisitIncomplete` for a queue of another hall.
    """
    row = Window.objects.filter(pk=window_id, hall__in=hall_rows_managed()).first()
    if row is None:
        raise WindowNotFound()
    known = set(Queue.objects.filter(hall_id=row.hall_id).values_list("pk", flat=True))
    if set(skills) - known or any(not 0 <= minutes <= 480 for minutes in skills.values()):
        raise VisitIncomplete()
    _skills_set(row, skills)
    audit_record(f"window:{window_id}", detail={"queues": sorted(skills)})


@action("hall.counters.capacity_set", permission=MANAGE)
def slot_capacity_set(pool_id: int, *, starts_at: datetime, capacity: int, now: datetime) -> None:
    """Give one slot more or fewer places (调整时段号数); what is booked stays booked.

    Raises `SlotNotOffered`, `CapacityTaken`.
    """
    pool = SlotPool.objects.filter(pk=pool_id, hall__in=hall_rows_managed()).first()
    if pool is None or not 0 <= capacity <= 1000:
        raise SlotNotOffered()
    if not slot_is_offered(pool.hall, pool, starts_at, now=now):
        raise SlotNotOffered()
    Slot.objects.bulk_create(
        [Slot(pool=pool, starts_at=starts_at, capacity=pool.capacity)], ignore_conflicts=True
    )
    slots = Slot.objects.filter(pool=pool, starts_at=starts_at)
    if not slots.filter(taken__lte=capacity).update(capacity=capacity):
        raise CapacityTaken(taken=slots.get().taken)
    audit_record(f"pool:{pool_id}", detail={"at": starts_at.isoformat(), "capacity": capacity})


@action("hall.counters.rules_set", permission=MANAGE)
def hall_rules_set(hall_code: str, *, values: Mapping[str, object]) -> None:
    """Change the rules of a hall (大厅规则): what is on time, no-shows, how far one books.

    Raises `HallNotFound`, `VisitIncomplete`.
    """
    hall = hall_rows_managed().filter(code=hall_code).first()
    if hall is None:
        raise HallNotFound()
    try:
        rules.rules_read(values)
    except ValueError as error:
        raise VisitIncomplete(fields={"": [str(error)]}) from error
    Hall.objects.filter(pk=hall.pk).update(rules=dict(values))
    audit_record(f"counters:{hall_code}", detail={"before": hall.rules, "after": dict(values)})


@action("hall.counters.kiosk_add", permission=MANAGE)
def kiosk_add(hall_code: str, *, title: str) -> KioskView:
    """Set a machine up (登记自助终端); the pairing code in the answer is typed there, once."""
    hall = hall_rows_managed().filter(code=hall_code).first()
    if hall is None:
        raise HallNotFound()
    if not title.strip():
        raise VisitIncomplete()
    row = Kiosk.objects.create(hall=hall, title=title.strip()[:60])
    return _pairing_renewed(row)


@action("hall.counters.kiosk_renew", permission=MANAGE)
def kiosk_renew(kiosk_id: int) -> KioskView:
    """Make a new pairing code (重新配对): the machine that was paired before is shut out at once."""
    row = Kiosk.objects.filter(pk=kiosk_id, hall__in=hall_rows_managed()).first()
    if row is None:
        raise HallNotFound()
    return _pairing_renewed(row)


@action("hall.counters.kiosk_close", permission=MANAGE)
def kiosk_close(kiosk_id: int) -> None:
    """Take a machine out of service (停用自助终端)."""
    rows = Kiosk.objects.filter(pk=kiosk_id, hall__in=hall_rows_managed())
    if not rows.update(is_open=False, pairing_hash="", version=F("version") + 1):
        raise HallNotFound()
    audit_record(f"kiosk:{kiosk_id}")


def _pairing_renewed(row: Kiosk) -> KioskView:
    code = f"{secrets.randbelow(10**10):010}"
    row.pairing_hash, row.is_open, row.paired_at = _hash(code), True, None
    row.version += 1
    row.save(update_fields=["pairing_hash", "is_open", "paired_at", "version"])
    audit_record(f"kiosk:{row.pk}", detail={"title": row.title})
    return KioskView(row.pk, row.title, row.hall_id, row.is_open, None, code)


@action("hall.counters.kiosk_pair")
def kiosk_pair(code: str, *, now: datetime) -> KioskView:
    """Pair a machine by the code that the manager made (终端配对), once. Raises `PairingCodeWrong`.

    Whoever calls limits how often an address may try.
    """
    rows = Kiosk.objects.filter(pairing_hash=_hash(code.strip()), is_open=True)
    row = rows.select_for_update().first()
    if row is None:
        raise PairingCodeWrong()
    row.pairing_hash, row.paired_at, row.version = "", now, row.version + 1
    row.save(update_fields=["pairing_hash", "paired_at", "version"])
    audit_record(f"kiosk:{row.pk}")
    return kiosk_view(row)


def _hash(code: str) -> str:
    return hashlib.sha256(f"hall.counters.kiosk:{code}".encode()).hexdigest()
