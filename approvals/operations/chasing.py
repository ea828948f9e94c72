"""Asking what became of a used grant, and in the end saying that nobody knows.

Safe when doubled: each step is one row that can be written once. Nothing here runs
anything again.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from approvals.models import ActionRequest, Grant, GrantChase, Outcome
from approvals.operations.callbacks import tell_callback
from approvals.operations.outcomes import Report, keep_report, lock_request
from approvals.rules import granting
from approvals.rules.moves import ActionStatus, GrantState
from portal.accounts.actors import SYSTEM
from portal.accounts.operations.telling import tell
from portal.audit.operation import operation, record
from portal.core.clock import database_now
from portal.core.errors import AlreadyDone
from registry.rules.answers import Risk

SWEEP_MAX = 200
_UNTOLD = (ActionStatus.ALLOWED.value, ActionStatus.APPROVED.value)
_AFTER = {
    GrantChase.Kind.ASKED: granting.ASK_AFTER,
    GrantChase.Kind.GIVEN_UP: granting.GIVE_UP_AFTER,
}


def silent_grants(kind: str, *, limit: int = SWEEP_MAX) -> list[UUID]:
    """Name the used grants whose time to tell is over, longest first. One query.

    An action that was told is executed or unknown, so the index holds none of them.
    """
    now = database_now()
    by_risk = Q()
    for risk, after in _AFTER[GrantChase.Kind(kind)].items():
        by_risk |= Q(action_request__risk=risk.value, redeemed_at__lte=now - after)
    return list(
        Grant.objects.filter(
            by_risk,
            state=GrantState.REDEEMED,
            action_request__status__in=_UNTOLD,
            outcomes=None,
        )
        .exclude(chases__kind=kind)
        .order_by("redeemed_at", "id")
        .values_list("id", flat=True)[:limit]
    )


@operation(leaves="grant.chased")
def ask_what_happened(*, grant_id: UUID, now: datetime) -> None:
    """Ask the agent, once, through its callback. Raises AlreadyDone if told meanwhile."""
    grant, request = _silent(grant_id, GrantChase.Kind.ASKED)
    GrantChase.objects.create(grant=grant, kind=GrantChase.Kind.ASKED, chased_at=now)
    record(
        "grant.chased",
        actor=SYSTEM,
        subject=("grant", grant.id),
        workflow_id=grant.workflow_id,
        headline=request.headline,
        redeemed_at=grant.redeemed_at.isoformat() if grant.redeemed_at else "",
    )
    tell_callback(request, kind="untold", at=now, actor=SYSTEM, grant=grant.id)


@operation(leaves="outcome.reported")
def give_up_waiting(*, grant_id: UUID, now: datetime) -> Outcome:
    """Say that nobody knows what happened, so that a person looks. Never a second run."""
    grant, request = _silent(grant_id, GrantChase.Kind.GIVEN_UP)
    GrantChase.objects.create(grant=grant, kind=GrantChase.Kind.GIVEN_UP, chased_at=now)
    tell(
        kind="no_outcome",
        subject=("grant", grant.id),
        workflow_id=grant.workflow_id,
        at=now,
    )
    report = Report(
        status=Outcome.Status.UNKNOWN,
        detail="The agent used the grant and told nothing in the time it had.",
    )
    return keep_report(SYSTEM, request, grant, report, now)


def _silent(grant_id: UUID, kind: str) -> tuple[Grant, ActionRequest]:
    """Lock a request whose used grant is still silent, and was not chased so before."""
    found = Grant.objects.values_list("action_request_id", flat=True).get(id=grant_id)
    request = lock_request(found)
    grant = Grant.objects.get(id=grant_id)
    is_silent = (
        grant.state == GrantState.REDEEMED
        and grant.redeemed_at is not None
        and request.status in _UNTOLD
        and not Outcome.objects.filter(grant=grant).exists()
        and not GrantChase.objects.filter(grant=grant, kind=kind).exists()
        and granting.is_silent(
            risk=Risk(request.risk),
            redeemed_at=grant.redeemed_at,
            now=database_now(),
            after=_AFTER[GrantChase.Kind(kind)],
        )
    )
    if not is_silent:
        raise AlreadyDone("grant.told", "It was told, or chased, in the meantime.")
    return grant, request
