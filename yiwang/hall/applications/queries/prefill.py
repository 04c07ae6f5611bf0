"""What the city has of the applicant already besides the registries (预填): licences, and the last case.

A field of a form declares it: `prefill: licence.<pack>.<type>.<field>` takes what stands on a valid licence of
the applicant, `prefill: earlier.<field>` what the last granted application for the same matter said. The
person sees where each came from and may change it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from django.utils import timezone

from yiwang.engines.api import FormView, PrefillSource, ValueSource, form_get
from yiwang.hall.applications.filing import Filing
from yiwang.hall.applications.models import Application
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.licences.data import LicenceView
from yiwang.hall.licences.queries import licence_list, licence_type_list
from yiwang.hall.matters.data import MatterView

LICENCE, EARLIER = "licence", "earlier"
PURPOSE = "沿用上次获准的申请"
APART = "、"
"""What stands between several choices on a licence."""


def reuse_prefill(
    matter: MatterView, holder_ref: str, *, filing: Filing, now: datetime
) -> dict[str, ValueSource]:
    """Return what licences and the last granted case fill into a matter's form (证照与历史申请预填).

    Of earlier cases nothing to who files under a delegation: it covers what is asked for now.
    """
    form = form_get(matter.form_version_id)
    wanted = {name: source.partition(".")[::2] for name, source in form.prefills.items()}
    licences = {name: place for name, (kind, place) in wanted.items() if kind == LICENCE}
    earlier = {name: place for name, (kind, place) in wanted.items() if kind == EARLIER}
    found: dict[str, ValueSource] = {}
    if licences:
        found |= _from_licences(form, licences, licence_list(holder_ref), now=now)
    if earlier and filing.delegation_id is None:
        found |= _from_earlier(form, earlier, matter.code, holder_ref)
    return found


def _from_licences(
    form: FormView, wanted: Mapping[str, str], held: Iterable[LicenceView], *, now: datetime
) -> dict[str, ValueSource]:
    good: dict[str, LicenceView] = {}
    for one in held:
        if one.is_good:
            good.setdefault(one.type_key, one)
    found = {}
    for name, place in wanted.items():
        type_key, _, face = place.rpartition(".")
        licence = good.get(type_key)
        said = _face(licence, face) if licence else None
        value = _answer(form, name, said)
        if licence is None or value in (None, ""):
            continue
        found[name] = ValueSource(
            value,
            {
                "zh": f"电子证照·{licence.title['zh']}",
                "en": f"Your licence: {licence.title['en']}",
            },
            timezone.localtime(licence.issued_at).date(),
            licence.department_id,
            f"licence:{licence.identifier}",
            kind="LICENCE",
        )
    return found


def _face(licence: LicenceView, name: str) -> object:
    return next((entry["value"] for entry in licence.face if entry["name"] == name), None)


def _answer(form: FormView, name: str, said: object) -> object:
    """Turn what a licence says into what the form holds: words of choices become their codes.

    None for words that are no choice of the form, and for what belongs to the person alone: agreement.
    """
    own = form.definition["schema"]["properties"][name]
    if said is None or "const" in own:
        return None
    options = (form.definition["ui"]["fields"].get(name) or {}).get("options") or ()
    if isinstance(said, Mapping):
        said = said.get("zh")
    if not options:
        return said if own.get("type") != "string" or isinstance(said, str) else str(said)
    codes = {word: one["value"] for one in options for word in (str(one["value"]), one["zh"])}
    if own.get("type") != "array":
        return codes.get(str(said))
    words = said if isinstance(said, list) else str(said).split(APART)
    found = [codes.get(str(word)) for word in words]
    return None if None in found else found


def _from_earlier(
    form: FormView, wanted: Mapping[str, str], matter_code: str, holder_ref: str
) -> dict[str, ValueSource]:
    case = earlier_case(matter_code, holder_ref)
    if case is None:
        return {}
    day = timezone.localtime(case.decided_at).date()
    source = {"zh": "您上次获准的申请", "en": "Your last granted application"}
    properties = form.definition["schema"]["properties"]
    return {
        name: ValueSource(
            case.form_data[place], source, day, None, f"application:{case.number}", kind="EARLIER"
        )
        for name, place in wanted.items()
        if case.form_data.get(place) not in (None, "", [])
        and "const" not in properties[name]
        and not str(case.form_data[place]).startswith("attachment:")
    }


def earlier_case(matter_code: str, holder_ref: str) -> Application | None:
    """Return the applicant's last granted application for a matter (上次获准的申请)."""
    rows = application_rows(PURPOSE).filter(
        applicant_ref=holder_ref, matter_code=matter_code, state="APPROVED"
    )
    return rows.order_by("-decided_at", "-pk").first()


def licence_sources() -> Iterator[PrefillSource]:
    """Yield every field of every type of licence (证照预填来源), for designers and the check of forms."""
    for kind in licence_type_list():
        for entry in kind.fields:
            title = entry.get("title") or {"zh": entry["name"], "en": entry["name"]}
            yield PrefillSource(
                f"{LICENCE}.{kind.key}.{entry['name']}",
                {
                    "zh": f"证照·{kind.title['zh']}·{title['zh']}",
                    "en": f"Licence, {kind.title['en']}, {title['en']}",
                },
                holder={"zh": f"证照：{kind.title['zh']}", "en": f"Licence: {kind.title['en']}"},
            )
