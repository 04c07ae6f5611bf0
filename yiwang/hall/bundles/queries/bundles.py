"""Reads of the bundles themselves (一件事查询)."""

from datetime import date

from yiwang.hall.bundles.data import BundleRow, BundleScope, BundleView
from yiwang.hall.bundles.definition import bundle_load
from yiwang.hall.bundles.errors import BundleNotFound
from yiwang.hall.bundles.models import BundleVersion
from yiwang.hall.bundles.rules import PROMISED, plan_step
from yiwang.hall.bundles.schedule import Schedule, schedule_count, schedule_make
from yiwang.hall.matters.queries import matter_get
from yiwang.kernel.api import CalendarNotPublished, calendar_get


def bundle_get(key: str) -> BundleView:
    """Return the version of a bundle that new cases use (一件事). Raises `BundleNotFound`."""
    rows = BundleVersion.objects.select_related("bundle")
    row = rows.filter(bundle__key=key, bundle__is_open=True).order_by("-number").first()
    if row is None:
        raise BundleNotFound()
    return bundle_view(row)


def bundle_list() -> list[BundleRow]:
    """List the bundles that one can file (一件事清单), those of persons first."""
    rows = BundleVersion.objects.select_related("bundle").filter(bundle__is_open=True)
    newest: dict[str, BundleVersion] = {}
    for row in rows.order_by("bundle__key", "-number"):
        newest.setdefault(row.bundle.key, row)
    found = [_row(bundle_view(row)) for row in newest.values()]
    return sorted(found, key=lambda one: (one.kind != "person", one.key))


def bundle_scope_list(kind: str) -> list[BundleScope]:
    """List the bundles that somebody of a kind can begin and authorise another for (可委托的一件事)."""
    found = [bundle_get(one.key) for one in bundle_list() if one.kind == kind]
    return [
        BundleScope(
            one.key, one.title, {each.code: each.spec.themes for each in one.matters.values()}
        )
        for one in found
        if not one.spec.context
    ]


def bundle_view(row: BundleVersion) -> BundleView:
    """Turn a version's row into what others see; its matters as they are in force now."""
    spec = bundle_load(row.definition)
    return BundleView(
        version_id=row.pk,
        key=row.bundle.key,
        number=row.number,
        spec=spec,
        form_version_id=row.form_version_id,
        fields={name: tuple(map(tuple, sources)) for name, sources in row.fields.items()},
        asked_before=row.asked_before,
        matters={one.key: matter_get(one.code) for one in spec.matters},
    )


def bundle_schedule(
    bundle: BundleView, keys: tuple[str, ...], *, begin: date, kind: str = PROMISED
) -> Schedule:
    """Work out how long some matters of a bundle take (工期测算), undated before the calendar is published.

    kind: "promised" by what the departments promise, "legal" by the law's limits with acceptance.
    """
    steps = [
        plan_step(one, bundle.matters[one.key].limits, keys, kind=kind)
        for one in bundle.spec.matters
        if one.key in keys
    ]
    try:
        return schedule_make(steps, begin=begin, calendar=calendar_get())
    except CalendarNotPublished:
        return schedule_count(steps, begin=begin)


def _row(bundle: BundleView) -> BundleRow:
    departments = {one.department_function for one in bundle.matters.values()}
    for matter in bundle.matters.values():
        departments |= {branch.department for branch in matter.branches}
    return BundleRow(
        key=bundle.key,
        title=bundle.title,
        summary=bundle.spec.summary,
        kind=bundle.spec.kind,
        matters=len(bundle.matters),
        departments=len(departments),
    )
