"""The guide (办事指南), generated from the very definition, form and process that run.

Nothing is written for the guide alone, so it cannot promise what the form does not ask.
"""

from django.conf import settings

from yiwang.engines.api import form_get, process_nodes
from yiwang.hall.licences.queries import licence_type_get
from yiwang.hall.matters.data import (
    GuideBranch,
    GuideDepartment,
    GuideField,
    GuideMaterial,
    GuideStep,
    GuideView,
    MatterView,
)
from yiwang.hall.matters.queries import matter_get
from yiwang.hall.matters.rules import function_title
from yiwang.hall.matters.tables import eligibility_rules, routing_rules
from yiwang.identity.api import department_find
from yiwang.sdk.articles import articles_english
from yiwang.sdk.errors import NotFound
from yiwang.sdk.packs import Material

LANGUAGES = ("zh", "en")
BELOW = {
    "DISTRICT": ("所在区县{}部门", "{}, your district"),
    "STREET": ("所在街道（镇）{}部门", "{}, your street or town"),
}
"""Who handles it below the city's level, while it is not known where one lives."""


def guide_get(
    code: str, language: str = "zh", *, version: int | None = None, area_code: str = ""
) -> GuideView:
    """Return the guide (办事指南) of a matter in "zh" or "en"; raises `MatterNotFound`.

    area_code: where the person lives, to name the department in charge there; "" names the city's.
    """
    return guide_build(matter_get(code, version), language=language, area_code=area_code)


def guide_build(view: MatterView, *, language: str, area_code: str = "") -> GuideView:
    """Build the guide of one version of a matter."""
    spec = view.spec
    words = _Words(language if language in LANGUAGES else "en")
    area = area_code or settings.CITY["area_code"]
    materials = [_material(material, words) for material in spec.materials]
    fields = _fields(view, words)
    return GuideView(
        code=view.code,
        number=view.number,
        kind=view.kind,
        can_apply=view.can_apply,
        language=words.language,
        title=words.of(spec.title),
        summary=words.of(spec.summary),
        aliases=spec.aliases,
        item_type=spec.item_type,
        level=spec.level,
        project_type=spec.project_type,
        service_objects=spec.service_objects,
        handling_forms=spec.handling_forms,
        visits=spec.visits,
        visit_reason=words.of(spec.visit_reason),
        department=_department(spec.department, spec.level, area, words),
        eligibility=words.of(_sentence(spec.eligibility)),
        eligibility_rules=eligibility_rules(spec, words.of),
        routing=words.of(_sentence(spec.routing)),
        routing_rules=routing_rules(
            spec,
            words.of,
            department=lambda function, level: _handler(function, level, area, words),
        ),
        legal=spec.limits.legal if spec.limits else None,
        promised=spec.limits.promised if spec.limits else None,
        fee=spec.fee,
        fee_note=words.of(spec.fee.note) if spec.fee else "",
        branches=_branches(view, area, words),
        materials_needed=tuple(each for each in materials if each.source == "upload"),
        materials_held=tuple(each for each in materials if each.source != "upload"),
        fields_asked=tuple(each for each in fields if not each.registry),
        fields_held=tuple(each for each in fields if each.registry),
        conditions=tuple(words.of(condition) for condition in spec.conditions),
        steps=_steps(view, area, words),
        results=tuple(_licence_title(key, words) for key in spec.result.licences),
        legal_basis=tuple(
            (words.of(each.title), words.articles(each.article)) for each in spec.legal_basis
        ),
        remedy=words.of(spec.refusal_remedy),
        faq=tuple((words.of(each.question), words.of(each.answer)) for each in spec.faq),
        process_version_id=view.process_version_id,
        local_task_code=view.local_task_code,
        source_note=view.source_note,
        is_made=view.is_made,
        valid_from=view.valid_from,
    )


