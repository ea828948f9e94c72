"""Editing in the inbox: ruled on again, each argument of its own kind, seen by another."""

import pytest

from approvals.models import AuthorityRecord, Decision, Grant, Proposal, ProposalVersion
from portal.core.clock import wall_clock
from registry.operations.pausing import pause_workflow

pytestmark = pytest.mark.django_db


def test_an_edit_to_less_is_ruled_on_again_and_runs_with_its_own_digest(
    portal, no_undo_time
):
    asked = portal.ask("84.20")

    response = portal.decide("dana", asked, "edit", **{"arg-0": "48.20"})
    told = portal.action(asked)
    old = portal.redeem(told["grant"], asked["action_digest"])
    new = portal.redeem(told["grant"], told["resolution"]["action_digest"])

    assert response.status_code == 302
    assert told["resolution"]["type"] == "edited"
    assert told["resolution"]["action"]["args"] == {
        "amount": "48.20",
        "currency": "EUR",
    }
    assert told["resolution"]["action_digest"] != asked["action_digest"]
    assert (old.status_code, old.json()["code"]) == (409, "digest.mismatch")
    assert new.json()["action"]["args"]["amount"] == "48.20"
    occasions = list(
        AuthorityRecord.objects.order_by("ruled_at").values_list("occasion", flat=True)
    )
    assert occasions == ["ASK", "EDIT"]


def test_an_edit_that_widens_waits_for_another_person(portal, no_undo_time):
    asked = portal.ask("84.20")

    portal.decide("dana", asked, "edit", **{"arg-0": "94.20"})
    own = portal.decide("dana", asked)
    assert Proposal.objects.get().state == "OPEN"
    assert not Decision.objects.exists()
    assert own.status_code == 403

    other = portal.decide("tom", asked)
    told = portal.action(asked)

    assert other.status_code == 302
    assert told["resolution"]["type"] == "edited"
    assert told["resolution"]["action"]["args"]["amount"] == "94.20"
    assert ProposalVersion.objects.count() == 2


def test_two_editors_of_what_asks_for_more_are_both_kept_from_approving_it(
    portal, no_undo_time
):
    """Else one writes it, the other changes a cent, and nobody else ever looked."""
    asked = portal.ask("44.20")

    portal.decide("dana", asked, "edit", **{"arg-0": "48.20"})
    portal.decide("tom", asked, "edit", **{"arg-0": "48.19"})
    first = portal.decide("dana", asked)
    second = portal.decide("tom", asked)

    assert (first.status_code, second.status_code) == (403, 403)
    assert Proposal.objects.get().state == "OPEN"
    assert not Grant.objects.exists()

    portal.decide("tom", asked, "edit", **{"arg-0": "40.00"})
    assert Proposal.objects.get().state == "EDITED", "it asks for less than at first"


def test_an_edit_keeps_the_type_of_each_argument(portal, no_undo_time):
    action = {
        "verb": "credit",
        "system": "billing",
        "args": {"points": 5, "rate": 1.50, "urgent": False, "note": "x"},
    }
    body = portal.body(action=action)
    del body["amount"]
    asked = portal.post("/actions", body).json()

    wrong = portal.decide("dana", asked, "edit", **{"arg-0": "five"})
    right = portal.decide(
        "dana",
        asked,
        "edit",
        **{"arg-0": "4", "arg-1": "1.25", "arg-2": "true", "arg-3": "y"},
    )
    raw = bytes(ProposalVersion.objects.get(number=2).action).decode()

    assert wrong.status_code == 422
    assert "whole number" in wrong.content.decode()
    assert right.status_code == 302
    assert '"args": {"points": 4, "rate": 1.25, "urgent": true, "note": "y"}' in raw


def test_an_edit_into_what_the_rulebook_refuses_is_not_kept(portal):
    people = portal.people
    action = {
        "verb": "refund",
        "system": "billing",
        "args": {"amount": "84.20", "currency": "EUR", "note": ""},
    }
    asked = portal.ask(action=action)
    pause_workflow(
        actor=people.actor("maya"),
        workflow_id=portal.workflow.id,
        reason="x",
        now=wall_clock(),
    )

    edited = portal.decide("dana", asked, "edit", **{"arg-0": "48.20"})

    assert edited.status_code == 409
    assert "paused" in edited.content.decode()
    assert ProposalVersion.objects.count() == 1
    assert AuthorityRecord.objects.filter(occasion="EDIT", answer="refuse").count() == 1
