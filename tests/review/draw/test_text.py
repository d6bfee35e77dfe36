from __future__ import annotations

import math

import pytest

from custom.evaluation.errors import ERROR_NAMES
from custom.review.draw import text
from custom.review.draw.error_types import ERROR_TEXTS


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(0.5, "0.500", id="fixed"),
        pytest.param(-0.25, "\u22120.250", id="negative"),
        pytest.param(-0.0, "0.000", id="negative-zero"),
        pytest.param(math.nan, "\u2013", id="nan"),
    ],
)
def test_numbers_have_fixed_decimals(value: float, expected: str) -> None:
    assert text.decimals(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(0.0214, "+0.021", id="gain"),
        pytest.param(-0.0214, "\u22120.021", id="loss"),
        pytest.param(0.0004, "0.000", id="rounds-to-nothing"),
        pytest.param(-0.0004, "0.000", id="rounds-to-nothing-from-below"),
        pytest.param(math.nan, "\u2013", id="nan"),
    ],
)
def test_differences_have_a_sign(value: float, expected: str) -> None:
    assert text.signed(value) == expected


def test_names_are_safe_in_charts_and_addresses() -> None:
    name = "<b>a&b</b> = 50% 'x'/\"y\""
    assert "<" not in text.plain(name)
    for link in (text.class_link(name), text.class_link(name, 1), text.gallery_link("both", name)):
        value = link.partition("#")[2]
        assert not set(value) & set("<>\"'/ ")
        assert value.count("&") == len(value.split("=")) - 2 if "=" in value else "&" not in value
    assert text.class_link("Plastic bag") == "classes.html#Plastic%20bag"
    assert text.class_link("Battery", 1) == "classes.html#class=Battery&model=1"
    expected = "gallery.html#kind=background&class=Battery&model=0"
    assert text.gallery_link("background", "Battery") == expected


def test_lists_and_shades() -> None:
    assert [text.joined(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "", "a", "a and b", "a, b and c",
    ]  # fmt: skip
    assert [text.shade(value, 0.2) for value in (0.1, 0.4, 0.0, -0.1, math.nan)] == [
        50,
        100,
        0,
        0,
        0,
    ]


def test_every_kind_of_error_has_words() -> None:
    assert list(ERROR_TEXTS) == list(ERROR_NAMES.values())
