"""What each kind of finding proposes, and that the rulebook then answers otherwise."""

from decimal import Decimal

import pytest

from registry.queries.comparisons import difference_of
from registry.rules.answers import Answer, Money
from registry.rules.authority import rule
from registry.rules.document import empty_document, rulebook_of
from registry.rules.rulebook import Request, Standing
from runs.rules.proposing.shapes import Change, applied, number_in
from runs.rules.proposing.ways import change_by, way_called, ways_for
from tests.people import refunds_document

ALLOW, REVIEW, ESCALATE, REFUSE = (
    Answer.ALLOW,
    Answer.REVIEW,
    Answer.ESCALATE,
    Answer.REFUSE,
)


def the_page(**changes):
    page = empty_document(workflow="refunds", name="Refunds", department="care")
    return page | refunds_document(**changes)


def asked(**changes) -> Request:
    usual = {
        "verb": "refund",
        "system": "billing",
        "args": {"amount": "20.00", "currency": "EUR", "reason": "late"},
        "amount": Money(Decimal("20.00"), "EUR"),
        "confidence": Decimal("0.95"),
        "category": "late-order",
        "evidence_count": 1,
    }
    return Request(**(usual | changes))


def answer(page, request: Request) -> Answer:
    book = rulebook_of(page)
    systems = frozenset({"billing", "orders"})
    standing = Standing(
        rulebook=book,
        is_live=True,
        is_paused=False,
        agent_is_active=True,
        approved_systems=systems,
        known_systems=systems,
        used={cap.key: Decimal(0) for cap in book.caps},
        day_counts={},
    )
    return rule(request, standing).answer


def drafted(kind, page, key, given=None, about=""):
    """Make the change of one way, filled in as the form is at first and then by `given`."""
    ways = ways_for(kind, page, about=about)
    way = way_called(ways, key)
    assert way is not None
    assert way.key == key, [each.key for each in ways]
    change, problems = change_by(way, {**way.usual, **(given or {})})
    assert problems == {}
    assert isinstance(change, Change)
    changed = applied(page, change)
    assert page != changed
    return changed, change


CONFLICT = asked(signals=frozenset({"conflicting_records"}))
UNSURE = asked(confidence=Decimal("0.88"))


@pytest.mark.parametrize(
    ("kind", "key", "given", "about", "request_", "before", "after"),
    [
        ("LOOSE_RULE", "effect:conflicting-records", {}, "", CONFLICT, ESCALATE, REFUSE),
        ("LOOSE_RULE", "confidence", {"value": "0.97"}, "", asked(), ALLOW, REVIEW),
        ("LOOSE_RULE", "amount", {"value": "10"}, "", asked(), ALLOW, REVIEW),
        ("LOOSE_RULE", "more:legal-words", {"more": "solicitor"}, "legal-words",
         asked(rationale="They named a solicitor."), ALLOW, REFUSE),
        ("LOOSE_RULE", "new_words", {"words": "chargeback"}, "",
         asked(rationale="A chargeback is under way."), ALLOW, ESCALATE),
        ("LOOSE_RULE", "new_confidence", {"below": "0.96", "effect": "refuse"}, "",
         asked(), ALLOW, REFUSE),
        ("TIGHT_RULE", "effect:conflicting-records", {}, "", CONFLICT, ESCALATE, REVIEW),
        ("TIGHT_RULE", "without:conflicting-records", {}, "", CONFLICT, ESCALATE, ALLOW),
        ("TIGHT_RULE", "less:legal-words", {"less": "lawsuit"}, "",
         asked(rationale="No lawsuit is meant."), REFUSE, ALLOW),
        ("TIGHT_RULE", "confidence", {}, "", UNSURE, REVIEW, ALLOW),
        ("REPEATED_CORRECTION", "check", {"verb": "refund"}, "args.amount", asked(), ALLOW, REVIEW),
        ("REPEATED_CORRECTION", "review", {}, "billing.refund", asked(), ALLOW, REVIEW),
        ("WEAK_DATA", "missing_data", {"fields": "before.delivered_at"}, "", asked(), ALLOW, REVIEW),
        ("MISSING_CONTEXT", "missing_data", {}, "", asked(evidence_count=0), ALLOW, REVIEW),
        ("POORLY_SCOPED", "limit", {}, "billing.refund", asked(), ALLOW, REVIEW),
        ("POORLY_SCOPED", "outside_category", {"categories": "damaged-item"}, "", asked(), ALLOW, REVIEW),
        ("POORLY_SCOPED", "review", {}, "", asked(), ALLOW, REVIEW),
    ],
)  # fmt: skip
def test_the_drafted_rulebook_answers_the_request_otherwise(
    kind, key, given, about, request_, before, after
):
    page = the_page()

    changed, change = drafted(kind, page, key, given, about)

    assert (answer(page, request_), answer(changed, request_)) == (before, after)
    difference = difference_of(page, changed, compared_with=1)
    assert difference.is_widening == (kind == "TIGHT_RULE")
    assert change.words.endswith(".")


