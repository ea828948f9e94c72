"""Grants: issued once for one basis, redeemed once, revoked while unused.

Redeeming is one compare-and-set UPDATE behind the shared locks. A refused redemption is
a value, so that it is on record and leaves the grant as it was.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection

from approvals.models import ActionRequest, AuthorityRecord, Grant, ProposalVersion
from approvals.operations.callbacks import overtake
from approvals.operations.ruling import guard_authority, tell_run
from approvals.queries import tokens
from approvals.queries.access import who_mends
from approvals.rules import due, granting
from approvals.rules.moves import GrantState
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core.clock import database_now, moment_of_history
from portal.core.errors import Forbidden, NotFound
from portal.core.ids import new_id
from registry.queries.rulebooks import RulebookInForce, standing_facts
from registry.rules.answers import Answer, Reversibility, Risk
from runs.operations.moments import lock_run
from runs.operations.spend import release, reserve

REFUSALS = {
    "workflow.paused": (
        403,
        "The workflow is paused; nothing runs until it is resumed.",
    ),
    "owner.vacant": (
        403,
        "Nothing runs while a role that must be held is vacant. The grant is as it was.",
    ),
    "training.lapsed": (
        403,
        "Nothing runs while a holder's training has lapsed. The grant is as it was.",
    ),
    "run.on_hold": (
        403,
        "A stop rule holds this run; its escalation owner can resume it.",
    ),
    "agent.inactive": (403, "The agent has been switched off."),
    "agent.removed": (
        403,
        "The agent no longer serves this workflow. The grant is as it was.",
    ),
    "grant.redeemed": (409, "This grant was used before. A grant is used once."),
    "grant.revoked": (409, "This grant was revoked."),
    "grant.stale": (409, "The authority changed after this was granted. Ask again."),
    "digest.mismatch": (409, "The grant is for other bytes than the digest you sent."),
    "grant.not_yet": (
        409,
        "The grant is not usable yet: its approval can still be undone.",
    ),
    "grant.expired": (410, "The grant has run out. Ask again."),
}


@dataclass(frozen=True)
class Redeemed:
    """Leave to run, given: the execution's id and the exact bytes."""

    execution_id: UUID
    grant_id: UUID
    action_request_id: UUID
    digest: str
    action: bytes


@dataclass(frozen=True)
class RedemptionRefused:
    """Why not; on record, and the grant is as it was."""

    code: str
    status: int
    detail: str
    not_before: datetime | None = None
    who_can_help: str | None = None


def undo_time() -> timedelta:
    """Give how long an approval can be taken back before its grant is usable."""
    seconds = getattr(settings, "APPROVALS_UNDO_SECONDS", None)
    return due.UNDO_TIME if seconds is None else timedelta(seconds=float(seconds))


def irreversible_time() -> timedelta:
    """Give the same for what cannot be undone later, at high risk."""
    seconds = getattr(settings, "APPROVALS_IRREVERSIBLE_SECONDS", None)
    if seconds is None:
        return undo_time() * granting.IRREVERSIBLE_TIMES
    return timedelta(seconds=float(seconds))


