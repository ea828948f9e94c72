"""Contrast by arithmetic: text reaches AAA on every surface it stands on, shapes and borders reach 3 to 1."""

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[2] / "static" / "css" / "tokens.css"
PAIRS = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", TOKENS.read_text()
    )
}
SURFACES = ("paper-1", "paper-2", "paper-3", "raised")
TEXTS = ("ink-10", "ink-11", "ink-12", "accent", "allowed", "review", "never")
ON_THEIR_OWN = (
    ("on-accent", "accent-fill"),
    ("on-accent", "accent-fill-hover"),
    ("accent-strong", "accent-soft"),
    ("allowed", "allowed-soft"),
    ("review", "review-soft"),
    ("never", "never-soft"),
)
SHAPES = ("line-9", "allowed-shape", "review-shape", "never-shape", "accent")


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "surface"),
    [(text, surface) for text in TEXTS for surface in SURFACES] + list(ON_THEIR_OWN),
)
def test_text_reaches_seven_to_one(ink: str, surface: str, theme: int) -> None:
    assert _contrast(PAIRS[ink][theme], PAIRS[surface][theme]) >= 7


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_and_borders_of_controls_reach_three_to_one(
    shape: str, theme: int
) -> None:
    for surface in SURFACES:
        assert _contrast(PAIRS[shape][theme], PAIRS[surface][theme]) >= 3
