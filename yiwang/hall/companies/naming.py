"""Rules of enterprise names (企业名称规则): structure, forbidden words, identical and similar names. Pure.

    parts = name_parse("苏州市姑苏区明月科技有限公司", tables=TABLES, places=places)
    structure_findings(parts, kind="LIMITED", tables=TABLES, places=places) + compare(parts, known, tables=TABLES)

A name is 行政区划 + 字号 + 行业 + 组织形式, or 字号（行政区划）行业组织形式. Every finding says what it is, what it
does (REFUSE or WARN), the words it rests on and the article. All lists are data: see `data_files/naming.yaml`.
Source: 企业名称登记管理规定 (国务院令第734号) articles 5 to 17 and its implementing measures.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from yiwang.sdk.errors import N_
from yiwang.sdk.text import fold, syllables

FRONT, BRACKETS = "FRONT", "BRACKETS"
REFUSE, WARN = "REFUSE", "WARN"
SOUNDS_KEPT = 16
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af]+\Z")
_BRACKETED = re.compile(r"[（(]([^（）()]+)[）)]")

TEXTS = {
    "division": N_("“%(words)s” is not a division in which this company may be registered here."),
    "core_missing": N_("The name has no trade name of its own between division and trade."),
    "core_short": N_("The trade name needs at least %(words)s Chinese characters."),
    "core_long": N_("The trade name may have at most %(words)s Chinese characters."),
    "characters": N_("Names are written in standard Chinese characters; “%(words)s” is none."),
    "core_is_place": N_("“%(words)s” is the name of a division and cannot be the trade name."),
    "core_is_trade": N_("“%(words)s” says what trade it is and cannot be the trade name."),
    "trade_missing": N_("The name does not say the trade in words that are known."),
    "trade_permit": N_("A company that trades in “%(words)s” needs a permit before registration."),
    "form": N_("“%(words)s” is not a form that this kind of company may have."),
    "national": N_("Names that begin with “%(words)s” need the approval of the State Council."),
    "state": N_("“%(words)s” belongs to the state and its organs and may not stand in the name."),
    "party": N_(
        "“%(words)s” belongs to a party or mass organisation and may not stand in the name."
    ),
    "foreign": N_("“%(words)s” names a foreign state or an international organisation."),
    "dignity": N_("“%(words)s” harms the dignity or the interests of the state."),
    "morals": N_("“%(words)s” goes against public order and good morals."),
    "discrimination": N_("“%(words)s” discriminates."),
    "misleading": N_("“%(words)s” may mislead the public."),
    "finance": N_("“%(words)s” may only be used with the permit of the financial supervisor."),
    "public_body": N_("“%(words)s” makes it look like a body that is not for profit."),
    "group": N_("“%(words)s” may only be used by a parent company with subsidiaries."),
    "leader": N_("“%(words)s” is the name of a leader of the state and cannot be the trade name."),
    "identical": N_("The same name stands in the registry or is reserved: %(words)s."),
    "same_core_and_trade": N_("The same trade name in the same trade is taken: %(words)s."),
    "same_sound_and_trade": N_(
        "A trade name that sounds the same in the same trade is taken: %(words)s."
    ),
    "same_core_other_trade": N_("The same trade name is used in another trade: %(words)s."),
    "well_known": N_(
        "It contains the well-known trade name “%(words)s”, which belongs to somebody else."
    ),
    "contains_known_core": N_("Its trade name contains that of %(words)s, of the same trade."),
}
BASIS = {
    "division": "企业名称登记管理规定第七条",
    "core_missing": "企业名称登记管理规定第六条",
    "core_short": "企业名称登记管理规定第八条",
    "core_long": "企业名称登记管理规定第八条",
    "characters": "企业名称登记管理规定第五条",
    "core_is_place": "企业名称登记管理规定第八条",
    "core_is_trade": "企业名称登记管理规定第八条",
    "trade_missing": "企业名称登记管理规定第九条",
    "trade_permit": "市场主体登记管理条例第二十一条",
    "form": "企业名称登记管理规定第十条",
    "well_known": "企业名称登记管理规定第十一条、第二十三条",
}
COMPARED = "企业名称登记管理规定第十七条"


@dataclass(frozen=True, slots=True)
class NameParts:
    """The parts of a name (名称构成). arrangement: FRONT or BRACKETS; core is the 字号."""

    division: str
    core: str
    trade: str
    form: str
    arrangement: str = FRONT

    @property
    def text(self) -> str:
        """Return the whole name (全称).

        >>> NameParts("苏州", "明月", "科技", "有限公司", BRACKETS).text
        '明月（苏州）科技有限公司'
        """
        if self.arrangement == BRACKETS:
            return f"{self.core}（{self.division}）{self.trade}{self.form}"
        return f"{self.division}{self.core}{self.trade}{self.form}"


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A class of forbidden words (禁限用字词). where: name, core, start or trade."""

    kind: str
    where: str
    basis: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class NamingTables:
    """The data that the rules work with (名称规则数据), as `tables_build` reads them."""

    forms: Mapping[str, tuple[str, ...]]
    other_forms: tuple[str, ...]
    trades: Mapping[str, str]
    permit_groups: frozenset[str]
    forbidden: tuple[Forbidden, ...]
    well_known: frozenset[str]
    variants: Mapping[int, str]
    effects: Mapping[str, str]
    core_minimum: int
    core_maximum: int
    reservation: Mapping[str, int]
    group_titles: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def endings(self) -> tuple[str, ...]:
        """Return all endings, the longest first (组织形式)."""
        return tuple(sorted({*self.forms, *self.other_forms}, key=len, reverse=True))

    @cached_property
    def trade_lengths(self) -> tuple[int, ...]:
        """Return the lengths of the wordings of trades, the longest first."""
        return tuple(sorted({len(word) for word in self.trades}, reverse=True))

    @cached_property
    def known_lengths(self) -> tuple[int, ...]:
        """Return the lengths of well-known 字号."""
        return tuple(sorted({len(word) for word in self.well_known}))


