"""Submitting an application through the actions: per second, against bare inserts of the same rows.

`--callers` processes submit at once, each its own drafts: a city's web workers. On SQLite one writes at a time.
"""

from harness import city_open, engine_name, options_parse, report, spread


def drafts_make(count: int, *, now) -> list[int]:
    """Open and fill `count` drafts of the elder's card, each under a purpose of its own."""
    from yiwang.engines.api import draft_open, draft_post
    from yiwang.hall.applications.actions.drafts import draft_begin
    from yiwang.hall.applications.models import DraftCase
    from yiwang.hall.applications.queries.drafts import draft_context_get
    from yiwang.kernel.api import context_get

    first = draft_begin("322014001000", now=now)
    draft = draft_context_get(first).draft
    row = DraftCase.objects.filter(draft_id=first).values().get()
    row.pop("id")
    ids = []
    for number in range(count):
        copy = draft_open(
            account_id=context_get().account_id,
            purpose_key=f"bench:{number}",
            form_version_id=draft.form_version_id,
            prefill=draft.sources,
            now=now,
        )
        draft_post(
            copy.id, post={"delivery": "ELECTRONIC", "agree": "true"}, page="contact", now=now
        )
        DraftCase.objects.create(**{**row, "draft_id": copy.id})
        ids.append(copy.id)
    return ids


def rows_counted() -> dict[str, int]:
    """Count the rows of every table, to know what one submission writes."""
    from django.apps import apps
    from django.db import connection

    counts = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            table = model._meta.db_table
            cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608
            counts[table] = cursor.fetchone()[0]
    return counts


def bare_inserts(tables: dict[str, int], *, repeats: int, callers: int) -> float:
    """Copy as many rows of the same tables by bare SQL, one transaction each; return per second."""
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'CREATE TABLE "bare_{table}" AS SELECT * FROM "{table}" LIMIT 0')  # noqa: S608

    def work(_number: int) -> None:
        for _repeat in range(repeats // callers):
            with transaction.atomic(), connection.cursor() as cursor:
                for table, count in tables.items():
                    cursor.execute(
                        f'INSERT INTO "bare_{table}" SELECT * FROM "{table}" LIMIT {count}'  # noqa: S608
                    )

    return repeats // callers * callers / spread(work, callers=callers)


def main() -> None:
    options = options_parse(__doc__, count=400, callers=1)
    folder = city_open()
    from django.utils import timezone

    from tests.city import City
    from yiwang.hall.api import application_submit
    from yiwang.kernel.api import context_use

    now = timezone.now()
    with context_use(City.read(folder).context("elder")):
        ids = drafts_make(options.count + 5, now=now)
        for draft_id in ids[:5]:
            application_submit(draft_id, now=now)
        before = rows_counted()

        def work(number: int) -> None:
            for draft_id in ids[5 + number :: options.callers]:
                application_submit(draft_id, now=now)

        rate = options.count / spread(work, callers=options.callers)
        after = rows_counted()
    written = {
        table: max(1, round((after[table] - before[table]) / options.count))
        for table in after
        if after[table] > before[table]
    }
    bare = bare_inserts(written, repeats=options.count, callers=options.callers)
    report(
        f"submit through actions, {engine_name()}, callers: {options.callers}",
        rate,
        "submissions/s",
        baseline=bare,
        baseline_name=f"bare SQL, the same {sum(written.values())} rows in one transaction",
        bar="60 SQLite, 200 PostgreSQL",
        as_json=options.json,
    )


if __name__ == "__main__":
    main()
