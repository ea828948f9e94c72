"""GET /api/v1/workflows/{slug}: what an agent may know about its own bounds."""

import pytest
from django.test import Client

from registry.models import Workflow
from registry.operations.pausing import pause_workflow
from registry.operations.people import assign_agent
from tests.people import NOW, draft_workflow, live_workflow, make_company

pytestmark = pytest.mark.django_db


def _get(slug: str, key: str):
    return Client().get(
        f"/api/v1/workflows/{slug}", headers={"Authorization": f"Bearer {key}"}
    )


def test_an_agent_reads_the_rulebook_of_the_workflow_it_serves():
    people = make_company()
    live_workflow(people)

    answer = _get("refund-management", people.key_for())

    said = answer.json()
    assert answer.status_code == 200
    assert (said["operating_model_version"], said["is_live"], said["is_paused"]) == (
        1,
        True,
        False,
    )
    rows = {(row["system"], row["verb"]): row for row in said["allowances"]}
    assert rows["billing", "refund"]["amount_max"] == "25.00"
    assert "up to EUR 25.00" in rows["billing", "refund"]["sentence"]
    assert rows["orders", "delete"]["authority"] == "never"
    assert said["caps"][0]["limit"] == "500.00"
    assert said["vacant_roles"] == []


def test_a_workflow_that_is_not_served_is_not_there():
    people = make_company()
    live_workflow(people)
    key = people.key_for(people.other_agent)

    assert _get("refund-management", key).status_code == 404
    assert _get("no-such-workflow", key).json() == _get("refund-management", key).json()
    assert _get("refund-management", "cs_no_key").status_code == 401
    assert (
        _get("refund-management", people.key_for(scopes=("actions",))).status_code
        == 403
    )

    assign_agent(
        actor=people.actor("priya"),
        workflow_id=Workflow.objects.get().id,
        agent=people.other_agent,
        now=NOW,
    )
    assert _get("refund-management", key).status_code == 200


def test_a_draft_and_a_paused_workflow_say_so():
    people = make_company()
    draft_workflow(people, slug="first-draft")
    paused = live_workflow(people, slug="paused")
    pause_workflow(
        actor=people.actor("maya"),
        workflow_id=paused.id,
        reason="Odd refunds.",
        now=NOW,
    )
    key = people.key_for()

    assert _get("first-draft", key).json()["allowances"] == []
    assert _get("first-draft", key).json()["is_live"] is False
    assert _get("paused", key).json()["pause_reason"] == "Odd refunds."