def test_thresholds_of_stop_rules_move_in_the_direction_that_was_found():
    rows = [
        {"key": "sure", "kind": "low_confidence", "effect": "review",
         "sentence": "Not sure.", "params": {"below": "0.9"}},
        {"key": "money", "kind": "sensitive_topic", "effect": "escalate",
         "sentence": "Much money.", "params": {"amount_above": "30.00", "currency": "EUR"}},
        {"key": "tools", "kind": "tool_failure", "effect": "hold",
         "sentence": "Tools fail.", "params": {"failures": 2}},
        {"key": "data", "kind": "missing_data", "effect": "review",
         "sentence": "Missing.", "params": {"fields": ["args.reason", "evidence"]}},
    ]  # fmt: skip
    page = the_page(stop_rules=rows)

    def said(kind, key, given=None):
        changed, change = drafted(kind, page, key, given)
        rulebook_of(changed)
        name = change.part.partition(".")[2]
        return next(row for row in changed["stop_rules"] if row["key"] == name)[
            "params"
        ]

    assert said("LOOSE_RULE", "value:sure") == {"below": "0.95"}
    assert said("TIGHT_RULE", "value:sure") == {"below": "0.85"}
    assert said("LOOSE_RULE", "value:money")["amount_above"] == "15.00"
    assert said("TIGHT_RULE", "value:money")["amount_above"] == "60.00"
    assert said("LOOSE_RULE", "value:tools") == {"failures": 1}
    assert said("TIGHT_RULE", "value:tools") == {"failures": 3}
    assert said("TIGHT_RULE", "less:data")["fields"] == ["args.reason"]
    more = said("WEAK_DATA", "more:data", {"more": "before.total"})
    assert more["fields"][-1] == "before.total"


def test_training_proposes_nothing_and_an_empty_page_only_what_it_can():
    bare = empty_document(workflow="w", name="W", department="care")

    assert ways_for("TRAINING", the_page()) == ()
    assert ways_for("ODD", the_page()) == ()
    assert ways_for("REPEATED_CORRECTION", bare) == ()
    assert [way.key for way in ways_for("POORLY_SCOPED", bare)] == ["outside_category"]
    for kind in ("LOOSE_RULE", "TIGHT_RULE", "WEAK_DATA", "MISSING_CONTEXT"):
        ways_for(kind, bare)


def test_what_is_filled_in_wrongly_is_said_at_its_field():
    page = the_page()
    for kind, key, given, field in (
        ("LOOSE_RULE", "confidence", {"value": "2"}, "value"),
        ("LOOSE_RULE", "amount", {"value": "-1"}, "value"),
        ("LOOSE_RULE", "amount", {"value": "NaN"}, "value"),
        ("LOOSE_RULE", "effect:conflicting-records", {"effect": "review"}, "effect"),
        ("LOOSE_RULE", "new_words", {"words": " "}, "words"),
        ("LOOSE_RULE", "new_words", {"words": "x" * 121}, "words"),
        ("WEAK_DATA", "missing_data", {"fields": "a", "effect": "burn"}, "effect"),
        ("POORLY_SCOPED", "limit", {"cell": "orders.delete"}, "cell"),
        ("REPEATED_CORRECTION", "check", {"name": "x", "verb": "delete"}, "verb"),
    ):
        way = way_called(ways_for(kind, page), key)
        change, problems = change_by(way, {**way.usual, **given})
        assert change is None
        assert set(problems) == {field}, key


def test_what_the_finding_is_about_comes_first():
    found = ways_for("TIGHT_RULE", the_page(), about="legal-words")

    assert found[0].key.endswith(":legal-words")
    (check, _) = ways_for("REPEATED_CORRECTION", the_page(), about="billing.refund")
    assert check.usual == {"name": "", "verb": "refund"}


def test_numbers_of_a_form_are_read_strictly():
    assert number_in(" 0,9 ") == Decimal("0.9")
    assert number_in("1e400") is None
    assert number_in("Infinity") is None
    assert number_in("1.5", is_whole=True) is None
    assert number_in("9" * 21) is None
