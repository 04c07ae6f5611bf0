"""The document of a decision (决定书): typeset from typed fields, signed once, kept by what was typeset.

Decisions are never changed, so the same decision gives the same bytes; the signature has the moment in it at which it
was made.
"""

import hashlib
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from yiwang.hall.applications.models import Application, Decision
from yiwang.hall.applications.queries.access import application_visible_get
from yiwang.hall.applications.rules import is_licensing
from yiwang.hall.licences.queries import licence_list_by_source
from yiwang.hall.matters.queries import matter_version_get
from yiwang.hall.papers import rules
from yiwang.hall.papers.data import DecisionPaper
from yiwang.hall.papers.errors import DecisionNotMade, PaperLacking
from yiwang.kernel.api import content_keep, paper_sign, typeset

SOURCE = Path(__file__).parent / "typst" / "decision.typ"


def decision_document_get(number: str, *, purpose: str) -> bytes:
    """Return the signed document of an application's decision (决定书文件), for who may see the application.

    Raises ApplicationNotFound, DecisionNotMade, PaperLacking.
    """
    application = application_visible_get(number, purpose=purpose)
    decision = Decision.objects.filter(application=application).first()
    if decision is None:
        raise DecisionNotMade()
    paper = decision_paper(application, decision)
    body = decision_typeset(paper, decision=decision)
    path = f"decisions/{decision.decided_at:%Y}/{hashlib.sha256(body).hexdigest()}.pdf"
    kept = _read(path)
    if kept is not None and kept.startswith(body) and len(kept) > len(body):
        return kept
    signed = paper_sign(body, reason=rules.paper_title(paper), signer=paper.department)
    content_keep(path, signed)
    return signed


def decision_paper(application: Application, decision: Decision) -> DecisionPaper:
    """Return what the document of a decision says (决定书要素), field by field."""
    matter = matter_version_get(application.matter_version_id)
    branches = [branch.licence for branch in matter.branches]
    licences = licence_list_by_source(f"application:{application.number}")
    return DecisionPaper(
        outcome=decision.outcome,
        is_licensing=is_licensing(matter.spec.item_type, branch_licences=branches),
        document_number=decision.document_number,
        application_number=application.number,
        matter=application.title["zh"],
        applicant=application.applicant_name,
        department=decision.department_name,
        submitted_date=timezone.localdate(application.submitted_at),
        decided_date=timezone.localdate(decision.decided_at),
        legal_basis=tuple(one for one in decision.legal_basis if one),
        reasons=tuple((one["department"], one["text"]) for one in decision.reasons),
        remedy=(decision.remedy or {}).get("zh", ""),
        licences=tuple((one.title["zh"], one.number) for one in licences),
    )


def decision_typeset(paper: DecisionPaper, *, decision: Decision, form: str = "pdf") -> bytes:
    """Typeset a decision document (决定书排版), not signed yet. Raises PaperLacking, FontsMissing."""
    if lacking := rules.paper_lacking(paper):
        raise PaperLacking(
            names={
                "zh": "、".join(rules.PARTS[name]["zh"] for name in lacking),
                "en": ", ".join(rules.PARTS[name]["en"] for name in lacking),
            }
        )
    site = settings.SITE_ADDRESS.rstrip("/")
    data = {
        "template": rules.TEMPLATE,
        "title": rules.paper_title(paper),
        "number": paper.document_number,
        "department": paper.department,
        "applicant": paper.applicant,
        "paragraphs": rules.paper_sentences(paper),
        "remedy": paper.remedy,
        "licences": [f"{title}（{number}）" for title, number in paper.licences],
        "decided": rules.date_zh(paper.decided_date),
        "check_address": site + reverse("hall_licences:check_paper"),
    }
    return typeset(SOURCE, data=data, at=decision.decided_at, qr=data["check_address"], form=form)


def _read(path: str) -> bytes | None:
    try:
        with default_storage.open(path) as file:
            return file.read()
    except FileNotFoundError:
        return None
