"""What a ruling stands on: live, paused, assigned, held roles, ceilings and epochs."""

from decimal import Decimal

import pytest

from portal.accounts.actors import SYSTEM
from portal.accounts.operations.agents import set_agent_active
from portal.accounts.operations.people import deactivate_person
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from registry.models import System
from registry.models.workflow import Role
from registry.operations.catalogue import (
    set_model_approved,
    set_system_approved,
)
from registry.operations.ceilings import lift_ceiling, set_ceiling
from registry.operations.pausing import pause_workflow, resume_workflow
from registry.operations.people import remove_agent, vacate_role
from registry.queries.rulebooks import live_rulebook, lock_numbers, standing_facts
from registry.rules.answers import Authority
from tests.people import NOW, draft_workflow, live_workflow, make_company

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return make_company()


def test_standing_of_a_live_workflow_is_one_query(people, django_assert_num_queries):
    workflow = live_workflow(people)
    live_rulebook(workflow.live_version_id)

    with django_assert_num_queries(1):
        facts = standing_facts(workflow.slug, agent_id=people.agent.id)

    assert facts.is_live
    assert not facts.is_paused
    assert facts.agent_is_assigned
    assert facts.agent_is_active
    assert facts.operator_id == people.priya.id
    assert facts.vacant_roles == ()
    assert facts.approved_models is None
    assert facts.approved_systems == {"orders", "billing", "crm"}
    assert facts.role_holders[Role.BUSINESS_OWNER].name == "Maya Adler"
    assert facts.reviewer_ids == (people.dana.id, people.tom.id, people.lena.id)
    assert facts.rulebook.version == 1
    refund = facts.rulebook.allowances["billing", "refund"]
    assert (refund.authority, refund.amount_max) == (Authority.ALLOWED, Decimal(25))
    assert standing_facts(workflow.id, agent_id=people.agent.id) == facts


def test_a_draft_is_not_live_and_another_agent_is_not_assigned(people):
    workflow = draft_workflow(people)

    facts = standing_facts(workflow.slug, agent_id=people.other_agent.id)

    assert (facts.is_live, facts.rulebook, facts.version_number) == (False, None, None)
    assert not facts.agent_is_assigned
    with pytest.raises(NotFound):
        standing_facts("no-such-workflow", agent_id=None)


def test_lock_numbers_name_the_workflow_and_its_department(people):
    workflow = draft_workflow(people)

    workflow_id, number, department_number = lock_numbers(workflow.slug)

    assert (workflow_id, number) == (workflow.id, workflow.lock_number)
    assert department_number == people.departments["care"].lock_number
    assert lock_numbers("no-such-workflow") is None


def test_a_pause_needs_a_reason_and_raises_the_epoch(people):
    workflow = live_workflow(people)
    maya = people.actor("maya")

    with pytest.raises(Invalid):
        pause_workflow(actor=maya, workflow_id=workflow.id, reason="  ", now=NOW)
    with pytest.raises(Forbidden):
        pause_workflow(
            actor=people.actor("dana"), workflow_id=workflow.id, reason="x", now=NOW
        )
    with pytest.raises(NotFound):
        pause_workflow(
            actor=people.actor("olga"), workflow_id=workflow.id, reason="x", now=NOW
        )
    epoch = pause_workflow(
        actor=people.actor("rosa"),
        workflow_id=workflow.id,
        reason="Odd refunds.",
        now=NOW,
    )

    facts = standing_facts(workflow.id, agent_id=people.agent.id)
    assert (facts.is_paused, facts.pause_reason) == (True, "Odd refunds.")
    assert facts.pause_epoch == epoch == workflow.pause_epoch + 1
    with pytest.raises(AlreadyDone) as again:
        pause_workflow(actor=maya, workflow_id=workflow.id, reason="Me too.", now=NOW)
    assert again.value.extra["who"] == "Rosa Lindqvist"

    resume_workflow(actor=maya, workflow_id=workflow.id, reason="Checked.", now=NOW)
    facts = standing_facts(workflow.id, agent_id=people.agent.id)
    assert (facts.is_paused, facts.pause_epoch) == (False, epoch)


def test_what_is_not_live_cannot_be_paused(people):
    workflow = draft_workflow(people)

    with pytest.raises(Conflict):
        pause_workflow(
            actor=people.actor("maya"), workflow_id=workflow.id, reason="x", now=NOW
        )


def test_a_vacant_role_and_a_holder_who_left_both_count_as_vacant(people):
    workflow = live_workflow(people)
    vacate_role(
        actor=people.actor("ada"), workflow_id=workflow.id, role=Role.IT_OWNER, now=NOW
    )
    deactivate_person(actor=SYSTEM, person=people.erik)

    facts = standing_facts(workflow.id, agent_id=people.agent.id)

    assert facts.vacant_roles == ("it_owner", "escalation_owner")


def test_an_agent_taken_off_or_switched_off_is_seen_at_once(people):
    workflow = live_workflow(people)

    set_agent_active(actor=SYSTEM, agent=people.agent, is_active=False)
    assert not standing_facts(workflow.id, agent_id=people.agent.id).agent_is_active
    remove_agent(
        actor=people.actor("maya"), workflow_id=workflow.id, agent=people.agent, now=NOW
    )
    assert not standing_facts(workflow.id, agent_id=people.agent.id).agent_is_assigned


def test_ceilings_of_the_enterprise_and_of_its_own_department_bind(people):
    workflow = live_workflow(people)
    before = standing_facts(workflow.id, agent_id=people.agent.id)
    limit = {
        "name": "money",
        "sentence": "Above EUR 100 a person decides.",
        "authority": "review",
        "verbs": ("refund",),
        "amount_max": Decimal("100.00"),
        "currency": "EUR",
        "now": NOW,
    }

    with pytest.raises(Forbidden):
        set_ceiling(actor=people.actor("maya"), level="enterprise", **limit)
    ceiling = set_ceiling(actor=people.actor("rosa"), level="enterprise", **limit)
    for department in ("care", "sales"):
        set_ceiling(
            actor=people.actor("rosa"),
            level="department",
            department=people.departments[department],
            **limit | {"name": department},
        )

    facts = standing_facts(workflow.id, agent_id=people.agent.id)
    assert [(each.level, each.name) for each in facts.ceilings] == [
        ("enterprise", "money"),
        ("department", "care"),
    ]
    assert facts.ceilings[0].amount_max == Decimal("100.00")
    assert facts.enterprise_epoch == before.enterprise_epoch + 1
    assert facts.department_epoch == before.department_epoch + 1
    lift_ceiling(
        actor=people.actor("rosa"), ceiling_id=ceiling.id, because="Over.", now=NOW
    )
    assert len(standing_facts(workflow.id, agent_id=None).ceilings) == 1


def test_a_list_of_models_binds_once_it_is_kept(people):
    workflow = live_workflow(people)

    set_model_approved(actor=SYSTEM, slug="gpt-5", is_approved=True, now=NOW)
    set_model_approved(actor=SYSTEM, slug="old-model", is_approved=False, now=NOW)

    facts = standing_facts(workflow.id, agent_id=None)
    assert facts.approved_models == {"gpt-5"}


def test_a_system_that_lost_its_approval_stays_known(people):
    workflow = live_workflow(people)

    set_system_approved(
        actor=SYSTEM,
        system_id=System.objects.get(slug="billing").id,
        is_approved=False,
        now=NOW,
    )

    facts = standing_facts(workflow.id, agent_id=None)
    assert "billing" in facts.known_systems
    assert "billing" not in facts.approved_systems
