"""A backtest survives its worker, two who begin at once, and whoever stops it."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from approvals.models import Backtest, BacktestChunk, BacktestRow
from approvals.operations import backtest_runs
from approvals.operations.backtest_runs import claim_backtest, run_slice
from approvals.operations.backtesting import ask_backtest, cancel_backtest
from approvals.tasks import run_backtests
from portal.audit.models import Entry
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict
from portal.core.models import OutboxMessage
from registry.operations.packets import new_version
from tests.approvals.asking import Portal, make_portal
from tests.approvals.test_backtests import (
    SLUG,
    change_draft,
    refunds_up_to,
    run,
)
from tests.approvals.test_races import together
from tests.people import NOW

CHECKOUT = Path(__file__).resolve().parents[2]
AMOUNTS = ("5.00", "20.00", "40.00", "60.00", "24.00", "90.00")
# A worker that goes slowly, so that it can be killed in the middle.
WORKER = """
import os, sys, time
os.environ.update(DJANGO_SETTINGS_MODULE="tests.settings")
sys.path.insert(0, os.getcwd())
import django; django.setup()
from django.conf import settings
settings.DATABASES["default"].update(HOST=sys.argv[1], NAME=sys.argv[2], USER=sys.argv[3], PORT=sys.argv[4], PASSWORD="")
from approvals.operations import backtest_runs as runs
from portal.core.clock import wall_clock
runs.CHUNK_ROWS = 1
keep = runs._keep
def slowly(*args):
    found = keep(*args)
    print("kept", flush=True)
    time.sleep(0.5)
    return found
