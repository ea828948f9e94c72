"""An edit touches its own bytes: everything else stays as the agent wrote it."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.rules.paths import leaves
from approvals.rules.spans import Replacement, literals_of, spans_of, spliced
from portal.core import strict_json

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
)
KEYS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=20,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=5)
STYLES = st.sampled_from(
    [{}, {"separators": (",", ":")}, {"indent": 2}, {"ensure_ascii": False}]
)


@given(OBJECTS, STYLES)
@settings(max_examples=150, deadline=None)
def test_every_leaf_has_a_span_that_reads_as_its_value(value, style):
    text = json.dumps(value, **style)

    places = {span.steps: text[span.start : span.end] for span in spans_of(text)}

    parsed = strict_json.parse(text.encode())
    for leaf in leaves(parsed):
        assert strict_json.parse(places[leaf.steps].encode()) == leaf.value


@given(OBJECTS, STYLES, st.data())
@settings(max_examples=150, deadline=None)
def test_a_replacement_changes_its_own_bytes_and_no_others(value, style, data):
    text = json.dumps(value, **style)
    spans = [span for span in spans_of(text) if span.steps]
    if not spans:
        return
    chosen = data.draw(st.sampled_from(spans))

    edited = spliced(text, [Replacement(chosen.steps, "new")])

    assert edited == f'{text[: chosen.start]}"new"{text[chosen.end :]}'


def test_numbers_are_given_as_they_are_written():
    text = '{"a": 1e2, "b": [84.20, -0.0, 7], "c": "1e2", "d": true}'

    assert literals_of(text) == {
        ("a",): "1e2",
        ("b", 0): "84.20",
        ("b", 1): "-0.0",
        ("b", 2): "7",
    }


def test_several_replacements_of_one_text_do_not_disturb_each_other():
    text = '{"a": 1e2,  "b": {"c": "x", "d": [1, 2]}}'

    edited = spliced(
        text,
        [
            Replacement(("b", "d"), [3]),
            Replacement(("a",), Decimal("84.20")),
            Replacement(("b", "c"), "é"),
        ],
    )

    assert edited == '{"a": 84.20,  "b": {"c": "é", "d": [3]}}'


def test_a_place_that_is_not_there_is_not_replaced():
    with pytest.raises(LookupError):
        spliced('{"a": 1}', [Replacement(("b",), 2)])
