"""Races, with real commits on many connections; each has a negative control.

The control removes the guard and must see the damage, or the race was never run.
"""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

import pytest
from django.db import connection, connections

from approvals.models import Decision, Grant, Proposal
from approvals.operations import ask, decide, grants, ruling
from approvals.operations.grants import Redeemed, redeem_grant
from approvals.queries import again
from portal.accounts.actors import actor_for
from portal.accounts.keys import authenticate
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Unavailable
from portal.core.ids import new_id
from registry.operations.pausing import pause_workflow
from tests.approvals.asking import Portal, digest_of_proposal
from tests.approvals.racing import asking, patiently

pytestmark = pytest.mark.race
AGENTS = 16


def together(calls: list[Callable[[], object]]) -> list[object]:
    """Run calls at once, each on its own connection; give results or exceptions."""
    barrier = threading.Barrier(len(calls), timeout=20)
    found: list[object] = [None] * len(calls)

    def run(position: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait()
            found[position] = calls[position]()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            found[position] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def redeemers(portal: Portal, asked: dict) -> list[Callable[[], object]]:
    principal = authenticate(f"Bearer {portal.key}")
    return [
        lambda: redeem_grant(
            actor=principal.actor,
            key_id=principal.key_id,
            token=asked["grant"]["token"],
            action_digest=asked["action_digest"],
        )
    ] * AGENTS


def test_sixteen_redeemers_consume_a_grant_once(committed_portal):
    for _ in range(5):
        asked = committed_portal.ask("1.00")

        found = together(redeemers(committed_portal, asked))

        kinds = Counter(type(result) for result in found)
        assert kinds[Redeemed] == 1, found
        assert kinds.total() == AGENTS
        assert all(
            isinstance(result, Redeemed) or result.code == "grant.redeemed"
            for result in found
            if not isinstance(result, Exception)
        )


def test_control_without_the_compare_and_set_a_grant_is_consumed_twice(
    committed_portal, committed_db, monkeypatch
):
    with committed_db.superuser_connection() as superuser:
        superuser.execute("ALTER TABLE approvals_grant DISABLE TRIGGER ALL")
    # With a timeout, so that a control that cannot race fails and never hangs.
    pause = threading.Barrier(AGENTS, timeout=5)

    def look_then_set(*, grant_id, digest, facts, key_id):
        is_free = Grant.objects.filter(id=grant_id, state="ISSUED").exists()
        pause.wait()
        if not is_free:
            return None
        execution = new_id()
        Grant.objects.filter(id=grant_id).update(
            state="REDEEMED", execution_id=execution, redeemed_at=wall_clock()
        )
        return execution

    def run_without_lock(*, run_id):
        return SimpleNamespace(is_held=False)

    monkeypatch.setattr(grants, "consume", look_then_set)
    # The run's lock would stand in for the compare-and-set and hide its absence.
    monkeypatch.setattr(grants, "lock_run", run_without_lock)
    asked = committed_portal.ask("1.00")

    found = together(redeemers(committed_portal, asked))

    assert sum(isinstance(result, Redeemed) for result in found) > 1


def test_of_two_approvers_one_decides_and_the_other_is_told_who_and_when(
    committed_portal,
):
    people = committed_portal.people
    for n in range(5):
        asked = committed_portal.ask("84.20", run=f"r{n}")
        proposal_id = asked["proposal"]["id"]
        digest = digest_of_proposal(proposal_id)
        found = together(
            [
                partial(
                    patiently,
                    partial(
                        decide.approve_proposal,
                        actor=actor_for(people.people[who]),
                        proposal_id=proposal_id,
                        digest=digest,
                        now=wall_clock(),
                    ),
                )
                for who in ("dana", "tom", "lena")
            ]
        )

        lost = [result for result in found if isinstance(result, Conflict)]
        assert len(lost) == 2, found
        winner = Decision.objects.get(version__proposal=proposal_id).person.name
        assert {problem.extra["who"] for problem in lost} == {winner}
        assert all(problem.extra["at"] for problem in lost)
        assert Grant.objects.filter(action_request=asked["id"]).count() == 1


def test_approve_against_reject_ends_in_exactly_one(committed_portal):
    people = committed_portal.people
    for n in range(5):
        asked = committed_portal.ask("84.20", run=f"r{n}")
        proposal_id = asked["proposal"]["id"]
        digest = digest_of_proposal(proposal_id)

        found = together(
            [
                lambda proposal_id=proposal_id, digest=digest: decide.approve_proposal(
                    actor=actor_for(people.people["dana"]),
                    proposal_id=proposal_id,
                    digest=digest,
                    now=wall_clock(),
                ),
                lambda proposal_id=proposal_id, digest=digest: decide.reject_proposal(
                    actor=actor_for(people.people["tom"]),
                    proposal_id=proposal_id,
                    digest=digest,
                    reason_code="duplicate",
                    message="",
                    now=wall_clock(),
                ),
            ]
        )

        assert sum(isinstance(result, Conflict) for result in found) == 1, found
        state = Proposal.objects.get(id=proposal_id).state
        grant_count = Grant.objects.filter(action_request=asked["id"]).count()
        assert (state, grant_count) in {("APPROVED", 1), ("REJECTED", 0)}


def test_control_without_the_proposals_lock_two_decisions_are_stored(
    committed_portal, committed_db, monkeypatch
):
    with committed_db.superuser_connection() as superuser:
        superuser.execute("ALTER TABLE approvals_proposal DISABLE TRIGGER ALL")
    from approvals.operations import sitting

    meeting = threading.Barrier(2, timeout=5)

    def unlocked(proposal_id):
        found = Proposal.objects.select_related(
            "action_request", "resolved_by", "workflow__department"
        ).get(id=proposal_id)
        meeting.wait()
        return found

    monkeypatch.setattr(sitting, "lock_proposal", unlocked)
    asked = committed_portal.ask("84.20")
    proposal_id = asked["proposal"]["id"]
    digest = digest_of_proposal(proposal_id)

    together(
        [
            lambda who=who: decide.reject_proposal(
                actor=actor_for(committed_portal.people.people[who]),
                proposal_id=proposal_id,
                digest=digest,
                reason_code="duplicate",
                message="",
                now=wall_clock(),
            )
            for who in ("dana", "tom")
        ]
    )

    assert Decision.objects.count() == 2


def granted_after_pause(portal: Portal) -> int:
    """Ask from many agents while the workflow is paused; count grants of a later epoch."""
    principal = authenticate(f"Bearer {portal.key}")
    paused_by = actor_for(portal.people.people["maya"])
    stop = threading.Event()

    def keep_asking(number: int) -> None:
        position = 0
        while not stop.is_set():
            position += 1
            try:
                ask.ask_action(
                    principal=principal,
                    asking=asking(portal, "1.00", f"r{number}-{position}"),
                    now=wall_clock(),
                )
            except Unavailable:
                continue

    def pause() -> None:
        stop.wait(0.3)
        pause_workflow(
            actor=paused_by,
            workflow_id=portal.workflow.id,
            reason="Stop",
            now=wall_clock(),
        )
        stop.wait(0.3)
        stop.set()

    found = together(
        [pause, *(lambda number=number: keep_asking(number) for number in range(8))]
    )
    assert not [problem for problem in found if isinstance(problem, Exception)], found
    return _committed_after_the_pause(portal)


def _committed_after_the_pause(portal: Portal) -> int:
    """Count grants whose journal entry stands behind that of the pause in the one chain."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM audit_entry g JOIN audit_entry p ON p.stream = g.stream"
            " WHERE g.name = 'grant.issued' AND p.name = 'workflow.paused'"
            " AND g.sequence > p.sequence"
        )
        return cursor.fetchone()[0]


def test_no_grant_is_issued_after_a_pause(committed_portal):
    assert granted_after_pause(committed_portal) == 0
    assert Grant.objects.exists()


def test_control_without_the_shared_lock_grants_follow_the_pause(
    committed_portal, monkeypatch
):
    original = ask.ask_rulebook

    def slowly(**facts):
        ruling = original(**facts)
        # The moment between reading "not paused" and committing the grant.
        threading.Event().wait(0.02)
        return ruling

    monkeypatch.setattr(ask, "guard_authority", lambda **_: None)
    monkeypatch.setattr(ask, "ask_rulebook", slowly)

    assert granted_after_pause(committed_portal) > 0


def granted_by_many_at_once(portal: Portal) -> int:
    """Ask for EUR 25 from sixteen agents at once, with room for two below the cap."""
    for n in range(18):
        assert portal.ask("25.00", run=f"before-{n}")["status"] == "allowed"
    principal = authenticate(f"Bearer {portal.key}")
    found = together(
        [
            lambda n=n: ask.ask_action(
                principal=principal,
                asking=asking(portal, "25.00", f"r{n}"),
                now=wall_clock(),
            )
            for n in range(AGENTS)
        ]
    )
    problems = [result for result in found if isinstance(result, Exception)]
    assert all(isinstance(problem, Unavailable) for problem in problems), problems
    return Grant.objects.count() - 18


def test_the_cap_holds_when_many_ask_at_once(committed_portal):
    assert granted_by_many_at_once(committed_portal) <= 2


def test_control_without_the_budgets_lock_the_cap_is_passed(
    committed_portal, monkeypatch
):
    original = again.standing_for
    meeting = threading.Barrier(AGENTS, timeout=2)

    def together_or_alone(*args, **kwargs):
        standing = original(*args, **kwargs)
        if threading.current_thread() is not threading.main_thread():
            with contextlib.suppress(threading.BrokenBarrierError):
                meeting.wait()
        return standing

    monkeypatch.setattr(ruling, "lock_budgets", lambda **_: None)
    monkeypatch.setattr(again, "standing_for", together_or_alone)

    assert granted_by_many_at_once(committed_portal) > 2


def test_an_idempotent_request_that_still_runs_is_told_so_at_once(
    committed_portal, monkeypatch
):
    original = ask.ask_rulebook
    inside, leave = threading.Event(), threading.Event()

    def slowly(**facts):
        inside.set()
        leave.wait(5)
        return original(**facts)

    monkeypatch.setattr(ask, "ask_rulebook", slowly)
    body = committed_portal.body("84.20")
    answers = []

    def first() -> None:
        answers.append(committed_portal.post("/actions", body, key="same"))
        connections.close_all()

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(5)
    second = committed_portal.post("/actions", body, key="same")
    leave.set()
    thread.join()
    monkeypatch.setattr(ask, "ask_rulebook", original)
    third = committed_portal.post("/actions", body, key="same")
    other = committed_portal.post("/actions", committed_portal.body("1.00"), key="same")

    assert (second.status_code, second.json()["code"]) == (
        409,
        "idempotency.in_progress",
    )
    assert answers[0].status_code == 201
    assert third.json() == answers[0].json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
