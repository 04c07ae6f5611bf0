"""Why a subject is as it is (解释): its rows with rule and score, its values with winner and losers.

Reads only files of the published run: the bucket's Parquet by the statistics of its row groups, and the slices of
that bucket in the stage for what each row said. A row is found in its class's stage files, which are mapped
into memory and not read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from yiwang.resources.fusion.checks import organisation_keys
from yiwang.resources.fusion.data import (
    CLUSTERED,
    DECIDED,
    EXACT_ID,
    LINKED,
    RESIDUE,
    FusionPlan,
    FusionUnknown,
    Level,
    plan_read,
)
from yiwang.resources.fusion.explained import (
    Claim,
    Explanation,
    FieldWhy,
    Message,
    RowPlace,
    SourceRow,
)
from yiwang.resources.fusion.master import path_of, values_text
from yiwang.resources.fusion.publish import Master, events_list, master_open
from yiwang.resources.fusion.stage import StageFile, bucket_of, slices
from yiwang.resources.fusion.survivorship import rows_gather
from yiwang.sdk.errors import N_
from yiwang.sdk.identifiers import id_number_upgrade, id_number_valid, normalise

EXACT = N_("The row carries the validated number of this subject.")
SAID_BY_PERSON = N_("A person decided that the row belongs here.")
AGREES = N_("The row has no valid number. %(fields)s agree with this subject and with no other.")
AGREES_NEARLY = N_(
    "The row has no valid number. %(fields)s agree with this subject and with no other, and the number "
    "as written differs from this subject's in at most %(digits)s places."
)
PROBABLE = N_(
    "The row has no valid number. Compared by %(fields)s it belongs here with a probability of %(percent)s %%."
)
ALONE = N_("The row has no valid number and agrees with no subject, so it stands alone.")
JOINED = N_(
    "The row has no valid number and agrees with no subject. It agrees with other such rows in one of: %(keys)s; "
    "or a person joined them."
)
NUMBERED = N_(
    "%(records)s rows carry this validated number; %(linked)s rows without one were placed here."
)
PROVISIONAL = N_("Provisional: none of its %(records)s rows carries a valid number.")
NOBODY = N_("No row says anything.")
ONE_VOICE = N_("Nobody says otherwise: %(title)s, row %(row)s.")
AUTHORITY = N_(
    "%(title)s is believed most in this field (%(basis)s); other values are kept as losing."
)
MORE_TRUSTED = N_("%(title)s is believed more in this field than those who say otherwise.")
LATEST = N_("Those who say otherwise are believed as much; the latest value holds (%(date)s).")
GAP = N_(
    "No row with a validated number says anything. %(title)s does, in a row that was placed here without one "
    "(%(rule)s)."
)


@dataclass(slots=True)
class Said:
    """What a source row says (原始取值)."""

    at: datetime | None
    origin: str
    values: dict[str, str]


def explain(out: Path, asked: int | str) -> Explanation:
    """Explain one subject, by uid or by validated identifier (主体解释).

    A uid that was absorbed or merged explains the subject that has its rows now. Raises FusionUnknown.
    """
    master = master_open(out)
    plan = plan_read(master.folder)
    person, bucket = _person(master, plan, out, asked)
    uid, key = person["uid"], person["key"]
    lineage = _lineage(master, plan, uid, bucket)
    said = _said(master, plan, out, key, lineage)
    rows = tuple(_row(plan, one, said.get((one["class"], one["row_no"]))) for one in lineage)
    losers = _read(path_of(master.folder, "values", bucket), ds.field("uid") == uid)
    gaps = {
        one["field"]: one
        for one in _read(path_of(master.folder, "filled", bucket), ds.field("uid") == uid)
    }
    fields = tuple(
        _field(plan, item.name, person, losers, gaps.get(item.name), rows) for item in plan.fields
    )
    exact = sum(row.rule == EXACT_ID for row in rows)
    why = (
        Message(NUMBERED, {"records": exact, "linked": len(rows) - exact})
        if person["identifier"]
        else Message(PROVISIONAL, {"records": len(rows)})
    )
    return Explanation(
        asked, master.manifest.run, uid, person["identifier"] or "", rows, fields, why
    )


def row_of(out: Path, number: int, row_no: int) -> RowPlace:
    """Tell whose a source row is and why (记录去向). Raises FusionUnknown."""
    master = master_open(out)
    plan = plan_read(master.folder)
    found = None
    for item in _stage(master, out):
        if item.number == number:
            found = _found(item, row_no, plan.buckets) or found
    if found is None:
        return _row_written(master, plan, number, row_no)
    item, batch, place, bucket = found
    said = _values(plan, item, batch.slice(place, 1))[number, row_no]
    if bucket < plan.buckets:
        key = batch.column("key")[place].as_py()
        [person] = _read(
            path_of(master.folder, "persons", bucket),
            ds.field("key") == key,
            ["uid", "identifier"],
        )
        line = {"class": number, "row_no": row_no, "rule": EXACT_ID, "score": 1.0}
        uid, identifier = person["uid"], person["identifier"]
    else:
        [line] = _read(
            path_of(master.folder, "rows", bucket),
            (ds.field("class") == number) & (ds.field("row_no") == row_no),
        )
        uid = line["uid"]
        [person] = _read(
            path_of(master.folder, "persons", uid & 255), ds.field("uid") == uid, ["identifier"]
        )
        identifier = person["identifier"]
    return RowPlace(master.manifest.run, uid, identifier or "", _row(plan, line, said))


def _row_written(master: Master, plan: FusionPlan, number: int, row_no: int) -> RowPlace:
    """Find a row that the stage does not have in the lineage of every bucket."""
    chosen = (ds.field("class") == number) & (ds.field("row_no") == row_no)
    for path in master.files("rows"):
        for line in _read(path, chosen):
            uid = line["uid"]
            people = path_of(master.folder, "persons", uid & 255)
            [person] = _read(people, ds.field("uid") == uid, ["identifier"])
            row = _row(plan, line, None)
            return RowPlace(master.manifest.run, uid, person["identifier"] or "", row)
    raise FusionUnknown(asked=f"C{number:02d} {row_no}")


def follow(out: Path, uid: int, *, until: str = "") -> int:
    """Return under which identifier the subject `uid` stands now, or stood after the run `until` (标识追溯).

    0 when it has no row left.
    """
    now = uid
    for _sequence, run, path in events_list(out):
        table = pq.read_table(path, columns=["event", "uid", "other_uid"])
        asked = pa.array([uid, now])
        for one in table.filter(pc.is_in(table.column("uid"), asked)).to_pylist():
            if one["event"] == "CREATED" and one["uid"] == uid:
                now = uid
            elif one["event"] in ("ABSORBED", "MERGED", "RETIRED") and one["uid"] == now:
                now = one["other_uid"]
        if run == until:
            break
    return now


def _person(master: Master, plan: FusionPlan, out: Path, asked: int | str) -> tuple[dict, int]:
    if isinstance(asked, str):
        key = _key(plan, asked)
        bucket = int(bucket_of(np.array([key]), plan.buckets)[0])
        path = path_of(master.folder, "persons", bucket)
        found = _read(path, ds.field("key") == key) if key else []
        if not found:
            raise FusionUnknown(asked=asked)
        return found[0], bucket
    for now in (lambda: asked, lambda: follow(out, asked)):
        uid = now()
        found = _read(path_of(master.folder, "persons", uid & 255), ds.field("uid") == uid)
        if found:
            return found[0], uid & 255
    raise FusionUnknown(asked=asked)


def _key(plan: FusionPlan, text: str) -> int:
    """Return the key of a typed identifier, 0 when it does not hold."""
    text = normalise(text)
    if plan.identifier == "USCC":
        return int(organisation_keys(pa.array([text]))[0])
    if len(text) == 15 and text.isdecimal():
        text = id_number_upgrade(text)
    return int(text[:17]) if id_number_valid(text) else 0


def _read(path: Path, chosen: pc.Expression, columns: list[str] | None = None) -> list[dict]:
    if not path.exists():
        return []
    return ds.dataset(path).to_table(filter=chosen, columns=columns).to_pylist()


def _lineage(master: Master, plan: FusionPlan, uid: int, bucket: int) -> list[dict]:
    """List the rows of a subject: those with a valid number, then those placed here."""
    found = []
    for one in dict.fromkeys((bucket, plan.buckets)):
        rows = _read(path_of(master.folder, "rows", one), ds.field("uid") == uid)
        found += sorted(rows, key=lambda row: (row["class"], row["row_no"]))
    return found


def _stage(master: Master, out: Path) -> list[StageFile]:
    """List the stage files of the published run."""
    files = []
    for item in master.manifest.stage:
        number = int(item["path"].partition("-")[0][1:])
        path = out / "stage" / item["path"]
        if path.exists():  # another engine keeps no stage here
            files.append(StageFile(number, item["origin"], str(path)))
    return files


def _said(
    master: Master, plan: FusionPlan, out: Path, key: int, lineage: list[dict]
) -> dict[tuple[int, int], Said]:
    """Read what each of a subject's rows says, from the slices of its bucket and of the residue."""
    wanted: dict[int, list[int]] = {}
    for row in lineage:
        if row["rule"] != EXACT_ID:
            wanted.setdefault(row["class"], []).append(row["row_no"])
    exact = {row["class"] for row in lineage if row["rule"] == EXACT_ID}
    said: dict[tuple[int, int], Said] = {}
    for item in _stage(master, out):
        if item.number in exact:
            bucket = int(bucket_of(np.array([key]), plan.buckets)[0])
            for _number, batch in slices([item], bucket):
                hits = np.flatnonzero(batch.column("key").to_numpy() == key)
                said |= _values(plan, item, batch.take(pa.array(hits))) if len(hits) else {}
        if item.number in wanted:
            for _number, batch in slices([item], plan.buckets):
                hits = np.isin(batch.column("row_no").to_numpy(), wanted[item.number])
                if hits.any():
                    said |= _values(plan, item, batch.take(pa.array(np.flatnonzero(hits))))
    return said


