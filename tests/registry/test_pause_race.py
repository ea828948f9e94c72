"""A pause waits for the rulings in flight, so none that read the old state commits later."""

import threading

import pytest
from django.db import connection, transaction

from portal.core.locks import lock_shared, workflow_scope
from registry.models import Workflow
from registry.operations import pausing
from tests.people import NOW, live_workflow, make_company

pytestmark = pytest.mark.race
WAIT_SECONDS = 10


def _order_of_ruling_and_pause(workflow: Workflow, actor) -> list[str]:
    """Start a ruling that reads the live state, pause meanwhile, and say who ended first."""
    order: list[str] = []
    has_read, may_commit = threading.Event(), threading.Event()

    def ruling() -> None:
        with transaction.atomic():
            lock_shared(workflow_scope(workflow.lock_number))
            assert Workflow.objects.get(id=workflow.id).paused_at is None
            has_read.set()
            may_commit.wait(WAIT_SECONDS)
            order.append("ruling")
        connection.close()

    def pause() -> None:
        has_read.wait(WAIT_SECONDS)
        pausing.pause_workflow(
            actor=actor, workflow_id=workflow.id, reason="Odd refunds.", now=NOW
        )
        order.append("pause")
        may_commit.set()
        connection.close()

    threads = [threading.Thread(target=each) for each in (ruling, pause)]
    for thread in threads:
        thread.start()
    has_read.wait(WAIT_SECONDS)
    # Long enough for a pause that does not wait, and far below the limit of one that does.
    threads[1].join(0.4)
    may_commit.set()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    return order


def test_a_pause_commits_after_the_rulings_that_began_before_it(committed_db):
    people = make_company()
    workflow = live_workflow(people)

    assert _order_of_ruling_and_pause(workflow, people.actor("maya")) == [
        "ruling",
        "pause",
    ]


def test_without_the_lock_a_ruling_would_outlive_the_pause(committed_db, monkeypatch):
    people = make_company()
    workflow = live_workflow(people)
    monkeypatch.setattr(pausing, "lock_exclusive", lambda scope: None)

    assert _order_of_ruling_and_pause(workflow, people.actor("maya")) == [
        "pause",
        "ruling",
    ]
