"""The smallest files that are what they say: a PDF and a PNG."""

import struct
import zlib

from yiwang.config.check import PDF

__all__ = ["PDF", "PNG"]


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\x00\xff\xff\xff\xff\xff\xff" * 2))
    + _chunk(b"IEND", b"")
)