@dataclass(frozen=True, slots=True)
class Places:
    """Divisions for names (行政区划): all that may stand in front, and those allowed where the company sits.

    known: names taken off when a name is parsed; allowed: those of this seat; reserved: names of divisions
    that cannot be the trade name.
    """

    known: tuple[str, ...]
    allowed: frozenset[str]
    reserved: frozenset[str]


@dataclass(frozen=True, slots=True)
class NameKeys:
    """What names are found by (比对键): the arranged whole, the 字号, its sound, the group of its trade."""

    exact: str
    core: str
    sound: str
    trade_group: str


@dataclass(frozen=True, slots=True)
class KnownName:
    """A name that exists (已有名称). source: REGISTERED or RESERVED."""

    name: str
    keys: NameKeys
    source: str = "REGISTERED"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a name (审查意见): a key of `TEXTS`, its effect, the words, the article."""

    kind: str
    effect: str
    words: str
    basis: str

    @property
    def text(self) -> str:
        """Return the sentence as a message id; format it with `{"words": …}`."""
        return TEXTS[self.kind]

    @property
    def refuses(self) -> bool:
        """Tell whether the name cannot be had."""
        return self.effect == REFUSE


def tables_build(data: Mapping) -> NamingTables:
    """Build the tables from the read file (载入规则数据); KeyError names what is missing."""
    return NamingTables(
        forms={row["name"]: tuple(row["kinds"]) for row in data["forms"]},
        other_forms=tuple(data["other_forms"]),
        trades={word: row["group"] for row in data["trades"] for word in row["words"]},
        permit_groups=frozenset(row["group"] for row in data["trades"] if row.get("needs_permit")),
        forbidden=tuple(
            Forbidden(row["class"], row["where"], row["basis"], tuple(row["words"]))
            for row in data["forbidden"]
        ),
        well_known=frozenset(data["well_known"]),
        variants={ord(char): line[0] for line in data["variants"] for char in line[1:]},
        effects=dict(data["effects"]),
        core_minimum=data["core"]["minimum"],
        core_maximum=data["core"]["maximum"],
        reservation=dict(data["reservation"]),
        group_titles={row["group"]: row["en"] for row in data["trades"]},
    )


# --- parsing and keys ---------------------------------------------------------------------------


def name_parse(name: str, *, tables: NamingTables, places: Places) -> NameParts:
    """Take a name apart (拆分名称): bracketed or leading division, ending, trade; the rest is the 字号."""
    text = unicodedata.normalize("NFKC", name).replace("(", "（").replace(")", "）").strip()
    arrangement, division = FRONT, ""
    for found in _BRACKETED.finditer(text):
        if found.group(1) in places.known:
            arrangement, division = BRACKETS, found.group(1)
            text = text[: found.start()] + text[found.end() :]
            break
    else:
        division, text = _division_take(text, places)
    form = next((ending for ending in tables.endings if text.endswith(ending)), "")
    text = text[: len(text) - len(form)] if form else text
    trade = _trade_of(text, tables)
    core = text[: len(text) - len(trade)] if trade else text
    return NameParts(division, core, trade, form, arrangement)


def _division_take(text: str, places: Places) -> tuple[str, str]:
    """Take the leading divisions off, one after the other (苏州市 + 姑苏区)."""
    division = ""
    while True:
        found = next((place for place in places.known if text.startswith(place)), "")
        if not found:
            return division, text
        division, text = division + found, text[len(found) :]


def _trade_of(text: str, tables: NamingTables) -> str:
    for length in tables.trade_lengths:
        if length < len(text) and text[-length:] in tables.trades:
            return text[-length:]
    return ""


def same_form(text: str, tables: NamingTables) -> str:
    """Return the form in which texts are compared (归一): folded, variant characters as their standard."""
    return fold(text).translate(tables.variants)


def sound_of(core: str) -> str:
    """Return the sound of a 字号 (读音): the first reading of each character.

    >>> sound_of("明悦") == sound_of("名月")
    True
    """
    return " ".join(readings[0] for readings in syllables(core))


def sounds_of(core: str) -> frozenset[str]:
    """Return the sounds that a 字号 may have (多音字), at most 16, spelled as `sound_of`."""
    options = [""]
    for readings in syllables(core):
        options = [f"{one} {reading}".strip() for one in options for reading in readings]
        options = options[:SOUNDS_KEPT]
    return frozenset(options)


def name_keys(parts: NameParts, *, tables: NamingTables) -> NameKeys:
    """Return what a name is found by (比对键)."""
    core = same_form(parts.core, tables)
    return NameKeys(
        exact=core + same_form(parts.trade, tables),
        core=core,
        sound=sound_of(core),
        trade_group=tables.trades.get(parts.trade, ""),
    )


# --- structure and words ------------------------------------------------------------------------


def structure_findings(
    parts: NameParts, *, kind: str, tables: NamingTables, places: Places
) -> list[Finding]:
    """Judge a name by itself (结构与禁限用审查). kind: LIMITED, SINGLE or JOINT_STOCK."""
    found = [
        *_core_findings(parts, tables, places),
        *_part_findings(parts, kind, tables, places),
        *_word_findings(parts, tables),
    ]
    return list(dict.fromkeys(found))


def _finding(kind: str, words: object, *, effect: str = REFUSE, basis: str = "") -> Finding:
    return Finding(kind, effect, str(words), basis or BASIS.get(kind, COMPARED))


def _core_findings(parts: NameParts, tables: NamingTables, places: Places) -> Iterable[Finding]:
    core = parts.core
    if not core:
        yield _finding("core_missing", "")
        return
    if not _HAN.match(core):
        others = "".join(char for char in core if not _HAN.match(char))
        yield _finding("characters", others or core)
    if len(core) < tables.core_minimum:
        yield _finding("core_short", tables.core_minimum)
    if len(core) > tables.core_maximum:
        yield _finding("core_long", tables.core_maximum)
    if core in places.reserved:
        yield _finding("core_is_place", core)
    if core in tables.trades:
        yield _finding("core_is_trade", core)
    for length in tables.known_lengths:
        for start in range(len(core) - length + 1):
            if (word := core[start : start + length]) in tables.well_known:
                yield _finding("well_known", word, effect=tables.effects["well_known"])


def _part_findings(
    parts: NameParts, kind: str, tables: NamingTables, places: Places
) -> Iterable[Finding]:
    if parts.division not in places.allowed:
        yield _finding("division", parts.division or "—")
    if not parts.trade or parts.trade not in tables.trades:
        yield _finding("trade_missing", parts.trade)
    elif tables.trades[parts.trade] in tables.permit_groups:
        yield _finding("trade_permit", parts.trade)
    if kind not in tables.forms.get(parts.form, ()):
        yield _finding("form", parts.form or "—")


def _word_findings(parts: NameParts, tables: NamingTables) -> Iterable[Finding]:
    whole = fold(parts.core + parts.trade)
    texts = {"name": whole, "core": fold(parts.core), "trade": fold(parts.trade), "start": whole}
    for rule in tables.forbidden:
        text = texts[rule.where]
        for word in rule.words:
            is_there = text.startswith(word) if rule.where == "start" else word in text
            if is_there:
                yield _finding(rule.kind, word, basis=rule.basis)


# --- comparing ----------------------------------------------------------------------------------


def compare(parts: NameParts, known: Iterable[KnownName], *, tables: NamingTables) -> list[Finding]:
    """Compare a name with those that exist (相同相近比对): the gravest finding for each of them.

    known: candidates by any key; what is not similar gives nothing. Names of divisions do not count: in one
    city 苏州明月科技 and 姑苏区明月科技 are the same.
    """
    keys = name_keys(parts, tables=tables)
    sounds = sounds_of(keys.core)
    found = []
    for other in known:
        kind = _likeness(keys, sounds, other.keys)
        if kind:
            found.append(_finding(kind, other.name, effect=tables.effects[kind], basis=COMPARED))
    return sorted(dict.fromkeys(found), key=lambda one: (not one.refuses, one.kind, one.words))


def _likeness(keys: NameKeys, sounds: frozenset[str], other: NameKeys) -> str:
    if keys.exact == other.exact:
        return "identical"
    same_trade = bool(keys.trade_group) and keys.trade_group == other.trade_group
    if keys.core == other.core:
        return "same_core_and_trade" if same_trade else "same_core_other_trade"
    if not same_trade:
        return ""
    if other.sound in sounds:
        return "same_sound_and_trade"
    return "contains_known_core" if len(other.core) > 1 and other.core in keys.core else ""


def parts_within(core: str) -> list[str]:
    """Return the parts of a 字号 that could be another one (所含字号): two characters or more, not the whole.

    >>> parts_within("明月楼")
    ['明月', '月楼']
    """
    return [
        core[start:end]
        for start in range(len(core))
        for end in range(start + 2, len(core) + 1)
        if end - start < len(core)
    ]
