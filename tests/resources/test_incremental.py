"""Any order of batches and decisions ends where a full rebuild ends; what is undone leaves nothing behind."""

import random
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.resources.test_kills import killed_after
from yiwang.config.generate.population import generate_population
from yiwang.resources.fusion import workers
from yiwang.resources.fusion.data import Decision, FusionOptions, files_of
from yiwang.resources.fusion.library import events, fuse
from yiwang.resources.fusion.plans import population_plan
from yiwang.resources.fusion.publish import events_list, manifest_read, master_open
from yiwang.resources.fusion.renew import bucket_renew
from yiwang.resources.fusion.tests.made import (
    PLAN,
    TODAY,
    fused,
    groups_of,
    persons_of,
    rows_of,
    rows_write,
    values_of,
)
from yiwang.sdk.identifiers import id_number_make

BORN = date(1985, 1, 1)
ZHANG, LI, WANG = (id_number_make("320508", BORN, number) for number in (123, 245, 367))
GUARDED = replace(PLAN, cluster_guard=3)
ROW = st.fixed_dictionaries(
    {
        "number": st.sampled_from([1, 7, 7]),
        "batch": st.sampled_from("abc"),
        "id_number": st.sampled_from([ZHANG, LI, WANG, None, None, None, ZHANG[:17] + "?"]),
        "name": st.sampled_from(["张三", "李四", "李四"]),
        "birth_date": st.sampled_from(["1985年01月01日", None]),
        "phone": st.sampled_from(["16400000001", "16400000002", None]),
        "address": st.sampled_from(["苏州市姑苏区1幢", "苏州市姑苏区2幢", None]),
        "marital": st.sampled_from(["10", "20", None]),
        "seconds": st.integers(0, 3),
    }
)
PAIR = st.tuples(st.integers(0, 13), st.integers(0, 13), st.sampled_from(["MUST", "CANNOT"]))


def filled_of(out: Path) -> list[tuple]:
    """Return the filled gaps with the identifier instead of the uid."""
    number = {row["uid"]: row["identifier"] for row in persons_raw(out)}
    found = []
    for path in master_open(out).files("filled"):
        for one in pq.read_table(path).to_pylist():
            found.append((number[one.pop("uid")], *one.values()))
    return sorted(found, key=str)


def persons_raw(out: Path) -> list[dict]:
    return pq.read_table([str(path) for path in master_open(out).files("persons")]).to_pylist()


def state_of(out: Path) -> dict:
    """Return everything that readers see, without what a rebuild draws anew."""
    return {
        "persons": persons_of(out),
        "groups": groups_of(out),
        "values": values_of(out),
        "filled": filled_of(out),
    }


def uids_of(out: Path) -> dict[tuple[int, int], int]:
    return {(row["class"], row["row_no"]): row["uid"] for row in rows_of(out)}


def batches_of(rows: list[dict]) -> dict[str, dict[int, list[dict]]]:
    batches: dict[str, dict[int, list[dict]]] = {}
    for place, row in enumerate(rows):
        text = row["birth_date"]
        born = row | {"birth_date": BORN if text else None} if row["number"] == 1 else row
        lines = batches.setdefault(row["batch"], {}).setdefault(row["number"], [])
        lines.append(born | {"row_no": place})
    return batches


def decisions_of(rows: list[dict], pairs: list[tuple]) -> list[Decision]:
    handle = [(row["number"], place) for place, row in enumerate(rows)]
    return [
        Decision(handle[left % len(rows)], handle[right % len(rows)], verdict)
        for left, right, verdict in pairs
        if left % len(rows) != right % len(rows)
    ]


def assert_no_two_numbers_together(rows: list[dict], out: Path) -> None:
    numbers: dict[int, set] = {}
    for (_class, row_no), uid in uids_of(out).items():
        if rows[row_no]["id_number"] in (ZHANG, LI, WANG):
            numbers.setdefault(uid, set()).add(rows[row_no]["id_number"])
    assert all(len(found) == 1 for found in numbers.values())


