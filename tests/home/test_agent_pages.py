"""Agents: who sees them, who keeps their keys, and whether the copied code works."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import Agent, AgentKey
from tests.approvals.asking import make_portal


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
    text = portal.signed_in("priya").get(address(portal)).content.decode()
    code = re.search(r"-d &#39;(\{.*?\})&#39;", text).group(1)
    body = json.loads(code.replace("&#34;", '"'))

    answer = portal.post("/actions", body)

    assert answer.status_code == 201, answer.content
    assert answer.json()["status"] == "allowed"


def test_copied_event_is_taken(portal):
    text = portal.signed_in("priya").get(address(portal)).content.decode()
    code = re.findall(r"-d &#39;(\{.*?\})&#39;", text)[1]
    answer = portal.post("/events", json.loads(code.replace("&#34;", '"')))
    assert answer.status_code == 202, answer.content
    assert answer.json()["accepted"] == 1
