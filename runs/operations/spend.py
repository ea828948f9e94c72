"""Steps by which grants take from the caps of a workflow.

`lock_budgets` comes before what is used is read and is held to the end, so that two
grants never both see the last of a cap.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from portal.audit.operation import step
from portal.core.ids import new_id
from runs.models import Budget, SpendEntry

_LOCK = "SELECT workflow_id FROM runs_budget WHERE workflow_id = %s FOR NO KEY UPDATE"
_RESERVE = (
    "INSERT INTO runs_spendentry (workflow_id, grant_id, system, verb, state,"
    " reserved_at, changed_at, id, cap_key, amount)"
    " SELECT %s, %s, %s, %s, 'RESERVED', %s, %s, id, key, amount"
    " FROM unnest(%s::uuid[], %s::text[], %s::numeric[]) AS takes (id, key, amount)"
)


@step
def lock_budgets(*, workflow_id: UUID) -> None:
    """Lock a workflow's caps until the transaction ends. One query, two the first time."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [workflow_id])
        if cursor.fetchone() is None:
            Budget.objects.bulk_create(
                [Budget(workflow_id=workflow_id)], ignore_conflicts=True
            )
            cursor.execute(_LOCK, [workflow_id])


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
    columns: list[list] = [
        [new_id() for _ in takes],
        list(takes),
        list(takes.values()),
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            _RESERVE, [workflow_id, grant_id, system, verb, now, now, *columns]
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
