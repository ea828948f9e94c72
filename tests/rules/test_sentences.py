"""What cells, rules and actions say, and what a change says about itself."""

from dataclasses import replace
from decimal import Decimal

import pytest

from registry.rules.answers import Authority, Money, Reversibility, Turn
from registry.rules.changes import Label, compare, label_of
from registry.rules.rulebook import (
    Cap,
    CapKind,
    Check,
    Effect,
    Guardrail,
    Request,
    StopKind,
    StopRule,
    Tool,
)
from registry.rules.sentences import (
    allowance_sentence,
    cap_sentence,
    check_sentence,
    guardrail_sentences,
    headline,
    stop_rule_sentence,
)
from registry.rules.verbs import VERBS
from tests.rules.cases import REFUND, RULEBOOK, with_row

PLAIN = replace(REFUND, count_per_day=None)
RAIL = Guardrail(confidence_min=Decimal("0.9"))


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (PLAIN, "May refund in Billing up to EUR 25.00 at confidence 0.9; above that a reviewer decides."),
        (replace(PLAIN, amount_max=None), "May refund in Billing at confidence 0.9; otherwise a reviewer decides."),
        (replace(PLAIN, verb="read", amount_max=None), "May read in Billing."),
        (replace(PLAIN, system="crm", verb="read", amount_max=None), "May read in CRM."),
        (replace(PLAIN, authority=Authority.NEVER), "May never refund in Billing."),
        (replace(PLAIN, authority=Authority.REVIEW), "May ask to refund in Billing; every time a reviewer decides."),
        (replace(PLAIN, authority=Authority.REVIEW, quorum=2, then=(Turn("risk_owner"),)), "May ask to refund in Billing; every time 2 reviewers decide, then the risk owner."),
        (replace(PLAIN, authority=Authority.REVIEW, quorum=2), "May ask to refund in Billing; every time 2 reviewers decide."),
    ],
)  # fmt: skip
def test_a_cell_says_what_it_means(row, sentence):
    assert allowance_sentence(row, RAIL) == sentence


def test_an_empty_cell_is_refused():
    said = allowance_sentence(None, verb="refund", system="billing")
    assert said == "May not refund in Billing: there is no row, so it is refused."


def test_rules_say_what_they_do():
    rule = StopRule(
        "k",
        StopKind.MISSING_DATA,
        Effect.HOLD,
        "S.",
        {"fields": ("args.a", "args.b")},
        ("refund",),
    )
    assert (
        stop_rule_sentence(rule)
        == "When args.a or args.b is missing on refund, the request is refused and the run is held."
    )
    cap = Cap("k", CapKind.SPEND, Decimal(100), "EUR", 168, ("refund", "credit"))
    assert (
        cap_sentence(cap)
        == "At most EUR 100.00 in 7 days for refund and credit; past that it is refused."
    )
    assert (
        check_sentence(Check("order exists"))
        == "“order exists” must pass before anything."
    )
    assert guardrail_sentences(Guardrail()) == ("No guardrail is set.",)
    assert guardrail_sentences(RAIL) == ("Below confidence 0.9, a reviewer decides.",)


def test_a_headline_is_made_from_the_action():
    request = Request(
        "refund", "billing", "order", "1182", amount=Money(Decimal("1.00"), "EUR")
    )
    real = Money(Decimal("84.2"), "EUR")
    said = headline(request, real, Reversibility.IRREVERSIBLE)
    assert said == "Refund EUR 84.20 in billing for order 1182. Cannot be undone."
    assert (
        headline(Request("delete", "orders", "order", "7"))
        == "Delete order 7 in orders."
    )
    assert headline(Request("teleport", "orders")) == "Do “teleport” in orders."