runs._keep = slowly
claimed = runs.claim_backtest()
runs.run_slice(backtest_id=claimed, now=wall_clock(), seconds=60)
"""


def drafted_portal(portal: Portal) -> Portal:
    new_version(
        actor=portal.people.actor("maya"), workflow_id=portal.workflow.id, now=NOW
    )
    change_draft(allowances=refunds_up_to("50.00"))
    return portal


def ask(portal: Portal, who: str = "maya"):
    return ask_backtest(
        actor=portal.people.actor(who), slug=SLUG, days=30, now=wall_clock()
    )


def outcome(found: Backtest) -> tuple:
    """Give what must be the same: the result and its digest, and every row but its id."""
    rows = BacktestRow.objects.filter(backtest=found).order_by("place")
    names = [
        field.attname
        for field in BacktestRow._meta.fields
        if field.name not in ("id", "backtest")
    ]
    return found.result, list(rows.values_list(*names))


def same_time(one: Backtest, other_id) -> None:
    """Let a second backtest look at exactly the time that a first one looked at."""
    Backtest.objects.filter(id=other_id).update(
        since=one.since, until=one.until, warm_since=one.warm_since
    )


def test_a_worker_killed_in_the_middle_changes_nothing_of_the_result(committed_db):
    portal = drafted_portal(make_portal())
    for amount in AMOUNTS:
        portal.ask(amount, run=amount)
    undisturbed = run(ask(portal))
    begun = ask(portal)
    same_time(undisturbed, begun)
    there = connection.settings_dict
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, there["HOST"], there["NAME"], there["USER"], str(there["PORT"])],
        cwd=CHECKOUT, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(CHECKOUT)}, text=True,
    )  # fmt: skip
    try:
        for _ in range(2):
            assert worker.stdout is not None
            assert worker.stdout.readline() == "kept\n"
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)

    assert 2 <= BacktestChunk.objects.filter(backtest=begun).count() < len(AMOUNTS)
    # Its lease still holds: nobody goes on before it has run out.
    assert claim_backtest(backtest_id=begun) is None
    Backtest.objects.filter(id=begun).update(lease_until=wall_clock() - timedelta(1))
    resumed = run(begun)

    assert resumed.state == "DONE"
    assert resumed.done == len(AMOUNTS)
    assert outcome(resumed) == outcome(undisturbed)


@pytest.fixture
def waiting(portal):
    drafted_portal(portal)
    for amount in AMOUNTS:
        portal.ask(amount, run=amount)
    return portal


@pytest.mark.django_db
def test_a_worker_that_was_thought_dead_writes_no_more(waiting, monkeypatch):
    monkeypatch.setattr(backtest_runs, "CHUNK_ROWS", 2)
    begun = ask(waiting)
    claim_backtest(backtest_id=begun)
    late = Backtest.objects.get(id=begun)
    replay, position = backtest_runs._set_up(late)
    asked = backtest_runs.stretch_of(
        workflow_id=late.workflow_id, after=position.place, until=late.until, limit=2
    )
    found = replay.stretch(asked)
    Backtest.objects.filter(id=begun).update(lease_until=None)
    finished = run(begun)

    with pytest.raises(backtest_runs.TakenOver):
        backtest_runs._keep(late, position, asked[-1].place, found)
    with pytest.raises(AlreadyDone):
        backtest_runs.finish_backtest(
            backtest_id=begun, claim=late.claim, now=wall_clock()
        )
    assert finished.done == len(AMOUNTS)
    assert finished.result["rows"] == len(AMOUNTS)


@pytest.mark.django_db
def test_one_that_is_stopped_keeps_nothing_and_its_worker_stops(waiting, monkeypatch):
    monkeypatch.setattr(backtest_runs, "CHUNK_ROWS", 2)
    begun = ask(waiting)
    claim_backtest(backtest_id=begun)
    keep = backtest_runs._keep

    def keep_and_stop(*args):
        found = keep(*args)
        cancel_backtest(
            actor=waiting.people.actor("maya"), backtest_id=begun, now=wall_clock()
        )
        return found

    monkeypatch.setattr(backtest_runs, "_keep", keep_and_stop)

    assert run_slice(backtest_id=begun, now=wall_clock())

    found = Backtest.objects.get(id=begun)
    assert (found.state, found.result) == ("CANCELLED", None)
    assert not BacktestRow.objects.exists()
    assert not BacktestChunk.objects.exists()
    assert claim_backtest(backtest_id=begun) is None
    assert Entry.objects.filter(name="backtest.cancelled").count() == 1
    with pytest.raises(AlreadyDone):
        cancel_backtest(
            actor=waiting.people.actor("maya"), backtest_id=begun, now=wall_clock()
        )
    assert ask(waiting)


@pytest.mark.django_db
def test_it_goes_on_slice_by_slice_by_hints_or_by_the_sweep(waiting, monkeypatch):
    monkeypatch.setattr(backtest_runs, "CHUNK_ROWS", 2)
    begun = ask(waiting)
    hints = OutboxMessage.objects.filter(payload__task="approvals.tasks.run_backtests")
    assert hints.count() == 1
    claim_backtest(backtest_id=begun)
    assert not run_slice(backtest_id=begun, now=wall_clock(), seconds=0)
    assert hints.count() == 2

    assert run_backtests() == 1

    assert Backtest.objects.get(id=begun).state == "DONE"
    assert run_backtests() == 0


@pytest.mark.django_db
def test_what_never_gets_further_is_given_up_and_says_so(waiting, monkeypatch):
    begun = ask(waiting)

    def breaks(*_args):
        raise RuntimeError("the worker ran out of memory")

    monkeypatch.setattr(backtest_runs, "_set_up", breaks)
    for _ in range(backtest_runs.ATTEMPTS_MAX):
        Backtest.objects.filter(id=begun).update(lease_until=None)
        with pytest.raises(RuntimeError):
            run_backtests()
    Backtest.objects.filter(id=begun).update(lease_until=None)

    run_backtests()

    found = Backtest.objects.get(id=begun)
    assert found.state == "FAILED"
    assert "begun several times" in found.reason
    page = waiting.signed_in("maya").get(f"/backtests/{begun}/").content.decode()
    assert "The backtest was given up" in page


@pytest.mark.race
def test_of_two_who_begin_at_once_one_is_told_of_the_other(committed_db):
    portal = drafted_portal(make_portal())
    portal.ask("5.00")
    for _ in range(20):
        found = together([lambda: ask(portal), lambda: ask(portal, "rosa")])
        lost = [each for each in found if isinstance(each, Conflict)]
        assert len(lost) == 1, found
        assert lost[0].code == "backtest.running"
        running = Backtest.objects.get(state="WAITING")
        cancel_backtest(
            actor=portal.people.actor("ilan"), backtest_id=running.id, now=wall_clock()
        )


@pytest.mark.race
def test_two_workers_share_nothing_of_one_backtest(committed_db):
    portal = drafted_portal(make_portal())
    for amount in AMOUNTS:
        portal.ask(amount, run=amount)
    for _ in range(10):
        begun = ask(portal)
        claims = together([claim_backtest] * 4)
        assert sorted(map(str, claims)) == sorted([str(begun), "None", "None", "None"])
        assert run_slice(backtest_id=begun, now=wall_clock())
        assert Backtest.objects.get(id=begun).result["rows"] == len(AMOUNTS)
