"""Agents: who sees them, who keeps their keys, and whether the copied code works."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.actors import SYSTEM
from portal.accounts.models import Agent, AgentKey
from portal.audit import denials
from portal.audit.models import Entry
from portal.core.clock import wall_clock
from registry.operations.ceilings import set_ceiling
from registry.operations.people import assign_agent
from registry.operations.registering import register_workflow
from tests.approvals.asking import make_portal
from tests.people import NOW

REFUSED = {"verb": "delete", "system": "orders", "args": {}}


def flush_denials() -> None:
    """Write what this process has counted; a test is inside a transaction."""
    waiting = dict(denials._waiting)
    denials._waiting.clear()
    denials._write(waiting)


@pytest.fixture
def portal(db):
    return make_portal()


def address(portal, name: str = "agent", *more) -> str:
    return reverse(name, args=[portal.people.agent.slug, *more])


def key_in(page: str) -> str:
    return re.search(r'id="new-key">(cs_[^<]+)<', page).group(1)


def test_new_key_is_shown_once_and_works_until_it_is_revoked(portal):
    priya = portal.signed_in("priya")
    form = {"label": "staging", "scopes": ["actions", "read"], "days": "30"}

    made = priya.post(address(portal, "agent_key_issue"), form)
    token = key_in(made.content.decode())

    assert made.status_code == 201
    assert "no-store" in made["Cache-Control"]
    assert token not in priya.get(address(portal)).content.decode()
    headers = {"Authorization": f"Bearer {token}"}
    boundaries = f"/api/v1/workflows/{portal.workflow.slug}"
    assert Client().get(boundaries, headers=headers).status_code == 200

    key = AgentKey.objects.get(label="staging")
    assert priya.post(address(portal, "agent_key_revoke", key.id)).status_code == 302
    assert Client().get(boundaries, headers=headers).status_code == 401
    assert priya.post(address(portal, "agent_key_revoke", key.id)).status_code == 409


def test_key_without_a_scope_is_refused_at_the_field(portal):
    answer = portal.signed_in("priya").post(
        address(portal, "agent_key_issue"), {"days": "30"}
    )
    assert answer.status_code == 422
    assert b"new-key" not in answer.content


def test_sixth_live_key_is_refused(portal):
    priya = portal.signed_in("priya")
    form = {"scopes": ["read"], "days": "30"}
    codes = [
        priya.post(address(portal, "agent_key_issue"), form).status_code
        for _ in range(5)
    ]
    assert codes == [201, 201, 201, 201, 409]


def test_switched_off_agent_is_refused_and_on_again_may_ask(portal):
    ada = portal.signed_in("ada")

    ada.post(address(portal, "agent_switch"), {"is": "off"})
    off = portal.ask("10.00")
    again = ada.post(address(portal, "agent_switch"), {"is": "off"})
    ada.post(address(portal, "agent_switch"), {"is": "on"})
    on = portal.ask("10.00", run="case-2")

    assert off["status"] == "refused"
    assert off["ruling"]["reasons"][0]["code"] == "agent.inactive"
    assert again.status_code == 409
    assert on["status"] == "allowed"


def test_key_of_another_agent_is_not_found_under_this_one(portal):
    other = portal.people.key_for(portal.people.other_agent)
    key = AgentKey.objects.get(agent=portal.people.other_agent)
    assert other
    answer = portal.signed_in("ada").post(address(portal, "agent_key_revoke", key.id))
    assert answer.status_code == 404


def test_registered_agent_serves_nothing_yet(portal):
    ada = portal.signed_in("ada")
    form = {"name": "Night agent", "kind": "agent", "model_name": "gpt-5"}

    answer = ada.post(reverse("agent_add"), form)
    known = ada.post(reverse("agent_add"), form)

    assert answer.status_code == 302
    assert known.status_code == 422
    assert Agent.objects.get(name="Night agent").operator_id == portal.people.ada.id
    assert b"Serves no workflow" in ada.get(answer["Location"]).content


def test_copied_request_gets_a_real_answer(portal):
    text = (
        portal.signed_in("priya").get(f"{address(portal)}?code=curl").content.decode()
    )
    code = re.search(r"-d &#39;(\{.*?\})&#39;", text).group(1)
    body = json.loads(code.replace("&#34;", '"'))

    answer = portal.post("/actions", body)

    assert answer.status_code == 201, answer.content
    assert answer.json()["status"] == "allowed"


def test_editor_of_its_home_keeps_its_keys_and_another_insider_does_not(portal):
    maya, dana = portal.signed_in("maya"), portal.signed_in("dana")
    form = {"label": "by the owner", "scopes": ["read"], "days": "30"}

    assert maya.post(address(portal, "agent_key_issue"), form).status_code == 201
    denied = dana.post(address(portal, "agent_key_issue"), form)

    assert denied.status_code == 403
    assert AgentKey.objects.filter(label="by the owner").count() == 1


def test_key_keeping_stays_with_the_home_when_the_agent_serves_another(portal):
    form = {"label": "by the owner", "scopes": ["read"], "days": "30"}
    other = register_workflow(
        actor=portal.people.actor("olga"),
        name="Lead qualification",
        department=portal.people.departments["sales"],
        now=NOW,
    )
    assign_agent(actor=SYSTEM, workflow_id=other.id, agent=portal.people.agent, now=NOW)

    kept = portal.signed_in("maya").post(address(portal, "agent_key_issue"), form)
    borrowed = portal.signed_in("olga").post(address(portal, "agent_key_issue"), form)

    assert (kept.status_code, borrowed.status_code) == (201, 403)
    assert AgentKey.objects.filter(label="by the owner").count() == 1


def test_idle_agent_gives_no_key_to_whoever_may_change_all_it_serves(portal):
    idle = portal.people.other_agent
    mine = register_workflow(
        actor=portal.people.actor("dana"),
        name="Trap",
        department=portal.people.departments["care"],
        now=NOW,
    )
    assign_agent(actor=SYSTEM, workflow_id=mine.id, agent=idle, now=NOW)
    page = reverse("agent_key_issue", args=[idle.slug])
    form = {"label": "kept for later", "scopes": ["actions"], "days": "30"}

    refused = portal.signed_in("dana").post(page, form)
    by_operator = portal.signed_in("priya").post(page, form)

    assert (refused.status_code, by_operator.status_code) == (403, 201)
    assert "Priya Nair operates this agent" in refused.content.decode()
    assert AgentKey.objects.filter(label="kept for later").count() == 1


def test_rotated_key_goes_on_for_the_overlap_and_no_longer(portal):
    priya = portal.signed_in("priya")
    key = AgentKey.objects.get(agent=portal.people.agent)
    page = address(portal, "agent_key_rotate", key.id)

    asked = priya.get(page)
    made = priya.post(page, {"overlap": "24", "days": "90"})

    assert asked.status_code == 200
    assert made.status_code == 201
    new = key_in(made.content.decode())
    assert portal.get(f"/workflows/{portal.workflow.slug}").status_code == 200
    assert (
        portal.get(f"/workflows/{portal.workflow.slug}", token=new).status_code == 200
    )
    key.refresh_from_db()
    left = key.expires_at - wall_clock()
    assert timedelta(hours=23) < left < timedelta(hours=25)
    AgentKey.objects.filter(id=key.id).update(expires_at=wall_clock())
    assert portal.get(f"/workflows/{portal.workflow.slug}").status_code == 401
    assert priya.post(page, {"overlap": "0", "days": "90"}).status_code == 409


def test_key_rotated_at_once_is_revoked_with_its_entry(portal):
    key = AgentKey.objects.get(agent=portal.people.agent)
    page = address(portal, "agent_key_rotate", key.id)

    made = portal.signed_in("priya").post(page, {"overlap": "0", "days": "30"})

    assert made.status_code == 201
    assert portal.get(f"/workflows/{portal.workflow.slug}").status_code == 401
    assert Entry.objects.filter(name="agent.key_rotated").count() == 1


def test_key_says_from_where_it_was_used(portal):
    portal.get(f"/workflows/{portal.workflow.slug}")
    text = portal.signed_in("priya").get(address(portal)).content.decode()
    assert "from 127.0.0.1" in text


def test_key_that_expires_soon_is_told_on_the_start_page_of_who_can_replace_it(portal):
    soon = wall_clock() + timedelta(days=3)
    AgentKey.objects.filter(agent=portal.people.agent).update(expires_at=soon)

    told = portal.signed_in("priya").get("/").content.decode()
    outside = portal.signed_in("olga").get("/").content.decode()

    assert "A key of Refund agent expires" in told
    assert "A key of Refund agent expires" not in outside


def test_diagnosis_says_in_plain_words_what_was_wrong(portal):
    key = AgentKey.objects.get(agent=portal.people.agent)
    portal.get("/workflows/of-somebody-else")
    portal.post("/actions", {"workflow": portal.workflow.slug})
    portal.ask("9000.00", action=REFUSED)
    AgentKey.objects.filter(id=key.id).update(revoked_at=wall_clock())
    portal.get(f"/workflows/{portal.workflow.slug}")
    flush_denials()

    text = portal.signed_in("priya").get(address(portal)).content.decode()
    seen = portal.signed_in("dana").get(address(portal)).content.decode()

    assert "It sends a key that was revoked" in text
    assert "a workflow that it does not serve" in text
    assert "Fields of its body are missing" in text
    assert "never" in text
    assert "refuse" in text
    assert "of-somebody-else" in text
    assert "of-somebody-else" not in seen, "an address may name a hidden workflow"


def test_matrix_of_the_agent_shows_what_is_set_above_the_workflow(portal):
    set_ceiling(
        actor=SYSTEM,
        level="enterprise",
        name="No refunds",
        sentence="Nobody refunds this week.",
        authority="never",
        verbs=["refund"],
        now=NOW,
    )
    text = portal.signed_in("priya").get(address(portal)).content.decode()
    code = portal.signed_in("priya").get(f"{address(portal)}?code=curl")

    assert "Decided by enterprise" in text
    assert b"&#34;verb&#34;: &#34;refund&#34;" not in code.content


def test_copied_event_is_taken(portal):
    text = (
        portal.signed_in("priya").get(f"{address(portal)}?code=curl").content.decode()
    )
    code = re.findall(r"-d &#39;(\{.*?\})&#39;", text)[-1].replace("&#34;", '"')
    code = code.replace('&#39;"$NOW"&#39;', "2026-11-21T09:00:05Z").replace(
        '"\'"$NOW"\'"', '"x"'
    )
    answer = portal.post("/events", json.loads(code))
    assert answer.status_code == 202, answer.content
    assert answer.json()["accepted"] == 1
