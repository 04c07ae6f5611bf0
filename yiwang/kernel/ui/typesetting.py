"""Documents on paper (版式文件): Typst sources of an app, data as JSON, the city's own fonts.

The same data and time stamp give the same bytes.
"""

import io
import json
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import segno
import typst
from django.apps import apps

from yiwang.sdk.errors import N_, YiwangError

FONT_FILES = ("NotoSerifSC_400Regular.ttf", "NotoSerifSC_700Bold.ttf")


class FontsMissing(YiwangError):
    """The fonts for typesetting have not been installed."""

    code = "fonts_missing"
    status = 503
    message = N_("The document cannot be typeset yet: run “yw assets” to install the fonts.")


def typeset(  # noqa: PLR0913 - a document has these parts
    main: Path,
    *,
    data: Mapping,
    at: datetime,
    beside: tuple[Path, ...] = (),
    qr: str = "",
    files: Mapping[str, bytes] | None = None,
    form: str = "pdf",
    ppi: int = 144,
) -> bytes:
    """Typeset a document (排版) and return a PDF, or a PNG of its first page with form="png".

    main: the Typst source; it reads `data.json`, and `qr.svg` when `qr` says what the code holds.
    beside: sources that it imports; files: pictures by name; at: the time stamp in the file. Raises
    `FontsMissing`.
    """
    fonts = _fonts()
    with tempfile.TemporaryDirectory(prefix="yiwang-paper-") as folder:
        root = Path(folder)
        for source in (main, *beside):
            shutil.copyfile(source, root / source.name)
        for name, content in (files or {}).items():
            (root / name).write_bytes(content)
        if qr:
            (root / "qr.svg").write_bytes(qr_picture(qr))
        (root / "data.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        result = typst.Compiler(
            str(root / main.name), root=str(root), font_paths=fonts, ignore_system_fonts=True
        ).compile(format=form, ppi=ppi, timestamp=at.replace(microsecond=0))
    return result if isinstance(result, bytes) else result[0]


def qr_picture(text: str, *, error: str = "m") -> bytes:
    """Return a QR code (二维码) as SVG, the same bytes for the same text; error: how much may be damaged, l to h."""
    target = io.BytesIO()
    segno.make(text, error=error).save(target, kind="svg", border=2)
    return target.getvalue()


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    folder = Path(apps.get_app_config("kernel_ui").path) / "static" / "vendor" / "serif"
    paths = [folder / name for name in FONT_FILES]
    if not all(path.is_file() for path in paths):
        raise FontsMissing()
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)]
    )
