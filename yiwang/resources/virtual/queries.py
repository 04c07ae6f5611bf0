"""Reads of the virtual library (虚拟库): datasets, what the asker may see of them, questions asked."""

import os
from pathlib import Path

import msgspec
from django.conf import settings
from django.db.models import QuerySet

from yiwang.identity.api import Rule, department_get, everyone, field_in
from yiwang.kernel.api import RequestContext, context_get
from yiwang.resources.catalogue.queries import department_of, reviews_all
from yiwang.resources.virtual.data import (
    DatasetNotFound,
    DatasetView,
    FilterSpec,
    MeasureSpec,
    PurposeNotAllowed,
    Query,
    Scope,
    VirtualSpec,
)
from yiwang.resources.virtual.models import VirtualDataset, VirtualRun
from yiwang.resources.virtual.rules import CLEAR_LEVEL, spec_load
from yiwang.resources.virtual.sources import VARIABLE, Places
from yiwang.sdk.errors import Forbidden, NotFound

QUERY, PERSONAL = "resources.virtual.query", "resources.virtual.personal"
DEFINE, REVIEW = "resources.virtual.define", "resources.virtual.review"
ROOTS = "YIWANG_VIRTUAL_ROOTS"
own_department: Rule = field_in("department_id", "department_ids")


def places_get() -> Places:
    """Return where sources may lie (允许的位置): `virtual/sources` of the data folder, and more.

    YIWANG_VIRTUAL_ROOTS names further folders, separated as in PATH; YIWANG_SOURCE_… are addresses.
    """
    named = [Path(text) for text in os.environ.get(ROOTS, "").split(os.pathsep) if text]
    found = {name: value for name, value in os.environ.items() if name.startswith(VARIABLE)}
    return Places((settings.DATA_DIR / "virtual" / "sources", *named), found)


def scope_of(spec: VirtualSpec, context: RequestContext | None = None) -> Scope:
    """Return what the acting person may see of a dataset (查询范围). Raises Forbidden.

    Districts see the rows of their division, and nothing of a dataset that has no divisions.
    """
    context = context or context_get()
    if context.population == "SYSTEM":
        return Scope("", 4)
    if context.population not in ("STAFF", "PROGRAM") or not context.may(QUERY):
        raise Forbidden()
    level = 3 if context.may(PERSONAL) else CLEAR_LEVEL
    department = department_of(context.department_id)
    if department is None:
        raise Forbidden()
    if department.level == "CITY":
        return Scope("", level)
    if not spec.area_field:
        raise Forbidden()
    return Scope(department.area_code[:6], level)


def purpose_check(spec: VirtualSpec, purpose: str) -> str:
    """Return the purpose (使用目的) if the dataset may be asked for it. Raises PurposeNotAllowed.

    What stands behind the first colon is free: the case it is needed for.
    """
    purpose = purpose.strip()[:200]
    if purpose.partition("：")[0].strip() not in spec.purposes:
        raise PurposeNotAllowed()
    return purpose


def dataset_rows() -> QuerySet[VirtualDataset]:
    """Return the published datasets (已发布主题库)."""
    return VirtualDataset.objects.filter(current_version__isnull=False).select_related(
        "current_version"
    )


def dataset_get(key: str) -> DatasetView:
    """Return a published dataset (主题库). Raises DatasetNotFound."""
    row = dataset_rows().filter(key=key).first()
    if row is None:
        raise DatasetNotFound(key=key[:40])
    return dataset_view(row)


def desk_rows() -> QuerySet[VirtualDataset]:
    """Return the datasets that the acting person keeps or reviews (主题库管理)."""
    rule = everyone if reviews_all() else own_department
    rows = VirtualDataset.objects.filter(rule.filter(context_get()))
    return rows.select_related("current_version")


def dataset_for_staff(key: str) -> DatasetView:
    """Return the working copy of a dataset for its department or reviewers. Raises DatasetNotFound."""
    row = desk_rows().filter(key=key).first()
    if row is None:
        raise DatasetNotFound(key=key[:40])
    return dataset_view(row)


def review_count(context: RequestContext) -> int:
    """Count the datasets that wait for review (待审核), for reviewers only."""
    if not reviews_all(context):
        return 0
    return VirtualDataset.objects.filter(state="SUBMITTED").count()


def dataset_view(row: VirtualDataset) -> DatasetView:
    """Turn a row into what may cross areas."""
    version = row.current_version
    return DatasetView(
        id=row.pk,
        key=row.key,
        state=row.state,
        draft=spec_load(row.draft),
        published=spec_load(version.spec) if version else None,
        version=version.number if version else 0,
        version_id=version.pk if version else None,
        department_id=row.department_id,
        reason=row.reason,
        resource_code=row.resource_code,
        draft_accounts=tuple(row.draft_accounts),
    )


def run_rows() -> QuerySet[VirtualRun]:
    """Return the questions that the acting person asked (我的查询), newest first."""
    context = context_get()
    rows = VirtualRun.objects.filter(account_id=context.account_id, account_id__isnull=False)
    return rows.select_related("version__dataset").order_by("-id")


def run_get(number: str) -> VirtualRun:
    """Return one of one's own questions (查询). Raises NotFound."""
    row = run_rows().filter(number=number).first()
    if row is None:
        raise NotFound()
    return row


def run_folder() -> Path:
    """Return where answers lie (结果目录)."""
    return settings.DATA_DIR / "virtual" / "runs"


def run_answer(row: VirtualRun) -> tuple[list[str], list[list]]:
    """Return the columns and rows of a finished question (查询结果), ([], []) when they are gone."""
    path = run_folder() / f"{row.number}.json"
    if row.state not in ("DONE", "INCOMPLETE") or not path.is_file():
        return [], []
    content = msgspec.json.decode(path.read_bytes())
    return content["columns"], content["rows"]


def query_dump(query: Query) -> dict:
    """Write a question as plain JSON (存储查询)."""
    return msgspec.to_builtins(query)


def query_load(content: dict) -> Query:
    """Read a stored question (读取查询); values come back as text and are read again by type."""

    def texts(values: list) -> tuple:
        return tuple(str(value) for value in values)

    return Query(
        fields=tuple(content["fields"]),
        filters=tuple(
            FilterSpec(one["field"], one["op"], texts(one["values"])) for one in content["filters"]
        ),
        groups=tuple(content["groups"]),
        measures=tuple(MeasureSpec(**one) for one in content["measures"]),
        order=tuple((key, down) for key, down in content["order"]),
        limit=content["limit"],
    )


def department_title(department_id: int | None) -> str:
    """Return a department's name (部门名称)."""
    found = department_of(department_id)
    return department_get(found.id).name if found else ""
