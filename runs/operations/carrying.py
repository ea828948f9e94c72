"""Findings that nobody carries any more get another owner, and due ones are told.

Sweeps: two at once are harmless, and one that dies is made good by the next.
"""

from datetime import datetime
from uuid import UUID

from django.utils import timezone

from portal.accounts import access
from portal.accounts.actors import SYSTEM, Actor
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone
from runs.models import FindingMove
from runs.operations.findings import (
    FACT_MAX,
    locked_open_finding,
    note_move,
    tell_owner,
)
from runs.queries.blind_findings import words_of
from runs.queries.findings_due import findings_to_tell, heir_of, left_findings


def sweep_findings(*, now: datetime) -> int:
    """Give on what an owner left, and tell owners what is due; says how many."""
    done = 0
    for finding_id in left_findings():
        done += _done(hand_over_finding, finding_id, now)
    for finding_id in findings_to_tell(today=timezone.localtime(now).date()):
        done += _done(tell_due_finding, finding_id, now)
    return done


def _done(deed, finding_id: UUID, now: datetime) -> int:
    try:
        deed(actor=SYSTEM, finding_id=finding_id, now=now)
    except AlreadyDone:
        return 0
    return 1


@operation(leaves="review.finding_handed_over")
def hand_over_finding(*, actor: Actor, finding_id: UUID, now: datetime) -> None:
    """Give a finding whose owner left to the workflow's business owner, and tell them.

    Locks the finding. Raises AlreadyDone when it is closed, its owner is here after
    all, or nobody could take it.
    """
    finding = locked_open_finding(actor=actor, finding_id=finding_id)
    people = access.people_with(finding.workflow_id, access.VIEW)
    heir = heir_of(finding.workflow_id)
    if heir is None or people.filter(id=finding.owner_id).exists():
        raise AlreadyDone("finding.owned", "There is nobody to give it to, or no need.")
    facts = {"before": finding.owner.name, "after": heir.name}
    finding.owner_id = heir.id
    finding.told_due_on = None
    finding.save(update_fields=["owner", "told_due_on"])
    note_move(finding, FindingMove.Kind.HANDED_OVER, actor, now, facts=facts)
    record(
        "review.finding_handed_over",
        actor=actor,
        subject=("finding", finding.id),
        workflow_id=finding.workflow_id,
        text=words_of(finding)[:FACT_MAX],
        **facts,
    )
    tell_owner("finding_assigned", finding, actor, now)


@operation(leaves="review.finding_due")
def tell_due_finding(*, actor: Actor, finding_id: UUID, now: datetime) -> None:
    """Tell the owner of a finding that it is due, once for each day it is due on.

    Locks the finding. Raises AlreadyDone when it is closed, not due, or told.
    """
    finding = locked_open_finding(actor=actor, finding_id=finding_id)
    is_due = finding.due_on <= timezone.localtime(now).date()
    if not is_due or finding.told_due_on == finding.due_on:
        raise AlreadyDone("finding.told", "Its owner knows.")
    finding.told_due_on = finding.due_on
    finding.save(update_fields=["told_due_on"])
    note_move(finding, FindingMove.Kind.DUE, actor, now)
    record(
        "review.finding_due",
        actor=actor,
        subject=("finding", finding.id),
        workflow_id=finding.workflow_id,
        text=words_of(finding)[:FACT_MAX],
        due_on=finding.due_on.isoformat(),
    )
    tell_owner("finding_due", finding, actor, now)
