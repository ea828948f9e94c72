"""What a unit costs: what was taken back or put back makes none, and reading takes time."""

import json
from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest
from django.test import Client, override_settings

from portal.accounts.actors import SYSTEM
from portal.accounts.models import AgentKind
from portal.accounts.operations.agents import register_agent
from portal.home.queries.kpis.figure import Scope
from runs.models import Review
from runs.operations.counting import count_due_runs
from runs.operations.rebuilding import rebuild_tallies
from runs.operations.reviewing import reserve_run, save_review
from runs.tasks import fold_inbox
from tests.home.test_kpis_from_runs import DAY, company, details, figure, tell, workflow
from tests.runs.helpers import LATER, START, moment, told
from tests.runs.test_weeks import YES, opened

__all__ = ["company", "tell", "workflow"]


def test_what_a_person_took_back_made_no_unit_though_it_cost(company, tell):
    cost = told("cost", 4, cost_kind="models", value="0.20", currency="EUR")
    tell("kept", cost, units="1")
    before = figure(company, "unit-cost")
    taken = moment("revoked", 9, grant="g1", reason="Not this one.")
    tell(
        "taken-back",
        told("cost", 4, cost_kind="models", value="0.20", currency="EUR"),
        taken,
        units="1",
    )

    found = figure(company, "unit-cost")

    assert (before.over, before.under) == (Decimal("0.20"), 1)
    assert (found.over, found.under) == (Decimal("0.40"), 1)


@pytest.fixture
def report(company, workflow):
    """Report changes as a system of record does: of a run, or of nobody's."""
    system = register_agent(
        actor=SYSTEM,
        name="Billing",
        department=company.departments["care"],
        operator=company.priya,
        kind=AgentKind.SYSTEM_OF_RECORD,
        now=START,
    )
    key = company.key_for(system, scopes=("changes",))
    numbers = count(1)

    def _report(day, before, after, **more):
        event = {
            "id": f"b-{next(numbers)}",
            "at": (START + timedelta(days=day)).isoformat(),
            "kind": "change.made",
            **{"system": "billing", "resource": "order 1182", "field": "refunded"},
            **{"before": before, "after": after},
            **more,
        }
        answer = Client().post(
            "/api/v1/events",
            json.dumps({"events": [event]}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )
        assert answer.status_code == 202, answer.content
        fold_inbox()
        count_due_runs(now=LATER)

    return _report


def test_a_change_that_a_system_of_record_put_back_made_no_unit(
    company, workflow, tell, report
):
    cost = told("cost", 4, cost_kind="models", value="0.20", currency="EUR")
    tell("kept", cost, units="1")
    cost = told("cost", 4, cost_kind="models", value="0.20", currency="EUR")
    tell("undone", cost, units="1")
    report(0, "0.00", "20.00", workflow=workflow.slug, run="undone")
    # Another thing, another value, and somebody's own change: none of these puts it back.
    report(1, "20.00", "0.00", resource="order 7")
    report(2, "20.00", "5.00")
    before = figure(company, "unit-cost")

    report(3, "5.00", "0.00")
    found = figure(company, "unit-cost")

    assert (before.over, before.under) == (Decimal("0.40"), 2)
    assert (found.over, found.under) == (Decimal("0.40"), 1)
    assert details(found)["Units that were undone"] == 1
    assert rebuild_tallies(actor=SYSTEM, now=LATER) == 0


def test_what_was_put_back_after_two_weeks_or_reported_first_is_seen_too(
    company, workflow, tell, report
):
    for name in ("late", "early"):
        cost = told("cost", 4, cost_kind="models", value="0.20", currency="EUR")
        tell(name, cost, units="1")
    # Reported before the change that it puts back.
    report(2, "9.00", "1.00", resource="order 8")
    report(0, "1.00", "9.00", resource="order 8", workflow=workflow.slug, run="early")
    report(0, "0.00", "20.00", workflow=workflow.slug, run="late")
    report(20, "20.00", "0.00")

    found = figure(company, "unit-cost")

    # Three weeks later it is another matter.
    assert (found.over, found.under) == (Decimal("0.40"), 1)


def test_reading_in_the_weekly_review_costs_and_says_what_is_not_known(
    company, workflow, tell
):
    run_id = tell(
        "a",
        told("cost", 4, cost_kind="models", value="0.20", currency="EUR"),
        units="1",
    )
    without = figure(company, "unit-cost")
    week = opened(workflow)
    taken = LATER
    actor = company.actor("rosa")
    reserve_run(actor=actor, week_id=week.id, run_id=run_id, now=taken)
    save_review(
        actor=actor,
        week_id=week.id,
        run_id=run_id,
        given=YES,
        now=taken + timedelta(minutes=6),
    )
    scope = Scope(DAY, taken.date() + timedelta(days=1))
    rates = {"assessor": (Decimal(60), "EUR")}

    with override_settings(HOUR_RATES=rates):
        found = figure(company, "unit-cost", scope=scope)
    unpriced = figure(company, "unit-cost", scope=scope)

    label = "Reading in the weekly review"
    assert Review.objects.get().read_seconds == 360
    assert (without.over, found.over) == (Decimal("0.20"), Decimal("6.20"))
    assert details(found)[label] == pytest.approx(6)
    notes = {each.label: each.note for each in (*without.details, *unpriced.details)}
    assert notes[label].startswith("1 of 1 readings with a known time; no rate in EUR")
