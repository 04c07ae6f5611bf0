"""What `yw form` does (表单命令): check data against a JSON Schema, or against a form of the city."""

import json
from collections.abc import Callable, Sequence
from math import isinf
from pathlib import Path

from yiwang.engines.forms.schemas import SchemaResources, schema_validate
from yiwang.sdk.errors import N_, Invalid

Echo = Callable[[str], object]
DRAFT = "2020-12"


class FileUnreadable(Invalid):
    """A file that was named cannot be read as what it should be."""

    code = "file_unreadable"
    message = N_("%(file)s: %(reason)s")


def validate(  # noqa: PLR0913 - the options of a command
    schema_file: str,
    data_file: str,
    *,
    formats: bool,
    refs: Sequence[str],
    compact: bool,
    echo: Echo,
) -> int:
    """Print whether data holds to a schema, and every breach of it, as JSON; 0 valid, 1 otherwise."""
    try:
        schema, data = json_read(schema_file), json_read(data_file)
        resources = resources_read(schema_file, refs)
        problems = schema_validate(schema, data, formats=formats, resources=resources)
        answer = {
            "valid": not problems,
            "draft": DRAFT,
            "formats": "checked" if formats else "remarks only",
            "errors": [one.as_json() for one in problems],
        }
    except Invalid as error:
        answer = {"valid": False, "draft": DRAFT, "errors": [], "failure": failure(error)}
    echo(json.dumps(answer, ensure_ascii=False, indent=None if compact else 2))
    return 0 if answer["valid"] else 1


def failure(error: Invalid) -> dict:
    """Return why nothing could be checked, for people in both languages."""
    kinds = {
        "file_unreadable": {"zh": "文件无法读取", "en": "A file cannot be read"},
        "data_uncheckable": {"zh": "数据无法校验", "en": "The data cannot be checked"},
        "schema_invalid": {"zh": "校验规则本身有误", "en": "The schema itself is wrong"},
    }
    kind = kinds[error.code]
    reason = str(error)
    return {
        "code": error.code,
        "message": {"zh": f"{kind['zh']}：{reason}", "en": f"{kind['en']}: {reason}"},
    }


def json_read(file: str) -> object:
    """Read a JSON file; "-" is standard input. Raises `FileUnreadable` with line and column."""
    try:
        raw = Path("/dev/stdin" if file == "-" else file).read_bytes()
        return json.loads(raw.decode("utf-8-sig"), parse_constant=_constant, parse_float=_float)
    except FileNotFoundError as error:
        raise FileUnreadable(file=file, reason="there is no such file (找不到文件)") from error
    except OSError as error:
        raise FileUnreadable(file=file, reason=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise FileUnreadable(file=file, reason=f"not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise FileUnreadable(file=file, reason=f"not JSON: {error.msg} ({place})") from error
    except (ValueError, RecursionError) as error:
        raise FileUnreadable(file=file, reason=f"not JSON: {error}") from error


def resources_read(schema_file: str, refs: Sequence[str]) -> SchemaResources:
    """Read what a schema may refer to: each of `refs` is FOLDER or FOLDER=ADDRESS."""
    found = SchemaResources(beside=None if schema_file == "-" else Path(schema_file).parent)
    for given in refs:
        folder, _, base = given.partition("=")
        path = Path(folder)
        if not path.is_dir():
            raise FileUnreadable(file=folder, reason="there is no such folder (找不到文件夹)")
        base = base or path.resolve().as_uri() + "/"
        try:
            found |= SchemaResources.read(path, base=base.rstrip("/") + "/")
        except (ValueError, OSError) as error:
            raise FileUnreadable(file=folder, reason=f"not JSON in it: {error}") from error
    return found


def _float(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise ValueError(f"{text[:40]} is too large a number")
    return value


def _constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")
