"""Reminders of training: in time, once, and to who stands still because of a lapse."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from portal.accounts.actors import SYSTEM
from portal.accounts.models import Notice
from portal.accounts.operations.telling import NEWS, spread
from portal.core.models import OutboxMessage
from registry.models import TrainingCourse, TrainingReminder
from registry.operations.training import (
    add_course,
    record_completion,
    set_requirements,
)
from registry.rules.training import expiry_of
from registry.tasks import remind_trainees
from tests.people import NOW, live_workflow, make_company

pytestmark = pytest.mark.django_db
TODAY = datetime.now(tz=UTC).date()
KINDS = ("training_ends", "training_lapsed", "holder_lapsed")


@pytest.fixture
def people():
    company = make_company()
    live_workflow(company)
    return company


def trained_until(person, last: date, duty: str) -> None:
    """Let a duty need a course of a year, which this person did so that it ends on a day."""
    course = add_course(
        actor=SYSTEM, name=f"For {duty}", tier="leadership", months_valid=12, now=NOW
    )
    record_completion(
        actor=SYSTEM,
        person_id=person.id,
        course_id=course.id,
        completed_on=next(
            day
            for day in (last - timedelta(days=back) for back in (365, 366))
            if expiry_of(day, 12) == last
        ),
        now=NOW,
    )
    set_requirements(
        actor=SYSTEM, duty=duty, tiers=(), course_ids=(course.id,), now=NOW
    )


def told(person) -> list[str]:
    for news in OutboxMessage.objects.filter(topic=NEWS):
        spread(news.payload)
    rows = Notice.objects.filter(person=person, kind__in=KINDS)
    return sorted(rows.values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("days", "stage"),
    [
        (31, []),
        (30, ["ENDS_IN_30"]),
        (8, ["ENDS_IN_30"]),
        (7, ["ENDS_IN_7"]),
        (0, ["ENDS_IN_7"]),
        (-1, ["LAPSED"]),
    ],
)
def test_each_end_is_told_once_when_it_is_near(people, days, stage):
    trained_until(people.dana, TODAY + timedelta(days=days), "reviewer")

    # Who never did the course is told nothing: there is no end to be reminded of.
    assert remind_trainees() == len(stage)
    assert remind_trainees() == 0
    rows = TrainingReminder.objects.filter(person=people.dana)
    assert list(rows.values_list("stage", flat=True)) == stage


def test_whoever_lapses_is_told_and_so_are_the_others_of_a_workflow_that_stands_still(
    people,
):
    trained_until(people.rosa, TODAY - timedelta(days=1), "risk_owner")
    remind_trainees()

    assert told(people.rosa) == ["training_lapsed"]
    assert told(people.maya) == ["holder_lapsed"]
    assert told(people.olga) == []


def test_a_reviewer_who_lapses_lets_no_workflow_stand_still(people):
    trained_until(people.dana, TODAY - timedelta(days=1), "reviewer")
    remind_trainees()

    assert told(people.dana) == ["training_lapsed"]
    assert told(people.maya) == []


def test_doing_the_course_again_begins_a_new_end(people):
    trained_until(people.dana, TODAY + timedelta(days=3), "reviewer")
    remind_trainees()
    record_completion(
        actor=SYSTEM,
        person_id=people.dana.id,
        course_id=TrainingCourse.objects.get().id,
        completed_on=TODAY,
        now=NOW,
    )

    assert remind_trainees() == 0
    assert TrainingReminder.objects.get().stage == "ENDS_IN_7"


def test_what_was_told_cannot_be_unsaid(people):
    trained_until(people.dana, TODAY, "reviewer")
    remind_trainees()
    with pytest.raises(DatabaseError), transaction.atomic():
        TrainingReminder.objects.all().delete()


def test_start_page_says_what_training_is_missing_to_whoever_does_the_work_and_to_nobody_else(
    people, client
):
    said = "Your training is not current"

    def start_of(person) -> str:
        client.force_login(person)
        return client.get("/").content.decode()

    before = start_of(people.dana)
    trained_until(people.dana, TODAY - timedelta(days=1), "reviewer")

    assert said not in before
    assert said in start_of(people.dana)
    assert "As reviewer you decide" in start_of(people.dana)
    assert said not in start_of(people.ada)
