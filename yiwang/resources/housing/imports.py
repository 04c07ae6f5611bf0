"""Reports from a file (文件导入): JSON lines, or CSV whose unknown columns are the payload."""

import csv
import io
import json

from yiwang.sdk.errors import N_, Invalid

FILE_MAX = 20 * 1024 * 1024
_NAMES = ("key", "kind", "number", "document", "effective_date", "issued_date", "corrects")
_PARTIES = ("landlord", "tenant", "creditor", "seller", "buyer", "person")
_HOLDERS = ("owners", "givers", "takers")
_FLAGS = {"true": True, "false": False, "是": True, "否": False}


def reports_read(content: bytes, *, name: str) -> list[dict]:
    """Read reports out of a file (读取报送文件); `.csv`, else one JSON object a line.

    In CSV a party is an identity number or a credit code, holders are `party=share;party=share`.
    Raises Invalid with the line that cannot be read.
    """
    if len(content) > FILE_MAX:
        raise Invalid(fields={"file": [N_("The file is larger than 20 MB. Split it.")]})
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(
            fields={"file": [N_("The file is not UTF-8 text. Save it as UTF-8.")]}
        ) from None
    if name.lower().endswith(".csv"):
        return [_of_row(row) for row in csv.DictReader(io.StringIO(text))]
    reports = []
    for line, row in enumerate(text.splitlines(), 1):
        if not row.strip():
            continue
        try:
            report = json.loads(row)
        except ValueError:
            report = None
        if not isinstance(report, dict):
            raise Invalid(fields={"file": [f"{line}: {row[:40]}"]})
        reports.append(report)
    return reports


def _of_row(row: dict) -> dict:
    report: dict = {"payload": {}}
    for name, text in row.items():
        value = (text or "").strip() if isinstance(text, str) else ""
        if not name or not value:
            continue
        if name in _NAMES:
            report[name] = value
        elif name in _PARTIES:
            report["payload"][name] = _party(value)
        elif name in _HOLDERS:
            report["payload"][name] = [
                [_party(party), share or "1"]
                for party, _sep, share in (one.partition("=") for one in value.split(";"))
            ]
        else:
            report["payload"][name] = _FLAGS.get(value.lower(), value)
    return report


def _party(text: str) -> dict | str:
    """Tell an identity number from a credit code: both have 18 characters, only one a birth date."""
    text = text.strip().upper()
    if ":" in text:
        kind, _sep, key = text.partition(":")
        return f"{kind.lower()}:{key}"
    is_number = len(text) == 18 and text[:17].isdigit() and text[6:8] in ("18", "19", "20")
    return {"id_number": text} if is_number else {"uscc": text}
