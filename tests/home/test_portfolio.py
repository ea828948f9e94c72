"""The portfolio: each workflow's health with its reason, and only what one may see."""

import csv
import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.core.errors import Malformed
from portal.home.queries.measured.health import Facts, Health, health_of, needs_of
from portal.home.queries.portfolio import (
    PAGE,
    SORTS,
    PortfolioAsked,
    portfolio_for,
)
from registry.models import Workflow
from tests.approvals.asking import make_portal
from tests.home.ended import copies_of, ended
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


def many_workflows(portal, count: int, *, state: str = "draft") -> None:
    """Register so many more, all at once, as alike as their names allow."""
    taken = Workflow.everything.order_by("-lock_number").first().lock_number
    live = portal.workflow.live_version_id if state == "live" else None
    names = (f"{state} {number:05}" for number in range(count))
    copies_of(
        Workflow,
        portal.workflow,
        [
            {
                "slug": name.replace(" ", "-"),
                "name": f"A {name}",
                "phase": 1 + number % 5,
                "lock_number": taken + 1 + number,
                "live_version_id": live,
            }
            for number, name in enumerate(names)
        ],
    )


def sheet_of(portal, **asked):
    """Give a page as somebody sees it who sees every workflow."""
    return page_for(portal, "ada", **asked)


def pages(portal, **asked):
    """Give the pages one after the other, and then back from the last to the first."""
    there = [sheet_of(portal, **asked)]
    while cursor := there[-1].next_cursor:
        there.append(sheet_of(portal, **asked, cursor=cursor))
    back = [there[-1]]
    while cursor := back[-1].previous_cursor:
        back.append(sheet_of(portal, **asked, cursor=cursor))
    return there, back


def slugs(page):
    return [row.standing.slug for row in page.rows]


def test_above_three_hundred_health_is_still_told_from_what_was_measured(portal):
    many_workflows(portal, 310)
    late = datetime.now(tz=UTC)
    rejected = {"state": "REJECTED", "at": late}
    ended(portal, *[rejected for _ in range(30)])

    to_watch = sheet_of(portal, health=Health.WATCH.value)
    gravest = sheet_of(portal)

    assert slugs(to_watch) == ["refund-management"]
    assert to_watch.rows[0].reason == "people overrule 100 %"
    assert slugs(gravest)[0] == "refund-management"
    assert gravest.totals.watch == 1
    assert sheet_of(portal, health=Health.NOT_LIVE.value).found == 311


def test_every_order_is_walked_there_and_back_with_each_workflow_once(portal):
    many_workflows(portal, 64)

    for sort in SORTS:
        there, back = pages(portal, sort=sort)
        walked = [slug for page in there for slug in slugs(page)]
        assert len(walked) == len(set(walked)) == 66, sort
        assert [slugs(page) for page in reversed(back)] == [
            slugs(page) for page in there
        ]


def test_a_page_goes_on_where_the_last_one_ended_whatever_came_before_it(portal):
    many_workflows(portal, 40)
    first = sheet_of(portal, sort="name")
    many_workflows(portal, 5, state="live")
    Workflow.objects.filter(slug__startswith="live-").update(name="A 0")

    second = sheet_of(portal, sort="name", cursor=first.next_cursor)

    assert len(first.rows) == PAGE
    assert not set(slugs(first)) & set(slugs(second))
    assert len(second.rows) == 42 - PAGE
    with pytest.raises(Malformed):
        sheet_of(portal, cursor="WyJuIiwxXQ")


def test_ten_times_the_workflows_cost_no_more_questions(portal):
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            sheet_of(portal)
        return len(captured)

    many_workflows(portal, 30)
    few = asked()
    many_workflows(portal, 300, state="live")
    assert asked() == few


def test_thirty_workflows_are_one_printed_sheet_of_a4(portal, page):
    many_workflows(portal, PAGE, state="live")
    Workflow.objects.filter(slug="live-00001").update(
        name="Reconciliation of incoming payments with what customers were told"
    )
    client = portal.signed_in("ada")
    html = client.get(reverse("portfolio")).content.decode()
    assert html.count("data-list-item") == PAGE

    def serve(route) -> None:
        path = "/" + route.request.url.split("/", 3)[3]
        if path == "/portfolio/":
            route.fulfill(body=html, content_type="text/html")
            return
        answer = Client().get(path)
        body = b"".join(answer) if answer.streaming else answer.content
        route.fulfill(
            status=answer.status_code, body=body, content_type=answer["Content-Type"]
        )

    page.route("**/*", serve)
    page.goto("http://portal.example/portfolio/", wait_until="load")
    sheet = page.pdf(prefer_css_page_size=True)

    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", sheet)) == 1
    (box,) = set(re.findall(rb"/MediaBox\s*\[([^\]]*)\]", sheet))
    width, height = (float(each) for each in box.split()[2:])
    assert (round(width), round(height)) == (842, 595)
