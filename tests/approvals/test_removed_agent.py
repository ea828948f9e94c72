"""An agent that was taken off a workflow runs nothing there any more, granted or approved."""

import pytest

from approvals.models import Decision, Grant
from portal.accounts.actors import SYSTEM
from portal.accounts.models import Agent
from registry.operations.people import assign_agent, remove_agent
from tests.approvals.asking import make_portal
from tests.people import NOW


@pytest.fixture
def portal(db):
    return make_portal()


def change(portal, write) -> None:
    agent = Agent.objects.get(id=portal.people.agent.id)
    write(actor=SYSTEM, workflow_id=portal.workflow.id, agent=agent, now=NOW)


def test_a_grant_from_before_is_refused_and_works_again_afterwards(portal):
    asked = portal.ask("12.00")
    change(portal, remove_agent)

    refused = portal.redeem(asked["grant"], asked["action_digest"])

    assert refused.status_code == 403
    assert refused.json()["code"] == "agent.removed"
    assert Grant.objects.get().state == "ISSUED"

    change(portal, assign_agent)

    assert portal.redeem(asked["grant"], asked["action_digest"]).status_code == 200


def test_an_approval_is_told_and_the_proposal_stays_open(portal):
    asked = portal.ask()
    change(portal, remove_agent)

    answer = portal.decide("dana", asked)

    assert answer.status_code == 409
    assert "no longer serves" in answer.content.decode()
    assert not Decision.objects.exists()
    assert not Grant.objects.exists()


def test_an_edit_does_not_walk_around_it(portal):
    asked = portal.ask()
    change(portal, remove_agent)

    answer = portal.decide("dana", asked, "edit", **{"arg-0": "80.00"})

    assert answer.status_code == 409
    assert not Grant.objects.exists()
