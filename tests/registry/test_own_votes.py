"""On a live workflow a role or a position never gives its own taker a vote, by any way."""

from datetime import timedelta

import pytest

from portal.accounts.actors import SYSTEM
from portal.core.errors import Forbidden
from registry.models import HandOver, RoleHolding, StandingReviewer
from registry.models.workflow import Role
from registry.operations import hand_overs
from registry.operations.people import assign_role
from registry.operations.positions import add_position, fill_position
from registry.operations.reviewing import add_reviewer
from registry.tasks import settle_duties
from tests.people import NOW, live_workflow, make_company

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return make_company()


@pytest.fixture
def workflow(people):
    """A live workflow that its risk owner reviews too."""
    workflow = live_workflow(people, reviewers=("dana",))
    add_reviewer(actor=SYSTEM, workflow_id=workflow.id, role=Role.RISK_OWNER, now=NOW)
    return workflow


def offer(people, workflow, *, by, to, starts_on=None) -> HandOver:
    return hand_overs.offer_hand_over(
        actor=people.actor(by),
        workflow_id=workflow.id,
        role=Role.RISK_OWNER,
        receiver=people.people[to],
        starts_on=starts_on,
        note="The weekly review is on Mondays.",
        now=NOW,
    )


def reviews(workflow, person) -> bool:
    return StandingReviewer.objects.filter(workflow=workflow, person=person.id).exists()


def test_a_role_that_reviews_is_accepted_when_another_offered_it(people, workflow):
    offered = offer(people, workflow, by="rosa", to="olga")

    hand_overs.accept_hand_over(
        actor=people.actor("olga"), hand_over_id=offered.id, now=NOW
    )

    assert reviews(workflow, people.olga)
    assert not reviews(workflow, people.rosa)


def test_nobody_offers_a_role_that_reviews_to_themselves(people, workflow):
    with pytest.raises(Forbidden) as refused:
        offer(people, workflow, by="ada", to="ada")

    assert refused.value.code == "reviewer.yourself"


def test_a_role_offered_to_oneself_does_not_become_a_vote_on_its_day(
    people, workflow, monkeypatch
):
    rows = workflow.reviewers.filter(role=Role.RISK_OWNER)
    rows.delete()
    later = NOW + timedelta(days=3)
    offered = offer(people, workflow, by="ada", to="ada", starts_on=later.date())
    hand_overs.accept_hand_over(
        actor=people.actor("ada"), hand_over_id=offered.id, now=NOW
    )
    add_reviewer(actor=SYSTEM, workflow_id=workflow.id, role=Role.RISK_OWNER, now=NOW)
    monkeypatch.setattr("registry.tasks.wall_clock", lambda: later)

    settle_duties()

    assert HandOver.objects.get().state == "WITHDRAWN"
    holding = RoleHolding.objects.get(workflow=workflow, role=Role.RISK_OWNER)
    assert holding.person == people.rosa


def test_an_administrator_takes_no_role_that_reviews_unless_they_reviewed_before(
    people, workflow
):
    taking = {
        "actor": people.actor("ada"),
        "workflow_id": workflow.id,
        "role": Role.RISK_OWNER,
        "person": people.ada,
        "now": NOW,
    }
    with pytest.raises(Forbidden) as refused:
        assign_role(**taking)
    assert refused.value.code == "reviewer.yourself"

    add_reviewer(actor=SYSTEM, workflow_id=workflow.id, person=people.ada, now=NOW)
    assign_role(**taking)
    assert reviews(workflow, people.ada)


def test_a_position_that_reviews_is_filled_by_whoever_reviewed_before(people, workflow):
    position = add_position(
        actor=people.actor("ada"),
        name="Head of customer care",
        department=people.departments["care"],
        holder=people.tom,
        now=NOW,
    )
    add_reviewer(actor=SYSTEM, workflow_id=workflow.id, position=position, now=NOW)
    filling = {
        "actor": people.actor("ada"),
        "position_id": position.id,
        "person": people.ada,
        "note": "While Tom is away.",
        "now": NOW,
    }
    with pytest.raises(Forbidden) as refused:
        fill_position(**filling)
    assert refused.value.code == "reviewer.yourself"

    add_reviewer(actor=SYSTEM, workflow_id=workflow.id, person=people.ada, now=NOW)
    fill_position(**filling)
    assert reviews(workflow, people.ada)
