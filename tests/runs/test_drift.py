"""The watch over how often people overrule: counted once, raised once, settled by a person."""

import json
import threading
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connections, transaction

from portal.accounts.actors import SYSTEM
from portal.audit.models import Entry
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from portal.core.ids import new_id
from runs.models import DriftAlarm, DriftWeek, Finding, Run, RunEvent
from runs.operations.drift import rebuild_drift, watch_due_weeks, watch_week
from runs.operations.drift_settling import accept_alarm, dismiss_alarm
from runs.operations.weeks import open_week
from runs.queries.decisions import decisions_in, decisions_of_week
from runs.queries.populations import WEEK, bounds_of
from runs.rules.drifting import (
    BASELINE_MIN,
    Before,
    crossings,
    is_override,
    measure,
    usual_of,
)
from tests.people import live_workflow, make_company
from tests.runs.helpers import START, start_run

MONDAY = date(2026, 11, 16)
NOW = START + timedelta(days=8)
LIKE_ALWAYS = [place % 10 == 9 for place in range(30)]
RISEN = [place % 2 == 0 for place in range(40)]


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


@pytest.fixture
def run_id(company, workflow):
    return start_run(workflow, company.agent, "decided-upon")


def decide(run_id, starts_on, overruled, *, facts=None, provenance="ENFORCED"):
    """Write a week's decisions as the portal's own moments, ten minutes apart."""
    begin, _ = bounds_of(starts_on)
    run = Run.objects.get(id=run_id)
    RunEvent.objects.bulk_create(
        RunEvent(
            run_id=run_id,
            id=new_id(),
            workflow_id=run.workflow_id,
            kind="decided",
            at=begin + timedelta(hours=8, minutes=10 * place),
            received_at=begin + timedelta(hours=8, minutes=10 * place),
            provenance=provenance,
            source_id=SYSTEM.id,
            source_name="Countersign",
            facts=facts or {"resolution": "rejected" if over else "approved"},
        )
        for place, over in enumerate(overruled)
    )


def nine_weeks(run_id, last=RISEN):
    for back in range(8, 0, -1):
        decide(run_id, MONDAY - back * WEEK, LIKE_ALWAYS)
    decide(run_id, MONDAY, last)


# What counts.


@pytest.mark.parametrize(
    ("facts", "counts"),
    [
        ({"resolution": "approved"}, False),
        ({"resolution": "rejected"}, True),
        ({"resolution": "responded"}, True),
        ({"resolution": "edited", "material": True}, True),
        ({"resolution": "edited", "material": False, "edited_fields": ["/a"]}, False),
        ({"resolution": "edited", "edited_fields": ["/amount"]}, True),
        ({"resolution": "edited", "edited_fields": []}, False),
        ({"resolution": "expired"}, False),
        ({}, False),
    ],
)
def test_what_overrules_is_a_rejection_an_answer_or_a_change_that_matters(
    facts, counts
):
    assert is_override(facts) is counts


def test_only_final_decisions_of_real_runs_count(company, workflow, run_id):
    decide(run_id, MONDAY, [True, False])
    decide(run_id, MONDAY, [True], facts={"resolution": None, "verdict": "approve"})
    decide(run_id, MONDAY, [True], facts={"resolution": "expired"})
    decide(run_id, MONDAY, [True], provenance="REPORTED")
    decide(run_id, MONDAY + WEEK, [True])
    practice = start_run(workflow, company.agent, "practice")
    Run.objects.filter(id=practice).update(is_test=True)
    decide(practice, MONDAY, [True])

    found = decisions_in(starts_on=MONDAY, workflow_ids=[workflow.id])

    assert [one.is_override for one in found[workflow.id]] == [True, False]


def test_what_is_usual_is_shrunk_and_never_nothing():
    assert usual_of(Before()) == pytest.approx(0.1)
    assert usual_of(Before(decisions=990, overrides=0)) == 0.02
    assert usual_of(Before(decisions=990, overrides=990)) == 0.6
    assert usual_of(Before(decisions=190, overrides=39)) == pytest.approx(0.2)


def test_nothing_is_watched_before_anything_is_usual():
    few = measure(Before(decisions=BASELINE_MIN - 1), [True] * 50)
    enough = measure(Before(decisions=BASELINE_MIN), [True] * 50)

    assert few.watched is None
    assert enough.crossed("UP") is not None


