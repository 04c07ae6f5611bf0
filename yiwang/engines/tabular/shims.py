"""What Spark lacks or reads otherwise than DuckDB (方言垫片): a number, a date or a blank typed by people.

Each shim turns a node of DuckDB's syntax tree into one that Spark reads the same way; numbers in hexadecimal and
times of day with blanks inside are left unread. Loads sqlglot.
"""

from collections.abc import Callable

from sqlglot import exp

from yiwang.engines.tabular.strings import JARO_WINKLER

# What DuckDB's `trim` takes for a blank: the separators of Unicode, not the tabulator.
BLANKS = " \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u202f\u205f\u3000"

# Texts that DuckDB casts to a number: digits in groups, a fraction, an exponent.
NUMBER = (
    r"^\s*[+-]?([0-9]+(_[0-9]+)*\.?([0-9]+(_[0-9]+)*)?|\.[0-9]+(_[0-9]+)*)([eE][+-]?[0-9]+)?\s*$"
)
DIGITS = r"^\s*[+-]?[0-9]+\s*$"
# Texts that it casts to a date: year, month and day with one kind of mark, a time after them.
DAY = r"^\s*(-?)0*([0-9]{1,6})([-/ \\])([0-9]{1,2})\3([0-9]{1,2})"
DAY_END = (
    r"([T ][0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}([.][0-9]+)?)?( ?(Z|[+-][0-9]{2}(:?[0-9]{2})?))?)?\s*$"
)
PARTS = {"%Y": "([0-9]{1,4}+)", "%m": "([0-9]{1,2}+)", "%d": "([0-9]{1,2}+)"}

# Functions that sqlglot passes on by name and that Spark has under the same name.
SAME_IN_SPARK = frozenset({"hash"})


def shims_put(tree: exp.Expression) -> exp.Expression:
    """Put shims in place from the leaves upwards, so that what they enclose is translated already."""
    for node in reversed(list(tree.bfs())):
        name = _name(node)
        if name in SHIMS:
            found = SHIMS[name](node)
            if found is not node:
                node.replace(found)
        elif type(node).__name__ == "Anonymous" and name not in SAME_IN_SPARK:
            raise ValueError(f"this SQL has no form in Spark: it calls {name}")
    return tree


def _name(node: exp.Expression) -> str:
    """Name a node as the table of shims does: a call by its function, a cast also by its type."""
    kind = type(node).__name__
    if kind == "Anonymous":
        return node.name.lower()
    return f"{kind}.{node.to.this.name}" if kind == "TryCast" else kind


def _raw(text: str, **parts: exp.Expression) -> exp.Expression:
    """Parse Spark's SQL with `:name` standing for parts."""
    tree = exp.maybe_parse(text, dialect="spark")
    return exp.replace_placeholders(tree, **{k: v.copy() for k, v in parts.items()})


def _number(node: exp.Expression) -> exp.Expression:
    return _raw(
        "CASE WHEN :x RLIKE :digits THEN TRY_CAST(:x AS BIGINT) WHEN :x RLIKE :number THEN "
        "TRY_CAST(ROUND(TRY_CAST(REPLACE(TRIM(:x), '_', '') AS DECIMAL(38, 10))) AS BIGINT) END",
        x=node.this,
        digits=exp.Literal.string(DIGITS),
        number=exp.Literal.string(NUMBER),
    )


def _byte(node: exp.Expression) -> exp.Expression:
    return _raw(
        "CASE WHEN :v BETWEEN 0 AND 255 THEN CAST(:v AS SMALLINT) END",
        v=exp.paren(_number(node)),
    )


def _day(node: exp.Expression) -> exp.Expression:
    pattern = exp.Literal.string(DAY + DAY_END)
    return _raw(
        "CASE WHEN :x RLIKE :p THEN TRY_CAST(REGEXP_REPLACE("
        "REGEXP_REPLACE(:x, :p, '$1y000$2-$4-$5'), 'y0*([0-9]{4})', '$1') AS DATE) END",
        x=node.this,
        p=pattern,
    )


def _parsed(node: exp.Expression) -> exp.Expression:
    """Read a date by a format; only days: %Y, %m and %d in this order."""
    text, form = node.expressions
    pattern = form.name
    if [pattern.find(part) for part in PARTS] != sorted(map(pattern.find, PARTS)):
        raise ValueError(f"this SQL has no form in Spark: try_strptime with {pattern}")
    for part, digits in PARTS.items():
        pattern = pattern.replace(part, digits)
    return _raw(
        "CASE WHEN :x RLIKE :p THEN TRY_CAST(REGEXP_REPLACE(:x, :p, '000$1-$2-$3') AS DATE) END",
        x=text,
        p=exp.Literal.string(rf"^\s*{pattern}\s*$"),
    )


def _trimmed(node: exp.Expression) -> exp.Expression:
    if node.expression is not None:
        return node
    blanks = exp.Literal.string(BLANKS)
    return exp.Trim(this=node.this, expression=blanks, position=node.args.get("position"))


def _seconds(node: exp.Expression) -> exp.Expression:
    """DuckDB rounds a cast to the even neighbour; its timestamps have no zone."""
    return _raw("RINT(UNIX_MICROS(CAST(:x AS TIMESTAMP)) / 1000000D)", x=node.this)


def _hamming(node: exp.Expression) -> exp.Expression:
    """Count bytes that differ, as DuckDB does; both texts have the same number of bytes."""
    left, right = node.expressions
    return _raw(
        "SIZE(FILTER(SEQUENCE(1, OCTET_LENGTH(:l)), i -> "
        "SUBSTRING(HEX(:l), 2 * i - 1, 2) <> SUBSTRING(HEX(:r), 2 * i - 1, 2)))",
        l=left,
        r=right,
    )


def _jaro_winkler(node: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this=JARO_WINKLER, expressions=[node.this, node.expression])


def _data_type(node: exp.Expression) -> exp.Expression:
    wider = {"UINT": "BIGINT", "UBIGINT": "DECIMAL(20, 0)"}.get(node.this.name)
    return exp.DataType.build(wider) if wider else node


def _length(node: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this="OCTET_LENGTH", expressions=[node.expressions[0]])


SHIMS: dict[str, Callable[[exp.Expression], exp.Expression]] = {
    "strlen": _length,
    "try_strptime": _parsed,
    "hamming": _hamming,
    "JarowinklerSimilarity": _jaro_winkler,
    "TryCast.BIGINT": _number,
    "TryCast.UTINYINT": _byte,
    "TryCast.DATE": _day,
    "Trim": _trimmed,
    "TimeToUnix": _seconds,
    "DataType": _data_type,
}
