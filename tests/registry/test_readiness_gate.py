"""The gate before a first launch: off, on, passed, not passed, and a recorded reason."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import ProgrammingError, transaction
from django.test import Client
from django.urls import reverse

from portal.accounts.actors import SYSTEM
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from registry.models import ReadinessWaiver
from registry.models.workflow import Role
from registry.operations.launching import launch_version
from registry.operations.packets import new_version, submit_version
from registry.operations.people import assign_role
from registry.operations.readiness_gate import set_gate, waive_readiness
from registry.queries.readiness import gate_now, readiness_of
from tests.people import NOW, draft_workflow, live_workflow, make_company, sign_all
from tests.registry.assessing import assess

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return make_company()


def turn_on(minimum="3", days=180, *, now=NOW):
    set_gate(
        actor=SYSTEM,
        is_on=True,
        minimum=Decimal(minimum),
        valid_days=days,
        reason="Nothing goes live unprepared.",
        now=now,
    )


def signed(people):
    workflow = draft_workflow(people)
    packet = submit_version(
        reason="It may begin here.",
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        revision=1,
        now=NOW,
    )
    sign_all(people, workflow, digest=packet.digest)
    return workflow


def go_live(people, workflow, *, now=NOW):
    return launch_version(actor=people.actor("maya"), workflow_id=workflow.id, now=now)


def test_the_gate_is_off_until_an_administrator_turns_it_on(people):
    assert not gate_now().is_on
    live_workflow(people)

    gate = {
        "is_on": True,
        "minimum": Decimal(3),
        "valid_days": 90,
        "reason": "Agreed by the board.",
        "now": NOW,
    }
    with pytest.raises(Forbidden):
        set_gate(actor=people.actor("maya"), **gate)
    for wrong in ({"minimum": Decimal("2.7")}, {"valid_days": 10}, {"reason": " "}):
        with pytest.raises(Invalid):
            set_gate(actor=people.actor("ada"), **gate | wrong)
    set_gate(actor=people.actor("ada"), **gate)
    assert (gate_now().is_on, gate_now().set_by) == (True, "Ada Berg")
    with pytest.raises(AlreadyDone):
        set_gate(actor=people.actor("ada"), **gate)


def test_a_first_launch_waits_until_the_department_is_ready(people):
    workflow = signed(people)
    turn_on()
    with pytest.raises(Conflict, match="closed no readiness assessment") as refused:
        go_live(people, workflow)
    assert refused.value.extra["href"] == "/programme/readiness/customer-care/"

    assess(people, {"maya": {"people.time": 3}, "dana": 2}, now=NOW)
    with pytest.raises(Conflict, match=r"scores 2.5 of 5 in strategy"):
        go_live(people, workflow)
    turn_on("2.5", now=NOW + timedelta(minutes=1))
    with pytest.raises(Conflict, match="181 days ago"):
        go_live(people, workflow, now=NOW + timedelta(days=181))

    assert go_live(people, workflow, now=NOW + timedelta(days=180)).number == 1


def test_what_was_live_before_is_not_asked_again(people):
    workflow = live_workflow(people)
    turn_on()
    new_version(actor=people.actor("maya"), workflow_id=workflow.id, now=NOW)
    packet = submit_version(
        reason="It may begin here.",
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        revision=1,
        now=NOW,
    )
    sign_all(people, workflow, digest=packet.digest)

    assert go_live(people, workflow).number == 2


def test_only_the_risk_owner_lets_it_launch_all_the_same_and_stands_behind_it(people):
    workflow = signed(people)
    reason = {"workflow_id": workflow.id, "reason": "A week's trial.", "now": NOW}
    with pytest.raises(Conflict):
        waive_readiness(actor=people.actor("rosa"), **reason)
    turn_on()
    with pytest.raises(Forbidden):
        waive_readiness(actor=people.actor("maya"), **reason)
    with pytest.raises(Invalid):
        waive_readiness(actor=people.actor("rosa"), **reason | {"reason": " "})

    kept = waive_readiness(actor=people.actor("rosa"), **reason)

    assert "closed no readiness assessment" in kept.not_ready
    with pytest.raises(ProgrammingError), transaction.atomic():
        ReadinessWaiver.objects.update(reason="Nothing.")
    assert go_live(people, workflow).number == 1


def test_a_reason_of_a_former_risk_owner_lets_nothing_launch(people):
    workflow = signed(people)
    turn_on()
    waive_readiness(
        actor=people.actor("rosa"),
        workflow_id=workflow.id,
        reason="A week's trial.",
        now=NOW,
    )
    assign_role(
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        role=Role.RISK_OWNER,
        person=people.audrey,
        now=NOW,
    )
    client = Client()
    client.force_login(people.audrey)

    page = client.get(reverse("workflow_packet", args=[workflow.slug])).text

    assert "cannot go live yet" in page
    assert "Rosa Lindqvist gave a reason" in page
    client.post(
        reverse("readiness_waive", args=[workflow.slug]), {"reason": "I stand by it."}
    )
    page = client.get(reverse("workflow_packet", args=[workflow.slug])).text
    assert "I stand by it." in page
    assert "cannot go live yet" not in page


def test_readiness_is_said_even_while_the_gate_is_off(people):
    care = people.departments["care"].id
    assert not readiness_of(department_id=care, now=NOW).stands

    assess(people, {"maya": 3, "dana": 3}, now=NOW)

    found = readiness_of(department_id=care, now=NOW)
    assert (found.stands, found.lowest) == (True, Decimal(3))
    assert found.text == "Customer care is ready: no pillar below 3 of 5."
