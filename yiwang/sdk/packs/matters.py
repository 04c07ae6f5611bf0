"""A matter (政务服务事项) as a pack declares it: dataclasses, and every rule it must satisfy.

Sources: GB/T 39046-2020 annex A (code tables), GB/T 39554 (coding: 2 region + 2 item type + 5 main
item + 3 sub item), the quality rules that provinces check guides with.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import jsonschema_rs
import msgspec

from yiwang.sdk.expressions import ExpressionError
from yiwang.sdk.expressions import compile as expression_compile
from yiwang.sdk.joins import VETO, Join, join_problems
from yiwang.sdk.packs.documents import Keypath, PackError, PackFile, PackProblem
from yiwang.sdk.packs.matter_schema import MATTER_SCHEMA

Text = dict[str, str]

CONDITION_NAMES = frozenset({"applicant", "form", "today"})


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit (时限). unit: WORKING_DAY, WORKING_HOUR or CALENDAR_DAY; 0 = on the spot."""

    amount: int
    unit: str = "WORKING_DAY"


@dataclass(frozen=True, slots=True)
class Limits:
    """The legal limit (法定时限) and the shorter one the city promises (承诺时限)."""

    legal: Limit
    promised: Limit


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Who may apply (申请对象): a condition the machine decides and the sentence people read."""

    zh: str
    en: str
    when: str = ""


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A law and its article (设定依据). source: where this was taken from, for the editors."""

    title: Text
    article: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """One department's part of a parallel matter (并联审批). licence: its result, "" for none."""

    key: str
    title: Text
    department: str
    level: str
    limit: Limit | None = None
    licence: str = ""


@dataclass(frozen=True, slots=True)
class MayFollow:
    """A document that may be handed in after acceptance on a written promise (容缺受理).

    days: working days after acceptance. consequence of a broken promise: WITHHOLD (nothing is issued before
    the document is there), REVOKE (what was issued is revoked), CREDIT (a note for the credit record).
    """

    days: int
    consequence: str = "WITHHOLD"


@dataclass(frozen=True, slots=True)
class Commitment:
    """A commitment that replaces a document (告知承诺).

    notice: what the law asks, told before one commits; consequences of a false commitment; check_days:
    working days after the decision within which the department checks it.
    """

    check_days: int
    notice: tuple[Text, ...]
    consequences: Text
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class Material:
    """What an application needs (申请材料).

    source: "upload" by the applicant, "registry" the city has it (registry_field), "licence" an
    electronic licence of licence_type; whatever it says, a line resolves in the order licence, registry,
    earlier case, upload. when: asked for only if this condition holds. document: what it is called
    across matters; valid_days: how old one handed in with an earlier granted case may be, 0 = never reused.
    """

    key: str
    title: Text
    required: bool = True
    source: str = "upload"
    registry_field: str = ""
    licence_type: str = ""
    accept: tuple[str, ...] = ()
    max_mb: int = 10
    when: str = ""
    note: Text | None = None
    document: str = ""
    valid_days: int = 0
    may_follow: MayFollow | None = None
    commitment: Commitment | None = None


@dataclass(frozen=True, slots=True)
class Fee:
    """A charge (收费). amount_fen: in 分; basis: the price document it rests on.

    decision: a decision table by reference that says the amount (in 分) from the form's values instead;
    question: which of its decisions. title: what stands on the bill, the matter's own by default.
    """

    amount_fen: int = 0
    basis: str = ""
    note: Text | None = None
    decision: str = ""
    question: str = ""
    title: Text | None = None


@dataclass(frozen=True, slots=True)
class MatterResult:
    """What an approval issues (审批结果): licence types by reference."""

    licences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A frequent question (常见问题)."""

    question: Text
    answer: Text


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who takes part beside the applicant (共同申请人), with pages of the form of their own.

    kind: person or enterprise. min, max: how many there are. pages: keys of the form's pages that they fill
    in and the applicant does not; reads: pages of the applicant that they read before they confirm. signs:
    whether they must confirm what was entered before it is submitted.
    """

    key: str
    title: Text
    kind: str = "person"
    min: int = 1
    max: int = 1
    pages: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    signs: bool = True


@dataclass(frozen=True, slots=True)
class ExpertOpinion:
    """A review by experts without which a step does not go on (应经专家评审).

    step: key of the process's task; panel: key of the panel that is asked, all of it; join: how its opinions
    become one, without a veto; days: working days to answer, for which the time limit stands still.
    """

    key: str
    step: str
    panel: str
    title: Text
    question: Text
    days: int
    join: Join
    basis: str = ""


