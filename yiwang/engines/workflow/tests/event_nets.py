"""Random sound nets with events (带事件的随机流程): every event has a name of its own, every timer a length of its own.

What may happen from outside is told by `RandomNet.choices` (what a task sets) and by what waits: messages
and signals by name, timers by the hour. Called processes stand in `called`; what a net throws itself stands in `thrown`
and need not come from outside.
"""

import datetime
import random

from yiwang.engines.workflow.tests.models_of_processes import NOW, process, user
from yiwang.engines.workflow.tests.random_nets import RandomNet

EVENTS = (
    "caught",
    "timer",
    "race",
    "limited",
    "watched",
    "stopped",
    "faulty",
    "escalated",
    "call",
    "handled",
    "thrown",
    "reminded",
    "dated",
    "halted",
    "cut",
)


class EventNet(RandomNet):
    """A net with events; roots: the declarations of its messages, signals, errors and escalations."""

    def __init__(self, draw: random.Random, kinds: tuple[str, ...]) -> None:
        self.roots: list[str] = []
        self.called: dict[str, str] = {}
        self.thrown: set[str] = set()
        self.hours = self.inside = 0
        super().__init__(draw, kinds)
        self.xml = self.xml.replace("<process ", "".join(self.roots) + "<process ", 1)

    def declared(self, kind: str) -> str:
        """Declare a message, signal, error or escalation; return its definition."""
        key = self.key("w")
        code = {"error": f'errorCode="{key}"', "escalation": f'escalationCode="{key}"'}.get(
            kind, ""
        )
        self.roots.append(f'<{kind} id="{key}" name="{key}" {code}/>')
        return f'<{kind}EventDefinition {kind}Ref="{key}"/>'

    def waited(self, *kinds: str) -> str:
        """Return the definition of an event that comes from outside."""
        kind = self.draw.choice(kinds or ("message", "signal", "timer"))
        if kind != "timer":
            return self.declared(kind)
        self.hours += 1
        length = f"PT{self.hours * 10 + self.draw.randint(0, 9)}H"
        return f"<timerEventDefinition><timeDuration>{length}</timeDuration></timerEventDefinition>"

    def event(self, tag: str, body: str, more: str = "") -> str:
        key = self.key("v")
        self.lines.append(f'<{tag} id="{key}" {more}>{body}</{tag}>')
        return key

    def at(self, host: str, body: str, *, interrupting: bool) -> str:
        flag = "true" if interrupting else "false"
        return self.event("boundaryEvent", body, f'attachedToRef="{host}" cancelActivity="{flag}"')

    def merged(self, host: str, event: str) -> tuple[str, str]:
        """Lead a task behind the event, and both ways, together."""
        merge = self.key("g")
        self.lines.append(f'<exclusiveGateway id="{merge}"/>')
        self.flow(host, merge)
        self.chain(event, self.task_(), merge)
        return host, merge

    def beside(self, event: str) -> None:
        """Lead from the event to a task and an end of its own."""
        end = self.key("e")
        self.lines.append(f'<endEvent id="{end}"/>')
        self.chain(event, self.task_(), end)

    def sub(self, depth: int, *, ending: str = "", by_event: str = "") -> str:
        """Write a sub-process; ending: its end event's definition, where a choice may lead to it."""
        key = self.key("p")
        outer, self.lines = self.lines, []
        self.lines += [f'<startEvent id="{key}s"/>', f'<endEvent id="{key}e"/>']
        self.inside += 1
        part = self.block(depth)
        self.inside -= 1
        self.flow(f"{key}s", part[0])
        last = self.choice_(part[1], ending, key) if ending else part[1]
        self.flow(last, f"{key}e")
        if by_event:
            self.handler(by_event, interrupting=self.draw.random() < 0.5)
        inner = "".join(self.lines)
        self.lines = [*outer, f'<subProcess id="{key}" name="{key}">{inner}</subProcess>']
        return key

    def choice_(self, before: str, ending: str, key: str) -> str:
        """Ask whether it ends badly."""
        name = self.key("v")
        asked = self.decide(name, [0, 0, 1])[0]
        split, bad, good = self.key("g"), self.key("e"), self.task_()[0]
        self.lines += [
            f'<exclusiveGateway id="{split}"/>',
            f'<endEvent id="{bad}">{ending}</endEvent>',
        ]
        self.flow(before, asked)
        self.flow(asked, split)
        self.flow(split, bad, self.condition(name, "==", 1))
        self.flow(split, good, self.condition(name, "==", 0))
        return good

    def handler(self, body: str, *, interrupting: bool) -> None:
        key = self.key("h")
        outer, self.lines = self.lines, []
        flag = "true" if interrupting else "false"
        self.lines += [
            f'<startEvent id="{key}s" isInterrupting="{flag}">{body}</startEvent>',
            f'<endEvent id="{key}e"/>',
        ]
        self.chain(f"{key}s", self.task_(), f"{key}e")
        inner = "".join(self.lines)
        self.lines = [
            *outer,
            f'<subProcess id="{key}" triggeredByEvent="true">{inner}</subProcess>',
        ]

    # -- blocks

    def caught_(self, depth: int) -> tuple[str, str]:
        key = self.event("intermediateCatchEvent", self.waited("message", "signal"))
        return key, key

    def timer_(self, depth: int) -> tuple[str, str]:
        key = self.event("intermediateCatchEvent", self.waited("timer"))
        return key, key

    def race_(self, depth: int) -> tuple[str, str]:
        split, merge = self.key("g"), self.key("g")
        self.lines += [f'<eventBasedGateway id="{split}"/>', f'<exclusiveGateway id="{merge}"/>']
        self.features.add("event-based gateway")
        for kind in self.draw.sample(("message", "signal", "timer"), 2):
            event = self.event("intermediateCatchEvent", self.waited(kind))
            self.flow(split, event)
            self.chain(event, self.block(depth), merge)
        return split, merge

    def limited_(self, depth: int) -> tuple[str, str]:
        key = self.task_()[0]
        return self.merged(key, self.at(key, self.waited(), interrupting=True))

    def watched_(self, depth: int) -> tuple[str, str]:
        key = self.task_()[0]
        self.features.add("event beside an activity")
        self.beside(self.at(key, self.waited(), interrupting=False))
        return key, key

    def stopped_(self, depth: int) -> tuple[str, str]:
        key = self.sub(depth)
        return self.merged(key, self.at(key, self.waited(), interrupting=True))

    def faulty_(self, depth: int) -> tuple[str, str]:
        error = self.declared("error")
        key = self.sub(depth, ending=error)
        return self.merged(key, self.at(key, error, interrupting=True))

    def escalated_(self, depth: int) -> tuple[str, str]:
        escalation = self.declared("escalation")
        key = self.sub(depth, ending=escalation)
        self.features.add("event beside an activity")
        self.beside(self.at(key, escalation, interrupting=False))
        return key, key

    def handled_(self, depth: int) -> tuple[str, str]:
        self.features.add("event sub-process")
        key = self.sub(depth, by_event=self.waited("message", "signal", "timer"))
        return key, key

    def thrown_(self, depth: int) -> tuple[str, str]:
        """One branch waits for what the other throws when its task is done."""
        split, merge = self.gateways("parallelGateway")
        self.joined()
        self.parallel += 1
        body = self.declared(self.draw.choice(("message", "signal")))
        self.thrown.add(body.split('"')[1])
        catch = self.event("intermediateCatchEvent", body)
        self.flow(split, catch)
        self.chain(catch, self.block(depth), merge)
        throw = self.event("intermediateThrowEvent", body)
        self.chain(split, self.task_(), throw)
        self.chain(throw, self.block(depth), merge)
        self.parallel -= 1
        self.features.add("intermediate throw")
        return split, merge

    def reminded_(self, depth: int) -> tuple[str, str]:
        """A timer beside a task that goes off several times."""
        key = self.task_()[0]
        self.hours += 1
        length = f"R{self.draw.choice((2, 3))}/PT{self.hours * 10 + self.draw.randint(0, 9)}H"
        body = f"<timerEventDefinition><timeCycle>{length}</timeCycle></timerEventDefinition>"
        self.features |= {"event beside an activity", "timer cycle"}
        self.beside(self.at(key, body, interrupting=False))
        return key, key

    def dated_(self, depth: int) -> tuple[str, str]:
        """A moment in the calendar; in a loop it may have passed."""
        self.hours += 1
        moment = NOW + datetime.timedelta(hours=self.hours * 10 + self.draw.randint(0, 9))
        text = moment.isoformat()
        body = f"<timerEventDefinition><timeDate>{text}</timeDate></timerEventDefinition>"
        key = self.event("intermediateCatchEvent", body)
        self.features.add("timer date")
        return key, key

    def halted_(self, depth: int) -> tuple[str, str]:
        """Branches side by side; one of them may end the whole scope at once."""
        split, merge = self.gateways("parallelGateway")
        self.joined()
        self.parallel += 1
        first = self.block(depth)
        self.flow(split, first[0])
        self.flow(self.choice_(first[1], "<terminateEventDefinition/>", ""), merge)
        self.chain(split, self.block(depth), merge)
        self.parallel -= 1
        self.features.add("terminate end")
        if self.inside:
            self.features.add("terminate end in a sub-process")
        return split, merge

    def cut_(self, depth: int) -> tuple[str, str]:
        """A sub-process that may end itself at once; what comes after it goes on."""
        key = self.key("p")
        outer, self.lines = self.lines, []
        self.lines += [f'<startEvent id="{key}s"/>', f'<endEvent id="{key}e"/>']
        self.inside += 1
        self.chain(f"{key}s", self.halted_(depth), f"{key}e")
        self.inside -= 1
        inner = "".join(self.lines)
        self.lines = [*outer, f'<subProcess id="{key}" name="{key}">{inner}</subProcess>']
        return key, key

    def call_(self, depth: int) -> tuple[str, str]:
        key = self.key("k")
        if self.inside:
            self.features.add("call inside a sub-process")
        tasks = [user(f"{key}a"), user(f"{key}b")]
        self.called[f"{key}c"] = process(
            f'<startEvent id="{key}s"/>', f'<endEvent id="{key}e"/>', *tasks,
            *(f'<sequenceFlow id="{key}{a}{b}" sourceRef="{key}{a}" targetRef="{key}{b}"/>' for a, b in ("sa", "ab", "be")),
        ).replace('id="p"', f'id="{key}c"')  # fmt: skip
        self.lines.append(f'<callActivity id="{key}" calledElement="{key}c"/>')
        return key, key
