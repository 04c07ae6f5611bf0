"""Reads the parts of BPMN elements (流程元素的细部): events, timers, several instances, expressions.

Expressions are those of `yiwang/sdk/expressions.py`. The marks of other engines round an expression
(`${…}`, `#{…}`, a leading `=`) and their signs `&&`, `||` and `!` are understood.
"""

import json
import re
from collections.abc import Callable
from xml.etree.ElementTree import Element

from yiwang.engines.workflow import data
from yiwang.engines.workflow.bpmn_xml import local
from yiwang.engines.workflow.data import Event, Limit, Multi
from yiwang.engines.workflow.rules import limit_parse
from yiwang.sdk.errors import N_
from yiwang.sdk.expressions import Expression, ExpressionError
from yiwang.sdk.expressions import compile as compile_expression

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
YW = "urn:yiwang:bpmn"
_MESSAGES = frozenset({data.SEND, data.RECEIVE})
_WRAPPED = re.compile(r"[$#]\{(.*)\}", re.DOTALL)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?")
_CYCLE = re.compile(r"R(?P<times>\d{0,4})/(?P<rest>P[^/]+)")
_SIGNS = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(&&)|(\|\|)|(!(?!=))""")
_WORDS = ("", " and ", " or ", " not ")

_NAMES = {
    "messageEventDefinition": (data.MESSAGE, "messageRef", "message", ("name",)),
    "signalEventDefinition": (data.SIGNAL, "signalRef", "signal", ("name",)),
    "errorEventDefinition": (data.ERROR, "errorRef", "error", ("errorCode", "name")),
    "escalationEventDefinition": (
        data.ESCALATION,
        "escalationRef",
        "escalation",
        ("escalationCode", "name"),
    ),
}

Say = Callable[..., None]


def expression_text(text: str) -> str:
    """Take an expression out of the marks of other engines (去除表达式外壳).

    >>> expression_text("${ok && !(sum != 3)}"), expression_text("= a == '&&'")
    ("ok  and   not (sum != 3)", "a == '&&'")
    """
    text = text.strip()
    if match := _WRAPPED.fullmatch(text):
        text = match[1].strip()
    elif text.startswith("=") and not text.startswith("=="):
        text = text[1:].strip()
    return _SIGNS.sub(lambda m: m[1] or _WORDS[m.lastindex - 1], text)


def _bpmn(tag: str) -> str:
    return f"{{{BPMN}}}{tag}"


def _text(element: Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


class Parts:
    """Reads parts of elements; `say(element, reason, **params)` is told what cannot be read."""

    def __init__(self, root: Element, say: Say) -> None:
        self.say = say
        self.roots = {child.get("id"): child for child in root if child.get("id")}

    def expression(self, element: Element, text: str) -> Expression | None:
        """Compile an expression (编译表达式), None when there is none."""
        if not text.strip():
            return None
        try:
            return compile_expression(expression_text(text))
        except ExpressionError as error:
            reason = N_("The expression cannot be read: %(error)s")
            self.say(element, reason, error=str(error))
            return None

    def condition(self, flow: Element, tag: str) -> Expression | None:
        """Read the condition of a flow (流转条件)."""
        text = _text(flow.find(tag))
        if not text:
            return None
        try:
            return compile_expression(expression_text(text))
        except ExpressionError as error:
            self.say(flow, N_("The condition cannot be read: %(error)s"), error=str(error))
            return None

    def limit(self, element: Element, text: str) -> Limit | None:
        """Read a limit (时限)."""
        limit = limit_parse(text) if text else None
        if text and limit is None:
            self.say(element, N_("%(text)s is not a time limit."), text=text)
        return limit

    def event(self, element: Element, kind: str) -> Event | None:
        """Read what an event or a send or receive task waits for or throws (事件定义)."""
        key = self.expression(element, element.get(f"{{{YW}}}key", ""))
        if kind in _MESSAGES:
            name = self.reference(element, element, "messageRef", "message", ("name",))
            return Event(data.MESSAGE, name, key)
        definitions = [
            child
            for child in element
            if child.tag.startswith(f"{{{BPMN}}}") and child.tag.endswith("EventDefinition")
        ]
        references = [child for child in element if local(child) == "eventDefinitionRef"]
        definitions += [
            self.roots[_text(child).rpartition(":")[2]]
            for child in references
            if _text(child).rpartition(":")[2] in self.roots
        ]
        if len(definitions) > 1:
            self.say(element, N_("Several event definitions are not executed by this engine yet."))
        return self.definition(element, definitions[0], key) if definitions else None

    def definition(self, element: Element, definition: Element, key) -> Event | None:
        """Read one event definition (事件定义)."""
        tag = local(definition)
        if tag == "timerEventDefinition":
            return self.timer(element, definition)
        if tag == "terminateEventDefinition":
            return Event(data.TERMINATE)
        if tag in _NAMES:
            kind, attribute, root, names = _NAMES[tag]
            return Event(kind, self.reference(element, definition, attribute, root, names), key)
        self.say(element, N_("%(tag)s is not executed by this engine yet."), tag=tag)
        return None

    def reference(
        self, element: Element, holder: Element, attribute: str, tag: str, names: tuple[str, ...]
    ) -> str:
        """Return the name of the message, signal, error or escalation referred to (引用名称)."""
        key = holder.get(attribute, "").rpartition(":")[2]
        if not key:
            return ""
        found = self.roots.get(key)
        if found is None or local(found) != tag:
            reason = N_("%(attribute)s leads to nothing (%(key)s).")
            self.say(element, reason, attribute=attribute, key=key)
            return key
        return next((found.get(name) for name in names if found.get(name)), key)

    def timer(self, element: Element, definition: Element) -> Event:
        """Read a timer (定时): a length, a moment, or a cycle."""
        own = element.get(f"{{{YW}}}limit", "").strip()
        duration = own or _text(definition.find(_bpmn("timeDuration")))
        cycle = _text(definition.find(_bpmn("timeCycle")))
        moment = _text(definition.find(_bpmn("timeDate")))
        if duration or not (cycle or moment):
            return Event(data.TIMER, limit=self.limit(element, duration))
        if cycle:
            return self.cycle(element, cycle)
        if _MOMENT.fullmatch(moment):
            return Event(data.TIMER, moment=compile_expression(json.dumps(moment)))
        return Event(data.TIMER, moment=self.expression(element, moment))

    def cycle(self, element: Element, text: str) -> Event:
        """Read a cycle such as R3/PT1H (周期)."""
        match = _CYCLE.fullmatch(text)
        limit = limit_parse(match["rest"]) if match else None
        if match is None or limit is None:
            self.say(element, N_("%(text)s is not a time limit."), text=text)
            return Event(data.TIMER)
        return Event(data.TIMER, limit=limit, times=int(match["times"] or 0))

    def multi(self, element: Element) -> Multi | None:
        """Read several instances of an activity (多实例)."""
        loop = element.find(_bpmn("multiInstanceLoopCharacteristics"))
        if loop is None:
            return None

        def own(name: str) -> str:
            key = f"{{{YW}}}{name}"
            return (loop.get(key) or element.get(key, "")).strip()

        item = loop.find(_bpmn("inputDataItem"))
        name = "" if item is None else item.get("name", "")
        collection = own("collection") or _text(loop.find(_bpmn("loopDataInputRef")))
        return Multi(
            is_sequential=loop.get("isSequential") in ("true", "1"),
            collection=self.expression(element, collection),
            cardinality=self.expression(element, _text(loop.find(_bpmn("loopCardinality")))),
            element=own("element") or name or "element",
            completion=self.expression(element, _text(loop.find(_bpmn("completionCondition")))),
            result=loop.get(f"{{{YW}}}result", "").strip(),
        )

    def script(self, element: Element) -> Expression | None:
        """Read the expression of a script task (脚本)."""
        return self.expression(element, _text(element.find(_bpmn("script"))))

    def mapping(self, element: Element, tag: str) -> data.Mapped:
        """Read `<yw:input name value>` or `<yw:output …>` (数据映射)."""
        extension = element.find(_bpmn("extensionElements"))
        found = [] if extension is None else extension.findall(f"{{{YW}}}{tag}")
        pairs = []
        for one in found:
            name, text = one.get("name", "").strip(), one.get("value", "")
            value = self.expression(element, text or (name if name != "*" else "null"))
            if name and value is not None:
                pairs.append((name, value))
        return tuple(pairs)