def _values(plan: FusionPlan, item: StageFile, batch: pa.RecordBatch) -> dict[tuple, Said]:
    rows = rows_gather(plan, [(item.number, batch)])
    every = np.arange(len(rows))
    texts = {
        field.name: values_text(field, rows, every, rows.codes[field.name] != 0)
        .cast(pa.string())
        .to_pylist()
        for field in plan.fields
    }
    return {
        (item.number, int(rows.row_no[place])): Said(
            datetime.fromtimestamp(int(rows.seconds[place]), UTC).replace(tzinfo=None),
            item.origin,
            {name: column[place] for name, column in texts.items() if column[place] is not None},
        )
        for place in range(len(rows))
    }


def _found(
    item: StageFile, row_no: int, buckets: int
) -> tuple[StageFile, pa.RecordBatch, int, int] | None:
    """Find a row in a stage file: (file, slice, place in it, bucket)."""
    for bucket in np.flatnonzero(item.counts()).tolist():
        for _number, batch in slices([item], bucket):
            hits = np.flatnonzero(batch.column("row_no").to_numpy() == row_no)
            if len(hits):
                return item, batch, int(hits[-1]), min(bucket, buckets)
    return None


def _row(plan: FusionPlan, line: dict, said: Said | None) -> SourceRow:
    source = plan.source_get(line["class"])
    return SourceRow(
        source.number,
        source.department,
        source.title,
        line["row_no"],
        said.at if said else None,
        said.origin if said else "",
        line["rule"],
        round(float(line["score"]), 4),
        said.values if said else {},
        _why_row(plan, line["rule"], float(line["score"])),
    )


