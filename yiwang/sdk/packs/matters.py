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
PARALLEL, FIRST_REVIEW = "PARALLEL", "FIRST_REVIEW"
LEVELS_UPWARD = ("STREET", "DISTRICT", "CITY")


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
    """Who may apply (申请对象): a condition the machine decides and the sentence people read.

    when: asked before a draft is opened. decision: a decision table by reference that says besides, rule by
    rule, who may; question: which of its decisions. A table that asks for nothing of the form is asked before
    the draft is opened too, every table when the application is submitted.
    """

    zh: str
    en: str
    when: str = ""
    decision: str = ""
    question: str = ""


@dataclass(frozen=True, slots=True)
class Routing:
    """Who handles an application, by a decision table (承办分工): zh and en say what it depends on.

    Its rules give a level, a department's function, or first_review: whether the lower organ reviews first;
    what a rule does not give is the matter's own.
    """

    decision: str
    question: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A law and its article (设定依据). source: where this was taken from, for the editors."""

    title: Text
    article: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """One department's part of a matter. licence: its result, "" for none.

    role: PARALLEL, beside the others (并联审批); FIRST_REVIEW, the lower organ that accepts and reviews before
    the higher one decides (下级机关初审, 行政许可法第四十三条), only where the routing says so if there is one.
    """

    key: str
    title: Text
    department: str
    level: str
    limit: Limit | None = None
    licence: str = ""
    role: str = "PARALLEL"


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
    rate, unit: for a fee by unit, the table of the model that gives the price, and of what (立方米); the fee
    catalogue is compared with it row by row.
    """

    amount_fen: int = 0
    basis: str = ""
    note: Text | None = None
    decision: str = ""
    question: str = ""
    title: Text | None = None
    rate: str = ""
    unit: Text | None = None


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

    routing: which department handles what, None: always the one named here.
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
    routing: Routing | None = None
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

    @property
    def parallel(self) -> tuple[Branch, ...]:
        """Return the branches of departments that decide together (并联部门)."""
        return tuple(branch for branch in self.branches if branch.role == PARALLEL)

    @property
    def first_review(self) -> Branch | None:
        """Return the lower organ's part (下级初审), None where nobody reviews first."""
        return next((branch for branch in self.branches if branch.role == FIRST_REVIEW), None)


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
        *_tables(definition),
        *_first_review(definition),
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
        for said in join_problems(matter.join, tuple(one.key for one in matter.parallel)):
            yield ("join",), said


def _tables(matter: MatterDefinition) -> Found:
    """Yield what is half said of the table of eligibility (资格判定表); the schema has that of routing whole."""
    rule = matter.eligibility
    if rule is not None and bool(rule.decision) != bool(rule.question):
        text = "Eligibility by decision names its table (decision) and what is asked (question)."
        yield ("eligibility",), text


def _first_review(matter: MatterDefinition) -> Found:
    """Yield why a lower organ cannot review first as the matter says (下级初审规则)."""
    found = [n for n, one in enumerate(matter.branches) if one.role == FIRST_REVIEW]
    for index in found:
        branch = matter.branches[index]
        if branch.licence:
            yield ("branches", index, "licence"), "Who reviews first issues nothing."
        if branch.limit:
            text = "The limit of a first review is the law's (legal_clocks, FIRST_REVIEW)."
            yield ("branches", index, "limit"), text
        if LEVELS_UPWARD.index(branch.level) >= LEVELS_UPWARD.index("CITY"):
            yield ("branches", index, "level"), "Nobody in the city is above its own level."
    if len(found) > 1:
        yield ("branches", found[1], "role"), "Only one organ reviews first."


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
    if bool(fee.rate) != bool(fee.unit) or (fee.rate and not fee.decision):
        yield ("fee",), "A fee by unit names its decision, the table of prices (rate) and the unit."
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
