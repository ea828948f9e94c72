"""A person decides: approve, edit and approve, reject, or respond in the action's stead.

Every approval asks the authority again, under its locks. What the rulebook then blocks is
a value (`Blocked`), on record, and the proposal stays open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from approvals.models import AuthorityRecord, Decision, EvidenceOpening, ProposalVersion
from approvals.operations.assigning import assign_least_loaded
from approvals.operations.confirming import confirmed_by, require_confirmed
from approvals.operations.grants import issue_grant
from approvals.operations.looking import look_facts
from approvals.operations.proposals import end_proposal
from approvals.operations.ruling import Ruled, ask_rulebook, keep_ruling, tell_run
from approvals.operations.sitting import (
    Sitting,
    parties_of,
    require_no_objection,
    seconds_waited,
    sit,
)
from approvals.operations.stages import (
    StageCount,
    approvals_of,
    confirmed_only,
    count_stages,
    first_open,
    go_on,
    needed_later,
)
from approvals.queries.access import who_decides
from approvals.queries.again import request_again
from approvals.queries.blocking import Blocked, blocked_by
from approvals.queries.ways import demanded_way
from approvals.rules.moves import ActionStatus, ProposalState
from approvals.rules.quorum import Tally
from approvals.rules.reasons import NEEDS_WORDS, REASON_CODES
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core.errors import Forbidden, Invalid
from runs.queries.holds import hold_of_run

MESSAGE_LENGTH_MAX = 4000


@dataclass(frozen=True)
class Decided:
    """What a decision came to. Without a resolution, more votes are needed."""

    proposal_id: UUID
    resolution: str | None
    votes: Tally
    headline: str
    undo_until: datetime | None = None
    said: str = ""


@operation(leaves=("proposal.decided", "proposal.vote_counted", "action.ruled"))
def approve_proposal(
    *,
    actor: Actor,
    proposal_id: UUID,
    digest: str,
    message: str = "",
    in_batch: bool = False,
    now: datetime,
) -> Decided | Blocked:
    """Approve exactly the bytes of `digest`. About 25 queries.

    Raises what `sit` raises, and Forbidden where duties must be separate.
    """
    check_message(message)
    sitting = sit(actor=actor, proposal_id=proposal_id, digest=digest)
    ruled = rule_again(sitting, occasion=AuthorityRecord.Occasion.DECIDE)
    parties = parties_of(
        sitting,
        version=sitting.version,
        risk=ruled.record.risk,
        reversibility=ruled.record.reversibility,
    )
    require_no_objection(sitting, parties)
    blocked = blocked_by(ruled.ruling, sitting, in_batch=in_batch)
    if blocked:
        return blocked
    decision = keep_decision(
        sitting, sitting.version, Decision.Verdict.APPROVE, message=message, now=now
    )
    return count_votes(sitting, sitting.version, ruled, decision, now=now)


@operation(leaves="proposal.decided")
def reject_proposal(
    *,
    actor: Actor,
    proposal_id: UUID,
    digest: str,
    reason_code: str,
    message: str,
    now: datetime,
) -> Decided:
    """Reject, with a reason that the agent is told. One rejection ends the proposal."""
    check_message(message)
    if reason_code not in REASON_CODES:
        raise Invalid({"reason_code": "Choose why."})
    if reason_code in NEEDS_WORDS and not message.strip():
        raise Invalid({"message": NEEDS_WORDS[reason_code]})
    sitting = sit(actor=actor, proposal_id=proposal_id, digest=digest)
    return _end_by_word(
        sitting,
        Decision.Verdict.REJECT,
        ProposalState.REJECTED,
        ActionStatus.REJECTED,
        reason_code=reason_code,
        message=message,
        now=now,
    )


@operation(leaves="proposal.decided")
def respond_to_proposal(
    *, actor: Actor, proposal_id: UUID, digest: str, message: str, now: datetime
) -> Decided:
    """Answer in the action's stead: the agent gets the words, and nothing runs."""
    check_message(message)
    if not message.strip():
        raise Invalid({"message": "Write what the agent is told instead."})
    sitting = sit(actor=actor, proposal_id=proposal_id, digest=digest)
    return _end_by_word(
        sitting,
        Decision.Verdict.RESPOND,
        ProposalState.RESPONDED,
        ActionStatus.RESPONDED,
        reason_code="",
        message=message,
        now=now,
    )


