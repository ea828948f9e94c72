"""Who is told that a completion of training counts no longer: the person, and who rests on it."""

from datetime import timedelta

import pytest
from django.urls import reverse

from portal.accounts.actors import SYSTEM
from portal.accounts.models import Notice
from portal.accounts.operations.telling import NEWS, spread
from portal.core.models import OutboxMessage
from registry.operations.training import (
    add_course,
    record_completion,
    set_requirements,
    withdraw_completion,
)
from tests.people import NOW, live_workflow, make_company
from tests.registry.test_training_reminders import TODAY

pytestmark = pytest.mark.django_db
KINDS = ("training_withdrawn", "part_withdrawn", "holder_lapsed")


@pytest.fixture
def people():
    company = make_company()
    live_workflow(company)
    return company


def complete(person, course, *, days_ago=3):
    return record_completion(
        actor=SYSTEM,
        person_id=person.id,
        course_id=course.id,
        completed_on=TODAY - timedelta(days=days_ago),
        now=NOW,
    )


def trained(person, *duties):
    course = add_course(
        actor=SYSTEM, name="For it", tier="leadership", months_valid=12, now=NOW
    )
    made = complete(person, course)
    for duty in duties:
        set_requirements(
            actor=SYSTEM, duty=duty, tiers=(), course_ids=(course.id,), now=NOW
        )
    return made, course


def withdraw(people, made, by="ada"):
    withdraw_completion(
        actor=people.actor(by), completion_id=made.id, reason="Not theirs.", now=NOW
    )
    for news in OutboxMessage.objects.filter(topic=NEWS):
        spread(news.payload)


def told(person):
    rows = Notice.objects.filter(person=person, kind__in=KINDS)
    return sorted(rows.values_list("kind", flat=True))


def test_the_person_and_the_business_owner_are_told_and_so_is_who_stands_still(people):
    made, _ = trained(people.rosa, "risk_owner")

    withdraw(people, made)

    assert told(people.rosa) == ["training_withdrawn"]
    assert told(people.maya) == ["part_withdrawn"]
    assert told(people.ilan) == told(people.erik) == ["holder_lapsed"]
    assert told(people.olga) == told(people.dana) == told(people.ada) == []
    notice = Notice.objects.get(person=people.rosa, kind="training_withdrawn")
    assert notice.href == reverse("my_training")
    assert notice.by == "Ada Berg"
    assert Notice.objects.get(kind="part_withdrawn").by == "Rosa Lindqvist"


def test_of_a_reviewer_the_business_owner_is_told_and_nothing_stands_still(people):
    made, _ = trained(people.dana, "reviewer")

    withdraw(people, made)

    assert told(people.dana) == ["training_withdrawn"]
    assert told(people.maya) == ["part_withdrawn"]
    assert told(people.ilan) == []


def test_where_another_completion_still_counts_only_the_person_is_told(people):
    made, course = trained(people.rosa, "risk_owner")
    complete(people.rosa, course, days_ago=9)

    withdraw(people, made)

    assert told(people.rosa) == ["training_withdrawn"]
    assert told(people.maya) == told(people.ilan) == []


def test_a_business_owner_of_their_own_workflow_is_told_as_the_person(people):
    made, _ = trained(people.maya, "business_owner")

    withdraw(people, made)

    assert told(people.maya) == ["training_withdrawn"]
    assert told(people.ilan) == ["holder_lapsed"]


def test_whoever_withdrew_it_is_told_nothing(people):
    made, _ = trained(people.rosa, "risk_owner")

    withdraw(people, made, by="rosa")

    assert told(people.rosa) == []
    assert told(people.maya) == ["part_withdrawn"]
