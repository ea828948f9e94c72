"""A vacancy and a position's change wait for the rulings in flight, as a pause does."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from portal.core.locks import lock_shared, workflow_scope
from registry.models import RoleHolding
from registry.operations import packets, positions
from registry.operations import people as roles
from tests.people import NOW, draft_workflow, live_workflow, make_company, sign_all

pytestmark = pytest.mark.race
WAIT_SECONDS = 10
RISK = {"role": "risk_owner", "person__isnull": False}


def _order_of_ruling_and(change: Callable[[], object], workflow) -> list[str]:
    """Start a ruling that reads a held role, change it meanwhile; say who ended first."""
    order: list[str] = []
    has_read, may_commit = threading.Event(), threading.Event()

    def ruling() -> None:
        with transaction.atomic():
            lock_shared(workflow_scope(workflow.lock_number))
            assert RoleHolding.objects.filter(workflow=workflow, **RISK).exists()
            has_read.set()
            may_commit.wait(WAIT_SECONDS)
            order.append("ruling")
        connection.close()

    def leave() -> None:
        has_read.wait(WAIT_SECONDS)
        change()
        order.append("change")
        may_commit.set()
        connection.close()

    threads = [threading.Thread(target=each) for each in (ruling, leave)]
    for thread in threads:
        thread.start()
    has_read.wait(WAIT_SECONDS)
    # Long enough for a change that does not wait, far below the limit of one that does.
    threads[1].join(0.6)
    may_commit.set()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    return order


def _vacate(people, workflow) -> Callable[[], object]:
    return lambda: roles.vacate_role(
        actor=people.actor("ada"), workflow_id=workflow.id, role="risk_owner", now=NOW
    )


def _vacate_position(people, workflow) -> Callable[[], object]:
    ada = people.actor("ada")
    position = positions.add_position(
        actor=ada,
        name="Head of risk",
        department=people.departments["risk"],
        holder=people.rosa,
        now=NOW,
    )
    positions.assign_role_to_position(
        actor=ada,
        workflow_id=workflow.id,
        role="risk_owner",
        position_id=position.id,
        now=NOW,
    )
    return lambda: positions.vacate_position(
        actor=ada, position_id=position.id, note="Rosa leaves.", now=NOW
    )


@pytest.mark.parametrize("way", [_vacate, _vacate_position])
def test_a_vacancy_commits_after_the_rulings_that_began_before_it(committed_db, way):
    people = make_company()
    workflow = live_workflow(people)

    order = _order_of_ruling_and(way(people, workflow), workflow)

    assert order == ["ruling", "change"]


@pytest.mark.parametrize("way", [_vacate, _vacate_position])
def test_without_the_lock_a_ruling_would_outlive_the_vacancy(
    committed_db, monkeypatch, way
):
    people = make_company()
    workflow = live_workflow(people)
    change = way(people, workflow)
    monkeypatch.setattr(roles, "lock_exclusive", lambda scope: None)
    monkeypatch.setattr(positions, "lock_exclusive", lambda scope: None)

    assert _order_of_ruling_and(change, workflow) == ["change", "ruling"]


def _signed(people) -> tuple[Callable[[], object], object]:
    workflow = draft_workflow(people)
    packet = packets.submit_version(
        reason="It may begin here.",
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        revision=1,
        now=NOW,
    )
    sign_all(people, workflow, digest=packet.digest)
    return lambda: packets.withdraw_signature(
        actor=people.actor("rosa"), workflow_id=workflow.id, number=1, now=NOW
    ), workflow


def test_a_signature_is_not_withdrawn_in_the_middle_of_what_counts_it(committed_db):
    withdraw, workflow = _signed(make_company())

    assert _order_of_ruling_and(withdraw, workflow) == ["ruling", "change"]


def test_without_the_lock_a_launch_would_count_a_signature_that_is_gone(
    committed_db, monkeypatch
):
    withdraw, workflow = _signed(make_company())
    monkeypatch.setattr(packets, "lock_exclusive", lambda scope: None)

    assert _order_of_ruling_and(withdraw, workflow) == ["change", "ruling"]
