"""Every reason code: the one thing that brings it about, its answer, and its sentence."""

from decimal import Decimal

import pytest

from registry.rules.amounts import is_above, is_below
from registry.rules.answers import Answer, Authority, Money, Risk
from registry.rules.codes import CODES
from registry.rules.rulebook import (
    Ceiling,
    Effect,
    Guardrail,
    Level,
    Rulebook,
    RunFacts,
    Stage,
    StopKind,
    StopRule,
    Tool,
)
from registry.rules.stops import expressions_of
from registry.rules.verbs import Tier, tier_of
from tests.rules.cases import money, reason, ruled, with_row

ALLOW, REVIEW, ESCALATE, REFUSE = Answer


def stop(kind, effect=Effect.ESCALATE, **params):
    rule = StopRule("the-rule", kind, effect, "The rule says so.", params)
    return {"rulebook": {"stop_rules": (rule,)}}


def ceiling(level, **more):
    return {"standing": {"ceilings": (Ceiling(level, "The house", **more),)}}


def rail(**more):
    return {"rulebook": {"guardrail": Guardrail(**more)}}


ROWS = [
    ("agent.inactive", REFUSE, {"standing": {"agent_is_active": False}}, "switched off"),
    ("agent.inactive", REFUSE, {"standing": {"agent_is_active": None}}, "switched off"),
    ("workflow.not_live", REFUSE, {"standing": {"is_live": False}}, "no rulebook"),
    ("workflow.not_live", REFUSE, {"standing": {"rulebook": None}}, "no rulebook"),
    ("workflow.paused", REFUSE, {"standing": {"is_paused": True, "pause_reason": "Audit."}}, "paused: Audit."),
    ("workflow.paused", REFUSE, {"standing": {"is_paused": None}}, "paused."),
    ("verb.unknown", REFUSE, {"request": {"verb": "teleport"}}, "“teleport”"),
    ("system.unknown", REFUSE, {"request": {"system": "moon"}}, "“moon”"),
    ("system.not_approved", REFUSE, {"request": {"system": "mainframe"}}, "“mainframe”"),
    ("model.not_approved", REFUSE, {"request": {"model": "big-model"}}, "“big-model”"),
    ("model.not_approved", REVIEW, {"request": {"model": None}}, "not named"),
    ("tool.not_approved", REFUSE, {"rulebook": {"tools": (Tool("pay", "billing", "refund"),)}, "standing": {"retired_tools": frozenset({("billing", "pay")})}}, "The tool “pay” of billing was retired."),
    ("run.on_hold", REFUSE, {"standing": {"run_is_on_hold": True, "hold_reason": "A tool failed."}}, "on hold: A tool failed."),
    ("run.on_hold", REFUSE, stop(StopKind.TOOL_FAILURE, Effect.HOLD) | {"standing": {"run_facts": RunFacts(1, 3)}}, "“the-rule”"),
    ("owner.vacant", REVIEW, {"standing": {"vacant_roles": ("risk_owner",)}}, "risk owner; nothing runs"),
    ("resume.staged", REVIEW, {"standing": {"stage": Stage()}}, "in stages"),
    ("resume.staged", REVIEW, {"standing": {"stage": Stage(tiers=frozenset({"read"}), verbs=frozenset({"send"}))}}, "refund in billing"),
    ("training.lapsed", REVIEW, {"standing": {"lapsed_training": ("risk_owner",)}}, "risk owner is not current"),
    ("no_allowance", REFUSE, {"rulebook": {"allowances": {}}}, "no row for refund in billing"),
    ("never", REFUSE, {"rulebook": with_row(authority=Authority.NEVER)}, "never to refund in billing"),
    ("never", REFUSE, {"rulebook": with_row(authority="perhaps")}, "never to refund in billing"),
    ("allowance.review", REVIEW, {"rulebook": with_row(authority=Authority.REVIEW)}, "refund in billing"),
    ("ceiling.enterprise", REFUSE, ceiling(Level.ENTERPRISE, verbs=("refund",)), "never allows refund in billing"),
    ("ceiling.department", REVIEW, ceiling(Level.DEPARTMENT, authority=Authority.REVIEW), "wants a person"),
    ("ceiling.team", REFUSE, ceiling(Level.TEAM, amount_max=Decimal(15), currency="EUR"), "EUR 20.00 is above the limit of EUR 15.00 of the team ceiling “"),
    ("ceiling.phase", REVIEW, {"rulebook": {"phase": 5}}, "phase 5"),
    ("ceiling.phase", REVIEW, {"rulebook": {"phase": 1, "is_fixed": True}, "request": {"model": None}}, "phase 1"),
    ("ceiling.phase", REFUSE, {"rulebook": {"phase": 1, "is_fixed": True}}, "the AI model “small-model” did"),
    ("ceiling.phase", REFUSE, {"rulebook": {"phase": 1, "is_fixed": True}, "standing": {"agent_model": "small-model"}, "request": {"model": None}}, "registered with the AI model “small-model”"),
    ("ceiling.phase", REFUSE, {"rulebook": {"phase": 1}, "request": {"model": None}}, "not fixed steps only reads"),
    ("ceiling.phase", REVIEW, {"rulebook": {"phase": 2}}, "phase 2"),
    ("ceiling.phase", ESCALATE, {"rulebook": {"phase": 2}, "request": {"signals": frozenset({"emotion"})}}, "human takes over on emotion"),
    ("ceiling.phase", REFUSE, {"rulebook": {"phase": 3}}, "writes nothing"),
    ("ceiling.phase", REFUSE, {"rulebook": {"phase": 9}}, "Phase 9 is unknown"),
    ("limit.amount", REVIEW, {"request": money("84.20")}, "EUR 84.20 is above the limit of EUR 25.00 for refund in billing."),
    ("limit.count", REVIEW, {"standing": {"day_counts": {("billing", "refund"): 10}}}, "10 of 10 a day"),
    ("limit.count", ESCALATE, {"standing": {"day_counts": None}}, "not known"),
    ("limit.currency", ESCALATE, {"request": money("20.00", "USD")}, "USD 20.00"),
    ("limit.currency", ESCALATE, {"request": {"args": {"amount": "20.00", "currency": "euro"}, "amount": None}}, "currency"),
    ("amount.missing", REVIEW, {"request": {"args": {}, "amount": None}}, "no amount can be read"),
    ("amount.missing", REVIEW, {"rulebook": with_row(amount_field=None)}, "no amount can be read"),
    ("amount.mismatch", REFUSE, {"request": {"amount": Money(Decimal("19.99"), "EUR")}}, "claims EUR 19.99, the action says EUR 20.00"),
    ("amount.unreadable", REFUSE, {"request": {"args": {"amount": "NaN", "currency": "EUR"}}}, "plain number"),
    ("amount.unreadable", REFUSE, {"request": {"args": {"amount": "-5", "currency": "EUR"}, "amount": None}}, "plain number"),
    ("amount.unreadable", REFUSE, {"request": {"amount": Money(Decimal("Infinity"), "EUR")}}, "plain number"),
    ("check.failed", REFUSE, {"request": {"checks": (("order exists", "pass"), ("order exists", "fail"))}}, "“order exists” has failed"),
    ("check.missing", REVIEW, {"request": {"checks": ()}}, "“order exists”"),
    ("check.missing", REVIEW, {"request": {"checks": (("order exists", "skipped"),)}}, "not reported"),
    ("cap.spend", REFUSE, {"standing": {"used": {"money-a-day": Decimal(90), "refunds-an-hour": Decimal(0)}}}, "EUR 20.00 on top of EUR 90.00"),
    ("cap.spend", ESCALATE, {"standing": {"used": {"refunds-an-hour": Decimal(0)}}}, "not known"),
    ("cap.count", REFUSE, {"standing": {"used": {"money-a-day": Decimal(0), "refunds-an-hour": Decimal(5)}}}, "5 of 5 in one hour"),
    ("cap.count", ESCALATE, {"standing": {"used": {"money-a-day": Decimal(0), "refunds-an-hour": Decimal("NaN")}}}, "not known"),
    ("cap.currency", ESCALATE, {"request": money("20.00", "USD")}, "cannot be counted"),
    ("guardrail.confidence", REVIEW, {"request": {"confidence": Decimal("0.89")}}, "0.89 and below the guardrail of 0.9"),
    ("guardrail.confidence", REVIEW, {"request": {"confidence": None}}, "counts as 0"),
    ("guardrail.confidence", REVIEW, {"request": {"confidence": Decimal("NaN")}}, "below"),
    ("guardrail.confidence", REVIEW, {"request": {"confidence": Decimal("1.5")}}, "below"),
    ("guardrail.confidence", ESCALATE, rail(confidence_escalate=Decimal("0.95")), "0.95"),
    ("guardrail.risk", REVIEW, {"request": {"risk": Risk.HIGH}}, "high"),
    ("guardrail.risk", ESCALATE, rail(risk_escalate=Risk.MEDIUM), "medium"),
    ("guardrail.amount", REVIEW, rail(amount_review=Decimal(15)), "EUR 20.00 is above the limit of EUR 15.00"),
    ("guardrail.amount", ESCALATE, rail(amount_escalate=Decimal(15)), "of the guardrail"),
    ("stop_rule.missing_data", ESCALATE, stop(StopKind.MISSING_DATA, fields=("args.reason",)), "missing: args.reason"),
    ("stop_rule.conflicting_records", ESCALATE, stop(StopKind.CONFLICTING_RECORDS, pairs=(("args.amount", "before.total"),)), "does not agree"),
    ("stop_rule.sensitive_topic", ESCALATE, stop(StopKind.SENSITIVE_TOPIC, amount_above="15.00", currency="EUR"), "EUR 20.00 is above 15.00"),
    ("stop_rule.low_confidence", REFUSE, stop(StopKind.LOW_CONFIDENCE, Effect.REFUSE, below="0.95"), "0.95"),
    ("stop_rule.outside_category", REVIEW, stop(StopKind.OUTSIDE_CATEGORY, Effect.REVIEW, categories=("late",)), "“damaged-item”"),
    ("stop_rule.tool_failure", REFUSE, stop(StopKind.TOOL_FAILURE, Effect.HOLD) | {"standing": {"run_facts": None}}, "not known"),
    ("stop_rule.expression", ESCALATE, stop(StopKind.EXPRESSION, source="true"), "no answer"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "answer", "changes", "words"), ROWS)
