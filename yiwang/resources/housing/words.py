"""Words of the housing registry for people (用语)."""

from django.utils.translation import gettext as _

from yiwang.kernel.api import localized
from yiwang.resources.geospatial.queries import area_name
from yiwang.resources.housing.data import REASONS


def district(code: str) -> str:
    """Return the name of a division for people (区划名称)."""
    return localized(area_name(code) or code)


def reason_text(reason: str, params: dict) -> str:
    """Say why a report was refused (拒绝原因), "" for one that was not."""
    return _(REASONS[reason]) % params if reason else ""
