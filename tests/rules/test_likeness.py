"""What may be decided with one word: every reason to be left out, and no order matters."""

from dataclasses import replace
from uuid import UUID

import pytest

from approvals.rules.likeness import SENTENCES, Traits, Unlike, why_left_out
from approvals.rules.moves import ProposalState
from registry.rules.answers import Risk

LIKE = Traits(
    workflow_id=UUID(int=1),
    verb="refund",
    system="billing",
    audience="reviewers",
    held_by=frozenset({("guardrail.amount_review", "")}),
    rulebook_version=3,
    state=ProposalState.OPEN,
    risk=Risk.MEDIUM,
    people_needed=1,
    version_number=1,
    waits_for_reader=True,
    is_as_shown=True,
    is_inspectable=True,
    is_contradicted=False,
    is_flagged=False,
    is_shown_whole=True,
)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"state": ProposalState.APPROVED}, Unlike.ENDED),
        ({"waits_for_reader": False}, Unlike.NOT_YOURS),
        ({"is_as_shown": False}, Unlike.CHANGED),
        ({"risk": Risk.HIGH}, Unlike.HIGH_RISK),
        ({"state": ProposalState.ASKED}, Unlike.ASKED),
        ({"people_needed": 2}, Unlike.MANY_PEOPLE),
        ({"version_number": 2}, Unlike.EDITED),
        ({"is_inspectable": False}, Unlike.UNINSPECTABLE),
        ({"is_contradicted": True}, Unlike.CONTRADICTED),
        ({"is_flagged": True}, Unlike.FLAGGED),
        ({"is_shown_whole": False}, Unlike.TOO_LONG),
        ({"workflow_id": UUID(int=2)}, Unlike.OTHER_KIND),
        ({"verb": "credit"}, Unlike.OTHER_KIND),
        ({"system": "orders"}, Unlike.OTHER_KIND),
        ({"audience": "escalation_owner"}, Unlike.OTHER_KIND),
        ({"held_by": frozenset()}, Unlike.OTHER_RULE),
        ({"rulebook_version": 4}, Unlike.OTHER_RULE),
    ],
)
def test_each_difference_leaves_a_proposal_out_for_its_own_reason(change, why):
    assert why_left_out(LIKE, like=LIKE) is None
    assert why_left_out(replace(LIKE, **change), like=LIKE) is why


def test_what_belongs_into_no_batch_is_out_even_when_all_are_so():
    high = replace(LIKE, risk=Risk.HIGH)

    assert why_left_out(high, like=high) is Unlike.HIGH_RISK


def test_every_reason_has_its_words():
    assert set(SENTENCES) == set(Unlike)