@step
def issue_grant(
    *,
    actor: Actor,
    action_request: ActionRequest,
    authority_record: AuthorityRecord,
    version: ProposalVersion | None,
    facts: RulebookInForce,
    reissues: Grant | None = None,
) -> Grant:
    """Issue a grant on a ruling that allows, or on an approved version, and reserve for it.

    With `reissues` it stands in the place of one that ran out unused, for the same basis.

    The caller holds the shared locks. Raises IntegrityError for a second live grant of
    one basis.
    """
    if version is None and authority_record.answer != Answer.ALLOW:
        raise AssertionError("only a ruling that allows is a basis by itself")
    if facts.version_id is None:
        raise AssertionError("a workflow that is not live grants nothing")
    if facts.vacant_roles or facts.lapsed_training:
        raise AssertionError("lapsed training or a vacant role grants nothing")
    now = database_now()
    grant_id = new_id()
    key_id = tokens.key_id_at(now)
    not_before = granting.usable_from(
        risk=Risk(authority_record.risk),
        reversibility=Reversibility(authority_record.reversibility),
        is_approval=version is not None and reissues is None,
        now=now,
        undo=undo_time(),
        irreversible=irreversible_time(),
    )
    basis_id = version.id if version else authority_record.id
    grant = Grant.objects.create(
        id=grant_id,
        action_request=action_request,
        authority_record=authority_record,
        version=version,
        basis_id=reissues.basis_id if reissues else basis_id,
        reissues=reissues,
        workflow_id=facts.workflow_id,
        agent_id=action_request.agent_id,
        run_id=action_request.run_id,
        digest=version.digest if version else action_request.digest,
        key_id=key_id,
        token_hash=tokens.hash_of(tokens.token_of(grant_id=grant_id, key_id=key_id)),
        not_before=not_before,
        expires_at=due.runs_out_at(
            is_approval=version is not None, not_before=not_before
        ),
        enterprise_epoch=facts.enterprise_epoch,
        department_epoch=facts.department_epoch,
        pause_epoch=facts.pause_epoch,
        operating_model_version_id=facts.version_id,
        issued_at=now,
    )
    reserve(
        workflow_id=facts.workflow_id,
        reserves=[(key, amount) for key, amount in authority_record.reserves],
        verb=action_request.verb,
        system=action_request.system,
        grant_id=grant.id,
        now=now,
    )
    record(
        "grant.issued",
        actor=actor,
        subject=("grant", grant.id),
        workflow_id=facts.workflow_id,
        headline=version.headline if version else action_request.headline,
        digest=grant.digest,
        basis="version" if version else "ruling",
    )
    tell_run(
        action_request,
        kind="granted",
        at=now,
        actor=actor,
        grant=str(grant.id),
        digest=grant.digest,
        headline=version.headline if version else action_request.headline,
    )
    return grant


@operation(leaves=("grant.redeemed", "grant.refused"))
def redeem_grant(
    *, actor: Actor, key_id: UUID | None, token: str, action_digest: str
) -> Redeemed | RedemptionRefused:
    """Use a grant. About ten queries; waits for a pause, and for nothing else.

    Raises NotFound for a token that was never issued, and Forbidden for another agent's.
    """
    grant = (
        Grant.objects.filter(token_hash=tokens.hash_of(token))
        .select_related("workflow__department", "action_request", "version")
        .first()
    )
    if grant is None:
        raise NotFound("There is no such grant.", code="grant.unknown")
    if grant.agent_id != actor.id:
        raise Forbidden(
            "This grant was given to another agent.",
            code="grant.not_yours",
            who_can_help="The agent that asked redeems its own grant.",
        )
    guard_authority(
        lock_number=grant.workflow.lock_number,
        department_lock_number=grant.workflow.department.lock_number,
    )
    facts = standing_facts(grant.workflow_id, agent_id=grant.agent_id)
    # Under the run's lock, so that a hold that commits meanwhile is seen.
    is_held = lock_run(run_id=grant.run_id).is_held
    execution_id = None
    serves = facts.agent_is_active and facts.agent_is_assigned
    is_open = serves and not (facts.vacant_roles or facts.lapsed_training)
    if is_open and not (facts.is_paused or is_held):
        execution_id = consume(
            grant_id=grant.id, digest=action_digest, facts=facts, key_id=key_id
        )
    if execution_id is None:
        refusal = _why_refused(grant.id, facts, action_digest, is_held=is_held)
        record(
            "grant.refused",
            actor=actor,
            subject=("grant", grant.id),
            workflow_id=grant.workflow_id,
            reason=refusal.code,
        )
        return refusal
    return _redeemed(actor, grant, execution_id)


