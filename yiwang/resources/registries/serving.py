"""From the files of a fused master to rows of the serving tables (主数据装载), in DuckDB.

Imported lazily: DuckDB costs a web process its memory. The SQL is made of the plan's own names.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from yiwang.engines.tabular.door import TabularLimits, parquet_list, sql_text, tabular_open
from yiwang.resources.fusion.data import ABSORBED, MERGED, SPLIT, FusionPlan
from yiwang.resources.fusion.library import events
from yiwang.resources.fusion.plans import REGISTRY_PLANS
from yiwang.resources.fusion.publish import Master

# Served column → SQL over the master's columns. A field that the master lacks is null there.
PERSON_COLUMNS = {
    "name": "coalesce(left(p.name, 120), '')",
    "id_number": "p.identifier",
    "birth_date": "p.birth_date::varchar",
    "sex": "coalesce(p.sex::varchar, '')",
    "ethnicity": "coalesce(lpad(p.ethnicity::varchar, 2, '0'), '')",
    "marital_status": "coalesce(lpad(p.marital::varchar, 2, '0'), '')",
    "phone": "coalesce(left(p.phone, 20), '')",
    "area_code": "coalesce(left(p.community, 6), '')",
    "community_code": "coalesce(left(p.community, 12), '')",
    "address": "coalesce(left(p.address, 400), '')",
    "household_ref": "coalesce(left(p.household, 32), '')",
    "household_address": "coalesce(left(p.household_address, 400), '')",
    "employer": "coalesce(left(p.employer, 200), '')",
    "employer_uscc": "coalesce(left(p.employer_code, 18), '')",
    "photo_key": "coalesce(left(p.photo, 40), '')",
    "deceased_date": "p.deceased_date::varchar",
}
STATES = "case try_cast(p.status as integer) when 2 then 'REVOKED' when 3 then 'CANCELLED' else 'ACTIVE' end"
CAPITAL = "try_cast(p.registered_capital as decimal(16, 2))::varchar"
ENTERPRISE_COLUMNS = {
    "uscc": "coalesce(left(p.uscc, 18), '')",
    "organisation_code": "coalesce(p.identifier, '')",
    "registration_number": "coalesce(left(p.registration_number, 40), '')",
    "name": "coalesce(left(p.name, 200), '')",
    "legal_representative": "coalesce(left(p.representative, 120), '')",
    "representative_id": "coalesce(left(p.representative_id, 18), '')",
    "registered_address": "coalesce(left(p.address, 400), '')",
    "area_code": "coalesce(left(p.community, 6), '')",
    "community_code": "coalesce(left(p.community, 12), '')",
    "business_scope": "coalesce(p.business_scope, '')",
    "registered_capital": CAPITAL,
    "established_date": "p.established_date::varchar",
    "industry": "coalesce(left(p.industry, 8), '')",
    "phone": "coalesce(left(p.phone, 20), '')",
    "state": STATES,
}
# Events of fusion that the feed of a registry passes on.
CHANGES = frozenset({ABSORBED, MERGED, SPLIT})
COLUMNS = {"population": PERSON_COLUMNS, "legal-persons": ENTERPRISE_COLUMNS}


GROUP_BYTES = 8 << 20  # of persons' Parquet written in one go: about 100,000 people


@dataclass(frozen=True, slots=True)
class Feed:
    """A fused master, ready to be read bucket by bucket (待装载主数据)."""

    registry: str
    plan: FusionPlan
    master: Master
    connection: object
    files: dict[int, Path]  # bucket → the file that holds its subjects, and no others
    strays: frozenset[int]  # buckets whose subjects stand in files of other buckets

    @property
    def buckets(self) -> set[int]:
        """Return the buckets that have subjects."""
        return self.files.keys() | self.strays

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns of `changed_rows`."""
        return (
            "uid",
            *COLUMNS[self.registry],
            *("records", "conflict", "lineage", "digest"),
        )


@contextmanager
def feed_open(registry: str, master: Master) -> Iterator[Feed]:
    """Open the files of a master for reading (打开主数据)."""
    with tabular_open(TabularLimits(threads=2, memory_mb=1024)) as connection:
        plan = REGISTRY_PLANS[registry]()
        yield Feed(registry, plan, master, connection, *_buckets(connection, master))


def subject_count(feed: Feed) -> int:
    """Return how many subjects a master has (主体数), from the heads of its files."""
    paths = parquet_list(feed.master.files("persons"))
    [(count,)] = feed.connection.execute(f"select count(*) from {paths}").fetchall()
    return count


def bucket_digest(feed: Feed, bucket: int) -> str:
    """Return the digest of what a bucket is made of (分桶摘要): its files' bytes and this module's SQL."""
    total = hashlib.sha256(repr(COLUMNS[feed.registry]).encode())
    for kind in ("persons", "values", "filled"):
        path = feed.master.folder / f"{kind}-{bucket:03d}.parquet"
        if path.exists():
            with path.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:32]


