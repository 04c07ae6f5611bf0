"""Which version of its form a matter uses (事项选用表单版本).

A matter keeps the form version it was loaded with. When the designer of forms has published a newer one, the
steward of the catalogue lets the matter use it: that is a new version of the matter, so applications under
way keep theirs. The choice lasts until the matter's source brings another form itself.
"""

import dataclasses
import json
import re
from datetime import datetime

from yiwang.engines.api import FormView, form_get, form_version_list, process_xml
from yiwang.hall.licences.queries import licence_type_get
from yiwang.hall.matters.actions import matter_put
from yiwang.hall.matters.data import MatterView
from yiwang.hall.matters.deciding import fields_asked
from yiwang.hall.matters.models import Matter, MatterFormChoice
from yiwang.hall.matters.queries import matter_get
from yiwang.kernel.api import action, audit_record, context_get
from yiwang.sdk.errors import N_, Conflict, Invalid

MANAGE = "hall.matters.manage"


class FormOfAnother(Invalid):
    """The version is of another form than the matter's."""

    code = "form_of_another"
    message = N_("This is no version of the form that this matter uses.")


class FormLacksFields(Conflict):
    """The matter, its process or its licences speak of fields that the version does not have."""

    code = "form_lacks_fields"
    message = N_(
        "This version no longer asks for %(fields)s, which the matter, its process or its licence needs. "
        "Publish a version that has them, or change the matter in its pack."
    )


class FormReasonMissing(Invalid):
    """No word why."""

    code = "matter_form_reason_missing"
    message = N_("Say why the matter should use this version.")


def matter_form_list(view: MatterView) -> list[FormView]:
    """List the versions of the form that a matter uses (可选表单版本), the newest first."""
    return form_version_list(form_get(view.form_version_id).key) if view.form_version_id else []


def fields_lacking(view: MatterView, form: FormView) -> list[str]:
    """List the fields that a matter speaks of and a form version does not have (缺少的字段)."""
    before = form_get(view.form_version_id)
    gone = [name for name in before.fields if name not in form.fields]
    licences = {*view.licences, *(branch.licence for branch in view.branches if branch.licence)}
    told = "\n".join(
        [
            json.dumps(dataclasses.asdict(view.spec), ensure_ascii=False, default=str),
            process_xml(view.process_version_id) if view.process_version_id else "",
            *(str(licence_type_get(key)) for key in sorted(licences)),
        ]
    )
    asked = {"area_code", *fields_asked(view.spec)}
    return [name for name in gone if re.search(rf"\bform\.{name}\b", told) or name in asked]


@action("hall.matters.form_use", permission=MANAGE)
def matter_form_use(code: str, *, form_version_id: int, reason: str, now: datetime) -> MatterView:
    """Let a matter use another version of its form (选用表单版本): a new version of the matter.

    Raises FormOfAnother, FormLacksFields, FormReasonMissing, MatterNotFound.
    """
    view = matter_get(code)
    versions = {form.version_id: form for form in matter_form_list(view)}
    if form_version_id not in versions:
        raise FormOfAnother()
    if not reason.strip():
        raise FormReasonMissing()
    lacking = fields_lacking(view, versions[form_version_id])
    if lacking:
        raise FormLacksFields(fields="、".join(lacking))
    matter = Matter.objects.select_for_update().get(code=view.code)
    choice = MatterFormChoice.objects.filter(
        matter=matter, form_version_id=view.form_version_id
    ).first()
    given = choice.given_form_version_id if choice else view.form_version_id
    MatterFormChoice.objects.update_or_create(
        matter=matter,
        defaults={
            "given_form_version_id": given,
            "form_version_id": form_version_id,
            "reason": reason.strip()[:2000],
            "chosen_by_name": context_get().name[:80],
            "chosen_at": now,
        },
    )
    made = matter_put(
        view.spec,
        form_version_id=given,
        process_version_id=view.process_version_id,
        source=view.source,
        source_note=view.source_note,
        local_task_code=view.local_task_code,
        now=now,
    )
    audit_record(
        f"matter:{code}",
        detail={"form": versions[form_version_id].number, "reason": reason.strip()[:500]},
    )
    return made