def consume(
    *, grant_id: UUID, digest: str, facts: RulebookInForce, key_id: UUID | None
) -> UUID | None:
    """Set a grant to redeemed if nothing changed since it was issued. One statement.

    This is the compare-and-set on which "at most once" and "never after a pause" stand;
    the epochs in `facts` were read behind the shared locks. A waiver of a ceiling ends by
    its time, whether or not a sweep has come to raise the epoch.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            # The demo's history happens in the past; otherwise the moment is None.
            "UPDATE approvals_grant SET state = 'REDEEMED', execution_id = %s,"
            " redeemed_at = coalesce(%s::timestamptz, clock_timestamp()), redeemed_with = %s"
            " WHERE id = %s AND state = 'ISSUED' AND digest = %s"
            " AND not_before <= coalesce(%s::timestamptz, clock_timestamp())"
            " AND expires_at > coalesce(%s::timestamptz, clock_timestamp())"
            " AND enterprise_epoch = %s AND department_epoch = %s AND pause_epoch = %s"
            " AND operating_model_version_id = %s"
            " AND issued_at >= coalesce(%s::timestamptz, '-infinity')"
            " RETURNING execution_id",
            [
                new_id(),
                moment := moment_of_history(),
                key_id,
                grant_id,
                digest,
                moment,
                moment,
                facts.enterprise_epoch,
                facts.department_epoch,
                facts.pause_epoch,
                facts.version_id,
                facts.waived_until,
            ],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _redeemed(actor: Actor, grant: Grant, execution_id: UUID) -> Redeemed:
    headline = (
        grant.version.headline if grant.version else grant.action_request.headline
    )
    record(
        "grant.redeemed",
        actor=actor,
        subject=("grant", grant.id),
        workflow_id=grant.workflow_id,
        headline=headline,
        execution=str(execution_id),
        digest=grant.digest,
    )
    tell_run(
        grant.action_request,
        kind="redeemed",
        at=database_now(),
        actor=actor,
        grant=str(grant.id),
        digest=grant.digest,
        execution=str(execution_id),
        headline=headline,
    )
    stored = grant.version.action if grant.version else grant.action_request.action
    return Redeemed(
        execution_id=execution_id,
        grant_id=grant.id,
        action_request_id=grant.action_request_id,
        digest=grant.digest,
        action=bytes(stored),
    )


def _why_refused(
    grant_id: UUID, facts: RulebookInForce, digest: str, *, is_held: bool
) -> RedemptionRefused:
    grant = Grant.objects.get(id=grant_id)
    now = database_now()
    is_stale = (
        grant.enterprise_epoch != facts.enterprise_epoch
        or grant.department_epoch != facts.department_epoch
        or grant.pause_epoch != facts.pause_epoch
        or grant.operating_model_version_id != facts.version_id
        or (facts.waived_until is not None and grant.issued_at < facts.waived_until)
    )
    findings = (
        ("grant.redeemed", grant.state == GrantState.REDEEMED),
        ("grant.revoked", grant.state == GrantState.REVOKED),
        ("grant.expired", grant.state == GrantState.EXPIRED or grant.expires_at <= now),
        ("workflow.paused", facts.is_paused),
        ("owner.vacant", bool(facts.vacant_roles)),
        ("training.lapsed", bool(facts.lapsed_training)),
        ("agent.inactive", not facts.agent_is_active),
        ("agent.removed", not facts.agent_is_assigned),
        ("run.on_hold", is_held),
        ("digest.mismatch", grant.digest != digest),
        ("grant.stale", is_stale),
        ("grant.not_yet", grant.not_before > now),
    )
    # Nothing found means that it became usable between the two statements: try again.
    code = next((code for code, is_so in findings if is_so), "grant.not_yet")
    status, detail = REFUSALS[code]
    return RedemptionRefused(
        code=code,
        status=status,
        detail=detail,
        not_before=grant.not_before if code == "grant.not_yet" else None,
        who_can_help=who_mends(code, facts),
    )


@step
def end_live_grant(
    *,
    action_request: ActionRequest,
    state: GrantState,
    ended_by: UUID | None,
    now: datetime,
) -> Grant | None:
    """End the unused grant of a request, if there is one, and give back what it reserved.

    The run's row comes first, as in redeeming, so that the two never wait in a circle.
    """
    lock_run(run_id=action_request.run_id)
    grant = (
        Grant.objects.select_for_update(no_key=True, of=("self",))
        .filter(action_request=action_request, state=GrantState.ISSUED)
        .first()
    )
    if grant is None:
        return None
    Grant.objects.filter(id=grant.id, state=GrantState.ISSUED).update(
        state=state, ended_at=now, ended_by=ended_by
    )
    release(grant_id=grant.id, now=now)
    overtake(grant_id=grant.id, now=now)
    return grant