class _Words:
    """Takes the language's text out of {zh, en}."""

    def __init__(self, language: str) -> None:
        self.language = language

    def of(self, text: dict | None) -> str:
        """Return the text in the language, or in the other one where it is missing."""
        if not text:
            return ""
        return text.get(self.language) or text.get("zh") or text.get("en") or ""

    def articles(self, text: str) -> str:
        """Return a citation of articles as the language writes it."""
        return text if self.language == "zh" else articles_english(text)


def _sentence(value: object) -> dict[str, str] | None:
    return {"zh": value.zh, "en": value.en} if value else None


def _material(material: Material, words: _Words) -> GuideMaterial:
    return GuideMaterial(
        key=material.key,
        title=words.of(material.title),
        required=material.required,
        source=material.source,
        note=words.of(material.note),
        accept=material.accept,
        max_mb=material.max_mb,
        is_conditional=bool(material.when),
        licence=_licence_title(material.licence_type, words),
        follow_days=material.may_follow.days if material.may_follow else 0,
        may_commit=material.commitment is not None,
        valid_days=material.valid_days,
    )


def _fields(view: MatterView, words: _Words) -> list[GuideField]:
    if view.form_version_id is None:
        return []
    form = form_get(view.form_version_id)
    return [
        GuideField(
            name=name,
            title=words.of(form.titles.get(name, {})) or name,
            required=name in form.required,
            registry=_registry(form.prefills.get(name, "")),
        )
        for name in form.fields
    ]


def _registry(prefill: str) -> str:
    """Return the registry that has a field of everybody; licences and earlier cases not all have."""
    owner = prefill.partition(".")[0]
    return owner if owner in ("person", "enterprise") else ""


def _steps(view: MatterView, area: str, words: _Words) -> tuple[GuideStep, ...]:
    if view.process_version_id is None:
        return ()
    branches = {branch.key: (branch.department, branch.level) for branch in view.branches}
    owner = (view.department_function, view.level)
    named = _handler if view.spec.routing else _name_of
    steps = []
    for node in process_nodes(view.process_version_id):
        function, level = branches.get(node["department"], owner)
        limit = node["limit"]
        steps.append(
            GuideStep(
                name=words.of(node["name"]),
                department=named(function, level, area, words),
                amount=limit.amount if limit else None,
                unit=limit.unit if limit else "",
            )
        )
    return tuple(steps)


def _name_of(function: str, level: str, area: str, words: _Words) -> str:
    return _department(function, level, area, words).name


def _handler(function: str, level: str, area: str, words: _Words) -> str:
    """Name who handles something, by level where it is not said in which district one lives (承办层级)."""
    if level == "CITY" or area != settings.CITY["area_code"]:
        return _name_of(function, level, area, words)
    title = words.of(function_title(function))
    return words.of({"zh": BELOW[level][0].format(title), "en": BELOW[level][1].format(title)})


def _branches(view: MatterView, area: str, words: _Words) -> tuple[GuideBranch, ...]:
    return tuple(
        GuideBranch(
            title=words.of(branch.title),
            department=_department(branch.department, branch.level, area, words).name,
            limit=branch.limit,
            licence=_licence_title(branch.licence, words),
        )
        for branch in view.spec.parallel
    )


def _department(function: str, level: str, area: str, words: _Words) -> GuideDepartment:
    """Name who is in charge at a place: the level's own, else the one above, else the function."""
    found = department_find(function, area, level)
    if found is None:
        return GuideDepartment(words.of(function_title(function)), function, is_known=False)
    return GuideDepartment(
        name=found.name if words.language == "zh" else found.name_en or found.name,
        function=function,
        is_known=True,
        id=found.id,
        phone=found.phone,
        complaint_phone=found.complaint_phone,
        address=found.address,
        office_hours=found.office_hours,
    )


def _licence_title(key: str, words: _Words) -> str:
    if not key:
        return ""
    try:
        return words.of(licence_type_get(key).title)
    except NotFound:
        return key