def _why_row(plan: FusionPlan, rule: str, score: float) -> Message:
    if rule.startswith("KEY_"):
        level = plan.levels[int(rule[4:]) - 2]
        names = {"fields": _names(plan, level.fields)}
        if level.digits is None:
            return Message(AGREES, names)
        return Message(AGREES_NEARLY, names | {"digits": level.digits})
    if rule == LINKED:
        percent = f"{100 * score:.1f}"
        return Message(PROBABLE, {"fields": _names(plan, plan.link_fields), "percent": percent})
    if rule == CLUSTERED:
        return Message(JOINED, {"keys": _keys(plan, plan.within)})
    return Message({EXACT_ID: EXACT, DECIDED: SAID_BY_PERSON, RESIDUE: ALONE}[rule])


def _names(plan: FusionPlan, names: Iterable[str]) -> dict[str, str]:
    """Name fields in both languages."""
    titles = {field.name: field.title for field in plan.fields}
    english = ", ".join(name.replace("_", " ") for name in names)
    return {
        "zh": "、".join(titles[name] for name in names),
        "en": english[:1].upper() + english[1:],
    }


def _keys(plan: FusionPlan, levels: Iterable[Level]) -> dict[str, str]:
    named = [_names(plan, level.fields) for level in levels]
    return {
        "zh": "；".join(one["zh"].replace("、", "＋") for one in named),
        "en": "; ".join(one["en"].lower().replace(", ", " + ") for one in named),
    }


