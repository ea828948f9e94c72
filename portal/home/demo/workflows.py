"""The six workflows: registered from templates, signed by three people, put live.

Refund management has been live twice, content publishing is paused, and the policy
assistant still waits for a signature.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from portal.accounts.keys import AgentPrincipal
from portal.accounts.models import Agent, AgentKey
from portal.accounts.operations.agents import issue_key
from portal.home.demo.company import Company
from portal.home.demo.measuring import aim
from registry.operations.drafts import DraftSaved, save_draft
from registry.operations.launching import launch_version
from registry.operations.packets import new_version, sign_packet, submit_version
from registry.operations.people import assign_agent
from registry.operations.registering import register_workflow
from registry.operations.reviewing import add_reviewer
from registry.queries.rulebooks import lock_numbers
from registry.queries.templates import template_document

KEY_LIVES_FOR = timedelta(days=365)
SIGNING = (("business_owner", 0), ("it_owner", 1), ("risk_owner", 2))
FIRST_REVISION = 1


@dataclass(frozen=True)
class Plan:
    """One workflow: where it comes from, who stands behind it, which agent serves it."""

    slug: str
    department: str
    owner: str
    escalation: str
    reviewers: tuple[str, ...]
    agent: str
    purpose: str = ""
    change: Callable[[dict[str, Any]], None] | None = None
    begins: str = ""


def _first_refunds(page: dict[str, Any]) -> None:
    """Begin carefully: EUR 15 without a person, and no goodwill credit yet."""
    for row in page["allowances"]:
        if (row["system"], row["verb"]) == ("billing", "refund"):
            row["amount_max"] = "15.00"
    page["allowances"] = [row for row in page["allowances"] if row["verb"] != "credit"]
    page["answers"]["allowed_without_approval"] = page["answers"][
        "allowed_without_approval"
    ].replace("EUR 25.00", "EUR 15.00")


def _suspend_in_two_stages(page: dict[str, Any]) -> None:
    """Cutting a colleague off takes two analysts and then the risk owner."""
    for row in page["allowances"]:
        if row["verb"] == "suspend":
            row["then"] = [{"decided_by": "risk_owner"}]


PLANS = (
    Plan(
        "refund-management",
        "customer-care",
        "maya",
        "erik",
        ("dana", "tom", "lena"),
        "refunds",
        change=_first_refunds,
        begins="Small refunds ran by fixed rules for two years; three named action groups bound the agent.",
    ),
    Plan("voice-service-desk", "customer-care", "maya", "erik", ("dana", "lena"), "voice", begins="The desk only talks; whatever it changes beyond that, a person decides."),
    Plan("it-remediation", "it-operations", "aiko", "samir", ("jonas", "nina"), "remediation"),
    Plan("security-operations", "it-operations", "samir", "aiko", ("nina", "jonas"), "security", change=_suspend_in_two_stages, begins="Containment cannot wait for a person; three action groups and a count a day bound it."),
    Plan("content-publishing", "marketing", "greta", "helen", ("paul", "lena"), "publishing", begins="Nothing is published unless an editor approves it."),
    Plan("policy-assistant", "people-culture", "amara", "helen", ("bruno",), "policies", begins="It answers from the handbook and writes nothing."),
)  # fmt: skip


def register(company: Company, plan: Plan, *, now: datetime) -> UUID:
    """Register a workflow from its template with all its people; gives its id."""
    owner = company.actor(plan.owner)
    page = template_document(plan.slug) or {}
    if plan.change:
        plan.change(page)
    aim(page, plan.slug)
    workflow = register_workflow(
        actor=owner,
        name=page["name"],
        slug=plan.slug,
        department=company.departments[plan.department],
        document=page,
        roles={
            "business_owner": company.people[plan.owner],
            "it_owner": company.people["ilan"],
            "risk_owner": company.people["rosa"],
            "ai_product_owner": company.people["priya"],
            "escalation_owner": company.people[plan.escalation],
        },
        now=now,
    )
    for key in plan.reviewers:
        add_reviewer(
            actor=owner, workflow_id=workflow.id, person=company.people[key], now=now
        )
    assign_agent(
        actor=company.actor("priya"),
        workflow_id=workflow.id,
        agent=company.agents[plan.agent],
        now=now,
    )
    return workflow.id


def submit(
    company: Company, plan: Plan, workflow_id: UUID, *, revision: int, now: datetime
) -> str:
    """Freeze the draft and give the digest that is signed."""
    packet = submit_version(
        actor=company.actor(plan.owner),
        workflow_id=workflow_id,
        revision=revision,
        reason=plan.begins if revision == FIRST_REVISION else "",
        now=now,
    )
    return packet.digest


def sign(
    company: Company,
    plan: Plan,
    workflow_id: UUID,
    digest: str,
    *,
    roles: int = 3,
    now: datetime,
) -> None:
    """Let the first so many of the three owners sign, some hours apart."""
    signers = (plan.owner, "ilan", "rosa")
    for role, number in SIGNING[:roles]:
        sign_packet(
            actor=company.actor(signers[number]),
            workflow_id=workflow_id,
            role=role,
            digest=digest,
            now=now + timedelta(hours=3 * number),
        )


def go_live(
    company: Company,
    plan: Plan,
    workflow_id: UUID,
    *,
    revision: int = FIRST_REVISION,
    now: datetime,
) -> None:
    """Take the open draft through the three signatures and put it live."""
    digest = submit(company, plan, workflow_id, revision=revision, now=now)
    sign(company, plan, workflow_id, digest, now=now + timedelta(hours=1))
    launch_version(
        actor=company.actor(plan.owner),
        workflow_id=workflow_id,
        now=now + timedelta(hours=9),
    )


def widen_refunds(company: Company, *, now: datetime) -> None:
    """Put version 2 of refund management live: the template as it is, EUR 25 and credit."""
    plan = PLANS[0]
    workflow_id = id_of(plan.slug)
    draft = new_version(
        actor=company.actor(plan.owner), workflow_id=workflow_id, now=now
    )
    page = {**(template_document(plan.slug) or {}), "name": draft.document["name"]}
    page["department"] = draft.document["department"]
    aim(page, plan.slug)
    what = "refunds up to EUR 25.00, and credit"
    saved = _save(company, plan.owner, workflow_id, draft.revision, page, what, now)
    later = now + timedelta(hours=4)
    go_live(company, plan, workflow_id, revision=saved.revision, now=later)


def draft_next_refunds(company: Company, *, now: datetime) -> None:
    """Leave version 3 open: damaged lamps get a photo check before anything is paid."""
    workflow_id = id_of("refund-management")
    draft = new_version(actor=company.actor("priya"), workflow_id=workflow_id, now=now)
    page = dict(draft.document)
    page["checks"] = [
        *page.get("checks", []),
        {"name": "photo of the damage seen", "required_for": ["refund"]},
    ]
    what = "a photo of the damage before a refund"
    _save(company, "priya", workflow_id, draft.revision, page, what, now)


def id_of(slug: str) -> UUID:
    """Give the id of a workflow that the demo has registered. One query."""
    numbers = lock_numbers(slug)
    if numbers is None:
        raise LookupError(f"the demo has no workflow {slug}")
    return numbers.workflow_id


def give_key(company: Company, agent: Agent, *, now: datetime) -> None:
    """Issue an agent its key, as Ilan; nobody reads it, because nobody calls from outside."""
    issue_key(
        actor=company.actor("ilan"),
        agent=agent,
        label="production",
        lives_for=KEY_LIVES_FOR,
        now=now,
    )


def principal_of(agent: Agent) -> AgentPrincipal:
    """Give whom the agent's key speaks for, without the key itself. One query."""
    key = AgentKey.objects.filter(agent=agent, revoked_at=None).earliest("created_at")
    return AgentPrincipal(
        agent_id=agent.id,
        agent_slug=agent.slug,
        agent_name=agent.name,
        kind=agent.kind,
        key_id=key.id,
        scopes=frozenset(key.scopes),
        operator_id=agent.operator_id,
        key_owner_id=key.created_by_id,
    )


def _save(
    company: Company,
    who: str,
    workflow_id: UUID,
    revision: int,
    page: Mapping[str, Any],
    what: str,
    now: datetime,
) -> DraftSaved:
    return save_draft(
        actor=company.actor(who),
        workflow_id=workflow_id,
        revision=revision,
        document=page,
        what=what,
        now=now,
    )
