"""Vacancy stops execution and not intake: asked and kept, and nothing runs."""

import pytest

from approvals.models import Decision, Grant, Proposal
from approvals.operations import grants
from approvals.queries import blocking
from portal.accounts.actors import SYSTEM
from portal.audit.models import Entry
from registry.operations.people import assign_role, vacate_role
from tests.approvals.asking import make_portal
from tests.people import NOW


@pytest.fixture
def portal(db):
    return make_portal()


def leave_vacant(portal, role: str = "risk_owner") -> None:
    vacate_role(actor=SYSTEM, workflow_id=portal.workflow.id, role=role, now=NOW)


def fill(portal, role: str, name: str) -> None:
    assign_role(
        actor=SYSTEM,
        workflow_id=portal.workflow.id,
        role=role,
        person=portal.people.people[name],
        now=NOW,
    )


def test_what_would_be_allowed_is_taken_and_waits_while_a_role_is_vacant(portal):
    assert portal.ask("12.00")["status"] == "allowed"

    leave_vacant(portal)
    asked = portal.ask("13.00")

    assert asked["status"] == "in_review"
    assert asked["grant"] is None
    assert "owner.vacant" in [reason["code"] for reason in asked["ruling"]["reasons"]]
    assert Entry.objects.filter(name="action.ruled").count() == 2


def test_what_is_never_allowed_is_refused_though_a_role_is_vacant(portal):
    leave_vacant(portal)

    never = {"verb": "delete", "system": "billing", "args": {}}
    asked = portal.ask(action=never)

    assert asked["status"] == "refused"


def test_an_approval_is_told_of_the_vacancy_and_the_proposal_stays_open(portal):
    asked = portal.ask()
    leave_vacant(portal)

    answer = portal.decide("dana", asked)

    assert answer.status_code == 409
    page = answer.content.decode()
    assert "risk owner" in page
    assert "Maya Adler or an administrator" in page
    assert Proposal.objects.get(id=asked["proposal"]["id"]).state == "OPEN"
    assert not Decision.objects.exists()
    assert not Grant.objects.exists()


def test_once_the_role_is_filled_the_same_proposal_is_approved(portal):
    asked = portal.ask()
    leave_vacant(portal)
    assert portal.decide("dana", asked).status_code == 409

    fill(portal, "risk_owner", "olga")

    assert portal.decide("dana", asked).status_code == 302
    assert portal.action(asked)["status"] == "approved"


def test_an_edit_does_not_walk_around_the_vacancy(portal):
    asked = portal.ask()
    leave_vacant(portal)

    answer = portal.decide("dana", asked, "edit", **{"arg-0": "80.00"})

    assert answer.status_code == 409
    assert Proposal.objects.get(id=asked["proposal"]["id"]).version_number == 1


def test_a_rejection_needs_no_holder(portal):
    asked = portal.ask()
    leave_vacant(portal)

    answer = portal.decide("dana", asked, "reject", reason_code="duplicate")

    assert answer.status_code == 302
    assert portal.action(asked)["status"] == "rejected"


def test_a_grant_from_before_is_refused_while_vacant_and_works_again_afterwards(portal):
    asked = portal.ask("12.00")
    grant, digest = asked["grant"], asked["action_digest"]
    leave_vacant(portal)

    refused = portal.redeem(grant, digest)

    assert refused.status_code == 403
    assert refused.json()["code"] == "owner.vacant"
    assert "administrator" in refused.json()["who_can_help"]
    assert Grant.objects.get().state == "ISSUED"

    fill(portal, "risk_owner", "olga")

    assert portal.redeem(grant, digest).status_code == 200


def test_without_the_guard_a_grant_would_be_used_while_nobody_answers_for_it(
    portal, monkeypatch
):
    asked = portal.ask("12.00")
    leave_vacant(portal)
    real = grants.standing_facts
    monkeypatch.setattr(
        grants,
        "standing_facts",
        lambda *args, **more: _with_all_roles(real(*args, **more)),
    )

    answer = portal.redeem(asked["grant"], asked["action_digest"])

    assert answer.status_code == 200


def test_without_the_guard_an_approval_would_ask_for_a_grant(portal, monkeypatch):
    asked = portal.ask()
    leave_vacant(portal)
    monkeypatch.setattr(blocking, "_vacant", lambda waiting: None)

    with pytest.raises(AssertionError, match="vacant role grants nothing"):
        portal.decide("dana", asked)


def test_the_business_owner_stands_in_for_a_vacant_escalation_owner_to_reject(portal):
    asked = portal.ask(confidence=0.1)
    assert asked["status"] == "escalated"
    maya = portal.signed_in("maya")
    headline = asked["proposal"]["id"]
    assert headline not in maya.get("/inbox/").content.decode()
    assert portal.decide("maya", asked).status_code == 403

    leave_vacant(portal, "escalation_owner")

    assert headline in maya.get("/inbox/").content.decode()
    assert portal.decide("maya", asked).status_code == 409
    rejected = portal.decide("maya", asked, "reject", reason_code="duplicate")
    assert rejected.status_code == 302


def _with_all_roles(facts):
    from dataclasses import replace

    return replace(facts, vacant_roles=())
