"""Sweeps at once, with real commits; the control removes the guard and sees the damage."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from approvals.models import Move, Proposal, Reminder
from approvals.operations import remind
from approvals.tasks import sweep_due
from tests.approvals.racing import ROUNDS, racers, without_triggers
from tests.approvals.test_races import together
from tests.approvals.timing import turn_back

pytestmark = pytest.mark.race


def test_two_sweeps_at_once_remind_and_go_up_once_in_two_hundred_rounds(
    committed_portal, committed_db
):
    without_triggers(committed_db, "approvals_proposal")  # the clock is moved by hand
    asked = committed_portal.ask()
    with racers(2) as field:
        for number in range(ROUNDS):
            now = timezone.now()
            Proposal.objects.update(
                due_at=now + timedelta(minutes=50),
                remind_at=now,
                reminded=0,
                rung=number,
            )
            found = field.race(sweep_due, sweep_due)
            assert sum(found) == 1, found
    assert Reminder.objects.count() == ROUNDS
    assert Move.objects.filter(kind="REMINDED").count() == ROUNDS
    turn_back(asked, timedelta(hours=1))
    assert sum(together([sweep_due] * 4)) == 1
    assert Move.objects.filter(kind="ESCALATED").count() == 1


def test_control_without_the_lock_the_constraint_alone_keeps_it_to_one(
    committed_portal, committed_db, monkeypatch
):
    without_triggers(committed_db, "approvals_proposal")
    asked = committed_portal.ask()
    turn_back(asked, timedelta(minutes=70))
    meeting = threading.Barrier(2, timeout=10)

    def unlocked(proposal_id):
        found = Proposal.objects.select_related("workflow", "action_request").get(
            id=proposal_id
        )
        meeting.wait()
        return found

    monkeypatch.setattr(remind, "lock_proposal", unlocked)

    def once():
        return remind.remind_of(proposal_id=asked["proposal"]["id"], now=timezone.now())

    found = together([once] * 2)

    # Both thought that nobody had been reminded: the race was run.
    assert sum(isinstance(each, IntegrityError) for each in found) == 1, found
    assert Reminder.objects.count() == 1


def test_control_without_lock_and_constraint_people_are_reminded_twice(
    committed_portal, committed_db, monkeypatch
):
    without_triggers(committed_db, "approvals_proposal")
    asked = committed_portal.ask()
    turn_back(asked, timedelta(minutes=70))
    with committed_db.superuser_connection() as superuser:
        superuser.execute(
            "ALTER TABLE approvals_reminder DROP CONSTRAINT approvals_reminder_once"
        )
    meeting = threading.Barrier(2, timeout=10)

    def unlocked(proposal_id):
        found = Proposal.objects.select_related("workflow", "action_request").get(
            id=proposal_id
        )
        meeting.wait()
        return found

    monkeypatch.setattr(remind, "lock_proposal", unlocked)
    together(
        [
            lambda: remind.remind_of(
                proposal_id=asked["proposal"]["id"], now=timezone.now()
            )
        ]
        * 2
    )
    assert Reminder.objects.count() == 2
