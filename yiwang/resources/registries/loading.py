"""Versions that no fusion made (直接装载): the sample loader's rows, and corrections written here."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Max, Min, Model

from yiwang.resources.registries.models import (
    OPEN,
    Enterprise,
    FamilyTie,
    Household,
    Person,
    Registry,
    RegistryMaster,
)
from yiwang.resources.registries.rules import ref_sequence, ref_valid
from yiwang.resources.registries.store import bucket_of, rows_where
from yiwang.resources.registries.writing import discard, refs_take

LOADED_BUCKET = 255
PART = 500


def version_open(registry: str, *, run: str, now: datetime) -> RegistryMaster:
    """Begin a version that is written and published in the caller's transaction (直接版本)."""
    pointer, _ = Registry.objects.get_or_create(name=registry)
    masters = RegistryMaster.objects.filter(registry=registry)
    later = masters.filter(number__gt=pointer.current).exclude(state="DISCARDED")
    if later.exists():
        discard(registry, pointer.current)
        later.update(state="DISCARDED")
    base = masters.filter(number=pointer.current).first()
    master = RegistryMaster(
        registry=registry,
        number=(masters.aggregate(top=Max("number"))["top"] or 0) + 1,
        base=pointer.current,
        run=run,
        state="PUBLISHED",
        counts=dict(base.counts) if base else {},
        buckets={**(base.buckets if base else {}), f"{LOADED_BUCKET}": "loaded"},
        started_at=now,
        published_at=now,
        is_made=base is not None and base.is_made,
    )
    master.save()
    return master


def version_close(master: RegistryMaster, *, new: int, changed: int, now: datetime) -> None:
    """Publish it: count, and move the pointer."""
    subjects = master.counts.get("subjects", 0) + new
    master.counts |= {"subjects": subjects, "new": new, "changed": changed, "gone": 0}
    master.save(update_fields=["counts"])
    Registry.objects.filter(name=master.registry).update(current=master.number, moved_at=now)


def population_load(persons: Sequence[dict], ties: Sequence[dict], *, now: datetime) -> None:
    """Add people and ties as a version of the population registry (装载人口)."""
    if not persons and not ties:
        return
    master = version_open("population", run="load", now=now)
    homes = {row["household_id"] for row in persons if row.get("household_id")}
    addresses: dict[str, str] = {}
    for part in _parts(sorted(homes)):
        addresses |= Household.objects.filter(ref__in=part).values_list("ref", "address")
    rows = []
    for uid, given in zip(_uids(Person, len(persons)), persons, strict=True):
        row = dict(given)
        home = row.pop("household_id", "")
        row.setdefault("household_ref", home)
        row.setdefault("household_address", addresses.get(home, ""))
        rows.append(Person(**_versioned(row, uid, master.number)))
    Person.objects.bulk_create(rows, batch_size=PART)
    _sequence_pass("population", [row.ref for row in rows])
    uids = _tie_uids(ties)
    FamilyTie.objects.bulk_create(
        [
            FamilyTie(
                person_uid=uids[tie["person_id"]],
                relative_uid=uids[tie["relative_id"]],
                kind=tie["kind"],
                from_master=master.number,
                is_made=tie.get("is_made", False),
            )
            for tie in ties
        ],
        batch_size=PART,
    )
    master.counts["ties"] = master.counts.get("ties", 0) + len(ties)
    version_close(master, new=len(rows), changed=0, now=now)


def organisations_load(enterprises: Sequence[dict], *, now: datetime) -> None:
    """Add legal persons as a version of their registry (装载法人)."""
    if not enterprises:
        return
    master = version_open("legal-persons", run="load", now=now)
    refs = refs_take("legal-persons", len(enterprises))
    rows = []
    for uid, ref, given in zip(_uids(Enterprise, len(enterprises)), refs, enterprises, strict=True):
        row = {"ref": ref, "organisation_code": given["uscc"][8:17], **given}
        rows.append(Enterprise(**_versioned(row, uid, master.number)))
    Enterprise.objects.bulk_create(rows, batch_size=PART)
    version_close(master, new=len(rows), changed=0, now=now)


def rows_amend(rows: Sequence[Person | Enterprise], changes: dict, *, now: datetime) -> None:
    """Write changes to rows in force as a version of its own (直接更正); the version before keeps the old.

    changes: column → value; "sources": what to add to the row's suppliers.
    """
    registry = "population" if isinstance(rows[0], Person) else "legal-persons"
    master = version_open(registry, run="correction", now=now)
    sources = changes.pop("sources", {})
    for row in rows:
        lineage = json.loads(row.lineage or "{}")
        lineage["s"] = lineage.get("s", {}) | sources
        type(row)._base_manager.filter(pk=row.pk).update(to_master=master.number)
        row.pk, row._state.adding = None, True
        row.from_master, row.to_master = master.number, OPEN
        row.lineage = json.dumps(lineage, ensure_ascii=False)
        # Equal to no digest of fusion: the next master writes the row again.
        row.digest = 0
        for column, value in changes.items():
            setattr(row, column, value)
        row.save(force_insert=True)
    for bucket in {row.bucket for row in rows}:
        master.buckets[f"{bucket}"] = "corrected"
    master.save(update_fields=["buckets"])
    version_close(master, new=0, changed=len(rows), now=now)


def _versioned(row: dict, uid: int, number: int) -> dict:
    sources = row.pop("sources", {})
    return row | {
        "uid": uid,
        "bucket": bucket_of(uid),
        "from_master": number,
        "lineage": json.dumps({"s": sources}, ensure_ascii=False),
    }


def _uids(model: type[Model], count: int) -> Iterable[int]:
    """Return identifiers below 0, which fusion never draws."""
    lowest = model._base_manager.filter(bucket=LOADED_BUCKET).aggregate(low=Min("uid"))["low"]
    start = min(lowest or 0, 0) - 1
    return range(start, start - count, -1)


def _tie_uids(ties: Sequence[dict]) -> dict[str, int]:
    refs = sorted({tie[side] for tie in ties for side in ("person_id", "relative_id")})
    found: dict[str, int] = {}
    for part in _parts(refs):
        marks = ", ".join(["%s"] * len(part))
        # The version is not published yet: its own people count too.
        number = RegistryMaster.objects.filter(registry="population").aggregate(top=Max("number"))[
            "top"
        ]
        rows = rows_where(Person, f"ref IN ({marks})", part, at=number)
        found |= {row.ref: row.uid for row in rows}
    return found


def _sequence_pass(registry: str, refs: Sequence[str]) -> None:
    """Step over sequences whose references a loader gave."""
    given = [ref_sequence(ref) for ref in refs if ref_valid(ref)]
    if given:
        Registry.objects.filter(name=registry, next_sequence__lte=max(given)).update(
            next_sequence=max(given) + 1
        )


def _parts(items: list) -> list[list]:
    return [items[start : start + PART] for start in range(0, len(items), PART)]