def test_among_many_workflows_a_crossing_must_be_more_improbable():
    usual = Before(decisions=500, overrides=50)
    # A crossing that one watched workflow would be believed.
    crossing = measure(usual, [False] * 40 + [True] * 6)
    calm = measure(usual, LIKE_ALWAYS)

    alone = crossings({0: crossing})
    among = crossings({0: crossing, **dict.fromkeys(range(1, 40), calm)})

    assert alone[0].is_raised
    assert among[0].chance == alone[0].chance
    assert not among[0].is_raised


# The sweep.


def test_a_rise_is_raised_once_and_stands_in_the_journal(workflow, run_id):
    nine_weeks(run_id)

    assert watch_due_weeks(now=NOW) == 9
    assert watch_due_weeks(now=NOW) == 0

    alarm = DriftAlarm.objects.get()
    assert (alarm.starts_on, alarm.direction, alarm.state) == (MONDAY, "UP", "OPEN")
    assert (alarm.decisions, alarm.overrides) == (40, 20)
    assert alarm.usual == pytest.approx(25 / 250)
    assert alarm.peak >= 5
    assert alarm.chance_adjusted <= 0.1
    entry = Entry.objects.get(name="review.drift_raised")
    assert entry.workflow_id == workflow.id
    assert (
        "overruled 20 of 40 decisions in the week of 16 November"
        in json.loads(bytes(entry.body))["facts"]["text"]
    )
    last = DriftWeek.objects.get(starts_on=MONDAY)
    assert (last.up, last.up_peak) == (0.0, pytest.approx(alarm.peak))


def test_decisions_that_are_hardly_ever_overruled_any_more_are_raised_too(run_id):
    nine_weeks(run_id, last=[False] * 100)

    watch_due_weeks(now=NOW)

    assert DriftAlarm.objects.get().direction == "DOWN"


def test_calm_weeks_raise_nothing_and_are_carried_on(run_id):
    nine_weeks(run_id, last=LIKE_ALWAYS)

    watch_due_weeks(now=NOW)

    assert DriftAlarm.objects.count() == 0
    first, last = DriftWeek.objects.order_by("starts_on").values_list(
        "usual_of", flat=True
    )[:2]
    assert (first, last) == (0, 30)


def test_a_week_is_measured_once_and_not_before_it_is_over(run_id):
    decide(run_id, MONDAY, LIKE_ALWAYS)

    with pytest.raises(Conflict):
        watch_week(actor=SYSTEM, starts_on=MONDAY, now=START)
    watch_week(actor=SYSTEM, starts_on=MONDAY, now=NOW)
    with pytest.raises(AlreadyDone):
        watch_week(actor=SYSTEM, starts_on=MONDAY, now=NOW)
    with pytest.raises(AlreadyDone):
        watch_week(actor=SYSTEM, starts_on=MONDAY - WEEK, now=NOW)


def test_an_empty_portal_measures_nothing(db):
    assert watch_due_weeks(now=NOW) == 0


@pytest.mark.race
def test_two_sweeps_at_once_measure_and_raise_once(committed_db):
    company = make_company()
    workflow = live_workflow(company)
    nine_weeks(start_run(workflow, company.agent, "decided-upon"))
    begin = threading.Barrier(2)

    def sweep():
        begin.wait()
        try:
            watch_due_weeks(now=NOW)
        finally:
            connections.close_all()

    sweeps = [threading.Thread(target=sweep) for _ in range(2)]
    for one in sweeps:
        one.start()
    for one in sweeps:
        one.join()

    assert DriftWeek.objects.count() == 9
    assert DriftAlarm.objects.count() == 1


# Built anew.


def test_building_anew_gives_the_same_numbers_and_raises_nothing_again(run_id):
    nine_weeks(run_id)
    watch_due_weeks(now=NOW)
    before = list(DriftWeek.objects.order_by("starts_on").values())

    assert rebuild_drift(actor=SYSTEM, now=NOW) == 0
    assert list(DriftWeek.objects.order_by("starts_on").values()) == before
    DriftWeek.objects.filter(starts_on=MONDAY - WEEK).update(overrides=30, up=4.0)
    assert rebuild_drift(actor=SYSTEM, now=NOW) == 1
    assert list(DriftWeek.objects.order_by("starts_on").values()) == before
    assert DriftAlarm.objects.count() == 1


