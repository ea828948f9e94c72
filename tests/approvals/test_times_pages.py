"""The pages of working time: kept, previewed, refused with a reason, and told in the journal."""

import pytest
from django.test import Client

from portal.accounts.models import Person
from portal.audit.models import Entry
from registry.models import ReviewTimes, WorkCalendar
from tests.people import make_company

pytestmark = pytest.mark.django_db
ALL, CARE = "/times/organisation/all/", "/times/department/customer-care/"
OFFICE = {f"day_{day}": "09:00-17:00" for day in range(5)}
BERLIN = {"time_zone": "Europe/Berlin", "country": "DE", "subdivision": "BE"} | OFFICE
TIMES = {
    f"{risk}_{part}": value
    for risk in ("high", "medium", "low")
    for part, value in (("review", "1 h 30 min"), ("escalation", "2 h"), ("clock", "working"))
}  # fmt: skip


@pytest.fixture
def ada(db) -> Client:
    make_company()
    client = Client()
    client.force_login(
        Person.objects.get(email="ada@example.com"),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    return client


def test_a_calendar_is_kept_shown_and_taken_away(ada):
    kept = ada.post(
        CARE, {"change": "calendar", "closed_days": "2026-12-24 Eve"} | BERLIN
    )
    page = ada.get(CARE).content.decode()
    listed = ada.get("/times/").content.decode()

    assert kept.status_code == 302
    assert "Mon\u2013Fri 09:00\u201317:00; Europe/Berlin" in page
    assert "This week" in page
    assert "public holidays of Germany (BE)" in listed
    assert Entry.objects.filter(name="calendar.changed").count() == 1
    assert ada.post(CARE, {"change": "calendar_reset"}).status_code == 302
    assert not WorkCalendar.objects.exists()


def test_a_preview_keeps_nothing(ada):
    page = ada.post(CARE, {"change": "preview"} | BERLIN).content.decode()
    assert "Not kept yet" in page
    assert not WorkCalendar.objects.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (dict.fromkeys(OFFICE, ""), "Somebody has to work"),
        ({"day_0": "nine to five"}, "is no time of day"),
        ({"day_0": "09:00-17:00, 16:00-18:00"}, "overlap"),
        ({"day_0": "22:00-10:00"}, "reach into those of the next day"),
        ({"subdivision": "ZZ"}, "Not known here"),
        ({"closed_days": "Christmas"}, "does not begin with a date"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused_with_the_reason(ada, change, said):
    answer = ada.post(CARE, {"change": "calendar"} | BERLIN | change)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not WorkCalendar.objects.exists()


def test_review_times_are_kept_with_their_ladder(ada):
    form = {"change": "times", "ladder": ["risk_owner", "escalation_owner"]} | TIMES
    assert ada.post(ALL, form).status_code == 302
    row = ReviewTimes.objects.get()
    assert row.ladder == ["escalation_owner", "risk_owner"]
    assert row.times["low"] == {"review": 90, "escalation": 120, "clock": "working"}


@pytest.mark.parametrize("time", ["0 min", "soon", "", "9999 h", "-1 h"])
def test_a_time_that_is_none_is_refused(ada, time):
    answer = ada.post(ALL, {"change": "times"} | TIMES | {"high_review": time})
    assert answer.status_code == 422
    assert not ReviewTimes.objects.exists()
