"""Waiting and sweeping with real commits: a wait ends early, two sweeps move a row once."""

import json
import threading
import time
from datetime import timedelta

import pytest
from django.db import connections

from approvals.operations.decide import approve_proposal
from approvals.tasks import sweep_due
from portal.accounts.actors import actor_for
from portal.audit.models import Entry
from portal.core.clock import wall_clock
from registry.rules.answers import Risk
from runs.models import SpendEntry
from tests.approvals.asking import digest_of_proposal
from tests.approvals.test_races import together

pytestmark = pytest.mark.race
WAIT_SECONDS = 10


def test_a_wait_ends_when_a_person_decides(committed_portal):
    portal = committed_portal
    asked = portal.ask()
    proposal_id = asked["proposal"]["id"]
    dana = actor_for(portal.people.dana)
    digest = digest_of_proposal(proposal_id)
    answers: list[tuple[float, dict]] = []

    def wait() -> None:
        began = time.monotonic()
        told = portal.get(f"/actions/{asked['id']}?wait={WAIT_SECONDS}")
        answers.append((time.monotonic() - began, json.loads(told.content)))
        connections.close_all()

    waiter = threading.Thread(target=wait)
    waiter.start()
    waiter.join(0.5)
    is_waiting = waiter.is_alive()
    approve_proposal(
        actor=dana, proposal_id=proposal_id, digest=digest, now=wall_clock()
    )
    waiter.join(WAIT_SECONDS)

    assert is_waiting
    [(seconds, told)] = answers
    assert told["status"] == "approved"
    assert told["grant"]["token"]
    assert seconds < WAIT_SECONDS - 2


def test_two_sweeps_at_once_move_each_row_once(committed_portal, monkeypatch):
    portal = committed_portal
    at_once = timedelta(microseconds=1)
    with monkeypatch.context() as brief:
        brief.setattr("approvals.rules.due.REVIEW_TIME", dict.fromkeys(Risk, at_once))
        brief.setattr("approvals.rules.due.ALLOWED_GRANT_LIFE", at_once)
        for number in range(3):
            portal.ask(run=f"case-{number}")
        portal.ask("20.00")

    moved = together([sweep_due] * 4)

    assert sum(moved) == 4
    assert Entry.objects.filter(name="proposal.escalated").count() == 3
    assert Entry.objects.filter(name="grant.expired").count() == 1
    assert set(SpendEntry.objects.values_list("state", flat=True)) == {"RELEASED"}