@pytest.mark.parametrize(
    ("verb", "args", "said"),
    [
        (
            "update",
            {"contact_id": 881, "phone": "1", "vip": True},
            "Update contact 881 in CRM: phone, vip.",
        ),
        (
            "update",
            {"caller": "Ana Lopes", "field": "address", "value": "x"},
            "Update caller Ana Lopes in CRM: address.",
        ),
        ("update", {"id": "881"}, "Update 881 in CRM."),
        (
            "update",
            {"a": {}, "b": 1, "c": [], "d": None, "e": "f" * 99},
            "Update b 1 in CRM: a, c and 2 more.",
        ),
        ("delete", {"reason": "asked", "note": "x"}, "Delete in CRM."),
        (
            "delete",
            {"text": "t", "ok": True, "record_ref": "R\n7"},
            "Delete record R 7 in CRM.",
        ),
    ],
)
def test_a_headline_without_a_resource_names_the_argument_that_tells_most(
    verb, args, said
):
    assert headline(Request(verb, "crm", args=args)) == said


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_makes_a_headline(verb):
    said = headline(Request(verb, "house", "thing", "1" * 500 + "\n"))
    assert said.startswith(VERBS[verb].label)
    assert said.endswith(".")
    assert "\n" not in said
    assert len(said) < 300


RULE = StopRule(
    "k", StopKind.LOW_CONFIDENCE, Effect.ESCALATE, "S.", {"below": "0.7"}, ("refund",)
)
EXPERT = StopRule("e", StopKind.EXPRESSION, Effect.ESCALATE, "S.", {"source": "a"})
RULED = replace(
    RULEBOOK, stop_rules=(RULE, EXPERT), tools=(Tool("pay", "billing", "refund"),)
)


def edited(**changes):
    return replace(RULED, **changes)


@pytest.mark.parametrize(
    ("new", "label", "text"),
    [
        (edited(**with_row(amount_max=Decimal(40))), "widening", "Refund in billing: limit raised from EUR 25.00 to EUR 40.00."),
        (edited(**with_row(amount_max=Decimal(10))), "narrowing", "Refund in billing: limit lowered from EUR 25.00 to EUR 10.00."),
        (edited(**with_row(amount_max=None)), "widening", "Refund in billing: limit of EUR 25.00 removed."),
        (edited(**with_row(authority=Authority.NEVER)), "narrowing", "Refund in billing: allowed becomes never."),
        (edited(**with_row(then=(Turn("risk_owner"),))), "narrowing", "Refund in billing: goes on to the risk owner after that."),
        (edited(**with_row(quorum=2)), "narrowing", "Refund in billing: 2 must approve instead of 1."),
        (replace(RULED, **with_row(quorum=1)), "neutral", None),
        (edited(**with_row(amount_field="total")), "widening", "Refund in billing: amount field changed from amount to total."),
        (edited(allowances={}), "narrowing", "Refund in billing: the row is gone, so it is refused."),
        (edited(phase=5), "narrowing", "Phase changed from 4 to 5."),
        (edited(currency="USD"), "widening", "Currency changed from EUR to USD."),
        (edited(guardrail=Guardrail()), "widening", "Guardrail: confidence below which a person decides of 0.9 removed."),
        (edited(stop_rules=(EXPERT,)), "widening", "Stop rule “k” removed."),
        (edited(stop_rules=(replace(RULE, sentence="T."), EXPERT)), "neutral", "Stop rule “k”: its sentence was rewritten."),
        (edited(stop_rules=(replace(RULE, applies_to=()), EXPERT)), "narrowing", "Stop rule “k”: now for every verb."),
        (edited(stop_rules=(replace(RULE, effect=Effect.REVIEW), EXPERT)), "widening", "Stop rule “k”: effect changed from escalate to review."),
        (edited(stop_rules=(replace(RULE, params={"below": "0.8"}), EXPERT)), "narrowing", "Stop rule “k”: below changed from 0.7 to 0.8."),
        (edited(stop_rules=(RULE, replace(EXPERT, params={"source": "a || b"}))), "widening", "Stop rule “e”: source changed from a to a || b."),
        (edited(caps=RULEBOOK.caps[:1]), "widening", "Cap “refunds-an-hour” removed."),
        (edited(checks=()), "widening", "Check “order exists” removed."),
        (edited(tools=()), "narrowing", "Tool “pay” is no longer mapped."),
        (edited(tools=(Tool("pay", "billing", "charge"),)), "widening", "Tool “pay” now stands for charge in billing."),
        (edited(categories=()), "narrowing", "Approved categories are now none."),
        (edited(categories=("damaged-item", "late")), "widening", "Approved categories are now damaged-item and late."),
        (edited(version=9, workflow="other"), "neutral", None),
    ],
)  # fmt: skip
def test_a_change_says_what_it_is_and_whether_it_widens(new, label, text):
    changes = compare(RULED, new)
    assert label_of(changes) == label
    if text is None:
        assert changes == ()
    else:
        assert [change.text for change in changes][0].startswith(text)


