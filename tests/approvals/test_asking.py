"""Asking over HTTP: the four answers, what is kept, and what is refused at the door."""

import pytest

from approvals.models import ActionRequest, AuthorityRecord, Grant, Proposal

pytestmark = pytest.mark.django_db


def test_a_small_refund_is_allowed_with_a_grant_and_a_large_one_is_reviewed(portal):
    small, large = portal.ask("20.00"), portal.ask("84.20")

    assert small["status"] == "allowed"
    assert small["ruling"]["outcome"] == "allow"
    assert small["grant"]["token"].startswith("csg_")
    assert small["proposal"] is None
    assert large["status"] == "in_review"
    assert large["grant"] is None
    assert large["proposal"]["version"] == 1
    assert large["ruling"]["reasons"][0]["code"] == "limit.amount"


def test_a_refusal_is_an_answer_and_is_kept(portal):
    body = portal.body(action={"verb": "delete", "system": "billing", "args": {}})
    del body["amount"]

    response = portal.post("/actions", body)

    assert response.status_code == 201
    assert response.json()["status"] == "refused"
    assert ActionRequest.objects.get().status == "REFUSED"
    assert AuthorityRecord.objects.get().answer == "refuse"
    assert not Grant.objects.exists()
    assert not Proposal.objects.exists()
