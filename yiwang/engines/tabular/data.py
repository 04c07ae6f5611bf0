"""What the tabular engine is given (表格计算的限额)."""

from dataclasses import dataclass

from yiwang.sdk.errors import N_, YiwangError


class EngineMissing(YiwangError):
    """An engine was asked for whose packages are not installed."""

    code = "engine_missing"
    status = 501
    message = N_(
        "The engine %(engine)s is not installed. Install it with `pip install yiwang[%(engine)s]`, "
        "or leave --engine out."
    )


class EngineUnready(YiwangError):
    """An engine is installed and cannot start here."""

    code = "engine_unready"
    status = 503
    message = N_(
        "The engine %(engine)s cannot start: %(reason)s. Leave --engine out to use DuckDB."
    )


@dataclass(frozen=True, slots=True)
class TabularLimits:
    """How much of the machine one connection may take (资源限额).

    threads: 1 or more. memory_mb: mebibytes, past which it spills. spill: folder for what does not
    fit; without one the limit is a wall.
    """

    threads: int = 1
    memory_mb: int = 1024
    spill: str = ""