@dataclass(frozen=True, slots=True)
class MatterDefinition:
    """All that a matter's file says; the same record runs the application and writes the guide.

    join: how the branches' opinions become one, told to the process as `joined`; None leaves it to the process.
    opinions: reviews by experts that steps need. anywhere: whether any community window of the city takes it (全市通办); None: by the rule of the windows.
    """

    code: str
    title: Text
    item_type: str
    department: str
    level: str
    service_objects: tuple[str, ...] = ("1",)
    project_type: str = "2"
    aliases: tuple[str, ...] = ()
    summary: Text | None = None
    eligibility: Eligibility | None = None
    legal_basis: tuple[LegalBasis, ...] = ()
    limits: Limits | None = None
    branches: tuple[Branch, ...] = ()
    join: Join | None = None
    opinions: tuple[ExpertOpinion, ...] = ()
    materials: tuple[Material, ...] = ()
    fee: Fee | None = None
    conditions: tuple[Text, ...] = ()
    result: MatterResult = MatterResult()
    refusal_remedy: Text | None = None
    form: str = ""
    workflow: str = ""
    life_events: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    handling_forms: tuple[str, ...] = ("1", "2")
    visits: int = 0
    visit_reason: Text | None = None
    online_depth: str = ""
    anywhere: bool | None = None
    parties: tuple[Party, ...] = ()
    faq: tuple[Question, ...] = ()
    is_made: bool = False
    source: str = ""


def definition_load(data: Mapping) -> MatterDefinition:
    """Build a definition from plain JSON that was checked before; raises `msgspec.ValidationError`."""
    return msgspec.convert(data, MatterDefinition)


def definition_dump(definition: MatterDefinition) -> dict:
    """Turn a definition into plain JSON; `definition_load` turns it back."""
    return msgspec.to_builtins(definition)


def matter_parse(file: PackFile) -> MatterDefinition:
    """Read matters/<name>.yaml; raises `PackError` with everything that is wrong in it."""
    problems = matter_check(file)
    if problems:
        raise PackError(problems)
    return definition_load(file.data)


def matter_check(file: PackFile) -> list[PackProblem]:
    """List what is wrong with a matter's file (接入规范检查), each with its line."""
    problems = [
        file.problem(error.instance_path, f"{_at(error.instance_path)}{error.message}")
        for error in _validator().iter_errors(file.data)
    ]
    if problems:
        return sorted(problems)
    definition = definition_load(file.data)
    found = [
        *_coding(definition),
        *_limits(definition),
        *_materials(definition),
        *_parties(definition),
        *_join(definition),
        *_opinions(definition),
        *_guide(definition),
        *_expressions(definition),
    ]
    return sorted(file.problem(keypath, message) for keypath, message in found)


@lru_cache(maxsize=1)
def _validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(MATTER_SCHEMA)


def _at(path: list) -> str:
    return f"{'.'.join(str(part) for part in path)}: " if path else ""


Found = Iterator[tuple[Keypath, str]]


def _coding(matter: MatterDefinition) -> Found:
    if matter.code[2:4] != matter.item_type:
        yield (
            ("code",),
            f"Digits 3-4 of the code are {matter.code[2:4]}, the item type is {matter.item_type}.",
        )
    for keys in ("branches", "materials", "parties"):
        items = getattr(matter, keys)
        names = [item.key for item in items]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield (keys, index, "key"), f"The key {name} appears twice."


def _limits(matter: MatterDefinition) -> Found:
    limits = matter.limits
    if limits.promised.unit != limits.legal.unit:
        yield ("limits", "promised", "unit"), "The promised and the legal limit differ in unit."
    elif limits.promised.amount > limits.legal.amount:
        yield ("limits", "promised"), "The promised limit is longer than the legal one."
    if matter.project_type == "1" and limits.promised.amount:
        yield ("limits", "promised"), "A matter done on the spot (即办件) promises 0."
    if matter.project_type != "1" and not limits.promised.amount:
        yield ("project_type",), "A promise of 0 means on the spot: project_type is 1 (即办件)."
    for index, branch in enumerate(matter.branches):
        limit = branch.limit
        if limit and (limit.unit != limits.legal.unit or limit.amount > limits.legal.amount):
            yield (
                ("branches", index, "limit"),
                f"The limit of {branch.key} must have the legal limit's unit and not exceed it.",
            )


