"""The cast: a small company set up through operations, for every room's tests.

`make_company()` makes departments, people, systems and an agent; `live_workflow()` takes a
workflow the whole way from registration to live, with three signatures by three people.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portal.accounts.actors import SYSTEM, Actor, actor_for, agent_actor
from portal.accounts.models import Agent, Department, Person
from portal.accounts.operations.agents import issue_key, register_agent
from portal.accounts.operations.people import (
    AUDITORS,
    RISK_TEAM,
    add_department,
    add_person,
)
from registry.models import AgentAssignment, Workflow
from registry.models.workflow import Role
from registry.operations.catalogue import add_system
from registry.operations.launching import launch_version
from registry.operations.packets import sign_packet, submit_version
from registry.operations.people import assign_agent
from registry.operations.registering import register_workflow
from registry.operations.reviewing import add_reviewer
from tests.recordings import recorded

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"  # noqa: S105 - for tests only

_CAST = (
    # key, name, department, job title, groups
    ("maya", "Maya Adler", "care", "Head of customer care", ()),
    ("ilan", "Ilan Torres", "it", "Platform lead", ()),
    ("rosa", "Rosa Lindqvist", "risk", "Risk manager", (RISK_TEAM,)),
    ("erik", "Erik Sandberg", "care", "Escalation lead", ()),
    ("priya", "Priya Nair", "it", "AI product owner", ()),
    ("dana", "Dana Reyes", "care", "Senior care agent", ()),
    ("tom", "Tom Okafor", "care", "Care agent", ()),
    ("lena", "Lena Fischer", "care", "Care agent", ()),
    ("olga", "Olga Petrova", "sales", "Sales manager", ()),
    ("audrey", "Audrey Kim", "risk", "Auditor", (AUDITORS,)),
)

REFUNDS: dict[str, Any] = {
    "purpose": "Refund customers for damaged or late orders.",
    "phase": 4,
    "risk": "medium",
    "currency": "EUR",
    "units": "refunds",
    "answers": {
        "what_changes": "Small refunds are paid in minutes instead of days.",
        "who_owns": "Maya Adler owns the outcome and the rules.",
        "reads": "Orders and customers, to see what was bought and what went wrong.",
        "writes": "Refunds in billing, and notes on the order.",
        "allowed_without_approval": "Refunds of up to EUR 25 with confidence 0.9 or more.",
        "always_reviewed": "Every refund above EUR 25.",
        "stop_rules": "Missing reason, conflicting records, legal words.",
        "what_is_logged": "Every record read, every refund asked, decided and paid.",
        "how_evaluated": "Ten runs a week are read against the five questions.",
        "who_can_pause": "Maya Adler, Ilan Torres, Rosa Lindqvist and Erik Sandberg.",
    },
    "allowances": [
        {"system": "orders", "verb": "read", "authority": "allowed"},
        {
            "system": "billing",
            "verb": "refund",
            "authority": "allowed",
            "amount_max": "25.00",
            "currency": "EUR",
            "amount_field": "amount",
            "currency_field": "currency",
            "reversibility": "irreversible",
        },
        {"system": "billing", "verb": "credit", "authority": "review"},
        {"system": "orders", "verb": "delete", "authority": "never"},
        {"system": "billing", "verb": "delete", "authority": "never"},
    ],
    "action_groups": [
        {"name": "Pay back", "actions": ["refund in billing", "credit in billing"]}
    ],
    "tools": [{"name": "refund_order", "system": "billing", "verb": "refund"}],
    "guardrail": {
        "confidence_min": "0.9",
        "confidence_escalate": "0.3",
        "risk_escalate": "high",
    },
    "stop_rules": [
        {
            "key": "conflicting-records",
            "kind": "conflicting_records",
            "effect": "escalate",
            "sentence": "Records about this order conflict.",
            "params": {"signals": ["conflicting_records"]},
        },
        {
            "key": "legal-words",
            "kind": "sensitive_topic",
            "effect": "hold",
            "sentence": "The customer speaks of a lawyer.",
            "params": {"topics": ["legal"], "words": ["lawyer", "lawsuit"]},
        },
    ],
    "caps": [
        {
            "key": "refunds-a-day",
            "kind": "spend",
            "limit": "500.00",
            "currency": "EUR",
            "window_hours": 24,
            "verbs": ["refund"],
        }
    ],
    "checks": [],
    "categories": [],
    "targets": {},
}


@dataclass(frozen=True)
class Company:
    """Everybody, by first name, with the departments, systems and the agent."""

    people: Mapping[str, Person]
    departments: Mapping[str, Department]
    agent: Agent
    other_agent: Agent

    def __getattr__(self, name: str) -> Person:
        if name.startswith("__") or name == "people":
            raise AttributeError(name)
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None

    def actor(self, name: str) -> Actor:
        return actor_for(self.people[name])

    @property
    def agent_actor(self) -> Actor:
        return agent_actor(agent_id=self.agent.id, name=self.agent.name)

    def spelled(self) -> object:
        """Say who they are, for `tests/recordings.py`."""
        everybody = [*self.people.values(), *self.departments.values()]
        return [*everybody, self.agent, self.other_agent]

    def key_for(self, agent: Agent | None = None, **more) -> str:
        """Issue a key and give its text."""
        chosen = agent or self.agent
        return issue_key(actor=SYSTEM, agent=chosen, now=_now(), **more).text


@recorded
def make_company() -> Company:
    """Set up the company of the tests."""
    departments = {
        "care": add_department(actor=SYSTEM, name="Customer care", now=NOW),
        "it": add_department(actor=SYSTEM, name="IT", slug="it", now=NOW),
        "risk": add_department(actor=SYSTEM, name="Risk", slug="risk", now=NOW),
        "sales": add_department(actor=SYSTEM, name="Sales", slug="sales", now=NOW),
    }
    people = {
        key: add_person(
            actor=SYSTEM,
            email=f"{key}@example.com",
            name=name,
            department=departments[department],
            password=None,
            job_title=job_title,
            groups=groups,
        )
        for key, name, department, job_title, groups in _CAST
    }
    people["ada"] = add_person(
        actor=SYSTEM,
        email="ada@example.com",
        name="Ada Berg",
        department=departments["it"],
        password=None,
        job_title="Administrator",
        is_administrator=True,
    )
    for slug, name in (("orders", "Orders"), ("billing", "Billing"), ("crm", "CRM")):
        add_system(actor=SYSTEM, slug=slug, name=name, is_approved=True, now=NOW)
    agent, other = (
        register_agent(
            actor=SYSTEM,
            name=name,
            department=departments["care"],
            operator=people["priya"],
            model_name="gpt-5",
            now=NOW,
        )
        for name in ("Refund agent", "Sales agent")
    )
    return Company(
        people=people, departments=departments, agent=agent, other_agent=other
    )


def refunds_document(**changes: Any) -> dict[str, Any]:
    """Give the page of refund management, changed where a test says so."""
    return deepcopy(REFUNDS) | changes


@recorded
def draft_workflow(
    people: Company,
    *,
    slug: str = "refund-management",
    name: str = "",
    document: Mapping | None = None,
    owners: Mapping[str, str] | None = None,
    reviewers: tuple[str, ...] = ("dana", "tom", "lena"),
) -> Workflow:
    """Register a workflow with its people and agent, ready to be submitted.

    The first one is the agent's home, as if the agent had been registered from it.
    """
    owners = owners or {
        Role.BUSINESS_OWNER: "maya",
        Role.IT_OWNER: "ilan",
        Role.RISK_OWNER: "rosa",
        Role.AI_PRODUCT_OWNER: "priya",
        Role.ESCALATION_OWNER: "erik",
    }
    maya = people.actor("maya")
    workflow = register_workflow(
        actor=maya,
        name=name or slug.replace("-", " ").capitalize(),
        slug=slug,
        department=people.departments["care"],
        document=document or refunds_document(),
        roles={role: people.people[key] for role, key in owners.items()},
        now=NOW,
    )
    for key in reviewers:
        add_reviewer(
            actor=maya, workflow_id=workflow.id, person=people.people[key], now=NOW
        )
    assign_agent(actor=SYSTEM, workflow_id=workflow.id, agent=people.agent, now=NOW)
    serving = AgentAssignment.objects.filter(agent=people.agent)
    if not serving.filter(is_home=True).exists():
        serving.filter(workflow=workflow).update(is_home=True)
    return workflow


def launch(people: Company, workflow: Workflow, *, revision: int = 1) -> Workflow:
    """Submit the open draft, sign it by three people and put it live."""
    packet = submit_version(
        reason="It may begin here.",
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        revision=revision,
        now=NOW,
    )
    sign_all(people, workflow, digest=packet.digest)
    launch_version(actor=people.actor("maya"), workflow_id=workflow.id, now=NOW)
    workflow.refresh_from_db()
    return workflow


def sign_all(people: Company, workflow: Workflow, *, digest: str) -> None:
    """Sign the open packet as business owner, IT owner and risk owner."""
    for role, key in (
        (Role.BUSINESS_OWNER, "maya"),
        (Role.IT_OWNER, "ilan"),
        (Role.RISK_OWNER, "rosa"),
    ):
        sign_packet(
            actor=people.actor(key),
            workflow_id=workflow.id,
            role=role,
            digest=digest,
            now=NOW,
        )


@recorded
def live_workflow(
    people: Company, *, slug: str = "refund-management", **more: Any
) -> Workflow:
    """Take a workflow from registration to live, the way people do it."""
    return launch(people, draft_workflow(people, slug=slug, **more))


def _now() -> datetime:
    return datetime.now(tz=UTC)