def test_one_thing_wrong_brings_its_reason_and_its_answer(code, answer, changes, words):
    fine = ruled()
    assert fine.answer == Answer.ALLOW
    assert [each.code for each in fine.reasons] == ["allowance.allowed"]

    spoiled = ruled(**changes)

    found = [
        each for each in spoiled.reasons if each.code == code and each.answer == answer
    ]
    assert found, spoiled.reasons
    assert any(words in each.text for each in found), found
    assert all(
        each.text.endswith(".") and each.who_can_help for each in spoiled.reasons
    )
    assert spoiled.answer != Answer.ALLOW


def test_every_code_has_a_row():
    # Whether a person can read an action is found after the rulebook has spoken.
    elsewhere = {"allowance.allowed", "inspection.impossible"}
    assert {row[0] for row in ROWS} | elsewhere == set(CODES)


def test_the_amount_may_be_the_limit_and_not_one_cent_more():
    assert ruled(request=money("25.00")).answer == Answer.ALLOW
    assert ruled(request=money("25.01")).answer == Answer.REVIEW


def test_a_cap_may_be_reached_and_not_passed():
    used = {"money-a-day": Decimal(80), "refunds-an-hour": Decimal(4)}
    assert ruled(standing={"used": used}).answer == Answer.ALLOW
    used = {"money-a-day": Decimal("80.01"), "refunds-an-hour": Decimal(4)}
    assert ruled(standing={"used": used}).answer == Answer.REFUSE


