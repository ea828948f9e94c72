"""Roles: held by a person or a position, handed over, and followed by rights."""

from datetime import timedelta

import pytest

from portal.accounts import access
from portal.accounts.actors import SYSTEM
from portal.audit.models import Entry
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from registry.models import HandOver, RoleHolding, Signature
from registry.models.workflow import Role
from registry.operations import hand_overs
from registry.operations.packets import sign_packet, submit_version
from registry.operations.pausers import add_pauser, remove_pauser
from registry.operations.people import assign_role, vacate_role
from registry.operations.positions import (
    add_position,
    assign_role_to_position,
    fill_position,
    vacate_position,
)
from registry.tasks import settle_duties
from tests.people import NOW, draft_workflow, live_workflow, make_company


@pytest.fixture
def people(db):
    return make_company()


def head_of_care(people, holder: str = "maya"):
    return add_position(
        actor=people.actor("ada"),
        name="Head of customer care",
        department=people.departments["care"],
        holder=people.people[holder],
        now=NOW,
    )


def held_by(workflow, role) -> str | None:
    person = RoleHolding.objects.get(workflow=workflow, role=role).person
    return person.name if person else None


def offer(people, workflow, *, by="rosa", to="olga", starts_on=None, role="risk_owner"):
    return hand_overs.offer_hand_over(
        actor=people.actor(by),
        workflow_id=workflow.id,
        role=role,
        receiver=people.people[to],
        starts_on=starts_on,
        note="The weekly review is on Mondays.",
        now=NOW,
    )


def test_every_workflow_of_a_position_follows_who_fills_it(people):
    position = head_of_care(people)
    workflows = [
        live_workflow(people),
        draft_workflow(people, slug="returns"),
    ]
    for workflow in workflows:
        assign_role_to_position(
            actor=people.actor("ada"),
            workflow_id=workflow.id,
            role=Role.BUSINESS_OWNER,
            position_id=position.id,
            now=NOW,
        )

    followed = fill_position(
        actor=people.actor("ada"),
        position_id=position.id,
        person=people.olga,
        note="Maya moves to sales.",
        now=NOW,
    )

    assert followed == 2
    for workflow in workflows:
        assert held_by(workflow, Role.BUSINESS_OWNER) == "Olga Petrova"
        assert access.may(people.actor("olga"), access.PAUSE, workflow.id)
    # Maya registered them, so she may still edit the drafts and no longer pause.
    assert not access.may(people.actor("maya"), access.PAUSE, workflows[0].id)
    assert Entry.objects.filter(name="position.filled").count() == 1


def test_a_signature_of_who_filled_the_position_no_longer_counts(people):
    position = head_of_care(people)
    workflow = draft_workflow(people)
    assign_role_to_position(
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        role=Role.BUSINESS_OWNER,
        position_id=position.id,
        now=NOW,
    )
    packet = submit_version(
        reason="It may begin here.",
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        revision=1,
        now=NOW,
    )
    sign_packet(
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        role=Role.BUSINESS_OWNER,
        digest=packet.digest,
        now=NOW,
    )

    fill_position(
        actor=people.actor("ada"),
        position_id=position.id,
        person=people.olga,
        note="Maya moves to sales.",
        now=NOW,
    )

    assert Signature.objects.get().withdrawn_at == NOW


def test_nobody_fills_a_position_who_signs_another_role_there(people):
    position = head_of_care(people)
    workflow = live_workflow(people)
    assign_role_to_position(
        actor=people.actor("ada"),
        workflow_id=workflow.id,
        role=Role.BUSINESS_OWNER,
        position_id=position.id,
        now=NOW,
    )

    with pytest.raises(Invalid, match="three different people"):
        fill_position(
            actor=people.actor("ada"),
            position_id=position.id,
            person=people.rosa,
            note="A try.",
            now=NOW,
        )

    assert held_by(workflow, Role.BUSINESS_OWNER) == "Maya Adler"


