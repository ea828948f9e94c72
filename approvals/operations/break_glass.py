"""Break-glass: in an emergency one proposal runs without the votes that are missing.

Only missing votes are walked past. The rulebook is asked again and must not refuse; a
pause, a hold, a check that nobody saw pass, a vacant role, and what nobody can read
keep everybody from running it. Another person looks at it afterwards.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from approvals.models import AuthorityRecord, BreakGlass, BreakGlassReview
from approvals.models.proposing import Audience
from approvals.operations.confirming import confirmed_by, require_fresh
from approvals.operations.decide import rule_again
from approvals.operations.grants import issue_grant
from approvals.operations.ladder import next_audience
from approvals.operations.proposals import end_proposal
from approvals.operations.ruling import Ruled, guard_authority, tell_run
from approvals.operations.sitting import (
    Sitting,
    current_version,
    lock_proposal,
    parties_of,
    require_no_objection,
    require_same_digest,
    require_undecided,
    seconds_waited,
)
from approvals.operations.stages import (
    StageCount,
    approvals_of,
    count_stages,
)
from approvals.queries.access import proposal_seen_by
from approvals.queries.blocking import Blocked, kept_from_running
from approvals.queries.break_glass import glass_seen_by, may_review, role_of
from approvals.queries.clocks import is_overdue
from approvals.queries.ways import demanded_way, way_to_approval
from approvals.rules.emergencies import ROLES, review_due_at, why_problem
from approvals.rules.moves import ActionStatus, ProposalState
from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.accounts.operations.telling import tell
from portal.audit.operation import operation, record, step
from portal.core.clock import database_now
from portal.core.errors import Conflict, Forbidden, Invalid
from registry.queries.acceptable_use import must_have_acknowledged
from registry.queries.rulebooks import standing_facts

REASON_CODE = "break_glass"
TOLD_AGENT = "Let run in an emergency, without all the approvals it needs."


@dataclass(frozen=True)
class Broken:
    """It runs. Somebody else looks at it by then."""

    id: UUID
    headline: str
    review_due_at: datetime


@operation(leaves=("proposal.glass_broken", "action.ruled"))
def break_glass(
    *, actor: Actor, proposal_id: UUID, digest: str, why: str, now: datetime
) -> Broken | Blocked:
    """Let exactly the bytes of `digest` run without the missing votes, and say so loudly.

    Raises NotFound, Conflict, Forbidden and Invalid as a decision does, and ConfirmFirst.
    """
    if problem := why_problem(why):
        raise Invalid({"why": problem})
    sitting, role = _sit(actor, proposal_id, digest)
    ruled = rule_again(sitting, occasion=AuthorityRecord.Occasion.DECIDE)
    parties = parties_of(
        sitting,
        version=sitting.version,
        risk=ruled.record.risk,
        reversibility=ruled.record.reversibility,
    )
    require_no_objection(sitting, parties)
    if blocked := kept_from_running(ruled.ruling, sitting):
        return blocked
    require_fresh(actor)
    way = demanded_way(sitting.proposal, ruled.ruling) or way_to_approval(
        sitting.proposal
    )
    counts = count_stages(
        way, approvals_of(sitting.version), facts=sitting.facts, parties=parties
    )
    _require_needed(sitting, counts)
    return _run(sitting, ruled, role, why.strip(), counts, now)


@step
def _sit(actor: Actor, proposal_id: UUID, digest: str) -> tuple[Sitting, str]:
    """Lock a proposal for somebody who answers for its workflow."""
    seen = proposal_seen_by(actor, proposal_id)
    guard_authority(
        lock_number=seen.workflow.lock_number,
        department_lock_number=seen.workflow.department.lock_number,
    )
    proposal = lock_proposal(proposal_id)
    version = current_version(proposal)
    require_undecided(proposal)
    require_same_digest(version, digest)
    request = proposal.action_request
    facts = standing_facts(proposal.workflow_id, agent_id=request.agent_id)
    person = Person.objects.get(id=actor.id)
    role = role_of(person.id, facts) if person.is_active else ""
    if not role:
        holders = [
            facts.role_holders[each] for each in ROLES if each in facts.role_holders
        ]
        raise Forbidden(
            "Only who answers for this workflow may let something run in an emergency.",
            code="break_glass.not_yours",
            who_can_help=" or ".join(dict.fromkeys(each.name for each in holders)),
        )
    must_have_acknowledged(actor)
    now, expires_at = database_now(), request.expires_at
    is_last = next_audience(proposal, facts) is None
    if (expires_at and expires_at <= now) or (
        is_last and is_overdue(proposal, now=now)
    ):
        raise Conflict(
            "proposal.expired",
            "The time to decide this is over; nothing was approved.",
            at=expires_at or proposal.due_at,
        )
    return Sitting(actor, person, proposal, version, request, facts), role


def _require_needed(sitting: Sitting, counts: tuple[StageCount, ...]) -> None:
    """Raise Conflict when this person's ordinary approval is all that is missing."""
    missing = sum(each.votes.missing for each in counts)
    here = counts[sitting.proposal.stage - 1]
    used = frozenset().union(*(each.filled for each in counts))
    is_theirs = sitting.person.id in here.own and sitting.person.id not in used
    if missing == 0 or (missing == here.votes.missing == 1 and is_theirs):
        raise Conflict(
            "break_glass.not_needed",
            "Only your own approval is missing. Approve it instead: that is enough.",
        )


