"""What `yw decide` does (决策命令): one decision, many from standard input, or what is wrong with a model."""

import json
import os
import sys
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from yiwang.engines.decisions.analysis import model_findings
from yiwang.engines.decisions.evaluation import Engine, outcome_json
from yiwang.engines.decisions.interchange import json_of_value, json_text, value_of_json
from yiwang.engines.decisions.model import DecisionModelInvalid, model_open
from yiwang.sdk.errors import N_, Invalid, YiwangError

Echo = Callable[[str], object]
REASONS = (
    (RecursionError, "this is nested too deep to be worked out"),
    (ArithmeticError, "a number is too large"),
    (UnicodeError, "a text is not Unicode"),
)
OBJECT = 'a JSON object is needed: {"name": value}'


class DecisionRequestInvalid(Invalid):
    """What was asked of the engine cannot be read (决策请求有误)."""

    code = "decision_request_invalid"
    message = N_("%(name)s: %(reason)s")


def decide(file: str, decision: str, given: str, *, echo: Echo) -> int:
    """Print the result of one decision and the rules that fired, as JSON; 1 when a table has no answer.

    What cannot be worked out is answered with {"decision", "error"}, and 1.
    """
    try:
        engine = engine_open(file)
        outcome = engine.decide(decision, _input(given))
        answer = json_text(
            {"decision": decision, **outcome_json(outcome), "problems": engine.problems}
        )
    except Exception as error:  # noqa: BLE001 - whatever is given, the answer is JSON
        echo(json_text({"decision": decision, "error": _reason(error)}))
        return 1
    echo(answer)
    return 1 if any(fired.problem and not fired.rules for fired in outcome.fired) else 0


def decide_batch(lines: Iterable[str], *, echo: Echo) -> int:
    """Answer one JSON a line: {"file", "decision", "input"} → {"result"} or {"error"}; 1 when any failed."""
    failed = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            answer = json_text({"result": _line(line)})
        except Exception as error:  # noqa: BLE001 - one line never ends the batch
            failed += 1
            answer = json_text({"error": _reason(error)})
        echo(answer)
        sys.stdout.flush()
    return 1 if failed else 0


def _line(line: str) -> object:
    asked = _json("the line", line)
    if not isinstance(asked, dict):
        raise DecisionRequestInvalid(name="the line", reason=OBJECT)
    for name in ("file", "decision"):
        if not isinstance(asked.get(name), str):
            raise DecisionRequestInvalid(name=name, reason="a text is needed")
    given = asked.get("input")
    if given is not None and not isinstance(given, dict):
        raise DecisionRequestInvalid(name="input", reason=OBJECT)
    outcome = engine_open(asked["file"]).decide(asked["decision"], value_of_json(given or {}))
    return json_of_value(outcome.value)


def check(file: str, *, echo: Echo) -> int:
    """Print what is wrong with a model: expressions that are not FEEL, gaps and overlaps of tables; 1 if anything.

    What is no model is answered with {"error"}, and 1.
    """
    try:
        engine = engine_open(file)
        findings = model_findings(engine)
    except Exception as error:  # noqa: BLE001 - whatever is given, the answer is JSON
        echo(json_text({"error": _reason(error)}))
        return 1
    tables: dict[str, list[dict]] = {table.name: [] for table in engine.tables()}
    for one in findings:
        tables[one["table"]].append({name: one[name] for name in ("kind", "rules", "where")})
    echo(json_text({"problems": engine.problems, "tables": tables}))
    wrong = any(one["kind"] != "OPAQUE" for one in findings)
    return 1 if engine.problems or wrong else 0


def engine_open(file: str) -> Engine:
    """Return the engine of a file, kept while the file does not change. Raises DecisionModelInvalid."""
    path = Path(file)
    try:
        state = os.stat(path)
        return _engine(str(path), state.st_mtime_ns)
    except FileNotFoundError as error:
        raise DecisionModelInvalid(file=file, reason="there is no such file") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DecisionModelInvalid(file=file, reason=f"cannot be read: {reason}") from error


@lru_cache(maxsize=512)
def _engine(file: str, _changed: int) -> Engine:
    return Engine(model_open(Path(file)))


def _input(text: str) -> dict:
    given = _json("--input", text or "{}")
    if not isinstance(given, dict):
        raise DecisionRequestInvalid(name="--input", reason=OBJECT)
    return value_of_json(given)


def _json(name: str, text: str) -> object:
    """Read JSON with all the digits of its numbers. Raises DecisionRequestInvalid."""
    try:
        return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_constant)
    except RecursionError as error:
        raise DecisionRequestInvalid(name=name, reason="too deep") from error
    except ArithmeticError as error:
        raise DecisionRequestInvalid(name=name, reason="a number is too large") from error
    except ValueError as error:
        raise DecisionRequestInvalid(name=name, reason=f"not JSON: {error}") from error


def _constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def _reason(error: Exception) -> str:
    if isinstance(error, YiwangError):
        return str(error)
    for kind, said in REASONS:
        if isinstance(error, kind):
            return said
    return f"this cannot be worked out ({type(error).__name__}: {error})"
