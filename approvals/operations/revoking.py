"""Taking an unused grant back: after the undo, and for what the rulebook allowed itself."""

from datetime import datetime
from uuid import UUID

from approvals.models import ActionRequest, Grant
from approvals.operations.grants import end_live_grant
from approvals.operations.ruling import guard_authority, tell_run
from approvals.queries.access import grant_seen_by
from approvals.queries.untold import may_revoke, who_revokes
from approvals.rules.moves import ActionStatus, GrantState
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.core.errors import Conflict, Forbidden, Invalid

REASON_LENGTH_MAX = 500


@operation(leaves="grant.revoked")
def revoke_grant(*, actor: Actor, grant_id: UUID, reason: str, now: datetime) -> Grant:
    """Revoke an unused grant, with a reason that the agent is told.

    Anybody who decides, owns, resolves or pauses here may: it only ever narrows. Raises
    NotFound, Forbidden, and Conflict when it was used, or ended before.
    """
    grant = grant_seen_by(actor, grant_id)
    if not may_revoke(actor, grant.workflow_id):
        raise Forbidden(
            "You may see this grant, but you may not revoke it.",
            code="grant.not_yours_to_revoke",
            who_can_help=who_revokes(grant.workflow_id),
        )
    reason = reason.strip()
    if not reason:
        raise Invalid({"reason": "Say why; the agent is told."})
    if len(reason) > REASON_LENGTH_MAX:
        raise Invalid({"reason": f"At most {REASON_LENGTH_MAX} characters."})
    guard_authority(
        lock_number=grant.workflow.lock_number,
        department_lock_number=grant.workflow.department.lock_number,
    )
    request = ActionRequest.objects.select_for_update(no_key=True, of=("self",)).get(
        id=grant.action_request_id
    )

    ended = None
    if Grant.objects.filter(id=grant.id, state=GrantState.ISSUED).exists():
        ended = end_live_grant(
            action_request=request,
            state=GrantState.REVOKED,
            ended_by=actor.id if actor.is_person else None,
            now=now,
        )
    if ended is None:
        state = Grant.objects.values_list("state", flat=True).get(id=grant.id)
        word = {"REDEEMED": "used", "EXPIRED": "over"}.get(state, state.lower())
        raise Conflict(
            f"grant.{state.lower()}", f"The grant is {word} already; nothing changed."
        )
    request.status = ActionStatus.REJECTED.value
    request.resolution = "rejected"
    request.reason_code, request.message = "revoked", reason
    request.resolved_at = request.changed_at = now
    request.save(
        update_fields=(
            "status",
            "resolution",
            "reason_code",
            "message",
            "resolved_at",
            "changed_at",
        )
    )
    record(
        "grant.revoked",
        actor=actor,
        subject=("grant", grant.id),
        workflow_id=grant.workflow_id,
        headline=request.headline,
        reason=reason,
    )
    tell_run(
        request, kind="revoked", at=now, actor=actor, grant=str(grant.id), reason=reason
    )
    return grant
