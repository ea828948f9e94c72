"""Many spans of many workflows: each day is read once, and every number stays the same."""

import json
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.home.queries.kpis.catalogue import all_kpis, figures_for
from portal.home.queries.kpis.figure import Scope
from portal.home.queries.measured.scopes import weeks_until
from runs.models import Tally, TallyDelta
from runs.queries import kpi_sums
from runs.queries.kpi_sums import Span, columns_of, sums_by_workflow, sums_over
from tests.approvals.asking import make_portal
from tests.people import live_workflow

pytestmark = pytest.mark.django_db

FIRST = date(2026, 6, 1)


def test_every_number_is_the_same_asked_alone_and_asked_with_others(monkeypatch):
    portal = make_portal()
    others = live_workflow(portal.people, slug="refund-desk")
    for number, amount in enumerate(("10.00", "12.00", "84.20", "90.00")):
        asked = portal.ask(amount, run=f"case-{number}")
        if number == 2:
            portal.decide("dana", asked)
        if number == 3:
            portal.decide("dana", asked, "reject", reason_code="wrong_amount")
    now = datetime.now(tz=UTC)
    today = now.date()
    mine, theirs = frozenset({portal.workflow.id}), frozenset({others.id})
    scopes = [
        Scope(today - timedelta(27), today),
        Scope(today - timedelta(55), today - timedelta(28)),
        *weeks_until(today, None),
        Scope(today - timedelta(27), today, mine),
        Scope(today, today, mine),
        Scope(today - timedelta(27), today, theirs),
        Scope(today - timedelta(90), today, mine | theirs),
    ]
    keys = [each.key for each in all_kpis()]
    ada = portal.people.actor("ada")

    together = figures_for(actor=ada, keys=keys, scopes=scopes, now=now)
    monkeypatch.setattr(kpi_sums, "FEW", 0)
    assert together == figures_for(actor=ada, keys=keys, scopes=scopes, now=now)

    for number in (0, 1, 5, 13, 14, 17):
        scope = scopes[number]
        alone = figures_for(actor=ada, keys=keys, scopes=[scope], now=now)
        assert {key: told[number] for key, told in together.items()} == {
            key: told[0] for key, told in alone.items()
        }
    assert together["override"][0].over == together["override"][14].over == 1


def test_sums_of_any_spans_and_workflows_are_those_by_hand():
    portal = make_portal()
    ids = [
        portal.workflow.id,
        *(live_workflow(portal.people, slug=slug).id for slug in ("a-desk", "b-desk")),
    ]
    draw = random.Random(11)  # noqa: S311 - the same ones each time
    told = [
        (each, FIRST + timedelta(day), measure, Decimal(draw.randrange(9)))
        for each in ids
        for day in range(12)
        for measure in ("x.one", "x.two", "x.far.7", "x.far.9", "x.other")
        if draw.random() < 0.7
    ]
    _keep(Tally, told)
    _keep(TallyDelta, draw.sample(told, 30))
    told += [
        (row.workflow_id, row.on, row.measure, row.value)
        for row in TallyDelta.objects.filter(measure__startswith="x.")
    ]
    starts = [FIRST + timedelta(draw.randrange(-2, 12)) for _ in range(30)]
    spans = [
        Span(first, first + timedelta(draw.randrange(9)), flock)
        for first in starts
        for flock in (None, frozenset(draw.sample(ids, draw.randrange(1, 3))))
    ]
    ada = portal.people.actor("ada")

    def by_hand(span, wanted):
        found: dict = {}
        for each, day, measure, value in told:
            is_asked = span.workflows is None or each in span.workflows
            if is_asked and span.first <= day <= span.last and wanted(measure):
                mine = found.setdefault(each, {})
                mine[measure] = mine.get(measure, 0) + value
        return found

    def whole(by_workflow):
        found: dict = {}
        for mine in by_workflow.values():
            for measure, value in mine.items():
                found[measure] = found.get(measure, 0) + value
        return found

    def is_wanted(measure):
        return measure in ("x.one", "x.two") or measure.startswith("x.far.")

    asked = {"measures": ("x.one", "x.two"), "families": ("x.far.",)}
    found = sums_over(actor=ada, spans=spans, **asked)
    alone = [sums_over(actor=ada, spans=[span], **asked)[0] for span in spans]
    columns = columns_of(spans, seen=frozenset(ids))
    named = sums_by_workflow(columns=columns, measures=("x.one",), count=len(spans))

    for number, span in enumerate(spans):
        expected = whole(by_hand(span, is_wanted))
        assert found[number] == alone[number] == expected
        assert named[number] == by_hand(span, lambda measure: measure == "x.one")


def test_a_workflow_is_read_once_however_many_spans_ask_of_it():
    portal = make_portal()
    live_workflow(portal.people, slug="refund-desk")
    spans = [Span(FIRST, FIRST + timedelta(day)) for day in range(14)]
    ada = portal.people.actor("ada")

    with CaptureQueriesContext(connection) as captured:
        sums_over(actor=ada, spans=spans, measures=("run.count",))
    (asked,) = (each["sql"] for each in captured if "runs_tally " in each["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {asked}")
        (told,) = cursor.fetchone()
    plan = told if isinstance(told, list) else json.loads(told)

    reads = [
        node["Actual Loops"]
        for node in _nodes(plan[0]["Plan"])
        if node.get("Relation Name") == "runs_tally"
    ]
    assert reads == [2]


def _keep(model, rows):
    model.objects.bulk_create(
        model(workflow_id=each, on=day, measure=measure, value=value)
        for each, day, measure, value in rows
    )


def _nodes(node):
    yield node
    for each in node.get("Plans", ()):
        yield from _nodes(each)
