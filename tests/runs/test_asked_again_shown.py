"""Who is asked again about a run that came back sees it in the rail, the weeks and at the start."""

import pytest
from django.urls import reverse

from portal.accounts.models import Person
from runs.models import FollowUp
from runs.operations.asking_again import answer_again
from tests.people import live_workflow, make_company
from tests.runs.helpers import inside
from tests.runs.test_weeks import (
    LATER,
    YES,
    SampledRun,
    make_runs,
    opened,
    save_review,
    sign_in,
)
from tests.runs.test_weeks import _nothing_is_doubled as _nothing_is_doubled


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def asked(company):
    """Let Rosa read the one run of a week, which then came back."""
    workflow = live_workflow(company)
    (run_id,) = make_runs(workflow, company.agent, 1)
    week = opened(workflow)
    rosa = company.actor("rosa")
    save_review(actor=rosa, week_id=week.id, run_id=run_id, given=YES, now=LATER)
    sampled = SampledRun.objects.get()
    return inside(
        lambda: FollowUp.objects.create(
            sampled=sampled,
            asked_of=company.rosa,
            asked_at=LATER,
            signs=[{"kind": "unresolved", "text": "The customer says so."}],
            first_answer="yes",
        )
    )


def places_of(client, person):
    sign_in(client, person)
    return [
        client.get(reverse(name)).content.decode().replace("\xa0", " ")
        for name in ("weeks_count", "weeks", "start")
    ]


def test_what_is_asked_again_is_counted_and_linked_wherever_work_is_shown(
    client, company, asked
):
    door = f'href="{reverse("follow_ups")}"'

    count, weeks, start = places_of(client, company.rosa)
    others = places_of(client, company.maya)
    answer_again(
        actor=company.actor("rosa"),
        follow_up_id=asked.id,
        answer="yes",
        reason="",
        now=LATER,
    )
    after = places_of(client, company.rosa)

    assert count == "1"
    assert door in weeks
    assert door in start
    assert "Answer again about 1 run that came back" in start
    assert others[0] == after[0] == ""
    assert not any(door in page for page in (*others[1:], *after[1:]))


def test_a_second_reading_is_part_of_ones_share_of_the_week(client, company):
    workflow = live_workflow(company)
    (run_id,) = make_runs(workflow, company.agent, 1)
    week = opened(workflow)
    inside(
        lambda: SampledRun.objects.filter(run=run_id).update(
            assigned_to=company.rosa, second_to=None
        )
    )
    another = make_runs(workflow, company.agent, 1, state="FAILED")[0]
    inside(
        lambda: SampledRun.objects.create(
            week=week,
            run_id=another,
            position=99,
            stratum="must_see",
            probability=1,
            assigned_to=company.rosa,
            is_doubled=True,
            second_to=Person.objects.get(id=company.maya.id),
        )
    )

    _, _, start = places_of(client, company.maya)

    assert "Read 1 run of " in start
