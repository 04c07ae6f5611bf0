"""The theme's colours are readable: 4.5 : 1, and 7 : 1 in large print (长者版)."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[1] / "static/kernel/ui/yiwang.css").read_text()
PAIRS = [
    ("ink", "wall"), ("ink", "surface"), ("tile", "wall"), ("tile", "surface"), ("jade", "wall"),
    ("jade", "surface"), ("jade-dark", "jade-tint"), ("cinnabar", "surface"), ("cinnabar", "wall"),
    ("cinnabar-dark", "cinnabar-tint"), ("amber", "surface"), ("amber-text", "amber-tint"),
    ("moss", "surface"), ("moss-text", "moss-tint"), ("ink", "neutral-tint"), ("ink", "amber-tint"),
    ("surface", "jade"), ("surface", "cinnabar"), ("surface", "ink"),
]  # fmt: skip


def _tokens(block):
    return dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6});", block))


def _luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one, other):
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_its_ground(text, ground):
    plain = _tokens(re.search(r":root \{(.*?)\n\}", CSS, re.S)[1])
    large = plain | _tokens(re.search(r":root\.large-print \{(.*?)\n\}", CSS, re.S)[1])
    assert _contrast(plain[text], plain[ground]) >= 4.5
    assert _contrast(large[text], large[ground]) >= 7


def test_nothing_is_loaded_from_elsewhere():
    assert "http" not in CSS
    assert "@import" not in CSS
