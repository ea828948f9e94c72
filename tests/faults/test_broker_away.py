"""The broker is away: everything still answers, and `redrive` does what nobody was told of."""

import io

import pytest
from celery import current_app
from django.core.management import call_command

from approvals.operations.decide import approve_proposal
from portal.core.clock import wall_clock
from portal.core.models import OutboxMessage
from registry.operations.pausing import pause_workflow
from runs.models import InboxBatch, Run
from tests.approvals.asking import digest_of_proposal

pytestmark = [pytest.mark.race, pytest.mark.slow]


def test_asking_deciding_pausing_and_telling_go_on(
    portal, start_web, database_url, tmp_path, monkeypatch
):
    nobody = f"{tmp_path}/nobody-listens.sock"
    web = start_web(DATABASE_URL=database_url, BROKER_URL=f"unix://{nobody}")
    # People decide and operators redrive in this process; it has no broker either.
    monkeypatch.setattr(current_app.conf, "broker_url", f"redis+socket://{nobody}")
    note = {
        "id": "event-1",
        "workflow": portal.workflow.slug,
        "run": "case-9",
        "at": wall_clock().isoformat(),
        "kind": "note",
        "text": "Seen.",
    }

    asked = web.send("/actions", portal.key, portal.body(), once="ask").document
    proposal_id = asked["proposal"]["id"]
    approve_proposal(
        actor=portal.people.actor("dana"),
        proposal_id=proposal_id,
        digest=digest_of_proposal(proposal_id),
        now=wall_clock(),
    )
    told = web.send(f"/actions/{asked['id']}?wait=5", portal.key).document
    sent = web.send("/events", portal.key, {"events": [note]})
    pause_workflow(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        reason="A complaint",
        now=wall_clock(),
    )
    after = web.send("/actions", portal.key, portal.body("1.00"), once="late").document

    assert told["status"] == "approved"
    assert sent.status == 202
    assert after["status"] == "refused"
    assert after["ruling"]["reasons"][0]["code"] == "workflow.paused"
    assert InboxBatch.objects.get().state == InboxBatch.State.PENDING

    call_command("redrive", stdout=io.StringIO())

    assert InboxBatch.objects.get().state == InboxBatch.State.DONE
    assert Run.objects.filter(agent_run_id="case-9").exists()
    assert not OutboxMessage.objects.filter(dead_at__isnull=False).exists()
