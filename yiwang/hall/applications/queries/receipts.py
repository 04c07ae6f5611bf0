"""What was submitted, as the application's own rows have it now (提交内容还原)."""

from django.db.models import QuerySet

from yiwang.hall.applications import rules
from yiwang.hall.applications.models import Application, Correction
from yiwang.hall.applications.queries.access import application_rows


def submission_rebuild(number: str) -> dict | None:
    """Rebuild what was submitted from the application's rows (还原提交内容); None when there is no such one.

    Corrections are undone from what they say they changed, so that a change of the rows that no correction
    explains does not fit the kept digest any more.
    """
    application = (
        application_rows("查验提交回执")
        .select_related("matter_version")
        .filter(number=number)
        .first()
    )
    if application is None:
        return None
    corrections = list(_answered(application))
    later = {
        change["key"].removeprefix("material:")
        for correction in corrections
        for change in correction.changes
        if change["key"].startswith("material:") and change["before"] is None
    }
    first = application.materials.filter(version=1).exclude(key__in=later)
    return rules.receipt_content(
        number=application.number,
        matter_code=application.matter_code,
        matter_version=application.matter_version.number,
        applicant={"name": application.applicant_name, "number": application.applicant_number},
        form=_form_before(application.form_data, corrections),
        materials={row.key: row.digest or row.source_ref for row in first},
        submitted_at=application.submitted_at,
    )


def _answered(application: Application) -> QuerySet[Correction]:
    rows = Correction.objects.filter(application=application, answered_at__isnull=False)
    return rows.order_by("-answered_at", "-pk")


def _form_before(form_now: dict, corrections: list[Correction]) -> dict:
    form = dict(form_now)
    for correction in corrections:
        for change in correction.changes:
            if change["key"].startswith("material:"):
                continue
            if change["before"] is None:
                form.pop(change["key"], None)
            else:
                form[change["key"]] = change["before"]
    return form
