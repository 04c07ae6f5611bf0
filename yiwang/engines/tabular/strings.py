"""How alike two texts are (字符串相似度), exactly as DuckDB has it, for engines that count otherwise."""

# The function that a session of Spark registers for `jaro_winkler_similarity`, see `spark_open`.
JARO_WINKLER = "YIWANG_JARO_WINKLER"
BOOST, PREFIX, WEIGHT = 0.7, 4, 0.1


def jaro_winkler(left: str | None, right: str | None) -> float | None:
    """Return the Jaro-Winkler similarity over the bytes of UTF-8 (相似度), 0-1; None where one is missing.

    Source: W. E. Winkler, String Comparator Metrics (1990); common prefixes count from 0.7 upwards.

    >>> jaro_winkler("martha", "marhta"), jaro_winkler("", "a")
    (0.9611111111111111, 0.0)
    """
    if left is None or right is None:
        return None
    one, other = left.encode(), right.encode()
    alike = _jaro(one, other)
    if alike <= BOOST:
        return alike
    same = 0
    for a, b in zip(one[:PREFIX], other[:PREFIX], strict=False):
        if a != b:
            break
        same += 1
    return alike + same * WEIGHT * (1.0 - alike)


def _jaro(one: bytes, other: bytes) -> float:
    if not one or not other:
        return 0.0
    reach = max(0, max(len(one), len(other)) // 2 - 1)
    taken = [False] * len(other)
    found = bytearray()
    for place, byte in enumerate(one):
        for at in range(max(0, place - reach), min(len(other), place + reach + 1)):
            if not taken[at] and other[at] == byte:
                taken[at] = True
                found.append(byte)
                break
    if not found:
        return 0.0
    mirrored = [byte for byte, was in zip(other, taken, strict=True) if was]
    swapped = sum(a != b for a, b in zip(found, mirrored, strict=True)) // 2
    count = len(found)
    return (count / len(one) + count / len(other) + (count - swapped) / count) / 3
