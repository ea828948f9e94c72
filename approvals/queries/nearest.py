"""The grants that come nearest to what an incident is about, each with what is wrong."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q

from approvals.models import Grant
from approvals.queries.grants_seen import seen_of
from portal.accounts import access
from portal.accounts.actors import Actor
from runs.queries.changes import used_of
from runs.queries.incident_page import change_of_incident
from runs.rules.matching import CLOCKS_DIFFER, COVERED_FOR, Change, judge

NEAREST_MAX = 8


@dataclass(frozen=True)
class Near:
    """One grant of that time: what it let run, when it was used, why it does not cover."""

    id: UUID
    headline: str
    state: str
    redeemed_at: datetime | None
    issued_at: datetime
    run_id: UUID
    why: str
    is_named: bool


def grants_near(*, actor: Actor, incident_id: UUID) -> tuple[Near, ...]:
    """Give up to eight grants beside an incident, of workflows this person may see.

    Raises NotFound. About eight queries.
    """
    change, run_id = change_of_incident(actor=actor, incident_id=incident_id)
    rows = access.visible(
        Grant.objects.select_related("action_request", "version"),
        actor=actor,
        workflow_path="workflow_id",
    )
    rows = rows.filter(run_id=run_id) if change is None else rows.filter(_about(change))
    ordered = rows.order_by(F("redeemed_at").desc(nulls_last=True), "-id")
    found = list(ordered[:NEAREST_MAX])
    used = used_of([row.id for row in found])
    return tuple(_near(row, change, used) for row in found)


def _about(change: Change) -> Q:
    since, until = change.at - COVERED_FOR, change.at + CLOCKS_DIFFER
    about = Q(
        action_request__system__iexact=change.system,
        issued_at__gte=since,
        issued_at__lte=until,
    )
    if change.workflow_id:
        about &= Q(workflow_id=change.workflow_id)
    if change.run_id:
        about |= Q(run_id=change.run_id)
    try:
        return about | Q(id=UUID(change.named_grant))
    except ValueError:
        return about


def _near(row: Grant, change: Change | None, used) -> Near:  # type: ignore[no-untyped-def]
    why, is_named = "", False
    if change is not None:
        is_named = change.named_grant.lower() == str(row.id)
        why = (
            judge(change, [seen_of(row)], used).why
            if is_named or not change.named_grant
            else "It is not the grant that was named."
        )
    return Near(
        id=row.id,
        headline=row.version.headline if row.version else row.action_request.headline,
        state=row.get_state_display(),
        redeemed_at=row.redeemed_at,
        issued_at=row.issued_at,
        run_id=row.run_id,
        why=why,
        is_named=is_named,
    )
