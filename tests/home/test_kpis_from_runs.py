"""Indicators that come from runs: exact, within what one may see, with their rows."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from django.test import override_settings

from portal.home.queries.kpis import run_comparing
from portal.home.queries.kpis.catalogue import figures_for, kpi_named, rows_for
from portal.home.queries.kpis.figure import Answer, Scope, Side
from portal.home.queries.kpis.from_runs import BY_KEY
from registry.queries.measures import Baseline, BaselineCases
from runs.models import Incident
from runs.operations.counting import count_due_runs
from runs.operations.tallying import add_up
from runs.queries.kpi_medians import times_near_median
from runs.queries.kpi_sums import Span, columns_of
from runs.rules.rates import ranks_near
from tests.people import live_workflow, make_company
from tests.runs.helpers import (
    LATER,
    START,
    confirmed,
    moment,
    refund_story,
    start_run,
    store,
    told,
)

DAY = date(2026, 11, 16)
SCOPE = Scope(DAY, DAY)
KEYS = tuple(BY_KEY)


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


@pytest.fixture
def tell(company, workflow):
    """Tell of one whole run, and count it."""

    def _tell(name, *events, at=100.0, status="completed", **finish):
        run_id = start_run(workflow, company.agent, name)
        if status:
            events = (*events, told("run.finished", at, status=status, **finish))
        store(run_id, list(events))
        count_due_runs(now=LATER)
        return run_id

    return _tell


def figure(company, key, name="maya", scope=SCOPE):
    actor = company.actor(name)
    return figures_for(actor=actor, keys=[key], scopes=[scope], now=START)[key][0]


def details(found):
    return {each.label: each.value for each in found.details}


def titles(company, key, side, scope=SCOPE):
    rows = rows_for(
        actor=company.actor("maya"), key=key, scope=scope, side=side, cursor=None
    )
    return len(rows.rows)


def test_nothing_is_never_a_zero_and_never_a_hundred_percent(company, workflow):
    found = figures_for(
        actor=company.actor("maya"), keys=KEYS, scopes=[SCOPE], now=START
    )

    assert set(found) == set(KEYS)
    for key, (figure_of,) in found.items():
        assert figure_of.answer in (Answer.NO_DATA, Answer.NOT_MEASURABLE), key
        assert figure_of.value is None, key
        assert figure_of.why, key


def test_every_number_of_one_run_opens_its_rows_and_an_outsider_has_none(
    company, workflow
):
    store(start_run(workflow, company.agent, "case-1"), refund_story())
    count_due_runs(now=LATER)
    before = Scope(DAY - timedelta(30), DAY - timedelta(1))

    found = figures_for(
        actor=company.actor("maya"), keys=KEYS, scopes=[before, SCOPE], now=START
    )
    hidden = figures_for(
        actor=company.actor("olga"), keys=KEYS, scopes=[SCOPE], now=START
    )

    assert found["cycle-time"][1].value == 377
    assert details(found["cycle-time"][1])["Waiting for a person"] == 362
    assert found["retries"][1].value == 1
    assert found["unauthorised"][1].value == 0
    assert found["unauthorised"][1].under == 1
    assert found["unauthorised"][1].high == pytest.approx(0.95)
    assert found["answerable"][1].over == 7
    assert found["adherence"][1].value == found["evidence"][1].value == 1
    assert found["succeeded"][1].value == 1
    for key in KEYS:
        assert found[key][0].value is None, key
        assert hidden[key][0].value is None, key
        for side in Side:
            scope = replace(SCOPE, first=DAY - timedelta(30))
            rows_for(
                actor=company.actor("maya"),
                key=key,
                scope=scope,
                side=side,
                cursor=None,
            )
        assert not rows_for(
            actor=company.actor("olga"),
            key=key,
            scope=SCOPE,
            side=Side.OVER,
            cursor=None,
        ).rows
    assert titles(company, "cycle-time", Side.OVER) == 1
    assert kpi_named("throughput").target_key == "throughput"


def test_throughput_is_units_of_completed_runs_by_day(company, tell):
    tell("case-1", units="3")
    tell("case-2")
    tell("case-3", status="failed", units="9")

    found = figure(company, "throughput", scope=Scope(DAY - timedelta(1), DAY))

    assert (found.answer, found.value, found.over) == (Answer.MEASURED, 1.5, 3)
    assert (found.covered, found.coverable) == (1, 2)
    assert dict(found.excluded) == {
        "Completed runs that told no units": 1,
        "Runs that did not complete": 1,
    }
    assert figure(company, "throughput", "olga").answer == Answer.NO_DATA
    assert titles(company, "throughput", Side.OVER) == 1
    # It is counted of days: the one that was asked for.
    assert titles(company, "throughput", Side.UNDER) == 1
    assert titles(company, "throughput", Side.EXCLUDED) == 2


def test_a_run_that_is_not_settled_yet_is_said_and_not_counted(company, workflow, tell):
    tell("case-1", units="1")
    store(
        start_run(workflow, company.agent, "case-2"),
        [told("run.finished", 5, status="completed", units="1")],
    )

    found = figure(company, "throughput")

    assert found.over == 1
    assert (
        dict(found.excluded)["Runs not settled yet, or changed since they were counted"]
        == 1
    )


def test_handoffs_are_not_measurable_until_an_agent_tells_one(company, tell):
    tell("case-1", told("run.started", 0, trigger="x", case="C-1"))
    assert figure(company, "handoff").answer == Answer.NOT_MEASURABLE

    tell("case-2", told("run.started", 0, trigger="x"), told("handoff", 3, to="Dana"))

    found = figure(company, "handoff")
    assert (found.over, found.under, found.value) == (1, 2, 0.5)
    assert (found.covered, found.coverable) == (1, 2)
    assert titles(company, "handoff", Side.OVER) == 1


def test_a_case_counts_once_and_is_handed_over_by_any_of_its_runs(company, tell):
    tell(
        "first",
        told("run.started", 0, trigger="x", case="C-1"),
        told("handoff", 3, to="Dana"),
    )
    tell("second", told("run.started", 200, trigger="x", case="C-1"), at=300)

    found = figure(company, "handoff")

    assert (found.over, found.under) == (1, 1)
    assert (
        dict(found.excluded)["Earlier runs of a case that a newer one stands for"] == 1
    )


def test_who_comes_back_within_a_day_was_not_contained(company, tell):
    tomorrow = Scope(DAY + timedelta(1), DAY + timedelta(1))
    assert figure(company, "contained", scope=tomorrow).answer == Answer.NO_DATA
    tell("case-0", told("run.started", 0, trigger="x"))
    assert figure(company, "contained", scope=tomorrow).answer == Answer.NOT_MEASURABLE

    tell("case-1", told("run.started", 0, trigger="x", requester="ana"))
    tell("case-2", told("run.started", 0, trigger="x", requester="ben"))
    day = 24 * 3600
    tell("case-3", told("run.started", 5_000, trigger="x", requester="ana"), at=6_000)
    tell(
        "case-4",
        told("run.started", 100 + day + 1, trigger="x", requester="ben"),
        at=day + 300,
    )

    found = figure(company, "contained", scope=tomorrow)

    # Ana's first run was called back; her second and Ben's first were not.
    assert (found.over, found.under) == (2, 3)
    assert dict(found.excluded)["Cases that do not tell who asked"] == 1


def test_only_customers_and_systems_confirm_and_reopened_cases_do_not_count(
    company, workflow, tell
):
    later = Scope(DAY + timedelta(14), DAY + timedelta(14))
    tell("bare", told("decision.made", 1, text="x", confidence="0.5"))
    assert figure(company, "resolution-confidence", scope=later).answer == (
        Answer.NOT_MEASURABLE
    )

    decided = told("decision.made", 1, text="x", confidence="0.9")
    tell("sure", decided, told("outcome.confirmed", 101, resolved=True, by="customer"))
    tell("system", confirmed("outcome.confirmed", 101, resolved=True, by="crm"))
    tell("implied", told("outcome.confirmed", 101, resolved=True, by="Refund agent"))
    tell("not", told("outcome.confirmed", 101, resolved=False, basis="customer"))
    tell(
        "again",
        told("run.started", 0, trigger="x", case="C-9"),
        told("outcome.confirmed", 101, resolved=True, basis="customer"),
    )
    tell(
        "again-2",
        told("run.started", 13 * 86_400, trigger="x", case="C-9"),
        at=13 * 86_400 + 60,
    )

    found = figure(company, "resolution-confidence", scope=later)

    assert (found.over, found.under) == (2, 6)
    assert (found.covered, found.coverable) == (5, 6)
    assert details(found)["Only implied by the agent"] == pytest.approx(1 / 6)
    assert details(found)["Opened again within 14 days"] == pytest.approx(1 / 6)
    assert details(found)["Calibration gap"] == pytest.approx(-0.1)
    assert details(found)["Brier score"] == pytest.approx(0.01)


def test_currencies_are_never_mixed_and_time_of_people_has_its_rate(company, tell):
    assert figure(company, "unit-cost").answer == Answer.NO_DATA
    tell("free")
    assert figure(company, "unit-cost").answer == Answer.NOT_MEASURABLE

    def cost(value, currency, kind="models"):
        return told("cost", 4, cost_kind=kind, value=value, currency=currency)

    looked = moment(
        "decided", 9, verdict="approve", resolution="approved", looked_seconds=1800
    )
    tell("a", cost("0.10", "EUR"), cost("0.30", "EUR", "search"), looked, units="2")
    tell("b", cost("0.20", "EUR", "hosting"), units="1")
    tell("c", cost("9", "USD"), units="1")
    tell("d", cost("9", "USD"), cost("1", "EUR"), units="1")

    with override_settings(HOUR_RATES={"reviewer": (Decimal(40), "EUR")}):
        found = figure(company, "unit-cost")

    # A quarter of an hour at most counts for one look: EUR 10.
    assert (found.currency, found.over, found.under) == ("EUR", Decimal("10.60"), 3)
    assert found.value == pytest.approx(10.6 / 3)
    left_out = dict(found.excluded)
    assert left_out["Runs that cost USD"] == 1
    assert left_out["Runs with costs in several currencies"] == 1
    assert left_out["Runs without any cost told"] == 1
    assert details(figure(company, "unit-cost"))["People’s time"] == 0


def test_each_way_of_leaving_the_rulebook_is_counted_by_its_name(company, tell):
    ask = "01938e00-0000-7000-8000-00000000000b"
    tell("fine", told("run.started", 0, trigger="x"))
    tell(
        "bad",
        moment("asked", 1, action_request=ask, verb="refund", system="billing"),
        moment("ruled", 2, action_request=ask, answer="refuse", reasons=[]),
        moment("held", 3, rule="money", sentence="Too much."),
        moment("redeemed", 4, action_request=ask, grant="g1"),
        told("change.made", 5, system="crm", resource="c 1", field="f", grant=""),
    )

    found = figure(company, "adherence")

    assert (found.over, found.under) == (1, 2)
    counted = details(found)
    for words in (
        "Runs that acted without a grant",
        "Runs that acted after the rulebook had refused it",
        "Runs that went on while a stop rule held it",
        "Runs that used a grant and never told the outcome",
    ):
        assert counted[words] == 1, words
    assert titles(company, "adherence", Side.OVER) == 1
    under = rows_for(
        actor=company.actor("maya"),
        key="adherence",
        scope=SCOPE,
        side=Side.UNDER,
        cursor=None,
    )
    assert sorted("acted without a grant" in row.note for row in under.rows) == [0, 1]
    assert titles(company, "adherence", Side.EXCLUDED) == 0
    assert figure(company, "evidence").over == 0


def test_the_numbers_cost_few_queries_however_many_scopes(
    company, tell, django_assert_max_num_queries
):
    tell("case-1", units="1")
    weeks = [
        Scope(DAY - timedelta(7 * n + 6), DAY - timedelta(7 * n)) for n in range(12)
    ]
    actor = company.actor("maya")

    with django_assert_max_num_queries(15):
        figures_for(actor=actor, keys=KEYS, scopes=[SCOPE, *weeks], now=START)


def test_percentiles_are_exactly_those_of_all_values(company, workflow, tell):
    import numpy

    chance = Random(3)  # noqa: S311 - the same runs every time
    seconds = [round(chance.lognormvariate(4, 1.2), 3) for _ in range(40)]
    for number, took in enumerate(seconds):
        store(
            start_run(workflow, company.agent, f"case-{number}"),
            [
                told("run.started", 0, trigger="x"),
                told("run.finished", took, status="completed"),
            ],
        )
    count_due_runs(now=LATER)

    found = figure(company, "cycle-time", scope=Scope(DAY, DAY + timedelta(3)))

    assert found.value == pytest.approx(numpy.percentile(seconds, 50))
    assert details(found)["Nine of ten take at most"] == pytest.approx(
        numpy.percentile(seconds, 90)
    )
    ordered = sorted(seconds)
    assert (found.low, found.high) == (ordered[12], ordered[27])
    assert found.over == 40


def test_times_near_the_middle_are_those_of_all_values_by_kind_and_span(
    company, workflow, tell
):
    chance = Random(5)  # noqa: S311 - the same runs every time
    told_of: list[tuple[int, str, int]] = []
    for number in range(36):
        took, day = round(chance.lognormvariate(5, 1)) + 1, number % 3
        kind = ("late", "damaged")[number % 5 % 2]
        start = told("run.started", day * 86_400, trigger="x", case_type=kind)
        end = told("run.finished", day * 86_400 + took, status="completed")
        store(start_run(workflow, company.agent, f"case-{number}"), [start, end])
        told_of.append((day, kind, took))
    count_due_runs(now=LATER + timedelta(3))
    add_up()
    # What waits to be added up counts as well.
    tell("late-one", told("run.started", 0, trigger="x", case_type="late"), at=77)
    told_of.append((0, "late", 77))
    spans = [Span(DAY, DAY), Span(DAY + timedelta(1), DAY + timedelta(2))]
    kinds = [(workflow.id, kind) for kind in ("", "late", "damaged", "unheard of")]

    found = times_near_median(
        columns_of(spans, seen=frozenset({workflow.id})), kinds, count=2
    )

    for days, near in zip(({0}, {1, 2}), found, strict=True):
        assert set(near) == {(workflow.id, kind) for kind in ("", "late", "damaged")}
        for (_, kind), (total, times) in near.items():
            ordered = sorted(
                took for day, its, took in told_of if day in days and kind in ("", its)
            )
            first, last = ranks_near(len(ordered))
            assert total == len(ordered)
            assert times == {rank: ordered[rank - 1] for rank in range(first, last + 1)}


def test_a_reduction_needs_a_signed_baseline_and_says_what_it_left_out(
    company, workflow, tell, monkeypatch
):
    def start(kind):
        return told("run.started", 0, trigger="x", case_type=kind)

    tell("a", start("late"), at=50)
    tell("b", start("late"), at=70)
    tell("c", start("other"), at=999)
    assert figure(company, "cycle-time-reduction").answer == Answer.NOT_MEASURABLE

    cases = (BaselineCases("late", 30, 120.0), BaselineCases("damaged", 10, 500.0))
    baseline = Baseline(
        workflow.id, "cycle-time", 200.0, 40, DAY, DAY, "stated", "the old desk",
        cases, 1, "sha256:00", START,
    )  # fmt: skip
    monkeypatch.setattr(
        run_comparing,
        "frozen_baselines",
        lambda **asked: {workflow.id: {"cycle-time": baseline}},
    )

    found = figure(company, "cycle-time-reduction")

    assert (found.value, found.over) == (0.5, 2)
    assert found.low <= 0.5 <= found.high
    assert dict(found.excluded) == {
        "Completed runs of kinds that the baseline does not know": 1,
    }
    said = {detail.label: detail.value for detail in found.details}
    assert said["Kinds of the baseline without a run in these days"] == 1
    week_before = Scope(DAY - timedelta(7), DAY - timedelta(1))
    assert figure(company, "cycle-time-reduction", scope=week_before).answer == (
        Answer.NO_DATA
    )


def test_an_incident_counts_at_once_and_an_explained_one_is_coverage(
    company, workflow, tell
):
    run_id = tell(
        "case-1", told("change.made", 1, system="crm", resource="c", grant="")
    )
    incident = Incident.objects.create(
        kind="TOLD", workflow=workflow, run_id=run_id, code="x", headline="Changed c.",
        why="No grant.", actions=2, happened_at=START, opened_at=START,
    )  # fmt: skip

    found = figure(company, "unauthorised")
    assert (found.value, found.under, found.high) == (2, 2, 1)
    assert titles(company, "unauthorised", Side.OVER) == 1

    Incident.objects.filter(id=incident.id).update(state="EXPLAINED", settled_at=START)
    found = figure(company, "unauthorised")
    assert (found.value, found.under) == (0, 2)
    assert (found.covered, found.coverable) == (0, 2)
    assert titles(company, "unauthorised", Side.OVER) == 0