def assert_groups_are_believable(out: Path) -> None:
    """No person, and no provisional subject, gathers more rows by keys than the guard allows."""
    keyed = Counter(row["uid"] for row in rows_of(out) if row["rule"].startswith(("KEY", "LINKED")))
    assert max(keyed.values(), default=0) <= GUARDED.cluster_guard


def assert_told(before: dict, after: dict, told: list, live: tuple[set, set]) -> None:
    """What the events say leads from the rows' identifiers before to those after."""
    ended = {one.uid: one for one in told if one.event in ("ABSORBED", "MERGED", "RETIRED")}
    created = {one.uid for one in told if one.event == "CREATED"}
    split = {(one.number, one.row_no): one for one in told if one.event == "SPLIT"}
    assert (live[0] - ended.keys()) | created == live[1]
    assert not created & live[0]
    for row in before.keys() & after.keys():
        uid = before[row]
        if row in split:
            assert (split[row].uid, split[row].other_uid) == (uid, after[row])
        elif uid in ended and ended[uid].event != "RETIRED":
            assert ended[uid].other_uid == after[row]
            kind = "MERGED" if after[row] & 255 == PLAN.buckets else "ABSORBED"
            assert ended[uid].event == kind
        else:
            assert uid == after[row]


@pytest.mark.heavy
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(ROW, min_size=2, max_size=14),
    pairs=st.lists(PAIR, max_size=6),
    order=st.permutations("abc"),
    when=st.integers(0, 3),
)
def test_any_order_of_batches_and_decisions_ends_where_a_full_rebuild_ends(
    rows, pairs, order, when, tmp_path_factory
):
    folder = tmp_path_factory.mktemp("delta")
    step, batches, decisions = folder / "step", batches_of(rows), decisions_of(rows, pairs)
    before, live, known, done = {}, set(), "", 0
    for place, name in enumerate(order):
        if name not in batches:
            continue
        for number, lines in batches[name].items():
            rows_write(folder / "in", number, name, lines)
        fused(folder / "in", step, GUARDED, decisions=decisions[: 2 * (place >= when)])
        after, there = uids_of(step), {row["uid"] for row in persons_raw(step)}
        if known:
            assert_told(before, after, list(events(step, since=known)), (live, there))
        before, live, known = after, there, manifest_read(step).run
        done += 1
    fused(folder / "in", step, GUARDED, decisions=decisions)
    fused(folder / "in", folder / "full", GUARDED, decisions=list(reversed(decisions)))
    assert state_of(step) == state_of(folder / "full")
    assert_no_two_numbers_together(rows, step)
    assert_groups_are_believable(step)
    feed = list(events(step))
    assert (feed[0].event, feed[0].sequence) == ("BUILT", 1)
    assert manifest_read(step).sequence == done + 1


@pytest.mark.heavy
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(ROW, min_size=2, max_size=12),
    pairs=st.lists(PAIR, min_size=1, max_size=5),
    kept=st.integers(0, 4),
)
def test_a_decision_undone_leaves_every_row_with_the_identifier_from_before(
    rows, pairs, kept, tmp_path_factory
):
    folder = tmp_path_factory.mktemp("undo")
    out, decisions = folder / "out", decisions_of(rows, pairs)
    for name, classes in batches_of(rows).items():
        for number, lines in classes.items():
            rows_write(folder / "in", number, name, lines)
    fused(folder / "in", out, GUARDED, decisions=decisions[:kept])
    before, state = uids_of(out), state_of(out)
    fused(folder / "in", out, GUARDED, decisions=decisions)
    fused(folder / "in", out, GUARDED, decisions=decisions[:kept])
    assert (uids_of(out), state_of(out)) == (before, state)


