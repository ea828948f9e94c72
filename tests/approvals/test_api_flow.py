"""What an agent reads while its request moves: status, waiting, questions, outcomes."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.models import Outcome, Proposal

pytestmark = pytest.mark.django_db
WAIT_SECONDS = 10


def redeemed(portal, amount: str = "20.00", **more) -> dict:
    """Ask for what is allowed, and use the grant."""
    asked = portal.ask(amount, **more)
    assert portal.redeem(asked["grant"], asked["action_digest"]).status_code == 200
    return asked


def report(portal, asked: dict, status: str, **more):
    return portal.post(f"/actions/{asked['id']}/outcome", {"status": status} | more)


def test_status_says_where_a_request_stands(portal, no_undo_time):
    refused = portal.body(action={"verb": "delete", "system": "billing", "args": {}})
    del refused["amount"]
    seen = [
        portal.ask("20.00")["status"],
        portal.ask()["status"],
        portal.ask(signals=["conflicting_records"])["status"],
        portal.post("/actions", refused).json()["status"],
    ]
    approved, rejected, responded, withdrawn = (
        portal.ask(run=f"case-{n}") for n in range(4)
    )
    portal.decide("dana", approved)
    portal.decide("dana", rejected, "reject", reason_code="duplicate", message="Paid.")
    portal.decide("dana", responded, "respond", message="Send a voucher instead.")
    portal.post(f"/actions/{withdrawn['id']}/withdraw")

    told = [portal.action(one) for one in (approved, rejected, responded, withdrawn)]

    assert seen == ["allowed", "in_review", "escalated", "refused"]
    ends = ["approved", "rejected", "responded", "withdrawn"]
    assert [one["status"] for one in told] == ends
    assert [one["resolution"]["type"] for one in told] == ends
    assert [one["grant"] is not None for one in told] == [True, False, False, False]
    assert told[1]["resolution"]["reason_code"] == "duplicate"
    assert told[2]["resolution"]["message"] == "Send a voucher instead."


def test_outcomes_are_only_added_and_the_latest_counts(portal):
    asked = redeemed(portal)

    unknown = report(portal, asked, "unknown", detail="It timed out.")
    after_unknown = portal.action(asked)
    failed = report(portal, asked, "failed")
    change = {
        "system": "billing",
        "resource": "order/1182",
        "field": "refunded",
        "before": "0.00",
        "after": "20.00",
    }
    succeeded = report(
        portal, asked, "succeeded", external_ref="re_1", changes=[change]
    )
    told = portal.action(asked)

    assert [answer.status_code for answer in (unknown, failed, succeeded)] == [201] * 3
    assert (after_unknown["status"], after_unknown["outcome"]) == ("unknown", "unknown")
    assert (told["status"], told["outcome"]) == ("executed", "succeeded")
    rows = Outcome.objects.order_by("number")
    assert [row.status for row in rows] == ["UNKNOWN", "FAILED", "SUCCEEDED"]
    assert rows[2].changes == [change]


def test_an_outcome_without_a_redeemed_grant_is_a_conflict(portal):
    asked, waiting = portal.ask("20.00"), portal.ask()

    answers = [report(portal, one, "succeeded") for one in (asked, waiting)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (409, "grant.not_redeemed")
    ] * 2
    assert not Outcome.objects.exists()


def test_one_execution_is_told_to_a_replay_and_to_nobody_else(portal):
    asked = portal.ask("20.00")

    first = portal.redeem(asked["grant"], asked["action_digest"], key="run-1")
    again = portal.redeem(asked["grant"], asked["action_digest"], key="run-1")
    other = portal.redeem(asked["grant"], asked["action_digest"], key="run-2")
    other_again = portal.redeem(asked["grant"], asked["action_digest"], key="run-2")

    assert first.json()["execution"] == again.json()["execution"]
    assert first.content == again.content
    assert (other.status_code, other.json()["code"]) == (409, "grant.redeemed")
    assert other_again.content == other.content
    assert other["Content-Type"] == "application/problem+json"


def test_withdrawing_ends_what_nobody_used_and_only_that(portal):
    waiting, granted = portal.ask(), portal.ask("20.00", run="case-2")
    used = redeemed(portal, "21.00", run="case-3")

    answers = [
        portal.post(f"/actions/{one['id']}/withdraw")
        for one in (waiting, granted, used)
    ]
    twice = portal.post(f"/actions/{waiting['id']}/withdraw")
    late = portal.redeem(granted["grant"], granted["action_digest"])

    assert [answer.status_code for answer in answers] == [200, 200, 409]
    assert [answer.json()["status"] for answer in answers[:2]] == ["withdrawn"] * 2
    assert (twice.status_code, twice.json()["code"]) == (409, "action.ended")
    assert (late.status_code, late.json()["code"]) == (409, "grant.revoked")
    assert portal.decide("dana", waiting).status_code == 409


def test_an_answer_lets_the_clock_run_on_from_where_it_stood(portal):
    asked = portal.ask()
    portal.decide("dana", asked, "ask", message="Which parcel?")
    stood_for = timedelta(hours=3)
    Proposal.objects.update(clock_stopped_at=timezone.now() - stood_for)
    before = Proposal.objects.get().due_at

    answered = portal.post(
        f"/actions/{asked['id']}/answer",
        {"message": "The second.", "evidence": [{"label": "Parcel 2"}]},
        key="answer",
    )
    replayed = portal.post(
        f"/actions/{asked['id']}/answer",
        {"message": "The second.", "evidence": [{"label": "Parcel 2"}]},
        key="answer",
    )
    twice = portal.post(f"/actions/{asked['id']}/answer", {"message": "And more."})

    moved = Proposal.objects.get().due_at - before
    assert answered.status_code == replayed.status_code == 200
    assert stood_for <= moved < stood_for + timedelta(minutes=1)
    assert answered.json()["proposal"]["question"] is None
    assert (twice.status_code, twice.json()["code"]) == (409, "question.none")


def test_waiting_for_what_is_decided_answers_at_once(portal):
    asked = portal.ask("20.00")

    began = time.monotonic()
    told = portal.get(f"/actions/{asked['id']}?wait={WAIT_SECONDS}")
    too_long = portal.get(f"/actions/{asked['id']}?wait=26")

    assert told.json()["status"] == "allowed"
    assert time.monotonic() - began < WAIT_SECONDS / 2
    assert too_long.status_code == 422
