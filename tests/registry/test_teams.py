"""Teams, positions and roles that review: who decides follows who they are."""

import pytest

from portal.accounts import access
from portal.accounts.actors import SYSTEM
from portal.core.errors import AlreadyDone, Forbidden, Invalid
from registry.models import (
    Evidence,
    LaunchPacket,
    Reviewer,
    Signature,
    StandingReviewer,
)
from registry.models.workflow import Role
from registry.operations.packets import submit_version
from registry.operations.people import assign_role
from registry.operations.positions import add_position, fill_position
from registry.operations.reviewing import add_reviewer, remove_reviewer
from registry.operations.teams import add_team, join_team, leave_team, name_head
from registry.operations.training import add_course, set_requirements
from tests.people import NOW, draft_workflow, live_workflow, make_company, sign_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return make_company()


def reviewers_of(workflow) -> set[str]:
    rows = StandingReviewer.objects.filter(workflow=workflow)
    return {row.person.name.split()[0] for row in rows.select_related("person")}


def a_team(people, *members: str, name: str = "Refund reviewers"):
    team = add_team(
        actor=SYSTEM, name=name, department=people.departments["care"], now=NOW
    )
    for each in members:
        join_team(actor=SYSTEM, team_id=team.id, person=people.people[each], now=NOW)
    return team


def test_whoever_is_in_a_team_reviews_and_sees_what_it_reviews(people):
    workflow = live_workflow(people, reviewers=())
    team = a_team(people, "olga", "tom")
    olga = people.actor("olga")
    assert not access.may(olga, access.VIEW, workflow.id)

    add_reviewer(
        actor=people.actor("maya"), workflow_id=workflow.id, team=team, now=NOW
    )
    assert reviewers_of(workflow) == {"Olga", "Tom"}
    assert access.may(olga, access.VIEW, workflow.id)

    leave_team(actor=SYSTEM, team_id=team.id, person=people.olga, now=NOW)
    assert reviewers_of(workflow) == {"Tom"}
    assert not access.may(olga, access.VIEW, workflow.id)

    join_team(actor=SYSTEM, team_id=team.id, person=people.olga, now=NOW)
    assert access.may(olga, access.VIEW, workflow.id)
    remove_reviewer(
        actor=people.actor("maya"), workflow_id=workflow.id, team=team, now=NOW
    )
    assert reviewers_of(workflow) == set()
    assert not access.may(olga, access.VIEW, workflow.id)


def test_who_fills_a_position_or_holds_a_role_reviews_until_another_does(people):
    workflow = live_workflow(people, reviewers=())
    post = add_position(
        actor=SYSTEM,
        name="Head of sales",
        department=people.departments["sales"],
        holder=people.olga,
        now=NOW,
    )
    maya = people.actor("maya")
    add_reviewer(actor=maya, workflow_id=workflow.id, position=post, now=NOW)
    add_reviewer(actor=maya, workflow_id=workflow.id, role=Role.RISK_OWNER, now=NOW)
    assert reviewers_of(workflow) == {"Olga", "Rosa"}

    fill_position(
        actor=people.actor("ada"),
        position_id=post.id,
        person=people.audrey,
        note="Olga left.",
        now=NOW,
    )
    assert reviewers_of(workflow) == {"Audrey", "Rosa"}
    assert not access.may(people.actor("olga"), access.VIEW, workflow.id)


def test_a_reviewer_is_named_one_way_and_named_once(people):
    workflow = live_workflow(people, reviewers=("dana",))
    maya, team = people.actor("maya"), a_team(people, "tom")
    with pytest.raises(Invalid):
        add_reviewer(actor=maya, workflow_id=workflow.id, now=NOW)
    with pytest.raises(Invalid):
        add_reviewer(
            actor=maya, workflow_id=workflow.id, person=people.tom, team=team, now=NOW
        )
    add_reviewer(actor=maya, workflow_id=workflow.id, team=team, now=NOW)
    with pytest.raises(AlreadyDone):
        add_reviewer(actor=maya, workflow_id=workflow.id, team=team, now=NOW)


