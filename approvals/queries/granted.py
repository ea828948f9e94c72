"""One grant as a person sees it: what it is for, where it stands, what can be done."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models.functions import Now

from approvals.models import Grant, GrantChase, Outcome
from approvals.models.proposing import Audience
from approvals.queries.access import grant_seen_by
from approvals.queries.untold import (
    may_revoke,
    silence_of,
    who_revokes,
    who_settles,
    why_not_settle,
)
from approvals.rules.moves import ActionStatus, GrantState
from portal.accounts.actors import Actor
from registry.queries.rulebooks import standing_facts


@dataclass(frozen=True)
class OutcomeLine:
    """One report, oldest first. `checked` and `evidence` are only a person's."""

    status: str
    who: str
    at: datetime
    detail: str
    external_ref: str
    checked: str
    evidence: str
    is_person: bool


@dataclass(frozen=True)
class GrantShown:
    """A grant and everything that a person decides about it with."""

    id: UUID
    headline: str
    workflow: str
    slug: str
    agent: str
    owner: str | None
    risk: str
    run_id: UUID
    proposal_id: UUID | None
    digest: str
    execution_id: UUID | None
    word: str
    tone: str
    sentence: str
    issued_at: datetime
    not_before: datetime
    expires_at: datetime
    redeemed_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    before_id: UUID | None
    after_id: UUID | None
    asked_at: datetime | None
    reason: str
    outcomes: tuple[OutcomeLine, ...]
    may_revoke: bool
    who_revokes: str
    is_revocable: bool
    is_open: bool
    why_not_settle: str | None
    who_settles: str


def grant_for(actor: Actor, grant_id: UUID) -> GrantShown:
    """Give one grant to somebody who may see its workflow. About ten queries.

    Raises NotFound for everybody else. Holds no token and no argument beyond the headline.
    """
    seen = grant_seen_by(actor, grant_id)
    row = Grant.objects.select_related(
        "workflow", "agent", "action_request", "version", "ended_by"
    ).get(id=seen.id)
    request = row.action_request
    is_over = Grant.objects.filter(id=row.id, expires_at__lte=Now()).exists()
    outcomes = tuple(
        map(_outcome, Outcome.objects.filter(grant=row).order_by("number"))
    )
    facts = standing_facts(row.workflow_id, agent_id=row.agent_id)
    owner = facts.role_holders.get(Audience.BUSINESS_OWNER.value)
    chase = GrantChase.objects.filter(grant=row, kind=GrantChase.Kind.ASKED).first()
    word, tone, sentence = _state_of(row, outcomes, is_over=is_over)
    is_unknown = not outcomes or outcomes[-1].status == "unknown"
    return GrantShown(
        id=row.id,
        headline=row.version.headline if row.version else request.headline,
        workflow=row.workflow.name,
        slug=row.workflow.slug,
        agent=row.agent.name,
        owner=owner.name if owner else None,
        risk=request.risk,
        run_id=row.run_id,
        proposal_id=row.version.proposal_id if row.version else None,
        digest=row.digest,
        execution_id=row.execution_id,
        word=word,
        tone=tone,
        sentence=sentence,
        issued_at=row.issued_at,
        not_before=row.not_before,
        expires_at=row.expires_at,
        redeemed_at=row.redeemed_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by.name if row.ended_by else None,
        before_id=row.reissues_id,
        after_id=Grant.objects.filter(reissues=row)
        .values_list("id", flat=True)
        .first(),
        asked_at=chase.chased_at if chase else None,
        reason=request.message if row.state == GrantState.REVOKED else "",
        outcomes=outcomes,
        may_revoke=may_revoke(actor, row.workflow_id),
        who_revokes=who_revokes(row.workflow_id),
        is_revocable=row.state == GrantState.ISSUED and not is_over,
        is_open=row.state == GrantState.REDEEMED and is_unknown,
        why_not_settle=why_not_settle(actor, request, facts),
        who_settles=who_settles(request, facts),
    )


def _state_of(
    row: Grant, outcomes: tuple[OutcomeLine, ...], *, is_over: bool
) -> tuple[str, str, str]:
    if row.state == GrantState.REVOKED:
        return "Revoked", "failed", "It was taken back before it was used; nothing ran."
    if row.state == GrantState.EXPIRED or (row.state == GrantState.ISSUED and is_over):
        again = (
            " The agent may have it issued again while the rulebook still rules so."
            if row.action_request.status
            in (ActionStatus.APPROVED, ActionStatus.ALLOWED)
            else ""
        )
        return "Ran out", "paused", f"It was never used; nothing ran.{again}"
    if row.state == GrantState.ISSUED:
        return "Granted", "waiting", "The agent has not used it yet."
    if not outcomes:
        times = silence_of(row.action_request.risk)
        hours = round(times["give_up"].total_seconds() / 3600)
        return (
            "No outcome yet",
            "running",
            "The agent used it and has not said what happened."
            f" After {hours} hours nobody waits any longer, and a person looks.",
        )
    if outcomes[-1].status == "unknown":
        return (
            "Unknown",
            "unknown",
            "It may have been done, or not. Look in the system itself, then say which."
            " It is never run a second time.",
        )
    done = outcomes[-1].status == "succeeded"
    by = outcomes[-1].who
    if done:
        return "Done", "done", f"{by} said that it was done."
    return "Failed", "failed", f"{by} said that it was not done."


def _outcome(row: Outcome) -> OutcomeLine:
    return OutcomeLine(
        status=row.status.lower(),
        who=row.actor_name,
        at=row.reported_at,
        detail=row.detail,
        external_ref=row.external_ref,
        checked=row.checked,
        evidence=row.evidence,
        is_person=row.actor_kind == "person",
    )
