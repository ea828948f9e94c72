"""What was changed, in words: once, without brackets, and whole for who asks."""

import json

import pytest

from runs.rules import timeline
from runs.rules.change_words import changes
from tests.runs.helpers import GRANT, refund_story, told

BEFORE = [{"payment_id": "card_1", "amount": 498}]
AFTER = [*BEFORE, {"payment_id": "card_1", "amount": 50}]


def a_change(field="payment_history", before=BEFORE, after=AFTER, **more):
    return {
        "field": field,
        "before": before,
        "after": after,
        "resource": "YAX4DR",
    } | more


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (BEFORE, AFTER, "changed: added (payment id card_1, amount 50)"),
        (AFTER, BEFORE, "changed: removed (payment id card_1, amount 50)"),
        (
            BEFORE,
            [{"payment_id": "card_1", "amount": 7}],
            "changed: entry 1: amount 498 → 7",
        ),
        (
            {"cabin": "economy", "bags": 0},
            {"cabin": "business", "bags": 0},
            "changed: cabin economy → business",
        ),
        (["a", "b"], ["a", "c"], "changed: entry 2: b → c"),
        (0, 2, "0 → 2"),
        (None, "cancelled", "nothing → cancelled"),
        ({}, {"late": True}, "changed: late nothing → yes"),
        (AFTER, "gone", "2 entries → gone"),
        (
            '[{"cut',
            '[{"cut off he',
            "a record too long to show here → a record too long to show here",
        ),
    ],
)
def test_a_list_or_a_record_is_said_by_what_differs_in_it(before, after, words):
    line, _ = changes([a_change(before=before, after=after)])

    assert line == f"payment history {words} (YAX4DR)"


def test_what_two_tell_as_values_and_as_text_is_said_once_and_the_place_once():
    as_text = a_change(before=json.dumps(BEFORE), after=json.dumps(AFTER))
    bags = a_change("total_baggages", 0, 2)
    bags_as_text = a_change("total_baggages", "0", "2")

    line, whole = changes([as_text, bags_as_text, a_change(), bags])

    assert line == (
        "payment history changed: added (payment id card_1, amount 50);"
        " total baggages 0 → 2 (YAX4DR)"
    )
    assert whole == ""


def test_a_long_list_of_changes_is_whole_for_who_unfolds_it():
    line, whole = changes([a_change(f"field_{n}", n, n + 1) for n in range(6)])

    assert line.endswith("field 3 3 → 4 (YAX4DR) and 2 more")
    assert whole.endswith("field 5 5 → 6 (YAX4DR)")


def test_one_grant_lists_no_change_twice_whoever_told_it():
    twice = {"field": "refunded", "resource": "order 12", "system": "billing"}
    events = [
        *refund_story(),
        told("change.made", 600, grant=GRANT, before="0.00", after="40.00", **twice),
    ]

    lines = [x for x in timeline.tell(events).lines if x.verb == "Changed"]

    assert [x.text for x in lines] == ["refunded 0.00 → 40.00 (order 12, billing)"]


def test_a_long_message_is_cut_on_its_line_and_whole_behind_it():
    text = "A first line.\n" + "word " * 200

    (line,) = timeline.tell([told("note", 1, text=text)]).lines
    (brief,) = timeline.tell([told("note", 1, text="Short.\nTwo lines.")]).lines

    assert line.text.endswith("…")
    assert line.whole == text.strip()
    assert (brief.text, brief.whole) == ("Short. Two lines.", "")
