"""The portfolio: each workflow's health with its reason, and only what one may see."""

import csv
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from portal.home.queries.measured.health import Facts, Health, health_of, needs_of
from portal.home.queries.portfolio import PAGE, PortfolioAsked, portfolio_for
from tests.approvals.asking import make_portal
from tests.people import draft_workflow

LIVE = {"state": "live"}


@pytest.mark.parametrize(
    ("facts", "word", "reason"),
    [
        (Facts(**LIVE), Health.WELL, "nothing is odd"),
        (Facts("draft"), Health.NOT_LIVE, "not live yet"),
        (
            Facts("submitted", signatures_asked=2),
            Health.NOT_LIVE,
            "waits for 2 of 3 signatures",
        ),
        (
            Facts("paused", findings_late=1),
            Health.NEEDS_A_DECISION,
            "paused: resume or change it",
        ),
        (
            Facts(**LIVE, vacant=("IT owner",)),
            Health.NEEDS_A_DECISION,
            "IT owner vacant",
        ),
        (
            Facts(**LIVE, incidents_open=1),
            Health.NEEDS_A_DECISION,
            "1 incident open",
        ),
        (
            Facts(**LIVE, escalations_overdue=2),
            Health.NEEDS_A_DECISION,
            "2 escalations overdue",
        ),
        (Facts(**LIVE, weeks_unsigned=2), Health.WATCH, "2 weeks unsigned"),
        (Facts(**LIVE, findings_late=1), Health.WATCH, "1 finding late"),
        (Facts(**LIVE, untrained=1), Health.WATCH, "1 person not trained"),
        (Facts(**LIVE, coverage=0.9), Health.WATCH, "coverage 90 %"),
        (Facts(**LIVE, coverage=0.96), Health.WELL, "nothing is odd"),
        (
            Facts(**LIVE, override=0.4, override_over=30),
            Health.WATCH,
            "people overrule 40 %",
        ),
        (
            Facts(**LIVE, override=0.0, override_over=30),
            Health.WATCH,
            "people overrule next to nothing",
        ),
        (Facts(**LIVE, override=0.0, override_over=29), Health.WELL, "nothing is odd"),
    ],
)
def test_health_is_told_by_rules_with_its_first_reason(facts, word, reason):
    assert health_of(facts) == (word, reason)


def test_signatures_and_weeks_need_a_decision_and_are_not_ill():
    facts = Facts(**LIVE, signatures_asked=3, weeks_unsigned=1)
    assert [need.place for need in needs_of(facts)] == ["packet", "weeks"]
    assert health_of(facts)[0] == Health.WATCH


@pytest.fixture
def portal(db):
    made = make_portal()
    draft_workflow(made.people, slug="parcel-watch")
    made.ask("10.00", run="case-1")
    return made


def page_for(portal, name="maya", **asked):
    now = datetime.now(tz=UTC)
    return portfolio_for(
        actor=portal.people.actor(name),
        asked=PortfolioAsked(**asked),
        today=now.date(),
        now=now,
    )


def test_every_workflow_in_sight_is_one_row_and_no_other(portal):
    page = page_for(portal)

    assert [row.standing.state for row in page.rows] == ["live", "draft"]
    assert (page.totals.workflows, page.totals.live) == (2, 1)
    assert page.rows[0].standing.owner == "Maya Adler"
    assert page_for(portal, "olga").rows == ()
    assert page_for(portal, "olga").totals.workflows == 0


def test_it_is_narrowed_and_sorted(portal):
    by_name = [row.standing.slug for row in page_for(portal, sort="name").rows]
    assert by_name == ["parcel-watch", "refund-management"]
    assert page_for(portal, health=Health.NOT_LIVE.value).found == 1
    assert page_for(portal, phase="1").found == 0
    assert page_for(portal, start=PAGE).rows == ()
    client = portal.signed_in("maya")
    away = client.get(reverse("portfolio"), {"department": "sales"})
    assert away.status_code == 404


def test_a_page_costs_a_bounded_number_of_queries_and_comes_as_a_file(
    portal, django_assert_max_num_queries
):
    client = portal.signed_in("maya")
    with django_assert_max_num_queries(45):
        shown = client.get(reverse("portfolio")).content.decode()
    assert "Refund management" in shown
    sent = client.get(reverse("portfolio_csv")).getvalue().decode().splitlines()
    rows = list(csv.DictReader(sent))
    assert [row["state"] for row in rows] == ["live", "draft"]
