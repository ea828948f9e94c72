"""A grant that ran out unused is issued anew, for the same basis, if it still rules so.

The rulebook is asked again. An approval carries a new grant only while the rulebook asks
for no more than it did, and while everybody who approved is still active.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from approvals.models import ActionRequest, AuthorityRecord, BreakGlass, Decision, Grant
from approvals.operations.grants import end_live_grant, issue_grant
from approvals.operations.proposals import audience_of
from approvals.operations.ruling import (
    ask_rulebook,
    guard_authority,
    keep_ruling,
    tell_run,
)
from approvals.queries.access import action_of_agent
from approvals.queries.again import request_again
from approvals.queries.blocking import CHECK_MISSING
from approvals.queries.envelope import parsed
from approvals.rules import granting
from approvals.rules.moves import ActionStatus, GrantState
from approvals.rules.turns import demanded, read_way
from portal.accounts.actors import SYSTEM, Actor
from portal.audit.operation import operation, record, step
from portal.core import strict_json
from portal.core.clock import database_now
from portal.core.errors import Conflict
from registry.queries.rulebooks import RulebookInForce, standing_facts
from registry.rules.answers import Answer, Reversibility, Risk, Ruling
from runs.queries.holds import hold_of_run

GRANTED = (ActionStatus.ALLOWED, ActionStatus.APPROVED)


@dataclass(frozen=True)
class NotReissued:
    """The rulebook does not rule so any more; on record, and nothing was granted."""

    code: str
    detail: str
    who_can_help: str | None = None


@operation(leaves=("grant.reissued", "action.ruled"))
def reissue_grant(
    *, actor: Actor, action_id: UUID, now: datetime
) -> Grant | NotReissued:
    """Grant again what was granted and never used. About twenty queries.

    Raises NotFound for another agent's action, and Conflict when there is no grant that
    ran out, when it was used or revoked, or when it was issued often enough.
    """
    seen = action_of_agent(agent_id=actor.id, action_id=action_id)
    guard_authority(
        lock_number=seen.workflow.lock_number,
        department_lock_number=seen.workflow.department.lock_number,
    )
    request = ActionRequest.objects.select_for_update(no_key=True, of=("self",)).get(
        id=action_id
    )
    before = _ran_out(request, now)
    facts = standing_facts(request.workflow_id, agent_id=request.agent_id)
    ruling = _rule(request, before, facts)
    kept = keep_ruling(
        actor=actor,
        action_request=request,
        ruling=ruling,
        facts=facts,
        digest=before.digest,
        headline=before.version.headline if before.version else request.headline,
        occasion=AuthorityRecord.Occasion.REISSUE,
    )
    refused = _why_not(before, kept, ruling, facts)
    if refused is not None:
        return refused
    grant = issue_grant(
        actor=SYSTEM,
        action_request=request,
        authority_record=kept,
        version=before.version,
        facts=facts,
        reissues=before,
    )
    request.changed_at = now
    request.save(update_fields=("changed_at",))
    record(
        "grant.reissued",
        actor=actor,
        subject=("grant", grant.id),
        workflow_id=request.workflow_id,
        headline=before.version.headline if before.version else request.headline,
        before=str(before.id),
    )
    return grant


@step
def _ran_out(request: ActionRequest, now: datetime) -> Grant:
    """Give the grant that ran out unused; one that no sweep has seen yet is ended here."""
    grants = list(
        Grant.objects.filter(action_request=request)
        .select_related("version", "authority_record")
        .order_by("-issued_at", "-id")
    )
    if not grants or request.status not in GRANTED:
        raise Conflict(
            "grant.none",
            f"There is nothing to grant again: this is {request.status.lower()}.",
        )
    latest, clock = grants[0], database_now()
    if latest.state == GrantState.ISSUED and latest.expires_at > clock:
        raise Conflict("grant.live", "The grant is still good; read the action for it.")
    if latest.state == GrantState.ISSUED:
        _end(request, latest, now)
    latest.refresh_from_db(fields=("state",))
    if latest.state != GrantState.EXPIRED:
        raise Conflict(
            f"grant.{latest.state.lower()}",
            f"The grant is {latest.state.lower()}; only one that ran out unused is"
            " issued again. Ask anew.",
        )
    of_basis = [grant for grant in grants if grant.basis_id == latest.basis_id]
    if len(of_basis) > granting.REISSUES_MAX:
        raise Conflict(
            "grant.reissued_often",
            f"It was issued again {granting.REISSUES_MAX} times and never used. Ask anew.",
        )
    first = min(grant.issued_at for grant in of_basis)
    is_over = request.expires_at is not None and request.expires_at <= clock
    if is_over or clock - first > granting.REISSUED_WITHIN:
        raise Conflict("grant.too_old", "What was granted is too long ago. Ask anew.")
    return latest


@step
def _end(request: ActionRequest, grant: Grant, now: datetime) -> None:
    ended = end_live_grant(
        action_request=request, state=GrantState.EXPIRED, ended_by=None, now=now
    )
    if ended is None or ended.id != grant.id:
        return
    record(
        "grant.expired",
        actor=SYSTEM,
        subject=("grant", grant.id),
        workflow_id=grant.workflow_id,
        headline=request.headline,
    )
    tell_run(request, kind="expired", at=now, actor=SYSTEM, grant=str(grant.id))


@step
def _rule(request: ActionRequest, before: Grant, facts: RulebookInForce) -> Ruling:
    """Ask the rulebook about the very bytes that were granted."""
    body = strict_json.parse_object(bytes(request.received))
    is_edited = before.digest != request.digest
    action = parsed(before.version.action if before.version else request.action)
    asked = request_again(facts, body, action, is_edited=is_edited)
    hold = hold_of_run(run_id=request.run_id)
    return ask_rulebook(
        facts=facts,
        request=asked,
        run_id=request.run_id,
        run_is_on_hold=hold is not None,
        hold_reason=hold.sentence if hold else None,
    )


def _why_not(
    before: Grant, kept: AuthorityRecord, ruling: Ruling, facts: RulebookInForce
) -> NotReissued | None:
    reason = next(iter(ruling.reasons), None)
    if ruling.answer == Answer.REFUSE:
        return NotReissued(
            code=reason.code if reason else "authority.refused",
            detail=reason.text if reason else "The rulebook gives no leave.",
            who_can_help=reason.who_can_help if reason else None,
        )
    if BreakGlass.objects.filter(version=before.version_id).exists():
        return NotReissued(
            "approval.lapsed",
            "It was let run once, in an emergency, without the votes it needs. Ask anew.",
        )
    if not facts.agent_is_assigned or facts.vacant_roles or facts.lapsed_training:
        return NotReissued("authority.standing", "Nothing runs here just now.")
    unchecked = next((r for r in ruling.reasons if r.code == CHECK_MISSING), None)
    if unchecked is not None:
        return NotReissued(
            CHECK_MISSING, f"{unchecked.text} Ask anew.", unchecked.who_can_help
        )
    is_more = granting.asks_more(_terms(kept), _terms(before.authority_record))
    is_more = is_more or _asks_others(before.authority_record, ruling)
    if before.version is None and ruling.answer != Answer.ALLOW or is_more:
        said = f" {reason.text}" if reason else ""
        return NotReissued(
            "authority.asks_more",
            f"The rulebook asks for more than when this was granted.{said} Ask anew.",
        )
    if before.version is not None and _somebody_left(before):
        return NotReissued(
            "approval.lapsed",
            "Somebody who approved this is no longer active. Ask anew.",
        )
    return None


def _asks_others(then: AuthorityRecord, ruling: Ruling) -> bool:
    """Say whether a stage is asked by now that was not asked, or not so many of it."""
    if ruling.answer == Answer.ALLOW:
        return False
    way = read_way(then.stages, audience=audience_of(then), quorum=then.quorum)
    is_up = then.answer == Answer.ESCALATE
    return demanded(way, ruling, went_up=is_up, was_escalated=is_up) != way


def _somebody_left(before: Grant) -> bool:
    approvals = Decision.objects.filter(
        version=before.version,
        verdict__in=(Decision.Verdict.APPROVE, Decision.Verdict.EDIT),
    )
    return approvals.filter(person__is_active=False).exists()


def _terms(kept: AuthorityRecord) -> granting.Terms:
    return granting.Terms(
        answer=Answer(kept.answer),
        decided_by=kept.decided_by,
        quorum=kept.quorum,
        risk=Risk(kept.risk),
        reversibility=Reversibility(kept.reversibility),
    )
