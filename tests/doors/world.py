"""A world in which every address has something behind it, and the people who knock.

One live workflow with a proposal, a run and a grant, one with an open draft, one that
waits for signatures. Made once for all doors; every knock is rolled back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.test import Client

from portal.accounts.models import AgentKey
from portal.audit.models import Entry
from portal.core import icons
from registry.operations.packets import submit_version
from tests.approvals.asking import Portal, make_portal
from tests.people import draft_workflow

# Who knocks, in the order of the table's letters.
KNOCKERS = (
    "anonymous",
    "agent",
    "outsider",
    "reviewer",
    "owner",
    "risk",
    "auditor",
    "administrator",
)
_NAMES = {
    "outsider": "olga",
    "reviewer": "dana",
    "owner": "maya",
    "risk": "rosa",
    "auditor": "audrey",
    "administrator": "ada",
}
DRAFT, SUBMITTED = "order-changes", "returns"


@dataclass
class World:
    """The portal of the tests, and what the addresses point at."""

    portal: Portal
    values: dict[str, Any]

    def client_of(self, knocker: str) -> Client:
        """Give the client with which somebody knocks."""
        client = Client(raise_request_exception=False)
        if knocker == "agent":
            client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {self.portal.key}"
        elif knocker in _NAMES:
            client.force_login(
                self.portal.people.people[_NAMES[knocker]],
                backend="django.contrib.auth.backends.ModelBackend",
            )
        return client


def make_world() -> World:
    """Set up what is behind the doors, through operations and the API."""
    portal = make_portal()
    people = portal.people
    draft_workflow(people, slug=DRAFT)
    submitted = draft_workflow(people, slug=SUBMITTED)
    now = datetime.now(tz=UTC)
    submit_version(
        actor=people.actor("maya"), workflow_id=submitted.id, revision=1, now=now
    )
    asked = portal.ask()
    entry = Entry.objects.filter(workflow_id=portal.workflow.id).latest("at")
    values = {
        "slug": portal.workflow.slug,
        "agent": people.agent.slug,
        "person_id": people.tom.id,
        "entry_id": entry.id,
        "key_id": AgentKey.objects.filter(agent=people.agent).latest("created_at").id,
        "proposal_id": asked["proposal"]["id"],
        "action_id": asked["id"],
        "run_id": asked["run"]["id"],
        "question": "what_changes",
        "system": "billing",
        "verb": "refund",
        "kind": "missing_data",
        "key": "conflicting-records",
        "part": "caps",
        "number": 1,
        "position": 0,
        "digest": icons.sprite_digest(),
        "page": _page_as_toml(portal),
    }
    return World(portal, values)


def _page_as_toml(portal: Portal) -> str:
    address = f"/workflows/{portal.workflow.slug}/page.toml"
    return portal.signed_in("maya").get(address).content.decode()


@contextmanager
def rolled_back() -> Iterator[None]:
    """Undo whatever happens inside; operations may be run in it."""
    block = transaction.atomic()
    # Operations insist on the outermost transaction; a test's own does not count.
    block._from_testcase = True
    with block:
        yield
        if connection.in_atomic_block:
            transaction.set_rollback(True)
