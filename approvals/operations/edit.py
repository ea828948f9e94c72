"""Edit and approve: a new version with a new digest, ruled on again before it counts.

An edit that asks for more, or that cannot be undone at high risk, waits for another
person; one that needs a higher approver goes to the escalation owner.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from uuid import UUID

from approvals.models import AuthorityRecord, Decision, ProposalVersion
from approvals.models.proposing import Audience
from approvals.operations.assigning import assign_least_loaded
from approvals.operations.clock import begin_window, start_clock
from approvals.operations.confirming import require_confirmed
from approvals.operations.decide import (
    Decided,
    check_message,
    count_votes,
    keep_decision,
    rule_again,
)
from approvals.operations.proposals import cause_of
from approvals.operations.ruling import Ruled, tell_run
from approvals.operations.sitting import Sitting, parties_of, sit
from approvals.operations.stages import begin_again
from approvals.operations.votes import absent_for, objection_to_vote
from approvals.queries.blocking import (
    AGENT_REMOVED,
    CHECK_MISSING,
    Blocked,
    blocked_by,
)
from approvals.queries.envelope import (
    digest_of,
    edited_action,
    parsed,
)
from approvals.queries.preview import edit_is_material, edit_widens, edits_read
from approvals.queries.wording import headline_of
from approvals.rules.fields import Edited
from approvals.rules.moves import ActionStatus, ProposalState
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core import strict_json
from portal.core.errors import Invalid, Problem
from registry.rules.answers import Answer, Risk, risk_rank

VERSIONS_MAX = 20


@dataclass(frozen=True)
class EditWaits:
    """The edit is kept as a new version; another person has to approve it."""

    proposal_id: UUID
    version: int
    text: str
    headline: str


@operation(leaves=("proposal.edited", "action.ruled"))
def edit_and_approve(
    *,
    actor: Actor,
    proposal_id: UUID,
    digest: str,
    edits: Mapping[str, str],
    message: str = "",
    now: datetime,
) -> Decided | EditWaits | Blocked:
    """Approve an edited action. Raises what `sit` raises, and Invalid field by field."""
    check_message(message)
    sitting = sit(actor=actor, proposal_id=proposal_id, digest=digest)
    edited = _read_edits(sitting, edits)
    raw = edited_action(bytes(sitting.version.action), edited.replacements)
    _require_readable(raw)
    action = parsed(raw)
    new_digest = digest_of(
        workflow_id=sitting.request.workflow_id,
        agent_id=sitting.request.agent_id,
        action=raw,
    )
    draft_headline = headline_of(sitting.body, action, None)
    ruled = rule_again(
        sitting,
        occasion=AuthorityRecord.Occasion.EDIT,
        action=action,
        digest=new_digest,
        headline=draft_headline,
    )
    blocked = blocked_by(ruled.ruling, sitting)
    if blocked is not None and (
        ruled.answer == Answer.REFUSE
        or sitting.facts.vacant_roles
        or sitting.facts.lapsed_training
        or blocked.code in (CHECK_MISSING, AGENT_REMOVED)
    ):
        return blocked
    require_confirmed(sitting.actor, ruled.record.risk, sitting.proposal.risk)
    version = _keep_version(sitting, raw, action, new_digest, edited, ruled, now)
    return _approve_own(_seated_anew(sitting, version), version, ruled, message, now)


def _read_edits(sitting: Sitting, edits: Mapping[str, str]) -> Edited:
    if sitting.proposal.version_number >= VERSIONS_MAX:
        raise Invalid(
            {"": f"This was edited {VERSIONS_MAX - 1} times; reject it instead."}
        )
    edited = edits_read(bytes(sitting.version.action), sitting.body, edits)
    if edited.errors:
        raise Invalid(dict(edited.errors))
    if not edited.changes:
        raise Invalid({"": "Nothing was changed. To run it as it is, approve it."})
    return edited


def _require_readable(raw: bytes) -> None:
    """An edit passes the same parser as what agents send."""
    try:
        strict_json.parse_object(raw)
    except Problem as problem:
        raise Invalid({"": problem.detail}) from problem


@step
def _keep_version(
    sitting, raw, action, digest, edited, ruled: Ruled, now
) -> ProposalVersion:
    earlier = sitting.version
    is_widening = edit_widens(
        sitting.facts,
        sitting.body,
        action,
        (parsed(sitting.request.action), sitting.action),
    )
    version = ProposalVersion.objects.create(
        proposal=sitting.proposal,
        number=earlier.number + 1,
        action=raw,
        digest=digest,
        headline=headline_of(sitting.body, action, ruled.ruling.amount),
        authority_record=ruled.record,
        edited_by=sitting.person,
        is_widening=is_widening,
        is_material=edit_is_material(
            sitting.facts, sitting.body, action, parsed(sitting.request.action)
        ),
        changes=[asdict(change) for change in edited.changes],
        created_at=now,
    )
    _move_proposal(sitting, version, ruled, now)
    record(
        "proposal.edited",
        actor=sitting.actor,
        subject=("proposal", sitting.proposal.id),
        workflow_id=sitting.proposal.workflow_id,
        headline=version.headline,
        place=sitting.place,
        version=version.number,
        digest=digest,
        fields=[change.path[:80] for change in edited.changes[:20]],
        is_widening=is_widening,
    )
    tell_run(
        sitting.request,
        kind="edited",
        at=now,
        actor=sitting.actor,
        proposal=str(sitting.proposal.id),
        version=version.number,
        digest=digest,
        person=str(sitting.person.id),
        edited_fields=[change.path for change in edited.changes],
        changes=version.changes[:50],
        headline=version.headline,
    )
    return version


@step
def _move_proposal(sitting, version, ruled: Ruled, now) -> None:
    proposal = sitting.proposal
    risk = Risk(ruled.record.risk)
    proposal.version_number = version.number
    proposal.headline = version.headline
    proposal.cause = cause_of(ruled.record)
    proposal.amount, proposal.currency = ruled.record.amount, ruled.record.currency
    proposal.risk, proposal.risk_rank = risk.value, risk_rank(risk)
    if proposal.state == ProposalState.ASKED:
        proposal.state = ProposalState.OPEN
        start_clock(proposal, now=now)
    needs_higher = ruled.answer == Answer.ESCALATE and proposal.escalated_at is None
    begin_again(proposal, ruled, now=now)
    proposal.authority_record = ruled.record
    if needs_higher:
        proposal.escalated_at = now
        proposal.claimed_by = proposal.claimed_at = None
        proposal.assigned_to = proposal.assigned_at = None
        proposal.rung += 1
        begin_window(proposal, is_escalated=True, now=now)
        sitting.request.status = ActionStatus.ESCALATED.value
    proposal.save()
    sitting.request.changed_at = now
    sitting.request.save(update_fields=("status", "changed_at"))


def _seated_anew(sitting: Sitting, version: ProposalVersion) -> Sitting:
    """Say in whose place this person decides now: the edit may have changed the audience."""
    acting_for = absent_for(sitting.seats, sitting.person, version)
    return replace(sitting, acting_for=acting_for)


@step
def _approve_own(sitting, version, ruled, message, now) -> Decided | EditWaits:
    waits = _why_waiting(sitting, version, ruled)
    if waits:
        proposal = sitting.proposal
        if proposal.assigned_to_id in (None, sitting.person.id):
            assign_least_loaded(proposal=proposal, facts=sitting.facts, now=now)
        return EditWaits(sitting.proposal.id, version.number, waits, version.headline)
    decision = keep_decision(
        sitting, version, Decision.Verdict.EDIT, message=message, now=now
    )
    return count_votes(sitting, version, ruled, decision, now=now)


def _why_waiting(sitting: Sitting, version: ProposalVersion, ruled: Ruled) -> str:
    parties = parties_of(
        sitting,
        version=version,
        risk=ruled.record.risk,
        reversibility=ruled.record.reversibility,
    )
    found = objection_to_vote(sitting.person, sitting.acting_for, parties)
    if found is not None:
        return found[1]
    if sitting.person.id not in sitting.seats.people:
        who = Audience(sitting.proposal.audience).label
        return f"The edit is not yours alone to approve; it now waits for {who}."
    blocked = blocked_by(ruled.ruling, sitting)
    return blocked.text if blocked else ""