def check_message(message: str) -> None:
    if len(message) > MESSAGE_LENGTH_MAX:
        raise Invalid({"message": f"At most {MESSAGE_LENGTH_MAX:,} characters."})
    if "\x00" in message:
        raise Invalid({"message": "This holds a character that cannot be stored."})


@step
def rule_again(
    sitting: Sitting,
    *,
    occasion: str,
    action: Mapping[str, object] | None = None,
    digest: str | None = None,
    headline: str | None = None,
) -> Ruled:
    """Ask the rulebook about the current version, or about an edit of it."""
    said = action if action is not None else sitting.action
    is_edited = action is not None or sitting.version.digest != sitting.request.digest
    hold = hold_of_run(run_id=sitting.request.run_id)
    ruling = ask_rulebook(
        facts=sitting.facts,
        request=request_again(sitting.facts, sitting.body, said, is_edited=is_edited),
        run_id=sitting.request.run_id,
        run_is_on_hold=hold is not None,
        hold_reason=hold.sentence if hold else None,
    )
    kept = keep_ruling(
        actor=sitting.actor,
        action_request=sitting.request,
        ruling=ruling,
        facts=sitting.facts,
        digest=digest or sitting.version.digest,
        headline=headline or sitting.version.headline,
        occasion=occasion,
    )
    return Ruled(ruling=ruling, record=kept, facts=sitting.facts)


@step
def keep_decision(
    sitting: Sitting,
    version: ProposalVersion,
    verdict: str,
    *,
    reason_code: str = "",
    message: str = "",
    now: datetime,
) -> Decision:
    """Write one person's decision, with how much evidence they had opened."""
    opened = EvidenceOpening.objects.filter(
        proposal=sitting.proposal, person=sitting.person
    ).count()
    evidence = sitting.body.get("evidence")
    return Decision.objects.create(
        version=version,
        person=sitting.person,
        acting_for=sitting.acting_for,
        stage=sitting.proposal.stage,
        confirmed_by=confirmed_by(sitting.actor),
        verdict=verdict,
        digest=version.digest,
        reason_code=reason_code,
        message=message,
        evidence_opened=opened,
        evidence_total=len(evidence) if isinstance(evidence, list) else 0,
        decided_at=now,
    )


@step
def count_votes(
    sitting: Sitting,
    version: ProposalVersion,
    ruled: Ruled,
    decision: Decision,
    *,
    now: datetime,
) -> Decided:
    """Count who counts now; with enough, end the proposal and issue the grant."""
    risks = ruled.record.risk, sitting.proposal.risk
    require_confirmed(sitting.actor, *risks)
    parties = parties_of(
        sitting,
        version=version,
        risk=ruled.record.risk,
        reversibility=ruled.record.reversibility,
    )
    way = demanded_way(sitting.proposal, ruled.ruling)
    if way is None:
        raise AssertionError("what others must decide is blocked before it is counted")
    approvals = confirmed_only(approvals_of(version), *risks)
    counts = count_stages(way, approvals, facts=sitting.facts, parties=parties)
    _require_free_for_later(sitting, counts)
    votes = counts[decision.stage - 1].votes
    open_stage = first_open(counts)
    if open_stage is None:
        return _complete(sitting, version, ruled, decision, votes, now)
    return _wait_for_more(sitting, version, decision, counts, open_stage, now)


def _require_free_for_later(sitting: Sitting, counts: Sequence[StageCount]) -> None:
    seat = (sitting.acting_for or sitting.person).id
    label = needed_later(counts, seat=seat, stage=sitting.proposal.stage)
    if label:
        raise Forbidden(
            f"Nobody counts in two stages, and a later one waits for {label}, which only"
            " you can give. Let somebody else approve this stage.",
            code="separation.later_stage",
            who_can_help=who_decides(sitting.facts, sitting.proposal.audience),
        )


