"""Who decides a cell: what a page explains is what a ruling says."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from registry.rules.answers import Answer, Authority, Money
from registry.rules.authority import rule
from registry.rules.deciding import decide, voices_over
from registry.rules.rulebook import (
    ActionGroup,
    Allowance,
    Ceiling,
    Guardrail,
    Level,
    Request,
    Rulebook,
    Standing,
)
from tests.rules.generators import SYSTEMS, VERBS

REFUND = Allowance("billing", "refund", Authority.ALLOWED, amount_field="amount")
ABOVE = Ceiling(
    Level.ENTERPRISE,
    "money",
    verbs=("refund",),
    authority=Authority.REVIEW,
    amount_max=Decimal(500),
    currency="EUR",
    sentence="Two people see every large refund.",
)
ANSWERS = {
    Authority.ALLOWED: Answer.ALLOW,
    Authority.REVIEW: Answer.REVIEW,
    Authority.NEVER: Answer.REFUSE,
}


def book(row, phase=4):
    return Rulebook(
        workflow="refunds",
        version=1,
        phase=phase,
        risk="low",
        currency="EUR",
        allowances={(row.system, row.verb): row},
        guardrail=Guardrail(),
        action_groups=(ActionGroup("all", frozenset({(row.system, row.verb)})),),
    )


def decided(row, *ceilings, phase=4):
    voices = voices_over(book(row, phase), ceilings)
    return decide(row, row.system, row.verb, voices)


def test_a_limit_of_the_enterprise_decides_where_the_workflow_has_none_or_a_higher_one():
    told = decided(REFUND, ABOVE)
    higher = decided(replace(REFUND, amount_max=Decimal(900)), ABOVE)
    lower = decided(replace(REFUND, amount_max=Decimal(25)), ABOVE)

    assert told.authority == Authority.ALLOWED
    assert (told.limit, told.limit_level) == (Money(Decimal(500), "EUR"), "enterprise")
    assert told.why == (
        "Enterprise says review for every refund above EUR 500.00:"
        " Two people see every large refund."
    )
    assert higher.limit_level == "enterprise"
    assert lower.limit_level == "workflow"
    assert lower.why == ""


def test_the_strictest_level_decides_and_a_level_as_strict_leaves_it_to_the_workflow():
    never = Ceiling(Level.DEPARTMENT, "no", authority=Authority.NEVER, sentence="No.")
    review = Ceiling(Level.ENTERPRISE, "ask", authority=Authority.REVIEW)

    assert decided(REFUND, review, never).level == "department"
    assert (
        decided(replace(REFUND, authority=Authority.NEVER), never).level == "workflow"
    )
    assert decided(REFUND, phase=5).level == "phase"
    assert "In phase 5 nothing is executed" in decided(REFUND, phase=5).why
    assert decide(None, "billing", "refund", voices_over(book(REFUND), ())).why == ""


ceilings = st.builds(
    Ceiling,
    level=st.sampled_from([Level.ENTERPRISE, Level.DEPARTMENT, Level.TEAM]),
    name=st.sampled_from(["one", "two"]),
    systems=st.sampled_from([(), ("billing",), ("orders",)]),
    verbs=st.sampled_from([(), ("refund",), ("tag", "send")]),
    tiers=st.sampled_from([(), ("change",), ("stage",), ("read",)]),
    authority=st.sampled_from([Authority.REVIEW, Authority.NEVER]),
    sentence=st.sampled_from(["", "Because."]),
)


@given(
    st.builds(
        Allowance,
        system=st.sampled_from(SYSTEMS),
        verb=st.sampled_from(VERBS),
        authority=st.sampled_from(Authority),
    ),
    st.lists(ceilings, max_size=4),
    st.integers(1, 5),
)
def test_what_is_said_to_hold_is_what_the_rulebook_answers(row, above, phase):
    request = Request(
        verb=row.verb,
        system=row.system,
        amount=Money(Decimal(1), "EUR") if row.verb == "refund" else None,
        confidence=Decimal(1),
    )
    standing = Standing(
        rulebook=book(row, phase),
        is_live=True,
        is_paused=False,
        agent_is_active=True,
        approved_systems=frozenset(SYSTEMS),
        known_systems=frozenset(SYSTEMS),
        ceilings=tuple(above),
        day_counts={},
    )

    told = decided(row, *above, phase=phase)

    assert ANSWERS[told.authority] == rule(request, standing).answer
