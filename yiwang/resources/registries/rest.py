"""The API of the registries (基础库接口): verification, lookup, one subject, the feed of changes; JSON.

Whoever calls states what for in the header `X-Purpose` (percent-encoded UTF-8). Values are masked as on the
pages; `X-Unmask-Reason` shows them in full to who has the right. Numbers never stand in an address.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from urllib.parse import unquote

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from yiwang.identity.api import allow, programs
from yiwang.resources.registries.actions import person_verify, subject_unmask
from yiwang.resources.registries.data import PurposeNeeded, RegistryUnknown, SubjectView
from yiwang.resources.registries.masters import change_list
from yiwang.resources.registries.store import master_current
from yiwang.resources.registries.subjects import (
    CHECK,
    READ,
    subject_find,
    subject_get,
    subject_history,
    subject_ties,
)
from yiwang.resources.registries.writing import MODELS
from yiwang.sdk.errors import N_, Invalid
from yiwang.sdk.text import clean

BODY_MAX, PAGE_MAX = 16_384, 500
PUBLIC_DATA = N_("Looking at public registration data")


class Claimed(msgspec.Struct, forbid_unknown_fields=True):
    """What is verified: a number, and field → what somebody says."""

    id_number: str
    claims: dict[str, str]


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """Who is looked up: by number, or by name and date of birth."""

    id_number: str = ""
    name: str = ""
    birth_date: date | None = None


@programs(zh="核验人员信息", en="Verify a person's data")
@require_POST
@allow(populations={"STAFF"}, permission=CHECK)
def check(request: HttpRequest) -> HttpResponse:
    """Verify claims about a person: {"id_number", "claims": {field: text}} → {field: true or false}."""
    asked = _body(request, Claimed)
    answers = person_verify(
        asked.id_number, asked.claims, purpose=_purpose(request), now=timezone.now()
    )
    return _json({"answers": answers})


@programs(zh="查找人员", en="Find people")
@require_POST
@allow(populations={"STAFF"}, permission=READ)
def find(request: HttpRequest) -> HttpResponse:
    """Find people: {"id_number"} or {"name", "birth_date"} → a list, masked."""
    asked = _body(request, Asked)
    found = subject_find(
        id_number=asked.id_number,
        name=asked.name,
        birth_date=asked.birth_date,
        purpose=_purpose(request),
    )
    return _json({"total": len(found), "items": [_subject(view) for view in found]})


@programs(zh="查询一名人员", en="Look up a person")
@require_GET
@allow(populations={"STAFF"}, permission=READ)
def person(request: HttpRequest, ref: str) -> HttpResponse:
    """Return one person: fields with source and date, what others say, family; `?history=1` with versions."""
    return _one(request, "person", ref, _purpose(request))


@programs(zh="查询一个法人", en="Look up a legal person")
@require_GET
@allow(populations={"STAFF"}, permission=READ)
def organisation(request: HttpRequest, key: str) -> HttpResponse:
    """Return one legal person by credit code or reference, with its ties."""
    return _one(request, "enterprise", key, _stated(request) or PUBLIC_DATA)


@programs(zh="获取主体变更", en="Follow changes of subjects")
@require_GET
@allow(populations={"STAFF"}, permission=READ)
def changes(request: HttpRequest, registry: str) -> HttpResponse:
    """List who came, left, merged or split since a version: `?after=N&limit=&offset=`, the oldest first."""
    if registry not in MODELS:
        raise RegistryUnknown(registry=registry)
    numbers = _numbers(
        request.GET, {"after": (0, 0, 10**9), "limit": (100, 1, PAGE_MAX), "offset": (0, 0, 10**9)}
    )
    rows, total = change_list(registry, **numbers)
    return _json({"current": master_current(registry), "total": total, **numbers, "items": rows})


def _one(request: HttpRequest, kind: str, key: str, purpose: str) -> HttpResponse:
    reason = _header(request, "X-Unmask-Reason")
    if reason:
        view = subject_unmask(kind, key, reason=reason, purpose=purpose)
    else:
        view = subject_get(kind, key, purpose=purpose)
    full = bool(reason)
    answer = _subject(view)
    ties = subject_ties(kind, key, purpose=purpose, unmasked=full)
    answer["ties"] = [asdict(tie) for tie in ties]
    if request.GET.get("history") == "1":
        versions = subject_history(kind, key, purpose=purpose, unmasked=full)
        answer["history"] = [asdict(version) for version in versions]
    return _json(answer)


def _subject(view: SubjectView) -> dict:
    answer = {
        name: getattr(view, name)
        for name in ("kind", "ref", "records", "is_provisional", "is_masked", "is_gone", "moved_to")
    }
    answer |= {"master": view.master, "published_at": view.published_at}
    answer["fields"] = {
        field.name: {
            "value": field.value or field.text if field.is_masked else field.value,
            "text": field.text,
            "is_masked": field.is_masked,
            "department": field.department,
            "as_of": field.as_of,
            "others": [asdict(other) for other in field.others],
        }
        for field in view.fields
    }
    return answer


def _purpose(request: HttpRequest) -> str:
    purpose = _stated(request)
    if not purpose:
        raise PurposeNeeded()
    return purpose


def _stated(request: HttpRequest) -> str:
    return _header(request, "X-Purpose")[:200]


def _header(request: HttpRequest, name: str) -> str:
    return clean(unquote(request.headers.get(name, ""))).strip()


def _body(request: HttpRequest, form: type[msgspec.Struct]):
    if len(request.body) > BODY_MAX:
        raise Invalid(fields={"": [N_("This is too long.")]})
    try:
        return msgspec.json.decode(request.body, type=form)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise Invalid(fields={"": [str(error)]}) from None


def _numbers(query: Mapping[str, str], known: dict[str, tuple[int, int, int]]) -> dict[str, int]:
    wrong = {name: [_("This parameter is not known.")] for name in query if name not in known}
    numbers = {}
    for name, (default, low, high) in known.items():
        text = query.get(name, str(default))
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 11 else -1
        if not low <= number <= high:
            wrong[name] = [f"{low} … {high}"]
        numbers[name] = number
    if wrong:
        raise Invalid(fields=wrong)
    return numbers


def _json(data: object) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(data), content_type="application/json")
