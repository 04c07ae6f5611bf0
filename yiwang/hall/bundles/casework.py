"""What an officer sees of the bundle around an application (所属一件事): what else is in it, where it stands."""

from yiwang.hall.applications.queries.access import application_numbers_visible
from yiwang.hall.applications.queries.details import ApplicationDetail
from yiwang.hall.bundles.data import ITEM_STATES
from yiwang.hall.bundles.queries.cases import case_of_application
from yiwang.hall.matters.parts import PagePart


def bundle_part(detail: ApplicationDetail) -> PagePart | None:
    """Show the other matters of the bundle (办理页面); a link only to what the officer may open."""
    found = case_of_application(detail.application.number)
    if found is None:
        return None
    number, title, items = found
    numbers = [item.application_number for item in items if item.application_number]
    names = {
        "number": number,
        "title": title,
        "items": items,
        "own": detail.application.number,
        "visible": application_numbers_visible(numbers),
        "labels": ITEM_STATES,
    }
    return PagePart("hall/bundles/case_part.html", names)
