"""Expert rules: only a plain true or false counts; anything else means it fired."""

from decimal import Decimal

import pytest

from registry.queries.expressions import (
    SOURCE_LENGTH_MAX,
    expression_results,
    problem_in,
)
from registry.rules.answers import Money, Risk
from registry.rules.rulebook import Effect, Request, Rulebook, StopKind, StopRule

REQUEST = Request(
    verb="refund",
    system="billing",
    args={
        "amount": Decimal("84.20"),
        "order": {"total": Decimal(90)},
        "tags": ["late"],
    },
    amount=Money(Decimal("84.20"), "EUR"),
    confidence=Decimal("0.93"),
    signals=frozenset({"late"}),
)


def _result(source: str, request: Request = REQUEST) -> bool | None:
    rule = StopRule(
        "expert", StopKind.EXPRESSION, Effect.ESCALATE, "Expert.", {"source": source}
    )
    rulebook = Rulebook("refunds", 1, 4, Risk.LOW, "EUR", stop_rules=(rule,))
    return expression_results(rulebook=rulebook, request=request)["expert"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("amount > 50.0", True),
        ("amount > 100.0", False),
        ("args.order.total < 100.0", True),
        ("'late' in signals && verb == 'refund'", True),
        ("args.tags.exists(tag, tag == 'vip')", False),
        ("confidence < 0.9", False),
        ("args.missing == 1", None),
        ("args.amount", None),
        ("args.amount + 1.0", None),
        ("no_such_variable == 1", None),
        ("this is not CEL", None),
        ("", None),
    ],
)
def test_an_expression_is_true_false_or_without_an_answer(source, expected):
    assert _result(source) is expected


def test_a_request_without_an_amount_has_no_such_variable():
    assert _result("amount > 50.0", Request(verb="refund", system="billing")) is None
    assert _result("confidence < 0.5", Request(verb="refund", system="billing")) is True


def test_a_rulebook_without_expert_rules_asks_nothing():
    rulebook = Rulebook("refunds", 1, 4, Risk.LOW, "EUR")

    assert expression_results(rulebook=rulebook, request=REQUEST) == {}


def test_what_is_wrong_is_told_when_it_is_written():
    assert problem_in("amount > 50.0") is None
    assert problem_in("amount") is not None
    assert problem_in("amount >") is not None
    assert problem_in(" ") is not None
    longest = "amount > 1.0" + " " * (SOURCE_LENGTH_MAX - len("amount > 1.0"))
    assert problem_in(longest) is None
    assert problem_in(longest + " ") is not None
