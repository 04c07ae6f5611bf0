"""Keeping panels of experts (专家组维护): by the department that answers for them."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from yiwang.hall.consultations.data import PanelView
from yiwang.hall.consultations.errors import (
    ConsultationNotFound,
    PanelForbidden,
    QuestionIncomplete,
)
from yiwang.hall.consultations.models import ExpertPanel, PanelExpert
from yiwang.hall.consultations.queries import PANELS, panel_get
from yiwang.identity.api import account_find
from yiwang.kernel.api import action, audit_record, context_get
from yiwang.sdk.errors import Conflict


@action("hall.consultations.panel_put", permission=PANELS)
def panel_put(key: str, *, title_zh: str, title_en: str, is_open: bool = True) -> PanelView:
    """Set a panel up, or change its name (设立专家组). Raises QuestionIncomplete, PanelForbidden."""
    context = context_get()
    fields = {
        name: [_("This is needed.")]
        for name, text in (("key", key), ("title_zh", title_zh), ("title_en", title_en))
        if not text.strip()
    }
    if not fields and not key.replace("_", "a").replace("-", "a").isalnum():
        fields["key"] = [_("Letters, digits and hyphens only.")]
    if fields:
        raise QuestionIncomplete(fields=fields)
    row = ExpertPanel.objects.select_for_update().filter(key=key.strip()).first()
    if row is None:
        row = ExpertPanel(key=key.strip(), department_id=context.department_id)
    _own_require(row)
    row.title = {"zh": title_zh.strip(), "en": title_en.strip()}
    row.is_open = is_open
    row.save()
    audit_record(f"panel:{row.key}", detail={"is_open": is_open})
    return panel_get(row.pk)


@action("hall.consultations.expert_add", permission=PANELS)
def expert_add(panel_id: int, *, username: str, field: str) -> PanelView:
    """Add an expert with an account to one's panel (聘请专家). Raises QuestionIncomplete, Conflict."""
    row = _panel(panel_id)
    account = account_find(username.strip())
    fields = {}
    if account is None or account.population != "STAFF":
        fields["username"] = [_("There is no staff account of this name.")]
    if not field.strip():
        fields["field"] = [_("Say what the expert knows.")]
    if fields:
        raise QuestionIncomplete(fields=fields)
    try:
        with transaction.atomic():
            PanelExpert.objects.create(
                panel=row, account_id=account.id, name=account.name, field=field.strip()
            )
    except IntegrityError:
        raise Conflict() from None
    audit_record(f"panel:{row.key}", detail={"added": account.id})
    return panel_get(panel_id)


@action("hall.consultations.expert_remove", permission=PANELS)
def expert_remove(panel_id: int, *, expert_id: int) -> PanelView:
    """Take an expert off one's panel (解聘专家); what they answered stays."""
    row = _panel(panel_id)
    row.experts.filter(pk=expert_id).delete()
    audit_record(f"panel:{row.key}", detail={"removed": expert_id})
    return panel_get(panel_id)


def _panel(panel_id: int) -> ExpertPanel:
    row = ExpertPanel.objects.select_for_update().filter(pk=panel_id).first()
    if row is None:
        raise ConsultationNotFound()
    _own_require(row)
    return row


def _own_require(row: ExpertPanel) -> None:
    if row.department_id not in context_get().department_ids:
        raise PanelForbidden()
