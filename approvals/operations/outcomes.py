"""What really happened. Reports are only added, the latest counts, and unknown is an answer."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from approvals.models import ActionRequest, Grant, Outcome
from approvals.operations.ruling import tell_run
from approvals.queries.access import action_of_agent, grant_seen_by
from approvals.queries.untold import who_settles, why_not_settle
from approvals.rules.moves import ACTION_MOVES, ActionStatus, GrantState, is_legal
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core.errors import Conflict, Forbidden, Invalid
from registry.queries.rulebooks import standing_facts
from runs.operations.spend import release, settle

OUTCOMES_MAX = 20
TEXT_LENGTH_MAX = 4000
REFERENCE_LENGTH_MAX = 200


@dataclass(frozen=True)
class Report:
    """One report as it was validated."""

    status: str
    detail: str = ""
    external_ref: str = ""
    changes: tuple[dict, ...] = ()
    # Only a person says these.
    checked: str = ""
    evidence: str = ""


@operation(leaves="outcome.reported")
def report_outcome(
    *, actor: Actor, action_id: UUID, report: Report, now: datetime
) -> Outcome:
    """Keep an agent's report on its redeemed grant. Raises Conflict before redemption."""
    action_of_agent(agent_id=actor.id, action_id=action_id)
    request = lock_request(action_id)
    return keep_report(actor, request, _redeemed_grant(request), report, now)


@operation(leaves="outcome.reported")
def settle_outcome(
    *, actor: Actor, grant_id: UUID, report: Report, now: datetime
) -> Outcome:
    """Let a person say what happened where the agent cannot; nothing runs by it.

    Only by who answers for the workflow, and not by who stands behind the agent. Raises
    Conflict when the agent has told it, or another person has.
    """
    grant = grant_seen_by(actor, grant_id)
    request = lock_request(grant.action_request_id)
    _require_settler(actor, request)
    errors = _missing(report)
    if errors:
        raise Invalid(errors)
    redeemed = _redeemed_grant(request)
    latest = Outcome.objects.filter(grant=redeemed).order_by("-number").first()
    if latest is not None and latest.status != Outcome.Status.UNKNOWN:
        raise Conflict(
            "outcome.told",
            f"{latest.actor_name} has told that it {latest.status.lower()}.",
            who=latest.actor_name,
            at=latest.reported_at,
        )
    return keep_report(actor, request, redeemed, report, now)


def _require_settler(actor: Actor, request: ActionRequest) -> None:
    facts = standing_facts(request.workflow_id, agent_id=request.agent_id)
    why = why_not_settle(actor, request, facts)
    if why is not None:
        raise Forbidden(
            why, code="outcome.not_yours", who_can_help=who_settles(request, facts)
        )


def _missing(report: Report) -> dict[str, str]:
    errors = {}
    if report.status not in (Outcome.Status.SUCCEEDED, Outcome.Status.FAILED):
        errors["status"] = "Say whether it was done or not."
    if not report.checked.strip():
        errors["checked"] = "Say where you looked, so that others can look too."
    for name in ("detail", "checked", "evidence"):
        if len(getattr(report, name)) > TEXT_LENGTH_MAX:
            errors[name] = f"At most {TEXT_LENGTH_MAX:,} characters."
    if len(report.external_ref) > REFERENCE_LENGTH_MAX:
        errors["external_ref"] = f"At most {REFERENCE_LENGTH_MAX} characters."
    return errors


@step
def lock_request(action_id: UUID) -> ActionRequest:
    """Take the request's row, so that one report is kept after another."""
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
def keep_report(
    actor: Actor, request: ActionRequest, grant: Grant, report: Report, now: datetime
) -> Outcome:
    """Add a report to a used grant of a locked request; the latest counts."""
    earlier = Outcome.objects.filter(grant=grant).count()
    # What people and the end of waiting say always finds its way.
    if earlier >= OUTCOMES_MAX and actor.kind == "agent":
        raise Conflict("outcome.many", f"At most {OUTCOMES_MAX} reports are kept.")
    outcome = Outcome.objects.create(
        grant=grant,
        number=earlier + 1,
        status=report.status,
        detail=report.detail,
        external_ref=report.external_ref,
        checked=report.checked,
        evidence=report.evidence,
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
