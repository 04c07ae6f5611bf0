"""Writing a master unseen (写入主数据): small transactions that converge on what the files say.

Every step compares what the database would show under the new number with the files and changes the
difference, so a killed writer is simply started again.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from django.db import connection, transaction
from django.db.models import F, Max, Model

from yiwang.resources.registries.models import (
    OPEN,
    Enterprise,
    FamilyTie,
    OrganisationTie,
    Person,
    Registry,
    RegistryMaster,
)
from yiwang.resources.registries.rules import moment, ref_make
from yiwang.resources.registries.store import bucket_of, master_current

MODELS: dict[str, type[Model]] = {"population": Person, "legal-persons": Enterprise}
TIES: dict[str, type[Model]] = {"population": FamilyTie, "legal-persons": OrganisationTie}
PREFIXES = {"population": "P", "legal-persons": "E"}
# Rows of one transaction: an SQLite writer elsewhere waits for one of these.
BATCH = 500
SCAN = 50_000
Tick = Callable[[int], None]


class BucketWriter:
    """Writes the changes of some buckets under a master's number (分桶写入)."""

    def __init__(self, master: RegistryMaster, columns: Sequence[str], tick: Tick) -> None:
        self.master, self.columns, self.tick = master, list(columns), tick
        self.model = MODELS[master.registry]
        self.table = self.model._meta.db_table
        self.number = master.number
        self.known: dict[int, tuple[int, str, int]] = {}  # uid → (pk, ref, from_master)
        self.is_first = True

    def read(self, buckets: list[int]) -> list[tuple[int, int]]:
        """Return (uid, digest) of what the buckets would show, and remember their rows."""
        marks = ", ".join(["%s"] * len(buckets))
        sql = (
            f"SELECT uid, digest, id, ref, from_master FROM {self.table}"
            f" WHERE bucket IN ({marks}) AND from_master <= %s AND to_master > %s"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [*buckets, self.number, self.number])
            rows = cursor.fetchall()
        self.is_first = is_first(self.model, self.number)
        self.known = {row[0]: (row[2], row[3], row[4]) for row in rows}
        return [(row[0], row[1]) for row in rows]

    def put(self, rows: list[tuple]) -> None:
        """Write changed rows: end what held before, insert what holds from now on; one transaction."""
        with transaction.atomic():
            refs = self._refs(rows)
            self._end([row[0] for row in rows if row[0] in self.known])
            columns = [*self.columns, "ref", "bucket", "from_master", "to_master", "is_made"]
            made = self.master.is_made
            tails = ((refs[row[0]], bucket_of(row[0]), self.number, OPEN, made) for row in rows)
            full = [(*row, *tail) for row, tail in zip(rows, tails, strict=True)]
            if self.model is Enterprise:
                columns, full = _represented(columns, full)
            rows_insert(self.table, columns, full)
            self._advance(len(rows))
        self.tick(len(rows))

    def retire(self, uids: list[int]) -> None:
        """End subjects that are no longer in the master."""
        for part in parts(uids, BATCH):
            with transaction.atomic():
                self._end(part)
                self._advance(len(part))
            self.tick(len(part))

    def _end(self, uids: list[int]) -> None:
        ended = [
            (self.number, self.known[uid][0]) for uid in uids if self.known[uid][2] < self.number
        ]
        redone = [self.known[uid][0] for uid in uids if self.known[uid][2] == self.number]
        with connection.cursor() as cursor:
            if ended:
                cursor.executemany(
                    f"UPDATE {self.table} SET to_master = %s WHERE id = %s",
                    ended,
                )
        for part in parts(redone, 500):
            self.model._base_manager.filter(pk__in=part).delete()

    def _refs(self, rows: list[tuple]) -> dict[int, str]:
        """Give every subject its reference: the one it ever had, else a new one."""
        refs = {row[0]: self.known[row[0]][1] for row in rows if row[0] in self.known}
        unknown = [row for row in rows if row[0] not in refs]
        if unknown and not self.is_first:
            refs |= self._refs_before(unknown)
        new = [row[0] for row in unknown if row[0] not in refs]
        if new:
            refs |= zip(new, refs_take(self.master.registry, len(new)), strict=True)
        return refs

    def _refs_before(self, rows: list[tuple]) -> dict[int, str]:
        """Find the references of subjects that were there before, by uid, else by their number.

        By number: rows of a sample, or of a fusion folder that was lost, had other uids.
        """
        by = self.model._base_manager
        found: dict[int, str] = {}
        for part in parts([row[0] for row in rows], 400):
            found |= by.filter(
                bucket__in={bucket_of(uid) for uid in part}, uid__in=part
            ).values_list("uid", "ref")
        key = "id_number" if self.model is Person else "organisation_code"
        place = self.columns.index(key)
        rest = {row[place]: row[0] for row in rows if row[0] not in found and row[place]}
        for part in parts(list(rest), 400):
            same = by.filter(**{f"{key}__in": part}).exclude(ref="").order_by("from_master")
            # A subject that this master still shows under another uid keeps its reference for itself,
            # unless that uid is of a sample or of a lost folder, and so ends with this master.
            found |= {rest[number]: ref for number, ref in same.values_list(key, "ref")}
        return found

    def _advance(self, count: int) -> None:
        RegistryMaster.objects.filter(pk=self.master.pk).update(done=F("done") + count)


