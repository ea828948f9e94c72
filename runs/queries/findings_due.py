"""What the sweeps of findings ask: who left, who takes over, what is due and not told."""

from datetime import date
from uuid import UUID

from django.db.models import F, Q

from portal.accounts import access
from portal.accounts.models import Person
from registry.queries.people import role_holder_ids
from runs.models import Finding

AT_ONCE_MAX = 500


def left_findings() -> list[UUID]:
    """Give the open findings whose owner sees their workflow no more.

    One query, and one for each pair of a workflow and somebody who looks after one.
    """
    open_ones = Finding.objects.filter(closed_at=None).order_by("workflow_id", "id")
    pairs = open_ones.order_by().values_list("workflow_id", "owner_id").distinct()
    gone = Q(pk__in=())
    for workflow_id, owner_id in pairs[:AT_ONCE_MAX]:
        here = access.people_with(workflow_id, access.VIEW).filter(id=owner_id)
        if not here.exists():
            gone |= Q(workflow=workflow_id, owner=owner_id)
    return list(open_ones.filter(gone).values_list("id", flat=True)[:AT_ONCE_MAX])


def heir_of(workflow_id: UUID) -> Person | None:
    """Give who takes on what an owner left: the business owner, if there is one. Few queries."""
    holders = role_holder_ids(workflow_id, "business_owner")
    return access.people_with(workflow_id, access.VIEW).filter(id__in=holders).first()


def findings_to_tell(*, today: date) -> list[UUID]:
    """Give the open findings that are due, of which nobody was told yet. One query."""
    untold = Q(told_due_on=None) | ~Q(told_due_on=F("due_on"))
    rows = Finding.objects.filter(untold, closed_at=None, due_on__lte=today)
    return list(
        rows.order_by("due_on", "id").values_list("id", flat=True)[:AT_ONCE_MAX]
    )
