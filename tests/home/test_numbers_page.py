"""Numbers: every one opens, counts only what one may see, and never makes up a zero."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from portal.home.queries.formulas import FORMULAS
from portal.home.queries.numbers import WEEKS, number_for, numbers_for, span_until
from tests.approvals.asking import make_portal


@pytest.fixture
def portal(db):
    made = make_portal()
    for number, amount in enumerate(("10.00", "12.00", "84.20", "90.00")):
        asked = made.ask(amount, run=f"case-{number}")
        if number == 2:
            made.decide("dana", asked)
        if number == 3:
            made.decide("dana", asked, "reject", reason_code="wrong_amount")
    return made


def today() -> date:
    return datetime.now(tz=UTC).date()


def number(portal, name: str, key: str):
    actor = portal.people.actor(name)
    return number_for(actor=actor, key=key, today=today()).number


def test_share_is_numerator_over_denominator_with_its_interval(portal):
    alone = number(portal, "maya", "allowed-alone")

    assert (alone.over, alone.under) == (2, 4)
    assert alone.value == 0.5
    assert 0.1 < alone.low < 0.5 < alone.high < 0.9


def test_decisions_of_people_are_counted_once(portal):
    acceptance = number(portal, "maya", "acceptance")
    override = number(portal, "maya", "override")

    assert (acceptance.over, acceptance.under) == (1, 2)
    assert (override.over, override.under) == (1, 2)


def test_outsider_counts_nothing(portal):
    page = numbers_for(actor=portal.people.actor("olga"), today=today())
    assert not page.has_anything
    assert portal.signed_in("olga").get(reverse("numbers")).status_code == 200
    hidden = {"workflow": portal.workflow.slug}
    assert portal.signed_in("olga").get(reverse("numbers"), hidden).status_code == 404
    assert portal.signed_in("maya").get(reverse("numbers"), hidden).status_code == 200


def test_nothing_to_count_is_not_zero(portal):
    assert number(portal, "maya", "succeeded").value is None
    page = portal.signed_in("maya").get(reverse("number", args=["succeeded"]))
    assert b"Nothing to count yet" in page.content


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.key)
def test_every_number_opens_with_formula_coverage_and_rows(portal, formula):
    client = portal.signed_in("maya")
    page = client.get(reverse("number", args=[formula.key])).content.decode()

    for word in ("Formula", "Numerator", "Denominator", "Left out", "Coverage"):
        assert word in page
    rows = page.split('href="')
    behind = next(each.split('"')[0] for each in rows if "Open the rows" in each[:200])
    assert client.get(behind.replace("&amp;", "&")).status_code == 200


def test_unknown_number_is_not_found(portal):
    assert (
        portal.signed_in("maya").get(reverse("number", args=["luck"])).status_code
        == 404
    )


def test_weeks_and_spans_meet_without_gap():
    span = span_until(date(2026, 11, 21))
    assert span.days == 28
    assert span.first == date(2026, 10, 25)
    assert 2 * span.days <= WEEKS * 7


def test_yesterday_is_before_and_tomorrow_is_not_counted(portal):
    actor = portal.people.actor("maya")
    later = today() + timedelta(days=28)
    number_later = number_for(actor=actor, key="asked", today=later).number
    assert number_later.value == 0
    assert number_later.before == 4


def test_reading_numbers_costs_a_bounded_number_of_queries(
    portal, django_assert_max_num_queries
):
    client = portal.signed_in("maya")
    with django_assert_max_num_queries(14):
        client.get(reverse("numbers"))
