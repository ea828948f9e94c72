"""What a unit of work costs: what was taken back makes none, and reading takes time."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import override_settings

from portal.home.queries.kpis.figure import Scope
from runs.models import Review
from runs.operations.reviewing import reserve_run, save_review
from tests.home.test_kpis_from_runs import DAY, company, details, figure, tell, workflow
from tests.runs.helpers import LATER, moment, told
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
