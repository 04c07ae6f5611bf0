"""Keeping the search index (检索索引): derived data, written in the transaction of what it mirrors.

These are not business acts of their own, so they leave no audit row; their callers do.
"""

from collections.abc import Iterable, Sequence

from django.db import transaction

from yiwang.engines.text.data import SearchEntry
from yiwang.engines.text.index import index_clear, index_put, index_remove
from yiwang.engines.text.models import SearchDocument, Synonym
from yiwang.engines.text.rules import MAX_BODY, haystack_of, index_tokens, readings_of
from yiwang.sdk.text import clean, fold

_BATCH = 200
_FIELDS = ("title", "title_en", "body", "keywords", "url", "weight", "haystack", "readings")


def search_put(
    kind: str,
    ref: str,
    *,
    title: str,
    url: str,
    title_en: str = "",
    body: str = "",
    keywords: Sequence[str] = (),
    weight: int = 0,
) -> None:
    """Put one thing into the search (写入检索), replacing what stood under (kind, ref)."""
    search_put_many([SearchEntry(kind, ref, title, url, title_en, body, tuple(keywords), weight)])


def search_put_many(entries: Iterable[SearchEntry]) -> int:
    """Put many things into the search (批量写入检索); returns how many. The last of equals wins."""
    unique = {(entry.kind, entry.ref): entry for entry in entries}
    for batch in _batches(list(unique.values())):
        _batch_put(batch)
    return len(unique)


def search_remove(kind: str, ref: str) -> bool:
    """Take one thing out of the search (移出检索); tells whether it was there."""
    with transaction.atomic():
        ids = list(SearchDocument.objects.filter(kind=kind, ref=ref).values_list("pk", flat=True))
        index_remove(ids)
        SearchDocument.objects.filter(pk__in=ids).delete()
    return bool(ids)


def search_rebuild() -> int:
    """Make the index anew from the table (重建索引); returns the number of documents."""
    count = 0
    with transaction.atomic():
        index_clear()
        rows = SearchDocument.objects.order_by("pk").values_list("pk", "haystack", "readings")
        for batch in _batches(list(rows)):
            index_put((pk, *index_tokens(haystack, readings)) for pk, haystack, readings in batch)
            count += len(batch)
    return count


def synonyms_put(source: str, groups: Iterable[Iterable[str]]) -> int:
    """Replace the synonym groups of a source (同义词); returns the number of words."""
    words = [
        Synonym(source=source, group=number, word=word)
        for number, group in enumerate(groups)
        for word in dict.fromkeys(fold(clean(word)) for word in group)
        if word
    ]
    with transaction.atomic():
        Synonym.objects.filter(source=source).delete()
        Synonym.objects.bulk_create(words)
    return len(words)


def _batch_put(entries: Sequence[SearchEntry]) -> None:
    rows = [_row(entry) for entry in entries]
    with transaction.atomic():
        SearchDocument.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["kind", "ref"],
            update_fields=_FIELDS,
        )
        ids = {
            (kind, ref): pk
            for pk, kind, ref in SearchDocument.objects.filter(
                kind__in={row.kind for row in rows}, ref__in=[row.ref for row in rows]
            ).values_list("pk", "kind", "ref")
        }
        index_put(
            (ids[row.kind, row.ref], *index_tokens(row.haystack, row.readings)) for row in rows
        )


def _row(entry: SearchEntry) -> SearchDocument:
    title = clean(entry.title)[:300]
    title_en = clean(entry.title_en)[:300]
    body = clean(entry.body)[:MAX_BODY]
    keywords = [word for word in map(clean, entry.keywords) if word]
    return SearchDocument(
        kind=entry.kind,
        ref=entry.ref,
        title=title,
        title_en=title_en,
        body=body,
        keywords=keywords,
        url=entry.url,
        weight=entry.weight,
        haystack=haystack_of(title, title_en, keywords, body),
        readings=readings_of([title, *keywords]),
    )


def _batches(items: Sequence) -> list[Sequence]:
    return [items[start : start + _BATCH] for start in range(0, len(items), _BATCH)]
