"""Races about one exception; the control removes the lock and must see the damage."""

import threading
from contextlib import suppress
from types import SimpleNamespace

import pytest

from approvals.models import ExceptionDisposition
from approvals.models.excepting import Disposition
from approvals.operations import exceptions
from approvals.operations.exceptions import settle_hold
from portal.audit.operation import operation
from portal.core.clock import wall_clock
from portal.core.errors import Conflict
from portal.core.ids import new_id
from runs.models import Hold, Run
from runs.operations import holding
from runs.operations.moments import hold_run
from tests.approvals.racing import ROUNDS, racers
from tests.approvals.test_races import together

pytestmark = pytest.mark.race


def held_runs(portal, count):
    """Hold runs of the workflow; one is asked for, the others are laid beside it."""
    portal.ask("20.00", run="first")
    first = Run.objects.get()
    runs = [first]
    for number in range(count - 1):
        runs.append(
            Run.objects.create(
                workflow=first.workflow,
                agent=first.agent,
                agent_run_id=f"run-{number}",
                created_at=first.created_at,
                started_at=first.started_at,
                last_event_at=first.last_event_at,
            )
        )

    @operation(leaves="run.held")
    def hold_all() -> None:
        for run in runs:
            hold_run(
                run_id=run.id,
                rule_key="legal-words",
                sentence="The customer speaks of a lawyer.",
                actor=portal.people.actor("erik"),
                now=wall_clock(),
            )

    hold_all()
    return list(Hold.objects.order_by("id"))


def both_ways(portal, hold):
    return [
        lambda way=way, code=code: settle_hold(
            actor=portal.people.actor("erik"),
            hold_id=hold.id,
            disposition=way,
            reason_code=code,
            text="Looked.",
            now=wall_clock(),
        )
        for way, code in (("RESUMED", "false_alarm"), ("STOPPED", "by_hand"))
    ]


def test_of_going_on_and_stopping_one_wins_and_the_other_is_told(committed_portal):
    won = set()
    with racers(2) as field:
        for hold in held_runs(committed_portal, ROUNDS):
            found = field.race(*both_ways(committed_portal, hold))

            lost = [one for one in found if isinstance(one, Conflict)]
            ended = [one for one in found if isinstance(one, Disposition)]
            assert (len(ended), len(lost)) == (1, 1), found
            assert lost[0].extra["who"] == "Erik Sandberg"
            assert lost[0].extra["at"] is not None
            hold.refresh_from_db()
            kept = ExceptionDisposition.objects.get(hold_id=hold.id)
            assert kept.disposition == ended[0]
            assert (hold.resumed_at is None) == (ended[0] == Disposition.STOPPED)
            assert (hold.stopped_at is None) == (ended[0] == Disposition.RESUMED)
            won.add(ended[0])
    assert won == {Disposition.RESUMED, Disposition.STOPPED}


def test_control_without_lock_and_guards_a_hold_is_settled_both_ways(
    committed_portal, committed_db, monkeypatch
):
    (hold,) = held_runs(committed_portal, 1)
    with committed_db.superuser_connection() as superuser:
        superuser.execute(
            "ALTER TABLE approvals_exceptiondisposition"
            " DROP CONSTRAINT approvals_disposed_once"
        )
        superuser.execute(
            "ALTER TABLE runs_hold DROP CONSTRAINT runs_hold_lifted_or_stopped"
        )
    looked = threading.Barrier(2, timeout=5)
    read = exceptions.unsettled_of_run

    def look_then_wait(*, run_id):
        found = read(run_id=run_id)
        with suppress(threading.BrokenBarrierError):
            looked.wait()
        return found

    run = Run.objects.get()
    for room in (exceptions, holding):
        monkeypatch.setattr(room, "lock_run", lambda **_: run)
    monkeypatch.setattr(exceptions, "unsettled_of_run", look_then_wait)
    monkeypatch.setattr(exceptions, "stop_run_for_good", _without_looking)
    monkeypatch.setattr(exceptions, "let_run_go_on", _without_looking)

    together(both_ways(committed_portal, hold))

    assert ExceptionDisposition.objects.filter(hold_id=hold.id).count() == 2


def _without_looking(**_: object) -> SimpleNamespace:
    return SimpleNamespace(id=new_id())
