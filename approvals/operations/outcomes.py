"""What really happened. Reports are only added, the latest counts, and unknown is an answer."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from approvals.models import ActionRequest, Grant, Outcome
from approvals.operations.ruling import tell_run
from approvals.queries.access import action_of_agent, grant_seen_by
from approvals.rules.moves import ACTION_MOVES, ActionStatus, GrantState, is_legal
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core.errors import Conflict, Invalid
from runs.operations.spend import release, settle

OUTCOMES_MAX = 20


@dataclass(frozen=True)
class Report:
    """One report as it was validated."""

    status: str
    detail: str = ""
    external_ref: str = ""
    changes: tuple[dict, ...] = ()


@operation(leaves="outcome.reported")
def report_outcome(
    *, actor: Actor, action_id: UUID, report: Report, now: datetime
) -> Outcome:
    """Keep an agent's report on its redeemed grant. Raises Conflict before redemption."""
    action_of_agent(agent_id=actor.id, action_id=action_id)
    request = _lock_request(action_id)
    return _keep_report(actor, request, _redeemed_grant(request), report, now)


@operation(leaves="outcome.reported")
def resolve_outcome(
    *, actor: Actor, grant_id: UUID, report: Report, now: datetime
) -> Outcome:
    """Let a person settle what happened, with a reason; for outcomes nobody knows."""
    if not report.detail.strip():
        raise Invalid({"detail": "Say how you know."})
    grant = grant_seen_by(actor, grant_id)
    request = _lock_request(grant.action_request_id)
    return _keep_report(actor, request, _redeemed_grant(request), report, now)


@step
def _lock_request(action_id: UUID) -> ActionRequest:
    return ActionRequest.objects.select_for_update(no_key=True, of=("self",)).get(
        id=action_id
    )


def _redeemed_grant(request: ActionRequest) -> Grant:
    grant = Grant.objects.filter(
        action_request=request, state=GrantState.REDEEMED
    ).first()
    if grant is None:
        raise Conflict(
            "grant.not_redeemed",
            "An outcome belongs to a redeemed grant, and this action has none.",
        )
    return grant


@step
def _keep_report(
    actor: Actor, request: ActionRequest, grant: Grant, report: Report, now: datetime
) -> Outcome:
    earlier = Outcome.objects.filter(grant=grant).count()
    if earlier >= OUTCOMES_MAX:
        raise Conflict("outcome.many", f"At most {OUTCOMES_MAX} reports are kept.")
    outcome = Outcome.objects.create(
        grant=grant,
        number=earlier + 1,
        status=report.status,
        detail=report.detail,
        external_ref=report.external_ref,
        changes=list(report.changes),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        reported_at=now,
    )
    _settle(grant, outcome, now)
    is_unknown = outcome.status == Outcome.Status.UNKNOWN
    status = ActionStatus.UNKNOWN if is_unknown else ActionStatus.EXECUTED
    if is_legal(ACTION_MOVES, ActionStatus(request.status), status):
        request.status = status.value
    request.changed_at = now
    request.save(update_fields=("status", "changed_at"))
    record(
        "outcome.reported",
        actor=actor,
        subject=("grant", grant.id),
        workflow_id=grant.workflow_id,
        headline=request.headline,
        status=outcome.status.lower(),
        number=outcome.number,
        changes=len(outcome.changes),
    )
    tell_run(
        request,
        kind="outcome",
        at=now,
        actor=actor,
        grant=str(grant.id),
        digest=grant.digest,
        status=outcome.status.lower(),
        detail=outcome.detail,
        external_ref=outcome.external_ref,
        changes=outcome.changes,
    )
    return outcome


@step
def _settle(grant: Grant, outcome: Outcome, now: datetime) -> None:
    """What failed gives its reservation back; unknown keeps it, because it may have run."""
    if outcome.status == Outcome.Status.FAILED:
        release(grant_id=grant.id, now=now)
    elif outcome.status == Outcome.Status.SUCCEEDED:
        settle(grant_id=grant.id, now=now)
