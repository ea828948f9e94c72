"""What nobody can read needs a higher approver, from the moment it is asked."""

from decimal import Decimal

import pytest

from approvals.models import Decision, Proposal
from approvals.rules.inspection import (
    ALL_TEXT_READ_MAX,
    NESTING_MAX,
    TEXT_READ_MAX,
    why_uninspectable,
    with_inspection,
)
from approvals.rules.paths import LEAVES_MAX
from registry.rules.answers import Answer, Reason, Reversibility, Risk, Ruling


def nested(depth):
    value = "x"
    for _ in range(depth):
        value = {"in": value}
    return value


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ({"file": "QUJD" * 50}, "encoded"),
        ({"file": "data:image/png;base64,QUJD"}, "encoded"),
        ({"file": "%41" * 60}, "encoded"),
        ({"file": "s3://bucket/invoice.pdf"}, "not here"),
        ({"to": "{{customer.email}}"}, "placeholder"),
        ({"amount": "${AMOUNT}"}, "placeholder"),
        ({"body": {"$ref": "#/elsewhere"}}, "points elsewhere"),
        ({"body": "\ufffd" * 9}, "binary"),
        ({"body": "\x01\x02" * 5}, "binary"),
        ({"body": "word " * (TEXT_READ_MAX // 5) + "x"}, "too many to read"),
        (
            {
                f"part-{i}": "word " * 3_999
                for i in range(ALL_TEXT_READ_MAX // 19_995 + 1)
            },
            "too many to read",
        ),
        ({"rows": list(range(LEAVES_MAX + 1))}, "too many to read"),
        (nested(NESTING_MAX + 1), "too deeply"),
        ({"k" * 201: 1}, "too long to read"),
    ],
)
def test_what_a_person_cannot_read_is_named(args, why):
    assert why in why_uninspectable({"args": args})


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"amount": "84.20", "rate": Decimal("1e2"), "note": None, "tags": []},
        {"digest": "ab" * 64, "url": "https://shop.example/orders/1182?x=1"},
        {"body": "Dear {{name}}, thank you for your order. " * 20},
        {"text": "退款给客户因为商品损坏" * 60},
        {"body": "word " * (TEXT_READ_MAX // 5)},
        {"rows": list(range(LEAVES_MAX))},
        nested(NESTING_MAX),
    ],
)
def test_what_a_person_can_read_is_left_alone(args):
    assert why_uninspectable({"args": args}) == ""


@pytest.mark.parametrize("answer", list(Answer))
def test_only_a_review_becomes_an_escalation(answer):
    said = Reason("allowance.review", "A person decides.", answer)
    ruling = Ruling(
        answer, (said,), Risk.LOW, Reversibility.REVERSIBLE, 1, "reviewers", 1, None
    )

    blind = with_inspection(ruling, {"to": "{{customer}}"})

    expected = Answer.ESCALATE if answer == Answer.REVIEW else answer
    assert blind.answer == expected
    assert with_inspection(ruling, {"to": "Ana"}) == ruling


def blob(portal, run="blind"):
    action = portal.body()["action"]
    action["args"]["attachment"] = "QUJD" * 60
    return portal.ask(action=action, run=run)


def test_what_cannot_be_inspected_is_the_escalation_owners_from_the_start(
    portal, no_undo_time
):
    asked = blob(portal)

    reviewer = portal.decide("dana", asked)
    higher = portal.decide("erik", asked)

    assert asked["status"] == "escalated"
    assert asked["ruling"]["reasons"][0]["code"] == "inspection.impossible"
    assert (reviewer.status_code, higher.status_code) == (403, 302)
    assert portal.action(asked)["status"] == "approved"


def test_nobody_else_approves_it_even_where_it_waits_for_reviewers(portal):
    asked = blob(portal)
    Proposal.objects.update(audience="reviewers", stages=[])
    seen = portal.ask(run="plain")

    blind = portal.decide("dana", asked)
    plain = portal.decide("dana", seen)

    assert blind.status_code == 409
    assert "cannot be inspected" in blind.content.decode()
    assert plain.status_code == 302
    assert Decision.objects.count() == 1


def test_an_edit_to_what_cannot_be_read_goes_up_too(portal):
    action = portal.body()["action"]
    action["args"]["note"] = "short"
    asked = portal.ask(action=action)

    portal.decide("dana", asked, "edit", **{"arg-2": "QUJD" * 60})

    proposal = Proposal.objects.get()
    assert proposal.audience == "escalation_owner"
    assert not Decision.objects.exists()