def test_an_unfilled_position_leaves_its_roles_vacant_and_gets_them_back(people):
    position = head_of_care(people)
    workflow = live_workflow(people)
    common = {"actor": people.actor("ada"), "now": NOW}
    assign_role_to_position(
        workflow_id=workflow.id,
        role=Role.BUSINESS_OWNER,
        position_id=position.id,
        **common,
    )

    vacate_position(position_id=position.id, note="Maya leaves.", **common)
    assert held_by(workflow, Role.BUSINESS_OWNER) is None

    fill_position(
        position_id=position.id, person=people.olga, note="Olga begins.", **common
    )
    assert held_by(workflow, Role.BUSINESS_OWNER) == "Olga Petrova"


@pytest.mark.parametrize("name", ["the business", "Business", "Everybody", "IT", " "])
def test_a_name_for_everybody_is_no_position(people, name):
    with pytest.raises(Invalid):
        add_position(
            actor=people.actor("ada"),
            name=name,
            department=people.departments["care"],
            holder=people.maya,
            now=NOW,
        )


def test_only_an_administrator_changes_positions(people):
    position = head_of_care(people)

    with pytest.raises(Forbidden, match="administrator"):
        fill_position(
            actor=people.actor("maya"),
            position_id=position.id,
            person=people.olga,
            note="Me not.",
            now=NOW,
        )


def test_a_role_changes_hands_when_who_receives_it_accepts(people):
    workflow = live_workflow(people)
    offered = offer(people, workflow)
    assert held_by(workflow, Role.RISK_OWNER) == "Rosa Lindqvist"
    with pytest.raises(Forbidden, match="Only Olga Petrova"):
        hand_overs.accept_hand_over(
            actor=people.actor("rosa"), hand_over_id=offered.id, now=NOW
        )

    hand_overs.accept_hand_over(
        actor=people.actor("olga"), hand_over_id=offered.id, now=NOW
    )

    assert held_by(workflow, Role.RISK_OWNER) == "Olga Petrova"
    assert HandOver.objects.get().state == "DONE"
    names = set(
        Entry.objects.filter(workflow_id=workflow.id).values_list("name", flat=True)
    )
    assert {"workflow.role_offered", "workflow.role_accepted"} <= names


def test_a_role_accepted_for_a_later_day_changes_hands_on_that_day(people, monkeypatch):
    workflow = live_workflow(people)
    later = NOW + timedelta(days=10)
    offered = offer(people, workflow, starts_on=later.date())
    accepted_now = hand_overs.accept_hand_over(
        actor=people.actor("olga"), hand_over_id=offered.id, now=NOW
    )
    assert not accepted_now
    monkeypatch.setattr("registry.tasks.wall_clock", lambda: NOW)
    assert settle_duties() == 0
    assert held_by(workflow, Role.RISK_OWNER) == "Rosa Lindqvist"

    monkeypatch.setattr("registry.tasks.wall_clock", lambda: later)

    assert settle_duties() == 1
    assert settle_duties() == 0
    assert held_by(workflow, Role.RISK_OWNER) == "Olga Petrova"


def test_a_declined_role_stays_where_it_was(people):
    workflow = live_workflow(people)
    offered = offer(people, workflow)

    hand_overs.end_hand_over_offer(
        actor=people.actor("olga"), hand_over_id=offered.id, note="No time.", now=NOW
    )

    assert held_by(workflow, Role.RISK_OWNER) == "Rosa Lindqvist"
    with pytest.raises(AlreadyDone):
        hand_overs.accept_hand_over(
            actor=people.actor("olga"), hand_over_id=offered.id, now=NOW
        )


def test_who_may_hand_over_and_to_whom(people):
    workflow = live_workflow(people)
    with pytest.raises(Forbidden):
        offer(people, workflow, by="dana")
    with pytest.raises(NotFound):
        offer(people, workflow, by="olga")
    with pytest.raises(Invalid, match="three different people"):
        offer(people, workflow, to="ilan")

    offer(people, workflow, by="maya")

    with pytest.raises(AlreadyDone):
        offer(people, workflow, by="ada")


