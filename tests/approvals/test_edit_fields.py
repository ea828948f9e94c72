"""The edit form: typed by the stored value, narrowed by the schema, exact where left alone."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.queries.envelope import argument_literals, edited_action, parsed
from approvals.rules.fields import (
    INTEGER_MAX,
    ITEMS_MAX,
    Kind,
    apply_edits,
    edit_fields,
)
from approvals.rules.patterns import fits, is_harmless
from approvals.rules.spans import spliced
from portal.core import strict_json
from tests.approvals.test_spans import OBJECTS, STYLES


def fields_of(text, schema=None):
    action = f'{{"verb": "x", "system": "y", "args": {text}}}'.encode()
    args = parsed(action)["args"]
    return action, args, edit_fields(args, schema, argument_literals(action))


def edited(text, given, schema=None):
    """Edit by path; give the new text of the arguments and the errors by path."""
    action, args, fields = fields_of(text, schema)
    names = {field.path: field.name for field in fields}
    found = apply_edits(args, fields, {names[path]: v for path, v in given.items()})
    raw = edited_action(action, found.replacements).decode()
    paths = {field.name: field.path for field in fields}
    errors = {paths[name]: said for name, said in found.errors.items()}
    return raw.partition('"args": ')[2][:-1], errors


@given(OBJECTS, STYLES)
@settings(max_examples=150, deadline=None)
def test_a_form_sent_back_unchanged_changes_no_byte(value, style):
    text = json.dumps(value, **style)
    action, args, fields = fields_of(text)

    found = apply_edits(args, fields, {field.name: field.value for field in fields})

    assert not found.errors
    assert not found.changes
    assert edited_action(action, found.replacements) == action


@given(OBJECTS, STYLES, st.data())
@settings(max_examples=150, deadline=None)
def test_one_edited_field_keeps_its_type_and_leaves_every_other_byte(
    value, style, data
):
    text = json.dumps(value, **style)
    action, args, fields = fields_of(text)
    numbers = [f for f in fields if f.kind in (Kind.WHOLE, Kind.NUMBER)]
    if not numbers:
        return
    chosen = data.draw(st.sampled_from(numbers))
    given = {field.name: field.value for field in fields} | {chosen.name: "7"}

    found = apply_edits(args, fields, given)

    assert not found.errors
    raw = edited_action(action, found.replacements)
    assert strict_json.parse_object(raw)["verb"] == "x"
    if found.replacements:
        (only,) = found.replacements
        assert only.steps == chosen.steps
        assert raw.decode() == spliced(
            action.decode(), [type(only)(("args", *only.steps), only.value)]
        )


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ('{"a": "84.20", "b": 1e2}', {"a": "48.20"}, '{"a": "48.20", "b": 1e2}'),
        ('{"amount": 84.20}', {"amount": "84.2"}, '{"amount": 84.2}'),
        ('{"n": 1e2}', {"n": "1e2"}, '{"n": 1e2}'),
        ('{"n": 1e2,  "m": 2}', {"m": "3"}, '{"n": 1e2,  "m": 3}'),
        ('{"to": ["a@b.c", "d@e.f"]}', {"to": "a@b.c"}, '{"to": ["a@b.c"]}'),
        ('{"ids": [1, 2]}', {"ids": "1\r\n3"}, '{"ids": [1,3]}'),
        ('{"p": {"q": [true, "x"]}}', {"p.q[1]": "y"}, '{"p": {"q": [true, "y"]}}'),
        ('{"note": "", "n": 1}', {"note": "", "n": "2"}, '{"note": "", "n": 2}'),
        ('{"note": ""}', {"note": "x"}, '{"note": "x"}'),
        ('{"order": "1182"}', {"order": "A-1182"}, '{"order": "A-1182"}'),
        ('{"caf\\u00e9": 1, "é": 2}', {"é": "2"}, '{"caf\\u00e9": 1, "é": 2}'),
    ],
)
def test_an_edit_writes_its_own_value_in_its_own_type(text, given, expected):
    written, errors = edited(text, given)

    assert not errors
    # JSON lists are written without spaces; all else is as it was.
    assert written == expected.replace('["a@b.c", "d@e.f"]', '["a@b.c"]')


@pytest.mark.parametrize("sent", ["a\r\nb\r\nc\r\nd", "a\nb\nc\nd"])
def test_line_ends_that_a_browser_made_alike_are_no_edit(sent):
    text = json.dumps({"note": "a\rb\r\nc\nd"})

    assert edited(text, {"note": sent}) == (text, {})


def test_a_date_box_is_only_for_dates_that_it_can_hold():
    schema = {"properties": {"on": {"format": "date"}}}

    kinds = [
        fields_of(json.dumps({"on": said}), schema)[2][0].kind
        for said in ("2026-11-21", "20261121", "2026-W47-6")
    ]

    assert kinds == ["date", "text", "text"]


@pytest.mark.parametrize(
    ("text", "given", "schema", "said"),
    [
        ('{"n": 5}', {"n": "five"}, None, "whole number"),
        ('{"n": 5}', {"n": "5.5"}, None, "whole number"),
        ('{"n": 5}', {"n": ""}, None, "whole number"),
        ('{"s": "x"}', {"s": ""}, None, "cannot be empty"),
        ('{"s": "x"}', {"s": " "}, {"minLength": 1}, "cannot be empty"),
        ('{"n": 5}', {"n": "1e3"}, None, "whole number"),
        ('{"n": 5}', {"n": str(INTEGER_MAX + 1)}, None, "too large"),
        ('{"n": 5.0}', {"n": "NaN"}, None, "plain number"),
        ('{"n": 5.0}', {"n": "1,000"}, None, "plain number"),
        ('{"amount": "84.20"}', {"amount": "much"}, None, "plain number"),
        ('{"b": true}', {"b": "yes"}, None, "yes or no"),
        ('{"ids": [1]}', {"ids": "1\ntwo"}, None, "Line 2"),
        ('{"ids": [1]}', {"ids": "1\n" * (ITEMS_MAX + 1)}, None, "At most"),
        ('{"n": 5}', {"n": "9"}, {"maximum": 8}, "at most 8"),
        ('{"n": 5}', {"n": "1"}, {"exclusiveMinimum": 1}, "more than 1"),
        ('{"n": 5}', {"n": "7"}, {"multipleOf": 5}, "multiples"),
        ('{"s": "EUR"}', {"s": "eur"}, {"pattern": "^[A-Z]{3}$"}, "of the form"),
        ('{"s": "abc"}', {"s": "a"}, {"minLength": 2}, "at least 2"),
        ('{"s": "abc"}', {"s": "abcd"}, {"maxLength": 3}, "at most 3"),
        ('{"s": "a"}', {"s": "c"}, {"enum": ["a", "b"]}, "Choose one"),
        ('{"s": "2026-11-21"}', {"s": "2026-02-30"}, {"format": "date"}, "Write a date"),
        ('{"s": "2026-11-21T10:00:00Z"}', {"s": "2026-11-21T10:00:00"},
         {"format": "date-time"}, "with its zone"),
        ('{"ids": [1]}', {"ids": ""}, {"minItems": 1}, "at least 1"),
    ],
)  # fmt: skip
def test_what_is_no_value_of_the_field_is_said_at_the_field(text, given, schema, said):
    (path,) = given
    whole = {"properties": {path: schema}} if schema else None

    written, errors = edited(text, given, whole)

    assert said in errors[path]
    assert written == text


def test_the_schema_never_turns_a_value_into_another_type():
    schema = {
        "properties": {
            "amount": {"type": "number"},
            "count": {"type": "string"},
            "flag": {"enum": ["yes", "no"]},
        },
        "required": ["amount", "count"],
    }
    _, _, fields = fields_of('{"amount": "84.20", "count": 5, "flag": true}', schema)

    kinds = {field.path: field.kind for field in fields}

    assert kinds == {"amount": "money", "count": "whole", "flag": "yes_no"}


def test_an_integer_of_a_tool_that_takes_numbers_may_get_a_fraction():
    written, errors = edited(
        '{"n": 84}', {"n": "84.2"}, {"properties": {"n": {"type": "number"}}}
    )

    assert (written, errors) == ('{"n": 84.2}', {})


def test_a_choice_of_numbers_stays_a_number():
    schema = {"properties": {"n": {"enum": [1, 2, "3", True]}}}
    _, _, fields = fields_of('{"n": 1}', schema)
    assert fields[0].choices == ("1", "2")

    assert edited('{"n": 1}', {"n": "2"}, schema) == ('{"n": 2}', {})


@pytest.mark.parametrize(
    "schema", [None, 5, [], {"properties": 5}, {"properties": {"n": 7}},
               {"properties": {"n": {"enum": 3, "minimum": "x", "pattern": 4}}}]
)  # fmt: skip
def test_an_odd_schema_is_as_if_it_were_not_there(schema):
    assert edited('{"n": 5}', {"n": "6"}, schema) == ('{"n": 6}', {})


@pytest.mark.parametrize(
    ("pattern", "is_fine"),
    [
        ("^[A-Z]{3}$", True),
        ("^ORD-\\d+$", True),
        ("^(EUR|USD)$", True),
        ("(a+)+$", False),
        ("(a|a)*b", False),
        ("a*a*a*b", False),
        ("(?=x)", False),
        ("(a)\\1", False),
        ("x" * 201, False),
        ("[", False),
        ("^[^@]+@[^@]+$", True),
        ("^\\d{5}(-\\d{4})?$", True),
        ("a?" * 24 + "b", False),
        ("(a|a)?" * 18 + "b", False),
        ("(a|a)" * 20 + "b", False),
        ("a{0,100}" * 5 + "b", False),
        ("a{3}" * 20, True),
        (".?" * 98 + "\\B\\b", False),
    ],
)
def test_only_patterns_that_end_soon_are_tried(pattern, is_fine):
    assert is_harmless(pattern) is is_fine
    assert (fits(pattern, "zzz") is None) is not is_fine
