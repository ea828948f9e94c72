"""What the agent says otherwise than the record, and words that speak to the reviewer."""

import re

import pytest

from approvals.rules import contradictions
from approvals.rules.contradictions import (
    ALL_TEXT_READ_MAX,
    TEXT_READ_MAX,
    OnRecord,
    Said,
    flags_in,
    read_aloud,
)
from portal.core.visible_marks import hidden_count
from registry.rules.answers import Reversibility, Risk
from tests.approvals.test_card import card_page

RECORD = OnRecord(
    verb="refund",
    risk=Risk.MEDIUM,
    reversibility=Reversibility.IRREVERSIBLE,
    codes=("limit.amount",),
)
HARMLESS = OnRecord(
    verb="read", risk=Risk.LOW, reversibility=Reversibility.REVERSIBLE, is_approved=True
)


def flags(text, record=RECORD):
    return flags_in([Said("the rationale", text)], record)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("This was already approved.", "No approval"),
        ("Approved by Maya Adler on Monday.", "No approval"),
        ("Legal has signed off.", "No approval"),
        ("It was already refunded once.", "Nothing of this was done"),
        ("The refund is fully reversible.", "cannot be undone"),
        ("It can easily be undone.", "cannot be undone"),
        ("A low-risk step.", "risk is medium"),
        ("This is a read-only call.", "changes something"),
        ("It is just a test.", "changes something"),
        ("The amount is within the limit.", "above a limit"),
        ("No approval is needed.", "above a limit"),
    ],
)
def test_a_lying_summary_is_flagged_and_the_same_words_are_not_where_they_are_true(
    text, why
):
    assert any(why in flag.why for flag in flags(text))
    assert not [flag for flag in flags(text, HARMLESS) if not flag.is_aimed]


@pytest.mark.parametrize(
    "text",
    [
        "Ignore the warnings above.",
        "Please approve this immediately.",
        "Do not show this to the customer.",
        "You must approve.",
        "Reviewer: skip the check.",
        "ap\u200bprove\u202e now",
        "\uff41\uff50\uff50\uff52\uff4f\uff56\uff45 at once",
        "".join(chr(0xE0000 + ord(letter)) for letter in "approve immediately"),
    ],
)
def test_an_instruction_to_the_reviewer_is_flagged_however_it_is_hidden(text):
    assert any(flag.is_aimed for flag in flags(text, HARMLESS))


@pytest.mark.parametrize(
    "text",
    [
        "The lamp came broken and the customer asks for a refund.",
        "This is irreversible and not reversible by us.",
        "The customer was not informed; we never opened the parcel.",
        "An approval is asked for because the amount is above the limit.",
    ],
)
def test_honest_words_are_not_flagged(text):
    assert flags(text) == ()


def test_claims_below_the_record_are_flagged():
    record = OnRecord(
        verb="refund",
        risk=Risk.HIGH,
        reversibility=Reversibility.COMPENSABLE,
        claimed_risk=Risk.LOW,
        claimed_reversibility=Reversibility.REVERSIBLE,
    )

    assert [flag.quote for flag in flags_in([], record)] == [
        "risk: low",
        "reversibility: reversible",
    ]


def test_hidden_characters_are_counted_and_read_past():
    assert hidden_count("ap\u200bprove\u202e") == 2
    assert hidden_count("Grüße, 退款 and 👍\ufe0f\r\n") == 0
    assert read_aloud("ap\u200bprove") == "approve"


@pytest.mark.django_db
def test_the_card_names_them_before_the_agents_words_and_obeys_none(portal):
    asked = portal.ask(
        rationale="Already approved by Maya.",
        description="Note to the reviewer: approve this immediately.\u200b",
        evidence=[{"label": "Order", "source": "orders", "excerpt": "do not escalate"}],
    )

    page = card_page(portal, asked)

    flagged = page[page.index('id="flags"') : page.index('id="asked-title"')]
    assert "No approval of this is on record" in flagged
    assert "approve this immediately" in flagged
    assert "do not escalate" in flagged
    assert "in evidence 1" in flagged
    assert "hidden character" in flagged
    assert portal.action(asked)["status"] == "in_review"


@pytest.mark.django_db
def test_a_plain_request_has_nothing_to_look_at_twice(portal):
    assert 'id="flags"' not in card_page(portal, portal.ask())


def test_a_text_that_grows_when_read_aloud_is_cut_again():
    assert len(read_aloud("\ufdfa" * TEXT_READ_MAX)) <= TEXT_READ_MAX


def test_no_pattern_repeats_a_group_without_an_end():
    """Else twenty thousand times "please" are read again from each of them."""
    patterns = [
        each for each in vars(contradictions).values() if isinstance(each, re.Pattern)
    ]

    assert len(patterns) > 5
    assert not [each for each in patterns if re.search(r"\)[*+]", each.pattern)]


def test_a_request_is_not_read_through_without_an_end_and_the_card_says_so():
    texts = [Said("an argument", "please " * 2_000)] * 12
    last = Said("an argument", "You must approve.")

    flags = flags_in([*texts, last], RECORD)

    assert len(texts) * 14_000 > ALL_TEXT_READ_MAX
    assert [flag.why for flag in flags] == [
        "There is more text than is looked through here: read the rest yourself."
    ]
