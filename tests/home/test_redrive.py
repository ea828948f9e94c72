"""`manage.py redrive` does what a worker and beat would have done, once, by hand."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from approvals.models import Proposal
from portal.audit.models import Entry
from portal.core import outbox
from portal.core.clock import wall_clock
from portal.core.models import OutboxMessage
from runs.models import InboxBatch, Run
from runs.operations.inbox import bury_batch
from tests.approvals.asking import Portal, make_portal

pytestmark = pytest.mark.django_db


@pytest.fixture
def portal(db) -> Portal:
    return make_portal()


def redriven() -> str:
    said = StringIO()
    call_command("redrive", stdout=said)
    return said.getvalue()


def send_events(portal: Portal, run: str) -> None:
    event = {
        "id": f"event-{run}",
        "workflow": portal.workflow.slug,
        "run": run,
        "at": wall_clock().isoformat(),
        "kind": "note",
        "text": "Seen.",
    }
    sent = portal.post("/events", raw=json.dumps({"events": [event]}))
    assert sent.status_code == 202


def test_what_no_worker_did_is_done(portal, monkeypatch):
    sent: list[dict] = []
    monkeypatch.setitem(outbox._HANDLERS, "hint", sent.append)
    for run in ("waiting", "leased", "buried"):
        send_events(portal, run)
    waiting, leased, buried = InboxBatch.objects.order_by("received_at", "id")
    lease = wall_clock() + timedelta(seconds=60)
    InboxBatch.objects.filter(id=leased.id).update(lease_until=lease)
    bury_batch(batch_id=buried.id, reason="The disk is full.", now=wall_clock())
    OutboxMessage.objects.update(dead_at=wall_clock(), attempts=8)
    asked = portal.ask()
    Proposal.objects.update(due_at=wall_clock() - timedelta(minutes=1))

    told = redriven()

    assert "1 buried batches" in told
    assert "3 batches folded, 1 overdue rows moved" in told
    assert not InboxBatch.objects.exclude(state=InboxBatch.State.DONE).exists()
    assert (
        Run.objects.filter(agent_run_id__in=("waiting", "leased", "buried")).count()
        == 3
    )
    assert not OutboxMessage.objects.filter(delivered_at=None).exists()
    assert sent
    assert portal.action(asked)["status"] == "escalated"
    assert Entry.objects.filter(name="run.batch_redriven").count() == 1


def test_doing_it_again_finds_nothing(portal):
    portal.ask()
    redriven()

    told = redriven()

    assert told == (
        "0 buried batches and 0 dead messages sent again; 0 batches folded,"
        " 0 overdue rows moved, 0 messages relayed.\n"
    )