def test_a_hand_over_ends_when_the_role_goes_another_way(people):
    workflow = live_workflow(people)
    offered = offer(people, workflow)

    vacate_role(
        actor=people.actor("ada"), workflow_id=workflow.id, role="risk_owner", now=NOW
    )

    with pytest.raises(AlreadyDone):
        hand_overs.accept_hand_over(
            actor=people.actor("olga"), hand_over_id=offered.id, now=NOW
        )
    assert held_by(workflow, Role.RISK_OWNER) is None


def test_on_a_live_workflow_nobody_but_an_administrator_replaces_a_holder(people):
    workflow = live_workflow(people)
    change = {
        "workflow_id": workflow.id,
        "role": Role.RISK_OWNER,
        "person": people.olga,
        "now": NOW,
    }
    with pytest.raises(Conflict, match="Hand it over"):
        assign_role(actor=people.actor("maya"), **change)

    assign_role(actor=people.actor("ada"), **change)

    assert held_by(workflow, Role.RISK_OWNER) == "Olga Petrova"


@pytest.mark.parametrize("name", ["ilan", "maya"])
def test_on_a_live_workflow_nobody_takes_a_role_from_its_holder_to_give_it_away(
    people, name
):
    workflow = live_workflow(people)
    vacate = {"workflow_id": workflow.id, "role": Role.RISK_OWNER, "now": NOW}
    with pytest.raises(Forbidden, match="Hand it over"):
        vacate_role(actor=people.actor(name), **vacate)
    assert held_by(workflow, Role.RISK_OWNER) is not None

    vacate_role(actor=people.actor("ada"), **vacate)

    assert held_by(workflow, Role.RISK_OWNER) is None


def test_a_vacant_role_of_a_live_workflow_is_filled_by_its_business_owner_alone(people):
    workflow = live_workflow(people)
    vacate_role(actor=SYSTEM, workflow_id=workflow.id, role=Role.RISK_OWNER, now=NOW)
    change = {
        "workflow_id": workflow.id,
        "role": Role.RISK_OWNER,
        "person": people.olga,
        "now": NOW,
    }
    # The IT owner may write the page, and with it would name who signs the risk.
    with pytest.raises(Forbidden, match="business owner"):
        assign_role(actor=people.actor("ilan"), **change)

    assign_role(actor=people.actor("maya"), **change)

    assert held_by(workflow, Role.RISK_OWNER) == "Olga Petrova"


def test_a_holder_leaves_their_own_role_of_a_live_workflow(people):
    workflow = live_workflow(people)

    vacate_role(
        actor=people.actor("ilan"),
        workflow_id=workflow.id,
        role=Role.IT_OWNER,
        now=NOW,
    )

    assert held_by(workflow, Role.IT_OWNER) is None


def test_somebody_named_may_pause_and_nothing_else(people):
    workflow = live_workflow(people)
    change = {"workflow_id": workflow.id, "person": people.olga, "now": NOW}
    with pytest.raises(Forbidden, match="business owner"):
        add_pauser(actor=people.actor("ilan"), **change)

    add_pauser(actor=people.actor("maya"), **change)

    assert access.may(people.actor("olga"), access.PAUSE, workflow.id)
    assert not access.may(people.actor("olga"), access.EDIT, workflow.id)
    remove_pauser(actor=people.actor("maya"), **change)
    assert not access.may(people.actor("olga"), access.VIEW, workflow.id)


def test_the_portal_itself_keeps_replacing_holders(people):
    workflow = live_workflow(people)

    assign_role(
        actor=SYSTEM,
        workflow_id=workflow.id,
        role=Role.RISK_OWNER,
        person=people.olga,
        now=NOW,
    )

    assert held_by(workflow, Role.RISK_OWNER) == "Olga Petrova"
