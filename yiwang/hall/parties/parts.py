"""The card of the parties on an application's page (当事人卡片)."""

from yiwang.hall.matters.parts import PagePart
from yiwang.hall.parties.queries import parties_of_application


def application_part(subject: object) -> PagePart | None:
    """Show who took part and what each confirmed; nothing where there is one applicant only."""
    parties = parties_of_application(subject.application.number)
    return PagePart("hall/parties/card.html", {"parties": parties}) if parties else None
