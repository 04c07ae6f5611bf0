"""Random nets that are sound by construction: blocks in blocks, each with one way in and one way out."""

from itertools import count

from hypothesis import strategies as st

from yiwang.engines.workflow.tests import elements as el
from yiwang.engines.workflow.tests.models_of_processes import DEPARTMENTS, flow, user

OUTCOMES = "DONE,AGAIN,CORRECT"
LEAVES = ("task", "reminded", "limited")
WIDE_LEAVES = (*LEAVES, "together", "ordered", "receive", "race", "call", "watched")
BLOCKS = ("seq", "and", "xor", "loop")
WIDE_BLOCKS = (*BLOCKS, "or", "sub", "timed", "faulty", "handled", "escalated", "each")


def blocks(leaves: tuple[str, ...], kinds: tuple[str, ...], *, most: int = 6):
    """A strategy for block structures."""
    return st.recursive(
        st.sampled_from(leaves),
        lambda inner: st.tuples(st.sampled_from(kinds), st.lists(inner, min_size=2, max_size=3)),
        max_leaves=most,
    )


class Net:
    """Writes a block structure as a process. pairs: the split and join of each parallel block."""

    def __init__(self, block) -> None:
        self.numbers = count(1)
        self.lines = ['<startEvent id="s"/>', '<endEvent id="e"/>']
        self.pairs: list[tuple[str, str]] = []
        first, last = self.write(block)
        self.join("s", first)
        self.join(last, "e")
        self.xml = el.process(*self.lines)

    def add(self, kind: str, text: str) -> str:
        key = f"{kind}{next(self.numbers)}"
        self.lines.append(text.replace("{}", key))
        return key

    def join(self, source: str, target: str, condition: str = "") -> None:
        self.lines.append(flow(source, target, condition))

    def write(self, block) -> tuple[str, str]:
        if isinstance(block, str):
            return getattr(self, f"{block}_")()
        kind, parts = block
        return getattr(self, f"{kind}_")(parts)

    # -- leaves

    def task_(self) -> tuple[str, str]:
        department = list(DEPARTMENTS)[next(self.numbers) % len(DEPARTMENTS)]
        key = self.add("t", user("{}", department=department, outcomes=OUTCOMES))
        return key, key

    def merged(self, key: str, other: str) -> tuple[str, str]:
        """Two ways out of an activity come together."""
        merge = self.add("m", '<exclusiveGateway id="{}"/>')
        self.join(key, merge)
        self.join(other, merge)
        return key, merge

    def at(self, host: str, what: str, *, interrupting: bool) -> str:
        key = f"b{next(self.numbers)}"
        self.lines.append(el.boundary(key, host, what, interrupting=interrupting))
        return key

    def beside(self, host: str, what: str) -> None:
        """An event beside an activity, with a task and an end of its own."""
        event = self.at(host, what, interrupting=False)
        first, last = self.task_()
        self.join(event, first)
        self.join(last, self.add("e", '<endEvent id="{}"/>'))

    def reminded_(self) -> tuple[str, str]:
        key, _ = self.task_()
        self.beside(key, "R2/P2D")
        return key, key

    def limited_(self) -> tuple[str, str]:
        key, _ = self.task_()
        return self.merged(key, self.at(key, "P2D", interrupting=True))

    def watched_(self) -> tuple[str, str]:
        key, _ = self.task_()
        self.beside(key, "paid")
        return self.merged(key, self.at(key, "stop", interrupting=True))

    def several(self, *, sequential: bool, done: str = "") -> tuple[str, str]:
        multi = el.several(count="3", sequential=sequential, done=done, result="votes")
        text = f'<userTask id="{{}}" yw:role="APPROVER" yw:outcomes="{OUTCOMES}">{multi}</userTask>'
        key = self.add("n", text)
        return key, key

    def together_(self) -> tuple[str, str]:
        key, _ = self.several(sequential=False, done="votes.DONE >= 2")
        return self.merged(key, self.at(key, "P3D", interrupting=True))

    def ordered_(self) -> tuple[str, str]:
        return self.several(sequential=True)

    def receive_(self) -> tuple[str, str]:
        key = self.add("r", '<receiveTask id="{}" messageRef="m_paid"/>')
        return self.merged(key, self.at(key, "P4D", interrupting=True))

    def race_(self) -> tuple[str, str]:
        split = self.add("g", '<eventBasedGateway id="{}"/>')
        merge = self.add("m", '<exclusiveGateway id="{}"/>')
        for what in ("paid", "stop", "P3D"):
            key = f"c{next(self.numbers)}"
            self.lines.append(el.catch(key, what))
            self.join(split, key)
            self.join(key, merge)
        return split, merge

    def call_(self) -> tuple[str, str]:
        key = self.add("k", '<callActivity id="{}" calledElement="inner"/>')
        return self.merged(key, self.at(key, "BAD", interrupting=True))

    # -- blocks

    def seq_(self, parts) -> tuple[str, str]:
        ends = [self.write(part) for part in parts]
        for (_, last), (first, _) in zip(ends, ends[1:], strict=False):
            self.join(last, first)
        return ends[0][0], ends[-1][1]

    def both(self, tag: str, parts, conditions: tuple[str, ...] = ("", "", "")) -> tuple[str, str]:
        split = self.add("g", f'<{tag} id="{{}}"/>')
        merge = self.add("g", f'<{tag} id="{{}}"/>')
        for part, condition in zip(parts, conditions, strict=False):
            first, last = self.write(part)
            self.join(split, first, condition)
            self.join(last, merge)
        return split, merge

    def and_(self, parts) -> tuple[str, str]:
        self.pairs.append(self.both("parallelGateway", parts))
        return self.pairs[-1]

    def xor_(self, parts) -> tuple[str, str]:
        again = "outcome == 'AGAIN'"
        return self.both("exclusiveGateway", parts, (again, f"not ({again})", "true"))

    def or_(self, parts) -> tuple[str, str]:
        return self.both("inclusiveGateway", parts, ("true", "outcome == 'AGAIN'", "true"))

    def loop_(self, parts) -> tuple[str, str]:
        merge = self.add("m", '<exclusiveGateway id="{}"/>')
        first, last = self.seq_(["task", *parts])
        choice = self.add("x", '<exclusiveGateway id="{}"/>')
        self.join(merge, first)
        self.join(last, choice)
        self.join(choice, merge, "outcome == 'AGAIN'")
        after = self.add("m", '<exclusiveGateway id="{}"/>')
        self.join(choice, after, "outcome != 'AGAIN'")
        return merge, after

    def sub(self, parts, *, last_of=None, handler: str = "", multi: str = "") -> str:
        """A sub-process around its parts; last_of: writes what stands before its end."""
        key = f"p{next(self.numbers)}"
        outer, self.lines = self.lines, []
        begin, end = self.add("s", el.start("{}")), self.add("e", el.end("{}"))
        first, last = self.seq_(parts)
        self.join(begin, first)
        self.join(last_of(last) if last_of else last, end)
        if handler:
            self.handler(handler)
        text = el.sub(key, *self.lines, multi=multi)
        self.lines = [*outer, text]
        return key

    def handler(self, what: str) -> None:
        key = f"h{next(self.numbers)}"
        outer, self.lines = self.lines, []
        begin = f"s{next(self.numbers)}"
        self.lines.append(el.start(begin, what, interrupting=what == "stop"))
        first, last = self.task_()
        self.join(begin, first)
        self.join(last, self.add("e", el.end("{}")))
        text = el.sub(key, *self.lines, by_event=True)
        self.lines = [*outer, text]

    def sub_(self, parts) -> tuple[str, str]:
        key = self.sub(parts)
        return key, key

    def timed_(self, parts) -> tuple[str, str]:
        key = self.sub(parts)
        self.beside(key, "paid")
        return self.merged(key, self.at(key, "P3D", interrupting=True))

    def faulty_(self, parts) -> tuple[str, str]:
        def last_of(last: str) -> str:
            choice = self.add("x", '<exclusiveGateway id="{}"/>')
            self.join(last, choice)
            bad = self.add("e", el.end("{}", "BAD"))
            self.join(choice, bad, "outcome == 'AGAIN'")
            good = self.add("m", '<exclusiveGateway id="{}"/>')
            self.join(choice, good, "outcome != 'AGAIN'")
            return good

        key = self.sub(parts, last_of=last_of)
        return self.merged(key, self.at(key, "BAD", interrupting=True))

    def handled_(self, parts) -> tuple[str, str]:
        key = self.sub(parts, handler="stop" if next(self.numbers) % 2 else "paid")
        return key, key

    def escalated_(self, parts) -> tuple[str, str]:
        def last_of(last: str) -> str:
            thrown = f"u{next(self.numbers)}"
            self.lines.append(el.throw(thrown, "LATE"))
            self.join(last, thrown)
            after, _ = self.task_()
            self.join(thrown, after)
            return after

        key = self.sub(parts, last_of=last_of)
        self.beside(key, "LATE")
        return key, key

    def each_(self, parts) -> tuple[str, str]:
        """A sub-process twice, side by side or one after the other."""
        multi = el.several(count="2", sequential=bool(next(self.numbers) % 2))
        key = self.sub(parts[:2], multi=multi)
        return key, key
