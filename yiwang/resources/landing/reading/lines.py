"""Bytes to lines (按行解码): encodings told apart line by line, no line longer than 1 MiB."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yiwang.resources.landing.data import LINE_MAX, LandingUnreadable

CHUNK = 1024 * 1024
UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(slots=True)
class Scan:
    """What one pass over the bytes tells (初检).

    lines: physical lines; is_utf8: valid from end to end; blank: first blank line, 0 for none; bom:
    bytes of the mark in front; wide: name of a UTF-16 encoding or "".
    """

    lines: int = 0
    is_utf8: bool = True
    has_blank: bool = False
    has_odd_ends: bool = False
    bom: int = 0
    wide: str = ""


def scan(path: Path) -> Scan:
    """Look at every byte once (字节初检); raises `LandingUnreadable` for a line without end."""
    found = Scan()
    decoder = codecs.getincrementaldecoder("utf-8")()
    open_length, last = 0, b"\n"
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if not found.lines and not open_length and last == b"\n":
                _marks(chunk, found)
                if found.wide:
                    return found
            breaks = chunk.count(b"\n")
            open_length = _line_check(chunk, breaks, open_length, found.lines)
            found.lines += breaks
            joined = last + chunk
            found.has_blank |= b"\n\n" in joined or b"\n\r\n" in joined
            found.has_odd_ends |= b"\x00" in chunk or chunk.count(b"\r") != joined.count(b"\r\n")
            last = chunk[-1:] if chunk[-1:] != b"\r" else b"\r"
            if found.is_utf8:
                found.is_utf8 = _decodes(decoder, chunk)
    if last != b"\n":
        found.lines += 1
    if found.is_utf8:
        found.is_utf8 = _decodes(decoder, b"", final=True)
    return found


def _marks(chunk: bytes, found: Scan) -> None:
    found.bom = 3 if chunk.startswith(codecs.BOM_UTF8) else 0
    found.wide = UTF16.get(chunk[:2], "")


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _line_check(chunk: bytes, breaks: int, open_length: int, lines: int) -> int:
    """Return how long the last, unfinished line is by now."""
    first = chunk.find(b"\n")
    if open_length + (len(chunk) if first < 0 else first) > LINE_MAX:
        raise LandingUnreadable("LINE_TOO_LONG", line=lines + 1)
    if not breaks:
        return open_length + len(chunk)
    return len(chunk) - chunk.rfind(b"\n") - 1


@dataclass(slots=True)
class Encodings:
    """How many lines were in which encoding (编码统计)."""

    gb18030: int = 0
    utf8: int = 0
    unreadable: int = 0


def lines_read(path: Path, counts: Encodings, *, wide: str = "") -> Iterator[tuple[int, str, bool]]:
    """Yield (number from 1, text without its end, whether it could be decoded) of every line (逐行).

    A line of ASCII counts for no encoding. Never holds more than one line.
    """
    if wide:
        with path.open(encoding=wide, newline="\n", errors="replace") as file:
            for number, line in enumerate(iter(lambda: file.readline(LINE_MAX), ""), start=1):
                yield number, line.rstrip("\r\n").removeprefix("\ufeff"), "\ufffd" not in line
        return
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LINE_MAX + 1):
            number += 1
            if len(line) > LINE_MAX:
                raise LandingUnreadable("LINE_TOO_LONG", line=number)
            if number == 1:
                line = line.removeprefix(codecs.BOM_UTF8)  # noqa: PLW2901
            text, is_sound = line_decode(line.rstrip(b"\r\n"), counts)
            yield number, text, is_sound


def line_decode(line: bytes, counts: Encodings) -> tuple[str, bool]:
    """Decode one line as UTF-8, else as GB18030 (单行解码); the flag tells whether either fits.

    >>> line_decode("苏州".encode("gb18030"), Encodings())
    ('苏州', True)
    >>> line_decode(b"\\xff\\xff", Encodings())[1]
    False
    """
    if line.isascii():
        return line.decode("ascii"), True
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        counts.utf8 += 1
        return text, True
    try:
        text = line.decode("gb18030")
    except UnicodeDecodeError:
        counts.unreadable += 1
        return line.decode("utf-8", "replace"), False
    counts.gb18030 += 1
    return text, True


def to_utf8(path: Path, target: Path, counts: Encodings, *, wide: str = "") -> bool:
    """Write a file again as plain UTF-8, line by line (转码); False when a line could not be decoded."""
    is_sound = True
    with target.open("w", encoding="utf-8", newline="\n") as out:
        for _number, text, sound in lines_read(path, counts, wide=wide):
            is_sound &= sound
            out.write(text)
            out.write("\n")
    return is_sound