@step
def _wait_for_more(sitting, version, decision, counts, open_stage, now) -> Decided:
    votes = counts[decision.stage - 1].votes
    record(
        "proposal.vote_counted",
        actor=sitting.actor,
        subject=("proposal", sitting.proposal.id),
        workflow_id=sitting.proposal.workflow_id,
        headline=version.headline,
        place=sitting.place,
        votes=votes.counted,
        quorum=votes.needed,
        stage=decision.stage,
        stages=len(counts),
        digest=version.digest,
    )
    _tell_decided(sitting, version, decision, resolution=None, now=now)
    said = go_on(
        proposal=sitting.proposal,
        way=tuple(each.turn for each in counts),
        number=open_stage.number,
        version=version,
        actor=sitting.actor,
        now=now,
    )
    if said or sitting.proposal.assigned_to_id == sitting.person.id:
        assign_least_loaded(proposal=sitting.proposal, facts=sitting.facts, now=now)
    return Decided(sitting.proposal.id, None, votes, version.headline, said=said)


@step
def _complete(sitting, version, ruled, decision, votes, now) -> Decided:
    is_edited = version.digest != sitting.request.digest
    state = ProposalState.EDITED if is_edited else ProposalState.APPROVED
    end_proposal(
        proposal=sitting.proposal,
        action_request=sitting.request,
        state=state,
        status=ActionStatus.APPROVED,
        resolved_by=sitting.actor,
        reason_code="",
        message=decision.message,
        now=now,
    )
    _record_decided(sitting, version, decision, state)
    _tell_decided(sitting, version, decision, resolution=state.value.lower(), now=now)
    grant = issue_grant(
        actor=sitting.actor,
        action_request=sitting.request,
        authority_record=ruled.record,
        version=version,
        facts=sitting.facts,
    )
    is_undoable = grant.not_before > grant.issued_at
    return Decided(
        sitting.proposal.id,
        state.value.lower(),
        votes,
        version.headline,
        undo_until=grant.not_before if is_undoable else None,
    )


@step
def _end_by_word(
    sitting: Sitting,
    verdict: str,
    state: ProposalState,
    status: ActionStatus,
    *,
    reason_code: str,
    message: str,
    now: datetime,
) -> Decided:
    decision = keep_decision(
        sitting,
        sitting.version,
        verdict,
        reason_code=reason_code,
        message=message,
        now=now,
    )
    end_proposal(
        proposal=sitting.proposal,
        action_request=sitting.request,
        state=state,
        status=status,
        resolved_by=sitting.actor,
        reason_code=reason_code,
        message=message,
        now=now,
    )
    _record_decided(sitting, sitting.version, decision, state)
    ended = state.value.lower()
    _tell_decided(sitting, sitting.version, decision, resolution=ended, now=now)
    votes = Tally(counted=0, needed=sitting.proposal.quorum)
    return Decided(sitting.proposal.id, ended, votes, sitting.version.headline)


@step
def _record_decided(sitting, version, decision, state) -> None:
    record(
        "proposal.decided",
        actor=sitting.actor,
        subject=("proposal", sitting.proposal.id),
        workflow_id=sitting.proposal.workflow_id,
        headline=version.headline,
        place=sitting.place,
        verdict=state.value.lower(),
        version=version.number,
        digest=version.digest,
        reason_code=decision.reason_code,
        evidence_opened=decision.evidence_opened,
        evidence_total=decision.evidence_total,
    )


@step
def _tell_decided(sitting, version, decision, *, resolution, now) -> None:
    tell_run(
        sitting.request,
        kind="decided",
        at=now,
        actor=sitting.actor,
        proposal=str(sitting.proposal.id),
        version=version.number,
        digest=version.digest,
        person=str(sitting.person.id),
        acting_for=sitting.acting_for.name if sitting.acting_for else None,
        verdict=decision.verdict.lower(),
        resolution=resolution,
        reason_code=decision.reason_code,
        message=decision.message,
        edited_fields=[change["path"] for change in version.changes],
        material=bool(version.is_material),
        seconds=seconds_waited(sitting.proposal, now),
        **look_facts(sitting.proposal, sitting.person.id, now),
        evidence_opened=decision.evidence_opened,
        evidence_total=decision.evidence_total,
        headline=version.headline,
    )