def groups(feed: Feed, buckets: Iterable[int]) -> Iterator[list[int]]:
    """Put small buckets together (分组), so that a small registry is not written in 64 steps."""
    group, size = [], 0
    for bucket in sorted(buckets):
        if bucket in feed.strays:
            yield [bucket]
            continue
        group.append(bucket)
        size += feed.files[bucket].stat().st_size
        if size >= GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def rows_prepare(feed: Feed, buckets: list[int]) -> None:
    """Make the table `fresh` of the serving rows of some buckets."""
    feed.connection.execute(_sql(feed, buckets)).fetchall()


def known_put(feed: Feed, known: list[tuple[int, int]]) -> tuple[int, list[int]]:
    """Tell what the database has of a bucket (uid, digest); returns (changed, uids that are gone)."""
    import numpy as np  # noqa: PLC0415 - with DuckDB only
    import pyarrow as pa  # noqa: PLC0415

    table = np.array(known, dtype=np.int64).reshape(-1, 2)
    held = pa.table({"uid": table[:, 0], "digest": table[:, 1]})
    connection = feed.connection
    connection.register("held", held)
    connection.execute(
        "create or replace temp table changed as select f.* from fresh f"
        " anti join held h on f.uid = h.uid and f.digest = h.digest"
    ).fetchall()
    gone = connection.execute("select uid from held anti join fresh using (uid)").fetchall()
    connection.unregister("held")
    [(count,)] = connection.execute("select count(*) from changed").fetchall()
    return count, [uid for (uid,) in gone]


def changed_rows(feed: Feed, size: int) -> Iterator[list[tuple]]:
    """Yield the changed rows of the bucket in parts, by number so that references follow it."""
    first = "id_number" if feed.registry == "population" else "organisation_code"
    columns = ", ".join(feed.columns)
    cursor = feed.connection.execute(
        f"select {columns} from changed order by {first} nulls last, uid"
    )
    while rows := cursor.fetchmany(size):
        yield rows


def tie_rows(feed: Feed) -> list[tuple] | None:
    """Return the ties of the run, None when it tells nothing about ties.

    Each: one, other, kind, class, row_no, seconds, valid from, valid to; one and other are uids of pairs
    that are both in the population, else an organisation's code and the other's number.
    """
    path = feed.master.folder / "ties.parquet"
    if not path.exists():
        return None
    ties, connection = parquet_list([path]), feed.connection
    present = {row[0] for row in connection.execute(f"describe from {ties}").fetchall()}
    # Of several periods of one pair the latest counts: who married each other again is married.
    begun = "coalesce(t.valid_from, date '0001-01-01')" if "valid_from" in present else "1"
    days = [
        f"arg_max_null(t.{name}, {begun})::date::varchar" if name in present else "null::varchar"
        for name in ("valid_from", "valid_to")
    ]
    told = (
        'arg_max(t.class, t."at"), arg_max(t.row_no, t."at"), epoch(max(t."at"))::bigint, '
        + ", ".join(days)
    )
    if feed.registry == "population":
        persons = parquet_list(feed.master.files("persons"))
        sql = f"""
            with p as (select identifier, uid from {persons} where identifier is not null)
            select case when t.kind = 'SPOUSE' then least(a.uid, b.uid) else a.uid end as one,
                   case when t.kind = 'SPOUSE' then greatest(a.uid, b.uid) else b.uid end as two,
                   t.kind, {told}
            from {ties} t join p a on a.identifier = t.identifier
                 join p b on b.identifier = t.other_identifier
            where a.uid <> b.uid group by one, two, t.kind order by one, two, t.kind"""
    else:
        sql = f"""
            select t.identifier, t.other_identifier, t.kind, {told}
            from {ties} t where length(t.other_identifier) between 1 and 18
            group by 1, 2, 3 order by 1, 2, 3"""
    return connection.execute(sql).fetchall()


def event_rows(feed: Feed, since: str) -> list[tuple]:
    """Return what fusion did to identities after the run `since`, creations apart (event, uid, other uid, rule).

    Of all runs after it: one that was never published, or could not be, is between two versions. A version
    of no run of this feed, a sample for instance, has nothing that it could tell from.
    """
    try:
        found = list(events(feed.master.folder.parent, since=since)) if since else []
    except LookupError:
        found = []
    told = {(one.event, one.uid, one.other_uid): one.rule or "" for one in found}
    return [(*key, rule) for key, rule in sorted(told.items()) if key[0] in CHANGES]


