"""Words of the virtual library for people (用语)."""

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yiwang.resources.virtual.data import FAULTS, VirtualField
from yiwang.resources.virtual.models import VirtualRun
from yiwang.sdk.errors import N_

DEFECT = N_("Something went wrong on our side. The administrators see it in the log.")


def field_title(one: VirtualField) -> str:
    """Return the title of a field in the reader's language (字段名)."""
    is_chinese = (get_language() or "zh").startswith("zh")
    return one.title if is_chinese or not one.title_en else one.title_en


def failure_text(row: VirtualRun) -> str:
    """Say why a question failed (失败原因), "" for one that did not."""
    if row.state != "FAILED":
        return ""
    params = dict(row.error_params)
    message = params.pop("message", DEFECT)
    code = params.get("fault", "")
    if code in FAULTS:
        params["fault"] = _(FAULTS[code])
    return _(message) % params if params else _(message)
