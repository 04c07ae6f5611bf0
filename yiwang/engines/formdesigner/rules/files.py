"""A form as the file of a pack (表单文件): what is written is read back equal."""

import yaml

from yiwang.sdk.packs import PackError, yaml_read

SIZE_LIMIT = 1_000_000


class _Dumper(yaml.SafeDumper):
    """Writes what the packs' reader takes: no anchors, and quotes where it would see a number."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    quoted = text[:1] in "0123456789+-.~" or text.casefold() in ("null", "true", "false")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'" if quoted else None)


_Dumper.add_representer(str, _text)


def form_write(definition: dict) -> str:
    """Write a definition as forms/<name>.yaml (导出表单文件).

    >>> print(form_write({"key": "a", "title": {"zh": "表", "en": "Form"}, "since": "2026"}))
    key: a
    title:
      zh: 表
      en: Form
    since: '2026'
    <BLANKLINE>
    """
    return yaml.dump(definition, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)


def form_read(text: str) -> dict:
    """Read forms/<name>.yaml (导入表单文件). Raises `PackError` with the line."""
    data, _lines = yaml_read(text)
    if not isinstance(data, dict):
        raise PackError([])
    return data
