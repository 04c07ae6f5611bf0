"""Typesetting: the same data give the same bytes, and missing fonts are said."""

from datetime import UTC, datetime

import pytest

from yiwang.kernel.ui import typesetting
from yiwang.kernel.ui.typesetting import FontsMissing, typeset

AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def main(tmp_path):
    source = tmp_path / "main.typ"
    source.write_text(
        '#let data = json("data.json")\n#set page(width: 5cm, height: 5cm)\n#data.word'
    )
    return source


def test_the_same_data_give_the_same_bytes(main):
    first = typeset(main, data={"word": "回执"}, at=AT)
    assert first.startswith(b"%PDF")
    assert typeset(main, data={"word": "回执"}, at=AT) == first
    assert typeset(main, data={"word": "证照"}, at=AT) != first


def test_missing_fonts_are_said_in_a_sentence(main, monkeypatch):
    monkeypatch.setattr(typesetting, "FONT_FILES", ("Nowhere.ttf",))
    typesetting._fonts.cache_clear()
    with pytest.raises(FontsMissing, match="yw assets"):
        typeset(main, data={"word": "x"}, at=AT)
    typesetting._fonts.cache_clear()