def test_a_new_way_of_counting_counts_every_week_anew(run_id):
    nine_weeks(run_id)
    watch_due_weeks(now=NOW)
    DriftWeek.objects.update(version=0, overrides=0)

    watch_due_weeks(now=NOW)

    assert not DriftWeek.objects.filter(overrides=0).exists()
    assert Entry.objects.filter(name="review.drift_rebuilt").count() == 1


def test_an_alarm_is_kept_as_it_was_raised(run_id):
    nine_weeks(run_id)
    watch_due_weeks(now=NOW)

    with (
        pytest.raises(DatabaseError, match="kept as it was raised"),
        transaction.atomic(),
    ):
        DriftAlarm.objects.update(overrides=1)
    with (
        pytest.raises(DatabaseError, match="kept as it was raised"),
        transaction.atomic(),
    ):
        DriftAlarm.objects.all().delete()


# The rows behind it.


def test_the_rows_behind_a_rate_are_exactly_those_that_were_counted(
    company, workflow, run_id
):
    for facts in (
        {"resolution": "approved"},
        {"resolution": "rejected"},
        {"resolution": "responded"},
        {"resolution": "edited", "material": True},
        {"resolution": "edited", "material": False, "edited_fields": ["/a"]},
        {"resolution": "edited", "material": None, "edited_fields": ["/a"]},
        {"resolution": "edited", "edited_fields": ["/amount"]},
        {"resolution": "edited", "edited_fields": []},
    ):
        decide(run_id, MONDAY, [True], facts=facts)
    asked = {"actor": company.actor("maya"), "slug": workflow.slug, "starts_on": MONDAY}

    whole = decisions_of_week(**asked, only_overruled=False)
    overruled = decisions_of_week(**asked, only_overruled=True)

    assert (whole.total, whole.overruled) == (8, 5)
    assert sum(row.is_override for row in whole.rows) == 5
    assert len(overruled.rows) == 5
    assert all(row.is_override for row in overruled.rows)


# Settling.


@pytest.fixture
def alarm(run_id):
    nine_weeks(run_id)
    watch_due_weeks(now=NOW)
    return DriftAlarm.objects.get()


def opened(workflow):
    return open_week(actor=SYSTEM, workflow_id=workflow.id, starts_on=MONDAY, now=NOW)


def test_an_assessor_makes_a_finding_of_an_alarm_once(company, workflow, alarm):
    given = {
        "alarm_id": alarm.id,
        "week_id": opened(workflow),
        "kind": "REPEATED_CORRECTION",
        "text": "Amounts are halved again and again.",
        "owner_id": company.maya.id,
        "due_on": NOW.date() + timedelta(days=7),
        "now": NOW,
    }

    with pytest.raises(Forbidden):
        accept_alarm(actor=company.actor("dana"), **given)
    with pytest.raises(Invalid):
        accept_alarm(actor=company.actor("rosa"), **given | {"kind": ""})
    finding_id = accept_alarm(actor=company.actor("rosa"), **given)
    with pytest.raises(AlreadyDone):
        accept_alarm(actor=company.actor("rosa"), **given)
    with pytest.raises(AlreadyDone):
        dismiss_alarm(
            actor=company.actor("rosa"), alarm_id=alarm.id, reason="no", now=NOW
        )

    alarm.refresh_from_db()
    assert (alarm.state, alarm.finding_id) == ("ACCEPTED", finding_id)
    assert Finding.objects.count() == 1


def test_dismissing_an_alarm_needs_a_reason_and_keeps_it(company, alarm):
    rosa = company.actor("rosa")

    with pytest.raises(Invalid):
        dismiss_alarm(actor=rosa, alarm_id=alarm.id, reason="  ", now=NOW)
    with pytest.raises(Invalid):
        dismiss_alarm(actor=rosa, alarm_id=alarm.id, reason="x" * 1_001, now=NOW)
    with pytest.raises(NotFound):
        dismiss_alarm(actor=rosa, alarm_id=new_id(), reason="x", now=NOW)
    dismiss_alarm(
        actor=rosa, alarm_id=alarm.id, reason="A new colleague was trained.", now=NOW
    )

    alarm.refresh_from_db()
    assert (alarm.state, alarm.reason) == ("DISMISSED", "A new colleague was trained.")
    assert Entry.objects.filter(name="review.drift_dismissed").count() == 1
