"""The agents of a workflow: which serve it, new ones, and taking one off and back."""

import pytest
from django.urls import reverse

from portal.accounts.actors import SYSTEM
from portal.accounts.models import Agent
from portal.accounts.operations.agents import register_agent
from portal.audit.models import Entry
from registry.models import AgentAssignment
from registry.operations.people import assign_agent
from registry.operations.registering import register_workflow
from registry.queries.agents import may_keep
from tests.approvals.asking import make_portal
from tests.people import NOW


@pytest.fixture
def portal(db):
    return make_portal()


def address(portal, name: str = "workflow_agents", *more) -> str:
    return reverse(name, args=[portal.workflow.slug, *more])


def serves(portal, agent) -> bool:
    return AgentAssignment.objects.filter(
        workflow=portal.workflow, agent=agent
    ).exists()


def test_page_lists_the_agents_with_operator_keys_and_last_use(portal):
    portal.ask("10.00")
    text = portal.signed_in("dana").get(address(portal)).content.decode()

    assert "Refund agent" in text
    assert "Priya Nair" in text
    assert "1\u00a0live key" in text
    assert "from 127.0.0.1" in text
    assert "Take off…" not in text


def test_owner_registers_a_new_agent_that_serves_at_once(portal):
    form = {
        "change": "register",
        "name": "Night agent",
        "operator": str(portal.people.ilan.id),
        "model_name": "mistral-large",
        "kind": "agent",
    }
    maya = portal.signed_in("maya")

    made = maya.post(address(portal), form)
    again = maya.post(address(portal), form)
    nameless = maya.post(address(portal), {**form, "name": ""})

    agent = Agent.objects.get(name="Night agent")
    assert (made.status_code, again.status_code, nameless.status_code) == (
        302,
        422,
        422,
    )
    assert serves(portal, agent)
    assert agent.operator == portal.people.ilan
    assert agent.department == portal.workflow.department
    names = Entry.objects.order_by("-at", "-id").values_list("name", flat=True)[:3]
    assert {"agent.created", "workflow.agent_assigned"} <= set(names)
    assert b"none: it cannot ask" in maya.get(address(portal)).content


def test_operator_lets_another_agent_serve_and_takes_it_off_and_undoes_that(portal):
    priya, other = portal.signed_in("priya"), portal.people.other_agent
    priya.post(address(portal), {"change": "assign", "agent": str(other.id)})
    assert serves(portal, other)
    page = address(portal, "workflow_agent_remove", other.slug)

    asked = priya.get(page)
    assert serves(portal, other), "asking changes nothing"
    taken = priya.post(page)
    offer = priya.get(taken["Location"])

    assert b"Keep it" in asked.content
    assert taken.status_code == 302
    assert not serves(portal, other)
    assert b"Let it serve again" in offer.content
    priya.post(address(portal), {"change": "assign", "agent": str(other.id)})
    assert serves(portal, other)


def test_agent_of_somebody_else_is_not_lent_to_a_workflow_of_ones_own(portal):
    people, idle = portal.people, portal.people.other_agent
    mine = register_workflow(
        actor=people.actor("dana"),
        name="Trap",
        department=people.departments["care"],
        now=NOW,
    )
    dana, page = portal.signed_in("dana"), reverse("workflow_agents", args=[mine.slug])

    for agent in (idle, people.agent):
        answer = dana.post(page, {"change": "assign", "agent": str(agent.id)})
        assert answer.status_code == 403
        assert "Priya Nair operates it and can help" in answer.content.decode()

    assert not mine.assignments.exists()
    text = dana.get(page).content.decode()
    assert "agents that you look after" in text
    assert str(idle.id) not in text, "what she may not lend is not offered"
    assert may_keep(people.actor("maya"), people.agent), "its home keeps its keys"


def test_home_is_where_it_was_registered_until_it_is_taken_off_there(portal):
    people = portal.people
    form = {"change": "register", "name": "Night agent", "kind": "agent"}
    maya = portal.signed_in("maya")
    maya.post(address(portal), form | {"operator": str(people.ilan.id)})
    agent = Agent.objects.get(name="Night agent")
    keepers = [
        name
        for name in ("maya", "ilan", "ada", "dana", "olga")
        if may_keep(people.actor(name), agent)
    ]
    assert keepers == ["maya", "ilan", "ada"]

    page = address(portal, "workflow_agent_remove", agent.slug)
    assert b"registered from this workflow" in maya.get(page).content
    maya.post(page)
    assert not may_keep(people.actor("maya"), agent)
    assign_agent(
        actor=people.actor("ilan"), workflow_id=portal.workflow.id, agent=agent, now=NOW
    )
    assert not may_keep(people.actor("maya"), agent), "serving again is no home"
    assert may_keep(people.actor("ilan"), agent)


def test_an_agent_that_somebody_may_not_see_is_neither_offered_nor_let_serve(portal):
    hidden = register_agent(
        actor=SYSTEM,
        name="Payroll agent",
        department=portal.people.departments["sales"],
        operator=None,
        now=NOW,
    )
    maya = portal.signed_in("maya")

    answer = maya.post(address(portal), {"change": "assign", "agent": str(hidden.id)})

    assert answer.status_code == 404
    assert not serves(portal, hidden)
    assert b"Payroll agent" not in maya.get(address(portal)).content
    assert b"Payroll agent" in portal.signed_in("ada").get(address(portal)).content


def test_agent_taken_off_finds_nothing_here_any_more(portal):
    page = address(portal, "workflow_agent_remove", portal.people.agent.slug)
    portal.signed_in("maya").post(page)

    answer = portal.post("/actions", portal.body("10.00"))

    assert answer.status_code == 404


def test_insider_without_the_right_changes_no_agent(portal):
    dana, other = portal.signed_in("dana"), portal.people.other_agent
    page = address(portal, "workflow_agent_remove", portal.people.agent.slug)

    assign = dana.post(address(portal), {"change": "assign", "agent": str(other.id)})
    form = {"change": "register", "name": "X", "kind": "agent"}
    form["operator"] = str(portal.people.ilan.id)

    assert assign.status_code == 403
    assert dana.post(page).status_code == 403
    assert dana.post(address(portal), form).status_code == 403
    assert serves(portal, portal.people.agent)


def test_agent_that_does_not_serve_here_is_not_found_here(portal):
    made = register_agent(
        actor=portal.people.actor("ada"),
        name="Elsewhere",
        department=None,
        operator=None,
        now=NOW,
    )
    page = address(portal, "workflow_agent_remove", made.slug)
    assert portal.signed_in("maya").post(page).status_code == 404
