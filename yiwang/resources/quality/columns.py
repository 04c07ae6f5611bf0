"""How the columns of a batch are read (列的类型): text as its type, names as SQL has them."""

import functools

from yiwang.resources.quality.data import ContractField

_NUMBERS = {"N": "FLOAT", "Y": "FLOAT", "B": "FLOAT", "F": "FLOAT", "I": "INT"}
KIND_OF_TYPE = {**_NUMBERS, "D": "DATE", "T": "TIME", "L": "BOOL"}
YES, NO = ("1", "true", "是", "Y", "y"), ("0", "false", "否", "N", "n")


def kind_of(one: ContractField) -> str:
    """Return how conditions see a field: TEXT, INT, FLOAT, DATE, TIME or BOOL."""
    return KIND_OF_TYPE.get(one.type, "TEXT")


def identifier(name: str) -> str:
    """Write a name as SQL has names of columns.

    >>> identifier("性别")
    '"性别"'
    """
    return '"' + name.replace('"', '""') + '"'


@functools.cache
def typed_text(quoted: str, kind: str) -> str:
    """Return SQL that reads text as a kind, null when it is none.

    A cast reads more than people mean (exponents, infinity, year 12345), hence the bounds.
    """
    if kind == "DATE":
        day = f"try_cast({quoted} as date)"
        within = f"{day} between date '0001-01-01' and date '9999-12-31'"
        return f"(case when strlen({quoted}) = 10 and {within} then {day} end)"
    if kind == "TIME":
        moment = f"try_cast({quoted} as timestamp)"
        within = f"{moment} between timestamp '0001-01-01' and timestamp '9999-12-31 23:59:59'"
        return f"(case when strlen({quoted}) >= 10 and {within} then {moment} end)"
    if kind in ("INT", "FLOAT"):
        tail = "" if kind == "INT" else r"(\.[0-9]{1,10})?"
        formed = f"regexp_full_match({quoted}, '[+-]?[0-9]{{1,15}}{tail}')"
        return f"(case when {formed} then try_cast({quoted} as double) end)"
    if kind == "BOOL":
        yes = ", ".join(f"'{word}'" for word in YES)
        no = ", ".join(f"'{word}'" for word in NO)
        return f"(case when {quoted} in ({yes}) then true when {quoted} in ({no}) then false end)"
    return quoted
