"""What a week saw: corrections, weak data, stop rules, tools and waits, gathered once."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from runs.models import ReviewWeek, Run, WeekSight
from runs.operations.seeing import gather_sights
from runs.queries.populations import monday_of
from runs.rules.seeing import added_up, percentile
from tests.approvals.asking import make_portal
from tests.people import live_workflow, make_company
from tests.runs.helpers import append, start_run
from tests.runs.test_weeks import LATER, opened, sign_in

EDIT = {"path": "args.amount", "before": "84.20", "after": "42.10"}


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


def a_week_with_everything(company, workflow):
    """Two corrections, a rule that fired, a hold, and one wait, in two runs that count."""
    runs = [start_run(workflow, company.agent, f"case-{n}") for n in range(3)]
    for run_id in runs:
        append(run_id, "edited", 60, changes=[EDIT], person=str(company.dana.id))
    stop = {"code": "stop_rule.missing_data", "text": "No order.", "rule": "no-order"}
    append(runs[0], "ruled", 61, answer="escalate", occasion="ask", reasons=[stop])
    append(runs[1], "ruled", 61, answer="allow", occasion="ask", reasons=[])
    append(runs[1], "ruled", 62, answer="refuse", occasion="redeem", reasons=[stop])
    append(runs[0], "held", 63, rule="no-order", sentence="The order is missing.")
    append(runs[0], "decided", 65, verdict="approve", seconds=34)
    Run.objects.filter(id=runs[2]).update(is_test=True)
    week = opened(workflow)
    assert gather_sights(now=LATER) == 1
    return week, runs


def test_what_people_correct_and_which_rules_fire_is_counted_with_its_runs(
    company, workflow
):
    _, runs = a_week_with_everything(company, workflow)

    document = WeekSight.objects.get().document
    lines = {(line["kind"], line["key"]): line for line in document["lines"]}
    correction = lines["correction", "args.amount"]
    assert (correction["count"], correction["runs"]) == (2, 2)
    assert correction["examples"][0]["after"] == "42.10"
    assert set(document["rows"]["correction:args.amount"]) == {str(x) for x in runs[:2]}
    assert lines["stop", "no-order"]["count"] == 1
    assert lines["held", "no-order"]["count"] == 1
    assert lines["weak", "stop_rule.missing_data"]["runs"] == 1
    assert lines["person", "a person"]["times"] == {"34000": 1}
    assert document["rulings"] == 2


def test_a_week_is_gathered_once_and_never_changes(company, workflow):
    a_week_with_everything(company, workflow)

    assert gather_sights(now=LATER + timedelta(hours=1)) == 0
    with pytest.raises(DatabaseError), transaction.atomic():
        WeekSight.objects.update(document={})


def test_the_week_page_says_it_and_every_line_opens_its_runs(client, company, workflow):
    week, runs = a_week_with_everything(company, workflow)
    rosa = sign_in(client, company.rosa)

    page = rosa.get(reverse("week", args=[week.id])).content.decode()
    opens = reverse("week_seen", args=[week.id])
    rows = rosa.get(f"{opens}?what=correction:args.amount").content.decode()
    hidden = sign_in(client, company.olga).get(f"{opens}?what=stop:no-order")

    assert "What the week saw" in page
    assert "args.amount" in page
    assert f"{opens}?what=correction%3Aargs.amount" in page
    assert rows.count("<tr>\n    <td><a") == 2 or rows.count(str(runs[0])) == 1
    assert str(runs[2]) not in rows
    assert hidden.status_code == 404


def test_weeks_add_up_and_percentiles_are_of_all_their_times():
    one = {"kind": "tool", "key": "look", "count": 3, "runs": 2, "examples": []}
    first = [{**one, "times": {"100": 2, "900": 1}}]
    last = [{**one, "times": {"100": 7}}]

    found = added_up([first, [], last])["tool", "look"]

    assert (found.count, found.runs, found.by_week) == (6, 4, (3, 0, 3))
    assert (found.p50, found.p90) == (100, 100)
    assert percentile({100: 8, 900: 2}, 0.9) == 900
    assert percentile({}, 0.5) is None


def test_reviewers_are_shown_with_their_peers_and_each_number_opens_its_decisions(
    client, db
):
    portal = make_portal()
    portal.decide("dana", portal.ask())
    now = timezone.now()
    week = ReviewWeek.objects.create(
        workflow=portal.workflow,
        starts_on=monday_of(now),
        seed=b"x" * 32,
        population_count=0,
        population_digest="none",
        opened_at=now,
    )
    rosa = sign_in(client, portal.people.rosa)

    page = rosa.get(reverse("week_reviewers", args=[week.id])).content.decode()
    person = [week.id, portal.people.dana.id]
    rows = rosa.get(reverse("week_reviewer", args=person)).content.decode()
    evidence = rosa.get(reverse("week_evidence", args=[week.id])).content.decode()
    stranger = sign_in(client, portal.people.olga)

    assert "Dana Reyes" in page
    assert "nobody else decided" in page
    assert "Decided by Dana Reyes" in rows
    assert "older than a day" in evidence
    for door in ("week_reviewers", "week_evidence"):
        assert stranger.get(reverse(door, args=[week.id])).status_code == 404