@step
def _run(
    sitting: Sitting,
    ruled: Ruled,
    role: str,
    why: str,
    counts: tuple[StageCount, ...],
    now: datetime,
) -> Broken:
    proposal, version = sitting.proposal, sitting.version
    is_edited = version.digest != sitting.request.digest
    state = ProposalState.EDITED if is_edited else ProposalState.APPROVED
    end_proposal(
        proposal=proposal,
        action_request=sitting.request,
        state=state,
        status=ActionStatus.APPROVED,
        resolved_by=sitting.actor,
        reason_code=REASON_CODE,
        message=TOLD_AGENT,
        now=now,
    )
    broken_at = database_now()
    broken = BreakGlass.objects.create(
        proposal=proposal,
        version=version,
        workflow_id=proposal.workflow_id,
        person=sitting.person,
        role=role,
        why=why,
        digest=version.digest,
        missing=[
            {
                **asdict(each.turn),
                "stage": each.number,
                "approved": each.votes.counted,
            }
            for each in counts
            if not each.votes.is_complete
        ],
        concerned=_concerned(sitting),
        confirmed_by=confirmed_by(sitting.actor),
        broken_at=broken_at,
        review_due_at=review_due_at(broken_at),
    )
    _tell(sitting, broken, counts, now)
    issue_grant(
        actor=sitting.actor,
        action_request=sitting.request,
        authority_record=ruled.record,
        version=version,
        facts=sitting.facts,
    )
    return Broken(broken.id, version.headline, broken.review_due_at)


def _concerned(sitting: Sitting) -> list[str]:
    """Name who is told at once: the others who answer for the workflow."""
    holders = sitting.facts.role_holders
    ids = dict.fromkeys(str(holders[each].id) for each in ROLES if each in holders)
    return [each for each in ids if each != str(sitting.person.id)]


@step
def _tell(sitting: Sitting, broken: BreakGlass, counts, now: datetime) -> None:
    missing = sum(each.votes.missing for each in counts)
    record(
        "proposal.glass_broken",
        actor=sitting.actor,
        subject=("proposal", sitting.proposal.id),
        workflow_id=sitting.proposal.workflow_id,
        headline=f"{sitting.version.headline}.",
        missing=f"{missing} approval{'' if missing == 1 else 's'}",
        why=broken.why[:300],
        role=Audience(broken.role).label,
        digest=broken.digest,
        break_glass=str(broken.id),
    )
    tell(
        kind="break_glass",
        subject=("break_glass", broken.id),
        people=[UUID(each) for each in broken.concerned],
        workflow_id=sitting.proposal.workflow_id,
        by=sitting.actor.name,
        by_id=sitting.actor.id,
        at=now,
    )
    tell_run(
        sitting.request,
        kind="glass_broken",
        at=now,
        actor=sitting.actor,
        proposal=str(sitting.proposal.id),
        version=sitting.version.number,
        digest=broken.digest,
        person=str(sitting.person.id),
        reason=broken.why,
        missing=missing,
        seconds=seconds_waited(sitting.proposal, now),
        headline=sitting.version.headline,
    )


@operation(leaves="proposal.glass_reviewed")
def review_break_glass(
    *, actor: Actor, glass_id: UUID, verdict: str, text: str, now: datetime
) -> BreakGlassReview:
    """Say afterwards whether it was right. Once, by another who answers for the workflow.

    Raises NotFound, Forbidden for who may not, Conflict when somebody did, and Invalid.
    """
    if verdict not in BreakGlassReview.Verdict.values:
        raise Invalid({"verdict": "Choose what you found."})
    if not text.strip() or "\x00" in text or len(text) > 4000:
        raise Invalid({"text": "Write what you looked at and what you found."})
    found = glass_seen_by(actor, glass_id)
    if not may_review(actor, found):
        raise Forbidden(
            "Another person who answers for this workflow reviews this.",
            code="break_glass.not_yours",
            who_can_help="Its business owner, risk owner or escalation owner, whoever"
            " did not do it.",
        )
    # The proposal's row is the lock: two reviews at once meet here.
    lock_proposal(found.proposal_id)
    before = BreakGlassReview.objects.filter(break_glass=found).select_related("person")
    if (done := before.first()) is not None:
        raise Conflict(
            "break_glass.reviewed",
            f"{done.person.name} reviewed this first.",
            who=done.person.name,
            at=done.reviewed_at,
        )
    review = BreakGlassReview.objects.create(
        break_glass=found,
        person_id=actor.id,
        verdict=verdict,
        text=text.strip(),
        reviewed_at=database_now(),
    )
    record(
        "proposal.glass_reviewed",
        actor=actor,
        subject=("proposal", found.proposal_id),
        workflow_id=found.workflow_id,
        headline=f"{found.version.headline}.",
        verdict=review.get_verdict_display(),
        text=review.text[:300],
        break_glass=str(found.id),
    )
    return review