def _materials(matter: MatterDefinition) -> Found:
    needs = {"registry": "registry_field", "licence": "licence_type", "upload": "accept"}
    for index, material in enumerate(matter.materials):
        need = needs[material.source]
        if not getattr(material, need):
            yield (
                ("materials", index),
                f"The material {material.key} comes from {material.source} and needs {need}.",
            )
        if (material.valid_days or material.may_follow) and not material.accept:
            yield (
                ("materials", index),
                f"The material {material.key} may be uploaded later or reused and needs accept.",
            )


def _parties(matter: MatterDefinition) -> Found:
    seen: set[str] = set()
    for index, party in enumerate(matter.parties):
        if party.min > party.max:
            yield ("parties", index, "min"), f"The party {party.key} has a min above its max."
        if shared := sorted(seen & set(party.pages)):
            yield ("parties", index, "pages"), f"Two parties fill in {', '.join(shared)}."
        seen |= set(party.pages)


def _join(matter: MatterDefinition) -> Found:
    """Yield why the branches' opinions cannot become one as the matter says (汇合规则)."""
    if matter.join is not None:
        for said in join_problems(matter.join, tuple(one.key for one in matter.branches)):
            yield ("join",), said


def _opinions(matter: MatterDefinition) -> Found:
    """Yield why a review by experts cannot be counted as the matter says (专家评审规则)."""
    keys = [one.key for one in matter.opinions]
    for index, one in enumerate(matter.opinions):
        if one.key in keys[:index]:
            yield ("opinions", index, "key"), f"There is a review {one.key} already."
        if one.join.policy == VETO or one.join.veto:
            yield ("opinions", index, "join"), "The experts of a panel have no veto."


def _guide(matter: MatterDefinition) -> Found:
    """Yield breaches of the quality rules for a published guide (办事指南质量规则)."""
    if matter.visits and not matter.visit_reason:
        yield ("visits",), "Visits on the spot need a visit_reason."
    if not matter.visits and matter.visit_reason:
        yield ("visit_reason",), "Without visits there is no visit_reason."
    if not matter.visits and not {"2", "3", "4"} & set(matter.handling_forms):
        yield ("handling_forms",), "Without visits one must be able to apply on line or by mail."
    if matter.online_depth == "4" and matter.visits:
        yield ("online_depth",), "Fully on line (depth 4) means 0 visits."
    yield from _fee(matter.fee)
    for keypath, text in _texts(matter):
        if not any("\u4e00" <= char <= "\u9fff" for char in text["zh"]):
            yield (*keypath, "zh"), "The Chinese text has no Chinese characters."
        if any("\u4e00" <= char <= "\u9fff" for char in text["en"]):
            yield (*keypath, "en"), "The English text has Chinese characters."


def _fee(fee: Fee | None) -> Found:
    if fee is None:
        return
    if (fee.amount_fen or fee.decision) and not fee.basis:
        yield ("fee",), "A fee needs its basis."
    if bool(fee.decision) != bool(fee.question):
        yield ("fee",), "A fee by decision names its table (decision) and what is asked (question)."
    if fee.decision and fee.amount_fen:
        yield ("fee",), "A fee has an amount or a decision, not both."


def _texts(matter: MatterDefinition) -> Iterator[tuple[Keypath, Text]]:
    yield ("title",), matter.title
    for index, branch in enumerate(matter.branches):
        yield ("branches", index, "title"), branch.title
    for index, party in enumerate(matter.parties):
        yield ("parties", index, "title"), party.title
    for index, material in enumerate(matter.materials):
        yield ("materials", index, "title"), material.title
        if material.commitment:
            keypath = ("materials", index, "commitment")
            yield (*keypath, "consequences"), material.commitment.consequences
            for line, text in enumerate(material.commitment.notice):
                yield (*keypath, "notice", line), text
    for index, condition in enumerate(matter.conditions):
        yield ("conditions", index), condition


def _expressions(matter: MatterDefinition) -> Found:
    sources: list[tuple[Keypath, str]] = []
    if matter.eligibility:
        sources.append((("eligibility", "when"), matter.eligibility.when))
    sources += [
        (("materials", index, "when"), material.when)
        for index, material in enumerate(matter.materials)
    ]
    for keypath, source in sources:
        if source:
            yield from ((keypath, message) for message in _expression_check(source))


def _expression_check(source: str) -> Iterator[str]:
    try:
        names = expression_compile(source).names
    except ExpressionError as error:
        yield f"The condition cannot be read: {error}"
        return
    unknown = sorted(names - CONDITION_NAMES)
    if unknown:
        yield f"The condition uses {', '.join(unknown)}; known are applicant, form, today."
