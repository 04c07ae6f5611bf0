"""Couriers (快递): what each must be able to do, and one to practise with that signs, loses and repeats.

The practice courier's parcels travel by the clock: taken, a day in transit, brought, delivered; one in ten comes
back, one in fifty is lost. It pushes what happens, signed, but every seventh message never arrives.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings

from yiwang.hall.deliveries.data import Parcel, TrackingEvent
from yiwang.hall.deliveries.errors import CourierSignatureWrong, CourierUnknown
from yiwang.hall.deliveries.models import PracticeParcel
from yiwang.kernel.api import practice_signer
from yiwang.sdk.signed import Signer

HOUR = timedelta(hours=1)


class Courier(Protocol):
    """A courier (承运方)."""

    key: str
    title: Mapping[str, str]

    def hand_over(self, parcel: Parcel, *, now: datetime) -> str:
        """Order the carriage (下单揽收) and return the tracking number; the same number again is the same order."""

    def ask(self, tracking: str, *, now: datetime) -> list[TrackingEvent]:
        """Say everything that happened so far (查询轨迹)."""

    def message_read(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> list[TrackingEvent]:
        """Check and read a pushed message (轨迹推送). Raises CourierSignatureWrong."""


class PracticeCourier:
    """The practice courier (演练快递). Nothing is carried."""

    key = "practice"
    title = {"zh": "演练快递（不寄送）", "en": "Practice courier (nothing is carried)"}

    def hand_over(self, parcel: Parcel, *, now: datetime) -> str:
        """Take a parcel; its fate follows from its number."""
        lot = hashlib.sha256(parcel.number.encode()).digest()[0] * 100 // 256
        fate = "LOST" if lot < 2 else "RETURNED" if lot < 12 else "DELIVERED"
        row, _ = PracticeParcel.objects.get_or_create(
            number=parcel.number, defaults={"taken_at": now, "fate": fate}
        )
        return f"YL{row.pk:012}"

    def ask(self, tracking: str, *, now: datetime) -> list[TrackingEvent]:
        """Return the part of the route that lies behind."""
        row = PracticeParcel.objects.filter(pk=int(tracking[2:])).first()
        return [one for one in route(row) if one.at <= now] if row else []

    def message_read(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> list[TrackingEvent]:
        """Check signature and age of a pushed message."""
        if not signer().holds(headers, body, now=now):
            raise CourierSignatureWrong()
        said = json.loads(body)
        found = self.ask(said["tracking"], now=now)
        return [one for one in found if one.event_id == said["event_id"]]


def route(row: PracticeParcel) -> list[TrackingEvent]:
    """Lay out what happens to a parcel (路由)."""
    tracking = f"YL{row.pk:012}"
    steps = [("ACCEPTED", "苏州", 0), ("IN_TRANSIT", "苏州转运中心", 6)]
    if row.fate == "LOST":
        steps.append(("LOST", "", 120))
    else:
        steps.append(("OUT_FOR_DELIVERY", "派送网点", 26))
        steps.append((row.fate, "收件地" if row.fate == "DELIVERED" else "派送网点", 30))
    return [
        TrackingEvent(f"{tracking}-{n}", tracking, kind, place, row.taken_at + HOUR * hours)
        for n, (kind, place, hours) in enumerate(steps)
    ]


def push_signed(event: TrackingEvent, *, now: datetime) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a pushed message as it goes over the wire (签名推送)."""
    body = json.dumps({"tracking": event.tracking, "event_id": event.event_id}).encode()
    return signer().headers(body, now=now), body


def signer() -> Signer:
    """Return what the practice courier signs by (演练签名)."""
    return practice_signer("deliveries.practice", "Practice")


COURIERS: dict[str, Courier] = {"practice": PracticeCourier()}


def courier_get(key: str) -> Courier:
    """Return a courier the city works with (承运方). Raises CourierUnknown."""
    if key not in settings.COURIERS or key not in COURIERS:
        raise CourierUnknown()
    return COURIERS[key]


def courier_list() -> list[Courier]:
    """List the couriers the city works with, in the order of the settings."""
    return [COURIERS[key] for key in settings.COURIERS]