def _claim(plan: FusionPlan, name: str, value: object, line: dict) -> Claim:
    source = plan.source_get(line["class"])
    trust = plan.trust.get(name, {}).get(source.number)
    return Claim(
        str(value),
        source.number,
        source.department,
        source.title,
        line["row_no"],
        line["at"],
        trust.rank if trust else 1,
        trust.basis if trust else "",
    )


def _field(
    plan: FusionPlan,
    name: str,
    person: dict,
    losers: list[dict],
    gap: dict | None,
    rows: tuple[SourceRow, ...],
) -> FieldWhy:
    title = next(field.title for field in plan.fields if field.name == name)
    if gap is not None:
        winner = _claim(plan, name, gap["value"], gap)
        lost = _lost_gaps(plan, name, winner, rows)
        why = Message(GAP, {"title": winner.title, "rule": gap["rule"]})
        return FieldWhy(name, title, winner, lost, gap["rule"], why)
    if person[name] is None:
        return FieldWhy(name, title, None, (), "", Message(NOBODY))
    line = {
        "class": person[f"{name}_class"],
        "row_no": person[f"{name}_row"],
        "at": person[f"{name}_at"],
    }
    winner = _claim(plan, name, person[name], line)
    lost = tuple(
        sorted(
            (_claim(plan, name, one["value"], one) for one in losers if one["field"] == name),
            key=lambda one: (-one.rank, -one.at.timestamp(), one.number, one.row_no),
        )
    )
    rule = EXACT_ID if person["identifier"] else CLUSTERED if person["records"] > 1 else RESIDUE
    return FieldWhy(name, title, winner, lost, rule, _why_field(winner, lost))


def _lost_gaps(
    plan: FusionPlan, name: str, winner: Claim, rows: tuple[SourceRow, ...]
) -> tuple[Claim, ...]:
    """List what other rows without a number say of a field that one of them fills."""
    lines = [
        (row.values[name], {"class": row.number, "row_no": row.row_no, "at": row.at})
        for row in rows
        if row.values.get(name, winner.value) != winner.value
    ]
    return tuple(_claim(plan, name, value, line) for value, line in lines)


def _why_field(winner: Claim, lost: tuple[Claim, ...]) -> Message:
    if not lost:
        return Message(ONE_VOICE, {"title": winner.title, "row": winner.row_no})
    if winner.rank > lost[0].rank:
        if winner.basis:
            return Message(AUTHORITY, {"title": winner.title, "basis": winner.basis})
        return Message(MORE_TRUSTED, {"title": winner.title})
    return Message(LATEST, {"date": winner.at.date().isoformat()})