def _buckets(connection, master: Master) -> tuple[dict[int, Path], frozenset[int]]:
    """Find where the subjects of each bucket stand: in their own file, or, after the plan's buckets changed, anywhere."""
    files = {int(path.stem.rpartition("-")[2]): path for path in master.files("persons")}
    found = connection.execute(
        "select distinct uid & 255, regexp_extract(filename, '-(\\d+)\\.parquet$', 1)::integer"
        f" from {parquet_list(files.values())[:-1]}, filename = true)"
    ).fetchall()
    wrong = {pair for pair in found if pair[0] != pair[1]}
    strays = {bucket for bucket, _file in wrong}
    mixed = {file for _bucket, file in wrong}
    strays |= {bucket for bucket, file in found if file in mixed}
    own = {number: path for number, path in files.items() if number not in strays | mixed}
    return own, frozenset(strays)


def _files(feed: Feed, kind: str, buckets: list[int]) -> list[Path]:
    """List the files of a kind that may tell of some buckets."""
    if not feed.strays.isdisjoint(buckets):
        return feed.master.files(kind)
    paths = [feed.master.folder / f"{kind}-{bucket:03d}.parquet" for bucket in buckets]
    return [path for path in paths if path.exists()]


def _sql(feed: Feed, buckets: list[int]) -> str:
    """Write the statement that makes `fresh`."""
    source = parquet_list(_files(feed, "persons", buckets))
    if not feed.strays.isdisjoint(buckets):
        source = f"(select * from {source} where uid & 255 = {buckets[0]})"
    lost = "select null::bigint as uid, null::varchar as l where false"
    if values := _files(feed, "values", buckets):
        lost = f"""
            select uid, '[' || string_agg('[' || to_json(field) || ',' || to_json(value) || ',' || class || ','
                || row_no || ',' || epoch("at")::bigint || ']', ',' order by field, "at" desc, value) || ']' as l
            from {parquet_list(values)} group by uid"""
    described = feed.connection.execute(f"describe select * from {source}").fetchall()
    present = {row[0] for row in described}
    wanted = [field.name for field in feed.plan.fields]
    known = [name for name in wanted if name in present]
    filled = _filled(feed, buckets, known)
    taken = "".join(_taken(name, bool(filled)) for name in known)
    taken += "".join(f", null::varchar as {name}" for name in wanted if name not in present)
    join = f"left join ({filled}) f on s.uid = f.uid" if filled else ""
    origins = ", ".join(
        f"""'"{name}":[' || p.{name}_class || ',' || p.{name}_row || ',' || epoch(p.{name}_at)::bigint"""
        f""" || coalesce(',' || p.{name}_why, '') || ']'"""
        for name in known
    )
    served = ", ".join(f"{sql} as {name}" for name, sql in COLUMNS[feed.registry].items())
    digested = ", ".join(
        f"coalesce({name}::varchar, '~')"
        for name in (*COLUMNS[feed.registry], "records", "conflict", "lineage")
    )
    separator = sql_text("\x1f")
    return f"""
        create or replace temp table fresh as
        with lost as ({lost}),
        p as (select s.uid, s.identifier, s.records, s.conflict{taken} from {source} s {join}),
        made as (
            select p.uid, {served}, p.records, p.conflict,
                '{{"f":{{' || concat_ws(',', {origins}) || '}}' || coalesce(',"l":' || lost.l, '') || '}}' as lineage
            from p left join lost on p.uid = lost.uid)
        select *, (md5_number_lower(concat_ws({separator}, {digested})) >> 1)::bigint as digest from made"""


def _taken(name: str, is_filled: bool) -> str:
    """Write what the master says of a field, else what a linked row fills (补缺), with its row and rule."""
    if not is_filled:
        own = "".join(f", s.{name}_{part} as {name}_{part}" for part in ("class", "row", "at"))
        return f", s.{name}::varchar as {name}{own}, null::varchar as {name}_why"
    return (
        f", coalesce(s.{name}::varchar, f.{name}_value) as {name}"
        f", coalesce(s.{name}_class, f.{name}_class) as {name}_class"
        f", coalesce(s.{name}_row, f.{name}_row) as {name}_row"
        f", coalesce(s.{name}_at, f.{name}_at) as {name}_at"
        f", case when s.{name}_row is null then f.{name}_why end as {name}_why"
    )


def _filled(feed: Feed, buckets: list[int], names: list[str]) -> str:
    """Write the filled fields of some buckets as one row a subject; "" when none is told."""
    paths = _files(feed, "filled", buckets)
    if not paths:
        return ""
    columns = []
    for name in names:
        where = f"filter (where field = {sql_text(name)})"
        columns += [
            f"max(value) {where} as {name}_value",
            f"max(class) {where} as {name}_class",
            f"max(row_no) {where} as {name}_row",
            f'max("at") {where} as {name}_at',
            f"max(to_json(rule) || ',' || round(score, 4)) {where} as {name}_why",
        ]
    return f"select uid, {', '.join(columns)} from {parquet_list(paths)} group by uid"
