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
from yiwang.sdk.errors import YiwangError

Echo = Callable[[str], object]


def decide(file: str, decision: str, given: str, *, echo: Echo) -> int:
    """Print the result of one decision and the rules that fired, as JSON; 1 when a table has no answer."""
    engine = engine_open(file)
    outcome = engine.decide(decision, _input(given))
    echo(json_text({"decision": decision, **outcome_json(outcome), "problems": engine.problems}))
    return 1 if any(fired.problem and not fired.rules for fired in outcome.fired) else 0


def decide_batch(lines: Iterable[str], *, echo: Echo) -> int:
    """Answer one JSON a line: {"file", "decision", "input"} → {"result"} or {"error"}; 1 when any failed."""
    failed = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            asked = json.loads(line, parse_float=Decimal)
            engine = engine_open(asked["file"])
            given = value_of_json(asked.get("input") or {})
            outcome = engine.decide(asked["decision"], given)
            echo(json_text({"result": json_of_value(outcome.value)}))
        except (YiwangError, ValueError, KeyError, TypeError, OSError, RecursionError) as error:
            failed += 1
            echo(json_text({"error": _reason(error)}))
        sys.stdout.flush()
    return 1 if failed else 0


def check(file: str, *, echo: Echo) -> int:
    """Print what is wrong with a model: expressions that are not FEEL, gaps and overlaps of tables; 1 if anything."""
    engine = engine_open(file)
    findings = model_findings(engine)
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
    except OSError as error:
        raise DecisionModelInvalid(file=file, reason="there is no such file") from error
    return _engine(str(path), state.st_mtime_ns)


@lru_cache(maxsize=512)
def _engine(file: str, _changed: int) -> Engine:
    return Engine(model_open(Path(file)))


def _input(text: str) -> dict:
    try:
        given = json.loads(text or "{}", parse_float=Decimal)
    except ValueError as error:
        raise DecisionModelInvalid(file="--input", reason=f"not JSON: {error}") from error
    if not isinstance(given, dict):
        raise DecisionModelInvalid(
            file="--input", reason='a JSON object is needed: {"name": value}'
        )
    return value_of_json(given)


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"the key {error} is missing"
    return str(error) or type(error).__name__