def test_a_count_may_be_reached_and_not_passed():
    assert (
        ruled(standing={"day_counts": {("billing", "refund"): 9}}).answer
        == Answer.ALLOW
    )
    assert (
        ruled(standing={"day_counts": {("billing", "refund"): 10}}).answer
        == Answer.REVIEW
    )


def test_inactive_not_live_and_paused_cut_short_and_are_all_told():
    standing = {
        "agent_is_active": False,
        "is_live": False,
        "is_paused": True,
        "vacant_roles": ("risk_owner",),
    }
    ruling = ruled(standing=standing, request={"verb": "teleport"})
    assert [each.code for each in ruling.reasons] == [
        "agent.inactive",
        "workflow.not_live",
        "workflow.paused",
    ]


def test_the_deciding_reasons_come_first_and_the_others_stay():
    ruling = ruled(request={**money("84.20"), "checks": (("order exists", "fail"),)})
    assert [each.code for each in ruling.reasons] == [
        "check.failed",
        "limit.amount",
        "allowance.allowed",
    ]


def test_a_hold_names_its_rule_and_another_effect_does_not():
    facts = {"run_facts": RunFacts(2, 9)}
    held = ruled(standing=facts, **stop(StopKind.TOOL_FAILURE, Effect.HOLD))
    refused = ruled(standing=facts, **stop(StopKind.TOOL_FAILURE, Effect.REFUSE))
    assert held.hold_requested == "the-rule"
    assert refused.hold_requested is None
    assert reason(refused, "run.on_hold") is None


def test_risk_and_reversibility_are_raised_by_a_claim_and_never_lowered():
    assert ruled(request={"risk": Risk.LOW}).risk == Risk.MEDIUM
    assert ruled(request={"risk": Risk.HIGH}).risk == Risk.HIGH
    assert ruled(request={"risk": None}).risk == Risk.MEDIUM
    assert ruled(request={"risk": "tiny"}).risk == Risk.HIGH
    assert (
        ruled(request={"reversibility": "reversible"}).reversibility == "irreversible"
    )
    assert ruled(rulebook=with_row(reversibility=None)).reversibility == "irreversible"


def test_quorum_is_never_below_one():
    assert ruled(rulebook=with_row(quorum=2)).quorum == 2
    assert ruled(rulebook=with_row(quorum=0)).quorum == 1
    assert ruled(rulebook=with_row(quorum=-3)).quorum == 1
    assert ruled(rulebook={"allowances": {}}).quorum == 1


