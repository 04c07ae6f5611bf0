"""Random sound nets (随机流程): blocks in blocks, each with one way in and one way out.

Every choice is made by a task right before its gateway: completing it sets a variable, and the
conditions ask for it. The same net can be written for other engines, whose expressions differ.
"""

import random
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from yiwang.engines.workflow.tests.models_of_processes import process, user

BASIC = ("seq", "and", "xor", "loop")
WIDE = (*BASIC, "or", "sub", "multi", "manual")


@dataclass
class RandomNet:
    """A net; choices: the variables that a task sets, with the values it may choose from.

    features: what other engines are known to understand differently.
    """

    draw: random.Random
    kinds: tuple[str, ...] = BASIC
    depth: int = 3
    condition: object = None
    choices: dict[str, tuple[str, list]] = field(default_factory=dict)
    features: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.number = self.parallel = self.loops = 0
        self.lines: list[str] = []
        self.condition = self.condition or (lambda name, sign, value: f"{name} {sign} {value!r}")
        self.chain("s", self.block(self.depth), "e")
        self.xml = process('<startEvent id="s"/>', '<endEvent id="e"/>', *self.lines)

    def key(self, kind: str) -> str:
        self.number += 1
        return f"{kind}{self.number}"

    def chain(self, before: str, part: tuple[str, str], after: str) -> None:
        self.flow(before, part[0])
        self.flow(part[1], after)

    def flow(self, source: str, target: str, condition: str = "", key: str = "") -> str:
        key = key or self.key("f")
        text = f"<conditionExpression>{escape(condition)}</conditionExpression>"
        self.lines.append(
            f'<sequenceFlow id="{key}" sourceRef="{source}" targetRef="{target}">'
            f"{text if condition else ''}</sequenceFlow>"
        )
        return key

    def block(self, depth: int) -> tuple[str, str]:
        kind = self.draw.choice(self.kinds) if depth else "task"
        if depth and self.draw.random() < 0.25:
            kind = "task"
        return getattr(self, f"{kind}_")(depth - 1)

    def task_(self, depth: int = 0, kind: str = "t") -> tuple[str, str]:
        key = self.key(kind)
        self.lines.append(user(key))
        if kind == "d" and self.parallel:
            self.features.add("choice inside a parallel block")
        return key, key

    def manual_(self, depth: int) -> tuple[str, str]:
        key = self.key("t")
        self.lines.append(f'<manualTask id="{key}" name="{key}" yw:role="APPROVER"/>')
        return key, key

    def decide(self, name: str, values: list) -> tuple[str, str]:
        """A task that sets a variable."""
        part = self.task_(kind="d")
        self.choices[part[0]] = (name, values)
        return part

    def seq_(self, depth: int) -> tuple[str, str]:
        parts = [self.block(depth) for _ in range(self.draw.randint(2, 3))]
        for (_, last), (first, _) in zip(parts, parts[1:], strict=False):
            self.flow(last, first)
        return parts[0][0], parts[-1][1]

    def gateways(self, tag: str) -> tuple[str, str]:
        split, merge = self.key("g"), self.key("g")
        self.lines += [f'<{tag} id="{split}"/>', f'<{tag} id="{merge}"/>']
        return split, merge

    def joined(self) -> None:
        if self.loops:
            self.features.add("join inside a loop")

    def and_(self, depth: int) -> tuple[str, str]:
        split, merge = self.gateways("parallelGateway")
        self.joined()
        self.parallel += 1
        for _ in range(self.draw.randint(2, 3)):
            self.chain(split, self.block(depth), merge)
        self.parallel -= 1
        return split, merge

    def xor_(self, depth: int) -> tuple[str, str]:
        count = self.draw.randint(2, 3)
        name = self.key("v")
        first = self.decide(name, list(range(count)))[0]
        split, merge = self.gateways("exclusiveGateway")
        self.flow(first, split)
        for value in range(count):
            part = self.block(depth)
            self.flow(split, part[0], self.condition(name, "==", value))
            self.flow(part[1], merge)
        return first, merge

    def or_(self, depth: int) -> tuple[str, str]:
        """A bit for each way; the last way is the default, taken when no bit is set."""
        name = self.key("v")
        self.features.add("inclusive gateway")
        self.joined()
        first = self.decide(name, [0, 1, 2, 3])[0]
        split, merge, default = self.key("g"), self.key("g"), self.key("f")
        self.lines += [
            f'<inclusiveGateway id="{split}" default="{default}"/>',
            f'<inclusiveGateway id="{merge}"/>',
        ]
        self.flow(first, split)
        for part, sign, value in (
            (self.block(depth), ">=", 2),
            (self.block(depth), "in", [1, 3]),
        ):
            self.flow(split, part[0], self.condition(name, sign, value))
            self.flow(part[1], merge)
        part = self.block(depth)
        self.flow(split, part[0], key=default)
        self.flow(part[1], merge)
        return first, merge

    def loop_(self, depth: int) -> tuple[str, str]:
        merge, split = self.gateways("exclusiveGateway")
        name = self.key("v")
        self.loops += 1
        body = self.block(depth)
        self.loops -= 1
        asked = self.decide(name, [0, 0, 1])[0]
        self.flow(merge, body[0])
        self.flow(body[1], asked)
        self.flow(asked, split)
        self.flow(split, merge, self.condition(name, "==", 1))
        after = self.task_()
        self.flow(split, after[0], self.condition(name, "==", 0))
        return merge, after[1]

    def sub_(self, depth: int) -> tuple[str, str]:
        key = self.key("p")
        outer, self.lines = self.lines, []
        self.lines += [f'<startEvent id="{key}s"/>', f'<endEvent id="{key}e"/>']
        self.chain(f"{key}s", self.block(depth), f"{key}e")
        inner = "\n".join(self.lines)
        self.lines = [*outer, f'<subProcess id="{key}" name="{key}">\n{inner}\n</subProcess>']
        return key, key

    def multi_(self, depth: int) -> tuple[str, str]:
        key = self.key("m")
        flag, count = self.draw.choice(("true", "false")), self.draw.randint(2, 3)
        text = user(key).replace(
            "/>",
            f'><multiInstanceLoopCharacteristics isSequential="{flag}">'
            f"<loopCardinality>{count}</loopCardinality></multiInstanceLoopCharacteristics></userTask>",
        )
        self.lines.append(text)
        return key, key
