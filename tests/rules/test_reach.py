"""How far a cell reaches is never less than what a ruling gives, and is kept as it is."""

import importlib
from dataclasses import asdict, replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from registry.rules.answers import Answer, Authority, Risk, severity
from registry.rules.authority import rule
from registry.rules.reach import MoneySeen, reach_under, reach_within
from registry.rules.rulebook import (
    ActionGroup,
    Allowance,
    Ceiling,
    Guardrail,
    Level,
    Rulebook,
)
from tests.rules.generators import requests, rulebooks, standings

MOST = {
    Authority.ALLOWED: Answer.ALLOW,
    Authority.REVIEW: Answer.REVIEW,
    Authority.NEVER: Answer.REFUSE,
}
REFUND = Allowance(
    system="billing",
    verb="refund",
    authority=Authority.ALLOWED,
    amount_max=Decimal("25.00"),
    currency="EUR",
    amount_field="amount",
)


def _book(row: Allowance = REFUND, **more) -> Rulebook:
    rows = {(row.system, row.verb): row}
    groups = (ActionGroup("all", frozenset(rows)),)
    said = {"phase": 4, "risk": Risk.LOW, "currency": "EUR", "action_groups": groups}
    said |= more
    return Rulebook(workflow="refunds", version=1, allowances=rows, **said)


@given(requests(), standings(), rulebooks())
def test_no_ruling_is_milder_than_the_reach_of_its_cell(request, standing, book):
    standing = replace(standing, rulebook=book)
    row = book.allowances.get((request.system, request.verb))
    ruling = rule(request, standing)
    if row is None:
        assert ruling.answer == Answer.REFUSE
        return

    reach = reach_under(
        reach_within(row, book),
        row.system,
        row.verb,
        standing.ceilings,
        standing.system_data,
    )

    assert severity(ruling.answer) >= severity(MOST[reach.authority])
    if ruling.answer == Answer.ALLOW and reach.amount_max is not None:
        assert ruling.amount is None or ruling.amount.value <= reach.amount_max


def test_a_row_with_a_limit_reaches_up_to_it():
    reach = reach_within(REFUND, _book())

    assert (reach.authority, reach.amount_max, reach.currency) == (
        Authority.ALLOWED,
        Decimal("25.00"),
        "EUR",
    )


def test_the_smaller_of_two_limits_holds():
    rail = Guardrail(amount_review=Decimal(10), amount_escalate=Decimal(90))

    assert reach_within(REFUND, _book(guardrail=rail)).amount_max == Decimal(10)


def test_limits_in_two_currencies_let_nothing_pass_alone():
    rail = Guardrail(amount_review=Decimal(10), currency="USD")

    assert reach_within(REFUND, _book(guardrail=rail)).authority == Authority.REVIEW


def test_a_limit_whose_amount_cannot_be_read_lets_nothing_pass_alone():
    row = replace(REFUND, amount_field=None)

    reach = reach_within(row, _book(row))

    assert (reach.authority, reach.money) == (Authority.REVIEW, MoneySeen.UNREAD)


def test_phases_and_guardrails_of_risk_hold_and_are_named():
    assert reach_within(REFUND, _book(phase=5)).level == "phase"
    assert reach_within(REFUND, _book(phase=5)).authority == Authority.REVIEW
    assert reach_within(REFUND, _book(phase=3)).authority == Authority.NEVER
    railed = reach_within(
        REFUND, _book(risk=Risk.HIGH, guardrail=Guardrail(risk_escalate=Risk.HIGH))
    )
    assert (railed.authority, railed.level) == (Authority.REVIEW, "guardrail")
    assert railed.decided_by == "escalation_owner"


def test_in_phase_4_a_cell_outside_the_action_groups_reaches_nothing():
    outside = reach_within(REFUND, _book(action_groups=()))

    assert (outside.authority, outside.level) == (Authority.NEVER, "phase")
    assert "action groups" in outside.sentence
    assert reach_within(REFUND, _book(action_groups=(), phase=5)).authority == "review"


def test_a_ceiling_only_ever_takes_away():
    reach = reach_within(REFUND, _book())
    never = Ceiling(
        level=Level.ENTERPRISE, name="no", verbs=("refund",), sentence="No."
    )
    elsewhere = replace(never, systems=("crm",))
    small = replace(never, amount_max=Decimal(5), currency="EUR")

    assert reach_under(reach, "billing", "refund", (never,)).authority == "never"
    assert reach_under(reach, "billing", "refund", (elsewhere,)) == reach
    assert reach_under(reach, "billing", "refund", (small,)).amount_max == Decimal(5)


# What is said otherwise since.
WORDS_BEFORE = {
    "In phase 1 a person decides every change of a record.": "In phase 1 nothing that an AI"
    " decides changes a record by itself."
}


@given(rulebooks(), st.sampled_from([1, 2, 3, 4, 5]))
def test_the_migration_fills_rows_as_they_are_written_today(book, phase):
    migration = importlib.import_module("registry.migrations.0007_how_far_cells_reach")
    # When it was written there were no action groups and no techniques; every row ruled.
    everything = (ActionGroup("all", frozenset(book.allowances)),)
    book = replace(book, phase=phase, action_groups=everything, is_fixed=True)
    page = {
        "phase": book.phase,
        "risk": str(book.risk),
        "currency": book.currency,
        "guardrail": asdict(book.guardrail),
    }
    for row in book.allowances.values():
        reach = reach_within(row, book)

        assert migration.reach_of(asdict(row), page) == {
            "reach": str(reach.authority),
            "reach_amount": reach.amount_max,
            "reach_currency": reach.currency,
            "reach_money": str(reach.money),
            "reach_level": reach.level,
            "reach_sentence": WORDS_BEFORE.get(reach.sentence, reach.sentence),
            "decided_by": reach.decided_by,
            "quorum": reach.quorum,
            "count_per_day": row.count_per_day,
        }
