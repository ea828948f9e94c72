"""Asking, deciding and redeeming in tests: over HTTP as an agent and as a person."""

import itertools
import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from approvals.models import Proposal, ProposalVersion
from portal.accounts.models import Person
from registry.models import Workflow
from tests.people import Company, live_workflow, make_company
from tests.recordings import recorded

_KEYS = itertools.count(1)


@dataclass
class Portal:
    """One live workflow with its people, and its agent with a key."""

    people: Company
    workflow: Workflow
    key: str

    def body(self, amount: str = "84.20", **more: Any) -> dict[str, Any]:
        """Give a request to refund, which is reviewed above EUR 25."""
        return {
            "workflow": self.workflow.slug,
            "run": "case-7741",
            "action": {
                "verb": "refund",
                "system": "billing",
                "resource": {"type": "order", "id": "1182"},
                "args": {"amount": amount, "currency": "EUR"},
            },
            "title": f"Refund EUR {amount} for order 1182",
            "confidence": 0.95,
            "amount": {"value": amount, "currency": "EUR"},
            "evidence": [
                {"label": "Order 1182", "source": "orders", "excerpt": "Paid."}
            ],
        } | more

    def post(
        self,
        path: str,
        document: Any = None,
        *,
        key: str = "",
        token: str = "",
        raw=None,
    ):
        """POST to the API as the agent."""
        body = (
            raw
            if raw is not None
            else json.dumps(document if document is not None else {})
        )
        return Client().post(
            f"/api/v1{path}",
            data=body,
            content_type="application/json",
            headers={
                "Authorization": f"Bearer {token or self.key}",
                "Idempotency-Key": key or f"test-{next(_KEYS)}",
            },
        )

    def get(self, path: str, *, token: str = ""):
        return Client().get(
            f"/api/v1{path}", headers={"Authorization": f"Bearer {token or self.key}"}
        )

    def ask(self, amount: str = "84.20", **more: Any) -> dict[str, Any]:
        response = self.post("/actions", self.body(amount, **more))
        assert response.status_code == 201, response.content
        return response.json()

    def action(self, asked: dict[str, Any]) -> dict[str, Any]:
        return self.get(f"/actions/{asked['id']}").json()

    def redeem(self, grant: dict[str, Any], digest: str, *, key: str = ""):
        return self.post(
            "/grants/redeem",
            {"token": grant["token"], "action_digest": digest},
            key=key,
        )

    def signed_in(self, name: str) -> Client:
        """Give a browser in which this person is signed in."""
        client = Client()
        client.force_login(
            Person.objects.get(id=self.people.people[name].id),
            backend="django.contrib.auth.backends.ModelBackend",
        )
        return client

    def decide(
        self, name: str, asked: dict[str, Any], verb: str = "approve", **form: Any
    ):
        """Post one decision form as a person, with the digest that is current."""
        proposal_id = asked["proposal"]["id"]
        form.setdefault("digest", digest_of_proposal(proposal_id))
        return self.signed_in(name).post(f"/inbox/{proposal_id}/{verb}/", form)


def digest_of_proposal(proposal_id: str) -> str:
    proposal = Proposal.objects.get(id=proposal_id)
    return ProposalVersion.objects.get(
        proposal=proposal, number=proposal.version_number
    ).digest


@recorded
def make_portal(**more: Any) -> Portal:
    people = make_company()
    workflow = live_workflow(people, **more)
    return Portal(people=people, workflow=workflow, key=people.key_for())