def test_an_escalation_is_decided_by_the_escalation_owner():
    assert ruled(rulebook=with_row(decided_by="risk_owner")).decided_by == "risk_owner"
    assert ruled(request=money("20.00", "USD")).decided_by == "escalation_owner"


def test_a_grant_reserves_the_amount_and_one_of_each_count():
    assert dict(ruled().reserves) == {
        "money-a-day": Decimal("20.00"),
        "refunds-an-hour": Decimal(1),
    }


def test_amounts_in_a_list_are_summed_and_one_bad_one_spoils_them():
    row = with_row(amount_field="payments[].amount", currency_field=None)
    some = {"args": {"payments": [{"amount": 20}, {"amount": "5.01"}]}, "amount": None}
    bad = {"args": {"payments": [{"amount": 20}, {"amount": None}]}, "amount": None}
    assert reason(ruled(request=some, rulebook=row), "limit.amount").text.startswith(
        "EUR 25.01"
    )
    assert reason(ruled(request=bad, rulebook=row), "amount.unreadable")


def test_reading_needs_no_confidence_amount_or_category():
    row = with_row()["allowances"][("billing", "refund")].__class__(
        "billing", "read", Authority.ALLOWED
    )
    ruling = ruled(
        request={
            "verb": "read",
            "args": {},
            "amount": None,
            "confidence": None,
            "checks": (),
        },
        rulebook={"allowances": {("billing", "read"): row}},
    )
    assert ruling.answer == Answer.ALLOW


def test_a_stop_rule_about_amounts_wants_a_person_when_it_sees_none():
    rule = stop(StopKind.SENSITIVE_TOPIC, amount_above="15.00", currency="EUR")
    nothing = ruled(request={"args": {}, "amount": None}, **rule)
    claimed = ruled(request={"args": {}, "amount": Money(Decimal(16), "EUR")}, **rule)
    assert nothing.answer == Answer.REVIEW
    assert {each.rule for each in nothing.reasons} >= {"the-rule"}
    assert claimed.answer == Answer.ESCALATE


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        (True, ESCALATE),
        (False, ALLOW),
        (None, ESCALATE),
        (0, ESCALATE),
        ("false", ESCALATE),
    ],
)
def test_an_expression_stays_silent_only_on_false_itself(result, answer):
    rule = stop(StopKind.EXPRESSION, source="amount > 5")
    assert (
        ruled(standing={"expressions": {"the-rule": result}}, **rule).answer == answer
    )


def test_a_fired_expression_speaks_the_rules_own_sentence():
    rule = stop(StopKind.EXPRESSION, source="amount > 5")
    ruling = ruled(standing={"expressions": {"the-rule": True}}, **rule)
    texts = [each.text for each in ruling.reasons if each.rule == "the-rule"]
    assert texts == ["The rule says so."]
    stop_rules = rule["rulebook"]["stop_rules"]
    book = Rulebook("refunds", 1, 4, Risk.LOW, "EUR", stop_rules=stop_rules)
    assert expressions_of(ruling, book) == "amount > 5"


def test_a_claim_alone_never_passes_the_limit_of_a_row():
    request = {"args": {}, "amount": Money(Decimal("1.00"), "EUR")}
    assert ruled(rulebook={"caps": ()}).answer == Answer.ALLOW
    assert ruled(request=request, rulebook={"caps": ()}).answer == Answer.REVIEW


def test_two_records_that_are_both_missing_do_not_agree():
    rule = stop(StopKind.CONFLICTING_RECORDS, pairs=(("args.total", "before.total"),))
    both = {"args": {**money("20.00")["args"], "total": "7"}, "before": {"total": 7}}
    assert ruled(request=both, **rule).answer == Answer.ALLOW
    assert ruled(**rule).answer == Answer.ESCALATE


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_limit_that_is_no_number_is_passed_by_every_amount(number):
    limit = Decimal(number)
    assert is_above(Decimal(1), limit)
    assert is_above(limit, Decimal(1))
    assert is_below(Decimal(1), limit)
    assert is_below(limit, Decimal(0))
    assert ruled(rulebook=with_row(amount_max=limit)).answer == Answer.REVIEW
    assert (
        ruled(rulebook={"guardrail": Guardrail(confidence_min=limit)}).answer
        == Answer.REVIEW
    )
    assert (
        ruled(
            standing={"used": {"money-a-day": limit, "refunds-an-hour": Decimal(0)}}
        ).answer
        == Answer.ESCALATE
    )


def test_an_unknown_verb_counts_as_a_change():
    assert tier_of("read") == Tier.READ
    assert tier_of("teleport") == Tier.CHANGE
    assert tier_of(None) == Tier.CHANGE
