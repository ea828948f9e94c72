"""Time running out: it escalates once, ends proposals and grants, and approves nothing."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from approvals.models import Decision, Grant, Move, Proposal
from approvals.operations import expire
from approvals.tasks import sweep_due
from portal.audit.models import Entry
from runs.models import SpendEntry

pytestmark = pytest.mark.django_db


def ago(**parts: float):
    return timezone.now() - timedelta(**parts)


def overdue(asked: dict) -> None:
    """Put the due time of a proposal a minute into the past."""
    Proposal.objects.filter(id=asked["proposal"]["id"]).update(due_at=ago(minutes=1))


def past_deadline(asked: dict) -> None:
    """Let the agent's own deadline pass."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE approvals_actionrequest SET expires_at = %s WHERE id = %s",
            [ago(minutes=1), asked["id"]],
        )


@pytest.fixture
def ask_briefly(monkeypatch):
    """Ask for a grant that has run out when it arrives."""

    def ask(portal, amount: str) -> dict:
        with monkeypatch.context() as brief:
            brief.setattr(
                "approvals.rules.due.ALLOWED_GRANT_LIFE", timedelta(microseconds=1)
            )
            return portal.ask(amount)

    return ask


def test_what_nobody_decides_escalates_and_then_expires(portal):
    asked, waiting = portal.ask(), portal.ask(run="case-2")

    overdue(asked)
    first, first_told = sweep_due(), portal.action(asked)
    nothing_due = sweep_due()
    overdue(asked)
    second, second_told = sweep_due(), portal.action(asked)

    assert (first, nothing_due, second) == (1, 0, 1)
    assert first_told["status"] == "escalated"
    assert first_told["proposal"]["due_at"] > asked["proposal"]["due_at"]
    assert second_told["status"] == "expired"
    assert second_told["resolution"]["type"] == "expired"
    assert second_told["grant"] is None
    assert portal.action(waiting)["status"] == "in_review"
    assert not Decision.objects.exists()
    assert not Grant.objects.exists()


def test_the_agents_own_deadline_ends_it_without_escalating(portal):
    soon = (timezone.now() + timedelta(minutes=3)).isoformat()
    asked = portal.ask(expires_at=soon)
    assert Proposal.objects.get().due_at.isoformat() == soon

    past_deadline(asked)
    overdue(asked)
    sweep_due()

    assert portal.action(asked)["status"] == "expired"
    assert not Entry.objects.filter(name="proposal.escalated").exists()


def test_a_question_stops_the_clock_but_not_the_agents_deadline(portal):
    slow, urgent = portal.ask(), portal.ask(run="case-2")
    for asked in (slow, urgent):
        portal.decide("dana", asked, "ask", message="Which order?")
        overdue(asked)
    past_deadline(urgent)

    moved = sweep_due()

    assert moved == 1
    assert portal.action(slow)["status"] == "in_review"
    assert portal.action(urgent)["status"] == "expired"


def test_nobody_decides_after_the_deadline_though_no_sweep_came_by(portal):
    late, in_time = portal.ask(), portal.ask(run="case-2")
    past_deadline(late)

    refused = portal.decide("dana", late)
    decided = portal.decide("dana", in_time)

    assert (refused.status_code, decided.status_code) == (409, 302)
    assert portal.action(late)["grant"] is None
    assert Decision.objects.count() == 1


def test_an_escalation_whose_time_is_over_is_not_approved_late(portal):
    asked = portal.ask()
    overdue(asked)
    sweep_due()
    overdue(asked)

    refused = portal.decide("erik", asked)

    assert refused.status_code == 409
    assert not Decision.objects.exists()


def test_an_unused_grant_ends_and_gives_back_what_it_reserved(portal, ask_briefly):
    unused, kept = ask_briefly(portal, "20.00"), portal.ask("21.00")
    before_sweep = portal.action(unused)
    late = portal.redeem(unused["grant"], unused["action_digest"])

    moved = sweep_due()

    # Without a sweep it is no more usable, and no more shown, than after one.
    assert before_sweep["grant"] is None
    assert (late.status_code, late.json()["code"]) == (410, "grant.expired")
    assert moved == 1
    states = dict(SpendEntry.objects.values_list("grant_id", "state"))
    assert states == {
        Grant.objects.get(state="EXPIRED").id: "RELEASED",
        Grant.objects.get(state="ISSUED").id: "RESERVED",
    }
    assert portal.redeem(kept["grant"], kept["action_digest"]).status_code == 200


def test_one_row_that_cannot_be_swept_never_stops_the_others(portal, monkeypatch):
    broken, other = portal.ask(), portal.ask(run="case-2")
    overdue(other)
    Proposal.objects.filter(id=broken["proposal"]["id"]).update(due_at=ago(hours=1))
    time_out = expire.time_out_proposal

    def fail_for_one(*, proposal_id, now):
        if str(proposal_id) == broken["proposal"]["id"]:
            raise RuntimeError("the disk is full")
        return time_out(proposal_id=proposal_id, now=now)

    monkeypatch.setattr(expire, "time_out_proposal", fail_for_one)

    assert sweep_due() == 1
    assert portal.action(other)["status"] == "escalated"


def test_a_proposal_with_all_its_moves_talked_away_still_ends(portal):
    asked = portal.ask()
    Move.objects.bulk_create(
        Move(
            proposal_id=asked["proposal"]["id"],
            kind=Move.Kind.COMMENTED,
            actor_kind="person",
            actor_id=portal.people.dana.id,
            actor_name="Dana Reyes",
            text="Hm.",
            moved_at=timezone.now(),
        )
        for _ in range(200)
    )

    for _ in range(2):
        overdue(asked)
        sweep_due()

    assert portal.action(asked)["status"] == "expired"
