"""Steps by which grants take from the caps of a workflow.

`lock_budgets` comes before what is used is read and is held to the end, so that two
grants never both see the last of a cap.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from portal.audit.operation import step
from portal.core.ids import new_id
from runs.models import Budget, SpendEntry


@step
def lock_budgets(*, workflow_id: UUID) -> None:
    """Lock a workflow's caps until the transaction ends. One query, two the first time."""
    row = Budget.objects.select_for_update(no_key=True, of=("self",)).filter(
        workflow_id=workflow_id
    )
    if row.values_list("workflow_id").first() is None:
        Budget.objects.bulk_create(
            [Budget(workflow_id=workflow_id)], ignore_conflicts=True
        )
        row.values_list("workflow_id").first()


@step
def reserve(
    *,
    workflow_id: UUID,
    reserves: Iterable[tuple[str, Decimal | str]],
    system: str,
    verb: str,
    grant_id: UUID,
    now: datetime,
) -> None:
    """Take from each cap what a grant may spend, and count the grant itself. One query.

    A grant that takes from no cap is still counted, for limits of so many a day.
    """
    takes = {"": Decimal(0), **{key: Decimal(amount) for key, amount in reserves}}
    SpendEntry.objects.bulk_create(
        [
            SpendEntry(
                id=new_id(),
                workflow_id=workflow_id,
                grant_id=grant_id,
                cap_key=key,
                amount=amount,
                system=system,
                verb=verb,
                reserved_at=now,
                changed_at=now,
            )
            for key, amount in takes.items()
        ]
    )


@step
def release(*, grant_id: UUID, now: datetime) -> bool:
    """Give back what a grant reserved; says whether anything was given back. One query."""
    return _move(grant_id, SpendEntry.State.RELEASED, now)


@step
def settle(*, grant_id: UUID, now: datetime) -> bool:
    """Turn what a grant reserved into spent; says whether anything moved. One query."""
    return _move(grant_id, SpendEntry.State.SETTLED, now)


def _move(grant_id: UUID, state: str, now: datetime) -> bool:
    # Compare-and-set: only what is still reserved moves, so a repeat is harmless.
    entries = SpendEntry.objects.filter(
        grant_id=grant_id, state=SpendEntry.State.RESERVED
    )
    return entries.update(state=state, changed_at=now) > 0