def test_nobody_puts_themselves_into_a_team_not_even_an_administrator(people):
    team = a_team(people)
    name_head(
        actor=people.actor("ada"),
        department=people.departments["care"],
        person=people.erik,
    )
    for who in ("erik", "ada"):
        with pytest.raises(Forbidden) as refused:
            join_team(
                actor=people.actor(who),
                team_id=team.id,
                person=people.people[who],
                now=NOW,
            )
        assert refused.value.code == "team.yourself"
    join_team(actor=people.actor("erik"), team_id=team.id, person=people.dana, now=NOW)


def test_the_head_of_one_department_does_not_touch_the_teams_of_another(people):
    name_head(
        actor=people.actor("ada"),
        department=people.departments["sales"],
        person=people.olga,
    )
    team = a_team(people)
    with pytest.raises(Forbidden):
        join_team(
            actor=people.actor("olga"), team_id=team.id, person=people.tom, now=NOW
        )
    with pytest.raises(Forbidden):
        name_head(
            actor=people.actor("olga"),
            department=people.departments["care"],
            person=people.olga,
        )


def test_nobody_untrained_names_themselves_to_have_a_vote_once_trained(people):
    workflow = live_workflow(people, reviewers=("dana",))
    course = add_course(
        actor=SYSTEM, name="Reviewing", tier="leadership", months_valid=12, now=NOW
    )
    set_requirements(
        actor=SYSTEM, duty="reviewer", tiers=(), course_ids=(course.id,), now=NOW
    )

    with pytest.raises(Forbidden) as refused:
        add_reviewer(
            actor=people.actor("maya"),
            workflow_id=workflow.id,
            now=NOW,
            person=people.maya,
        )

    assert refused.value.code == "reviewer.yourself"


@pytest.mark.parametrize("way", ["person", "team", "role"])
def test_on_a_live_workflow_nobody_gives_a_vote_to_themselves(people, way):
    workflow = live_workflow(people, reviewers=("dana",))
    named = {
        "person": {"person": people.maya},
        "team": {"team": a_team(people, "maya")},
        "role": {"role": Role.BUSINESS_OWNER},
    }[way]
    maya = people.actor("maya")
    with pytest.raises(Forbidden) as refused:
        add_reviewer(actor=maya, workflow_id=workflow.id, now=NOW, **named)
    assert refused.value.code == "reviewer.yourself"
    assert reviewers_of(workflow) == {"Dana"}
    assert not Reviewer.objects.filter(workflow=workflow).exclude(person=people.dana)

    add_reviewer(actor=people.actor("ilan"), workflow_id=workflow.id, now=NOW, **named)
    assert "Maya" in reviewers_of(workflow)


def test_an_administrator_does_not_take_a_role_that_reviews(people):
    workflow = live_workflow(people, reviewers=("dana",))
    add_reviewer(
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        role=Role.AI_PRODUCT_OWNER,
        now=NOW,
    )
    with pytest.raises(Forbidden):
        assign_role(
            actor=people.actor("ada"),
            workflow_id=workflow.id,
            role=Role.AI_PRODUCT_OWNER,
            person=people.ada,
            now=NOW,
        )


def test_a_change_of_the_team_is_not_unseen_by_those_who_signed(people):
    workflow = draft_workflow(people, reviewers=())
    team = a_team(people, "dana")
    add_reviewer(
        actor=people.actor("maya"), workflow_id=workflow.id, team=team, now=NOW
    )
    packet = submit_version(
        reason="It may begin here.",
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        revision=1,
        now=NOW,
    )
    sign_all(people, workflow, digest=packet.digest)

    join_team(actor=SYSTEM, team_id=team.id, person=people.tom, now=NOW)

    assert not Signature.objects.filter(packet=packet, withdrawn_at=None).exists()
    assert LaunchPacket.objects.get(id=packet.id).digest != packet.digest
    said = Evidence.objects.filter(version=packet.version).latest("number")
    assert "Dana Reyes, Tom Okafor" in said.summary