@pytest.mark.kills
def test_kills_between_batches_leave_a_feed_that_tells_every_step(tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    generate_population(persons=130, records=1_000, classes=8, out=source, seed=7, workers=1)
    late = sorted(source.glob("D*/C*/*.parquet"))
    hidden = tmp_path / "hidden.parquet"
    fused(source, out)
    chance, known = random.Random(3), manifest_read(out).run
    before, live = uids_of(out), {row["uid"] for row in persons_raw(out)}
    for number in range(8):
        moved = late[number]
        moved.rename(hidden)  # a batch is withdrawn, the run is killed, and run again
        killed_after(0.4 * chance.random(), source, out)
        fused(source, out)
        after, there = uids_of(out), {row["uid"] for row in persons_raw(out)}
        assert_led(before, after, list(events(out, since=known)), (live, there))
        before, live, known = after, there, manifest_read(out).run
        hidden.rename(moved)
        fused(source, out)
        after, there = uids_of(out), {row["uid"] for row in persons_raw(out)}
        assert_led(before, after, list(events(out, since=known)), (live, there))
        before, live, known = after, there, manifest_read(out).run
        numbers = [sequence for sequence, _run, _path in events_list(out)]
        assert numbers == list(range(1, manifest_read(out).sequence + 1))
        assert len(list((out / "events").iterdir())) == len(numbers)


def assert_led(before: dict, after: dict, told: list, live: tuple[set, set]) -> None:
    """Applying the events of one run or of two, one after the other, leads from the state before to the one after."""
    subjects, rows = set(live[0]), dict(before)
    for run in dict.fromkeys(one.run for one in told):
        moves, splits = {}, {}
        for one in (one for one in told if one.run == run):
            if one.event == "CREATED":
                subjects.add(one.uid)
            elif one.event == "SPLIT":
                splits[one.number, one.row_no] = one.other_uid
            else:
                subjects.discard(one.uid)
                moves[one.uid] = one.other_uid
        rows = {row: splits.get(row, moves.get(uid, uid)) for row, uid in rows.items()}
    assert subjects == live[1]
    kept = before.keys() & after.keys()
    assert {row: rows[row] for row in kept} == {row: after[row] for row in kept}


def test_a_renewed_bucket_is_the_file_that_fusing_it_whole_would_have_written(
    tmp_path, monkeypatch
):
    plan, options = population_plan(), FusionOptions(workers=1, seed=1, probabilistic=False)
    plan = replace(plan, buckets=2)
    generate_population(persons=300, records=2_400, out=tmp_path / "in", seed=3, workers=1)
    renewed = []
    monkeypatch.setattr(
        workers, "bucket_renew", lambda *given: renewed.append(given[-1]) or bucket_renew(*given)
    )
    out, row = tmp_path / "out", pq.read_table(files_of(plan.sources[0], tmp_path / "in")[0])
    fuse(plan, tmp_path / "in", out, options=options, today=TODAY)
    row = row.slice(0, 12)
    later = pc.add(row.column("updated_at"), pa.scalar(10**9, pa.duration("ms")))
    again = row.set_column(row.schema.get_field_index("updated_at"), "updated_at", later)
    again = again.set_column(
        row.schema.get_field_index("row_no"), "row_no", pc.add(row.column("row_no"), 1 << 50)
    )
    batch = tmp_path / "in" / plan.sources[0].folder / "zz.parquet"
    for step in ("came", "went"):
        if step == "came":
            pq.write_table(again, batch)
        else:
            batch.unlink()
        renewed.clear()
        fuse(plan, tmp_path / "in", out, options=options, today=TODAY)
        assert renewed == [0, 1]
        whole = tmp_path / step
        rebuilt = fuse(plan, tmp_path / "in", whole, options=options, today=TODAY)
        assert manifest_read(out).buckets == manifest_read(whole).buckets
        assert manifest_read(out).result["disagreements"] == rebuilt.disagreements
        for kind, leave in (
            ("persons", ["uid"]),
            ("values", ["uid"]),
            ("rows", ["uid", "row_no", "class"]),
        ):
            for left, right in zip(
                master_open(out).files(kind), master_open(whole).files(kind), strict=True
            ):
                one, other = (pq.read_table(path).drop_columns(leave) for path in (left, right))
                assert one.equals(other), (step, left.name)
        assert groups_of(out) == groups_of(whole)