def is_first(model: type[Model], number: int) -> bool:
    """Tell whether a table has no row of an earlier version (首次装载)."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {model._meta.db_table} WHERE from_master < %s LIMIT 1", [number]
        )
        return cursor.fetchone() is None


@contextmanager
def writer_settings() -> Iterator[None]:
    """Write rows that nobody sees yet without a wait for the disk at each step (批量写入设置).

    On SQLite the write-ahead log is then synchronised when it is folded in, every 16 MiB and by this
    connection, not by who answers people; a power cut costs the last steps, which are done again. What shows
    them, the move of the pointer, waits for the disk as everything does. Not inside a transaction.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_autocheckpoint")
        [(before,)] = cursor.fetchall()
        cursor.execute("PRAGMA synchronous")
        [(safe,)] = cursor.fetchall()
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA wal_autocheckpoint = 4000")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA synchronous = {safe}")
            cursor.execute(f"PRAGMA wal_autocheckpoint = {before}")


def refs_take(registry: str, count: int) -> list[str]:
    """Take new references (分配主体标识); the transaction that uses them keeps them or gives them back."""
    Registry.objects.filter(name=registry).update(next_sequence=F("next_sequence") + count)
    end = Registry.objects.values_list("next_sequence", flat=True).get(name=registry)
    return [ref_make(PREFIXES[registry], sequence) for sequence in range(end - count, end)]


def ties_write(master: RegistryMaster, ties: list[tuple], tick: Tick) -> int:
    """Bring the ties of a master to what its run says; returns how many there are."""
    model, number = TIES[master.registry], master.number
    one, two = (
        ("person_uid", "relative_uid") if model is FamilyTie else ("organisation_code", "other")
    )
    held = model._base_manager.filter(from_master__lte=number, to_master__gt=number)
    told = ("class_number", "row_no", "valid_from", "valid_to")
    known = {
        row[:3]: row[3:] for row in held.values_list(one, two, "kind", "pk", "from_master", *told)
    }
    wanted = {tie[:3]: tie for tie in ties}
    new = [tie for key, tie in wanted.items() if _tie_told(known.get(key)) != (*tie[3:5], *tie[6:])]
    gone = [key for key in known if key not in wanted]
    ended = [*gone, *(tie[:3] for tie in new if tie[:3] in known)]
    for part in parts(ended, 400):
        with transaction.atomic():
            rows = [known[key] for key in part]
            model._base_manager.filter(pk__in=[row[0] for row in rows if row[1] == number]).delete()
            model._base_manager.filter(pk__in=[row[0] for row in rows if row[1] < number]).update(
                to_master=number
            )
        tick(len(part))
    columns = [one, two, "kind", "class_number", "row_no", "at", "valid_from", "valid_to"]
    columns += ["from_master", "to_master", "is_made"]
    for part in parts(new, BATCH):
        rows = [
            (*tie[:5], moment_text(tie[5]), *tie[6:], number, OPEN, master.is_made) for tie in part
        ]
        with transaction.atomic():
            rows_insert(model._meta.db_table, columns, rows)
        tick(len(part))
    return len(wanted)


def _tie_told(row: tuple | None) -> tuple | None:
    """Return class, row, days of a tie in force as a run writes them."""
    return row and (*row[2:4], *(day and f"{day}" for day in row[4:]))


def discard(registry: str, current: int) -> None:
    """Undo what masters after the current one had written (作废), unseen by readers of the current one.

    Their rows are kept, holding for no master: they remember references that were given once.
    """
    for model in (MODELS[registry], TIES[registry]):
        table = model._meta.db_table
        top = model._base_manager.aggregate(top=Max("id"))["top"] or 0
        for start in range(0, top + 1, SCAN):
            with transaction.atomic(), connection.cursor() as cursor:
                span = [start, start + SCAN, current]
                cursor.execute(
                    f"UPDATE {table} SET to_master = from_master"
                    " WHERE id >= %s AND id < %s AND from_master > %s AND to_master <> from_master",
                    span,
                )
                cursor.execute(
                    f"UPDATE {table} SET to_master = {OPEN}"
                    " WHERE id >= %s AND id < %s AND from_master <= %s"
                    f" AND to_master > %s AND to_master < {OPEN}",
                    [*span, current],
                )


def rows_insert(table: str, columns: Sequence[str], rows: list[tuple]) -> None:
    """Insert rows the fast way of the database (批量写入): COPY on PostgreSQL, one prepared statement on SQLite."""
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)


def moment_text(seconds: int | None) -> str | None:
    """Write seconds as both databases store a moment (时间文本)."""
    if seconds is None:
        return None
    text = moment(seconds).strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}+00" if connection.vendor == "postgresql" else text


def parts(items: Sequence, size: int) -> Iterator[list]:
    """Cut a sequence into parts (分批)."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def _represented(columns: list[str], rows: list[tuple]) -> tuple[list[str], list[tuple]]:
    """Add the reference of each representative, as far as the population registry has them."""
    place = columns.index("representative_id")
    numbers = list({row[place] for row in rows if row[place]})
    current = master_current("population")
    refs: dict[str, str] = {}
    for part in parts(numbers, 400):
        refs |= Person._base_manager.filter(
            id_number__in=part, from_master__lte=current, to_master__gt=current
        ).values_list("id_number", "ref")
    full = [(*row, refs.get(row[place], "")) for row in rows]
    return [*columns, "legal_representative_ref"], full
