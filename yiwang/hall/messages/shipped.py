"""The templates that ship (随附消息模板): read once from their file."""

from pathlib import Path

import yaml

from yiwang.hall.messages.rules import Template, template_read

FILE = Path(__file__).parent / "data_files" / "templates.yaml"


def shipped_read(path: Path = FILE) -> dict[str, Template]:
    """Read the shipped templates (随附模板) by name."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {entry["name"]: template_read(entry) for entry in entries}


TEMPLATES = shipped_read()
TOPICS = sorted({template.topic for template in TEMPLATES.values() if template.topic})
