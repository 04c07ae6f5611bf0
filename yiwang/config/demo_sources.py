"""Deriving the shipped name tables from their published sources (姓名与字号素材).

Run by a developer when a source is replaced, not by the product; see docs/data-sources.md.

    python -m yiwang.config.demo_sources DATA_FOLDER
"""

import gzip
import json
import re
import sys
import zipfile
from collections import Counter
from pathlib import Path
from random import Random
from xml.sax.saxutils import unescape

SHIPPED = Path(__file__).parent / "demo" / "data" / "names.json.gz"
SURNAMES = 400
BRANDS = 6000
BRAND_SEED = 20261121
# Characters that make a name of a place, a trade or a person rather than a made brand.
UNWANTED = set("省市区县镇乡村中国京沪津渝苏杭广深美英法德日韩俄泰毛习邓江胡温李王张刘死鬼")


def sheet_rows(path: Path, sheet: str) -> list[list[str]]:
    """Read the rows of one sheet of an xlsx file with text and numbers only."""
    with zipfile.ZipFile(path) as book:
        shared = re.findall(r"<si>(.*?)</si>", book.read("xl/sharedStrings.xml").decode(), re.S)
        texts = [unescape("".join(re.findall(r"<t[^>]*>([^<]*)</t>", item))) for item in shared]
        document = book.read(f"xl/worksheets/{sheet}.xml").decode()
    rows = []
    for row in re.findall(r"<row .*?</row>", document, re.S):
        cells = re.findall(r'<c r="[A-Z]+\d+"([^>]*)>(?:<v>(.*?)</v>)?', row)
        rows.append([texts[int(v)] if 't="s"' in kind else v for kind, v in cells])
    return rows


def surnames_read(path: Path) -> list[list]:
    """Return the commonest surnames with their weights, commonest first (姓氏权重)."""
    rows = [(name, round(float(weight))) for name, weight in sheet_rows(path, "sheet1")[1:]]
    return [list(row) for row in sorted(rows, key=lambda row: (-row[1], row[0]))[:SURNAMES]]


def brands_make(path: Path) -> list[str]:
    """Make company brands (字号) of two characters that no company in the list uses.

    First and second character are drawn with the frequencies they have in the list.
    """
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        known = {line.strip() for line in lines}
    pairs = [name for name in known if re.fullmatch(r"[一-鿿]{2}", name)]
    wanted = [name for name in pairs if not set(name) & UNWANTED]
    first, second = Counter(name[0] for name in wanted), Counter(name[1] for name in wanted)
    heads, tails = first.most_common(240), second.most_common(240)
    random, made = Random(BRAND_SEED), {}  # noqa: S311 - made data
    while len(made) < BRANDS:
        [head] = random.choices([c for c, _ in heads], [n for _, n in heads])
        [tail] = random.choices([c for c, _ in tails], [n for _, n in tails])
        if head != tail and head + tail not in known:
            made[head + tail] = True
    return list(made)


def shipped_write(folder: Path) -> None:
    """Write the shipped table from the published files in `folder`."""
    names = folder / "names"
    document = {
        "attribution": "wainshine, Apache-2.0",
        "surnames": surnames_read(names / "NameMoe_family_name_1074.xlsx"),
        "brands": brands_make(names / "NameMoe_company_short_forms_28w.txt.gz"),
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    SHIPPED.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    shipped_write(Path(sys.argv[1]))
