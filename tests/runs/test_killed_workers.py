"""A worker that is killed while folding loses nothing and counts nothing twice."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from portal.accounts.actors import SYSTEM
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone
from runs import tasks
from runs.models import EventKey, InboxBatch, Run, RunEvent
from runs.operations import folding, inbox
from runs.operations.rebuilding import rebuild_tallies
from tests.conftest import TEMPLATE
from tests.people import live_workflow, make_company
from tests.runs.helpers import LATER

BATCHES = 8
EVENTS_A_BATCH = 200
pytestmark = [pytest.mark.race, pytest.mark.slow]

# Folds for ever, and says so on its first line.
WORKER = """
import django; django.setup()
from runs import tasks
print("ready", flush=True)
while True:
    tasks.fold_inbox()
"""


@pytest.fixture
def inbox_of_events(committed_db):
    """Many accepted batches about forty runs, some events in two of them."""
    people = make_company()
    live_workflow(people)
    key = people.key_for()
    client = Client()
    for batch in range(BATCHES):
        events = [
            {
                "id": f"e-{batch * (EVENTS_A_BATCH - 50) + number}",
                "workflow": "refund-management",
                "run": f"case-{number % 40}",
                "at": "2026-11-16T09:00:00Z",
                "kind": "data.read",
                "system": "orders",
                "resource": f"order {number}",
            }
            for number in range(EVENTS_A_BATCH)
        ]
        answer = client.post(
            "/api/v1/events",
            json.dumps({"events": events}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )
        assert answer.status_code == 202
    # All ids that were sent, each once.
    return BATCHES * (EVENTS_A_BATCH - 50) + 50


def _worker(committed_db):
    database = os.environ["DATABASE_URL"].replace(
        f"/{TEMPLATE}?", f"/{committed_db.name}?"
    )
    environ = os.environ | {"DATABASE_URL": database}
    child = subprocess.Popen(
        [sys.executable, "-c", WORKER], env=environ, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "ready\n"
    return child


def _check(expected):
    assert RunEvent.objects.count() == EventKey.objects.count() == expected
    assert sum(Run.objects.values_list("event_count", flat=True)) == expected
    assert sum(run.fold["reads"] for run in Run.objects.all()) == expected
    assert rebuild_tallies(actor=SYSTEM, now=LATER) == 0
    batches = list(
        InboxBatch.objects.values_list("state", "accepted", "duplicate", "event_count")
    )
    assert all(state == "DONE" and a + d == n for state, a, d, n in batches)
    assert sum(accepted for _, accepted, _, _ in batches) == expected


def test_a_killed_worker_loses_nothing(inbox_of_events, committed_db):
    killed = 0
    while InboxBatch.objects.filter(state="PENDING").exists() and killed < 3:
        child = _worker(committed_db)
        done = InboxBatch.objects.filter(state="DONE").count()
        patience_ends = time.monotonic() + 10
        while (
            InboxBatch.objects.filter(state="DONE").count() <= done
            and time.monotonic() < patience_ends
        ):
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
        child.wait()
        killed += 1
        # The leases of the dead would run out by themselves in a minute.
        InboxBatch.objects.filter(state="PENDING").update(lease_until=None)
    assert killed >= 1

    call_command("redrive")

    _check(inbox_of_events)


def test_a_worker_that_dies_while_a_batch_is_taken_apart_leaves_exact_figures(
    inbox_of_events, committed_db
):
    batch_id = InboxBatch.objects.order_by("id").first().id
    for index in range(5):
        folding.fold_event(batch_id=batch_id, index=index, now=wall_clock())

    tasks.fold_inbox()

    _check(inbox_of_events)


def test_a_batch_whose_worker_died_comes_back_when_its_lease_runs_out(
    inbox_of_events, committed_db
):
    first = inbox.claim_batches(limit=3)

    assert len(first) == 3
    assert not set(inbox.claim_batches(limit=BATCHES)) & set(first)
    InboxBatch.objects.update(lease_until=wall_clock())
    assert len(inbox.claim_batches(limit=BATCHES)) == BATCHES


def test_workers_share_the_inbox_and_meet_in_the_same_runs(
    inbox_of_events, committed_db
):
    failures = []

    def work():
        try:
            tasks.fold_inbox()
        except Exception as error:  # noqa: BLE001 - told to the test
            failures.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    InboxBatch.objects.filter(state="PENDING").update(lease_until=None)
    tasks.sweep_inbox()

    assert failures == []
    _check(inbox_of_events)


def test_one_batch_is_folded_once_by_two_workers(inbox_of_events, committed_db):
    batch = InboxBatch.objects.order_by("id").first()
    batch_id = batch.id
    folding.fold_batch(batch_id=batch_id, now=wall_clock())

    with pytest.raises(AlreadyDone):
        folding.fold_batch(batch_id=batch_id, now=wall_clock())

    # Without the state of the batch the keys of its events still hold: the second guard.
    InboxBatch.objects.filter(id=batch_id).update(
        state="PENDING", finished_at=None, accepted=0, raw=batch.raw
    )
    again = folding.fold_batch(batch_id=batch_id, now=wall_clock())
    assert (again.accepted, again.duplicate) == (0, EVENTS_A_BATCH)


def test_without_the_keys_folding_twice_would_count_twice(
    inbox_of_events, committed_db
):
    batch = InboxBatch.objects.order_by("id").first()
    batch_id = batch.id
    folding.fold_batch(batch_id=batch_id, now=wall_clock())
    EventKey.objects.all().delete()
    InboxBatch.objects.filter(id=batch_id).update(
        state="PENDING", finished_at=None, accepted=0, raw=batch.raw
    )

    folding.fold_batch(batch_id=batch_id, now=wall_clock())

    assert RunEvent.objects.count() == 2 * EVENTS_A_BATCH