def test_one_widening_among_narrowings_is_widening():
    new = edited(phase=5, categories=("damaged-item", "late"))
    assert {change.label for change in compare(RULED, new)} == {
        Label.NARROWING,
        Label.WIDENING,
    }
    assert label_of(compare(RULED, new)) == Label.WIDENING


MISSING, CONFLICT, TOPIC, CATEGORY, TOOL = (
    StopKind.MISSING_DATA,
    StopKind.CONFLICTING_RECORDS,
    StopKind.SENSITIVE_TOPIC,
    StopKind.OUTSIDE_CATEGORY,
    StopKind.TOOL_FAILURE,
)


@pytest.mark.parametrize(
    ("kind", "was", "becomes", "label"),
    [
        (MISSING, {"fields": ("category",)}, {"fields": ("category", "evidence")}, "narrowing"),
        (MISSING, {"fields": ("category", "evidence")}, {"fields": ("category",)}, "widening"),
        (MISSING, {}, {"fields": ("category",)}, "widening"),
        (CONFLICT, {"signals": ("a",)}, {"signals": ("a", "b")}, "narrowing"),
        (CONFLICT, {"signals": ("a",)}, {"signals": ("b",)}, "widening"),
        (TOPIC, {"words": ("a",)}, {"words": ("a",), "amount_above": "5", "currency": "EUR"}, "narrowing"),
        (TOPIC, {"amount_above": "5", "currency": "EUR"}, {"amount_above": "4", "currency": "EUR"}, "narrowing"),
        (TOPIC, {"amount_above": "5", "currency": "EUR"}, {"amount_above": "4", "currency": "USD"}, "widening"),
        (TOPIC, {"amount_above": "5", "currency": "EUR"}, {"words": ("a",)}, "widening"),
        (CATEGORY, {"categories": ("a", "b")}, {"categories": ("a",)}, "narrowing"),
        (CATEGORY, {"categories": ("a",)}, {"categories": ("a", "b")}, "widening"),
        (CATEGORY, {"categories": ("a",)}, {}, "widening"),
        (CATEGORY, {"categories": ("damaged-item", "b")}, {}, "narrowing"),
        (TOOL, {}, {"failures": 2}, "widening"),
        (TOOL, {"failures": 3}, {}, "narrowing"),
        (TOOL, {"within_steps": 3}, {"within_steps": 5}, "narrowing"),
        (TOOL, {}, {"within_steps": 5}, "widening"),
    ],
)  # fmt: skip
def test_a_stop_rule_that_fires_less_often_is_wider(kind, was, becomes, label):
    before, after = (
        edited(stop_rules=(StopRule("k", kind, Effect.REVIEW, "S.", params),))
        for params in (was, becomes)
    )
    assert label_of(compare(before, after)) == label


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({"limit": Decimal(99)}, "narrowing"),
        ({"limit": Decimal(101)}, "widening"),
        ({"window_hours": 48}, "narrowing"),
        ({"window_hours": 12}, "widening"),
        ({"verbs": ("refund", "credit")}, "narrowing"),
        ({"verbs": ("credit",)}, "widening"),
        ({"verbs": ()}, "widening"),
        ({"currency": "USD"}, "widening"),
        ({"kind": CapKind.COUNT}, "widening"),
    ],
)
def test_a_cap_that_binds_less_is_wider(changes, label):
    cap = Cap("k", CapKind.SPEND, Decimal(100), "EUR", 24, ("refund",))
    before, after = edited(caps=(cap,)), edited(caps=(replace(cap, **changes),))
    assert label_of(compare(before, after)) == label


@pytest.mark.parametrize(
    ("was", "becomes", "label"),
    [
        ((), ("refund",), "widening"),
        (("refund",), (), "narrowing"),
        (("refund",), ("refund", "tag"), "narrowing"),
    ],
)
def test_a_rule_for_fewer_verbs_is_wider(was, becomes, label):
    before, after = (edited(checks=(Check("c", verbs),)) for verbs in (was, becomes))
    assert label_of(compare(before, after)) == label
