"""How much of each cap is used. Read after `lock_budgets`, in the same transaction.

Fixed statements: every ruling asks both.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from portal.core.clock import moment_of_history
from registry.rules.limits import counts_costs
from registry.rules.rulebook import Cap

_USED = (
    "SELECT caps.key, coalesce(sum(s.amount), 0) + coalesce((SELECT sum(c.amount)"
    " FROM runs_reportedcost c WHERE caps.currency <> '' AND c.workflow_id = %s"
    " AND c.currency = caps.currency AND c.reported_at > @now"
    " - caps.hours * interval '1 hour'), 0)"
    " FROM unnest(%s::text[], %s::float8[], %s::text[]) AS caps (key, hours, currency)"
    " LEFT JOIN runs_spendentry s ON s.workflow_id = %s AND s.cap_key = caps.key"
    " AND s.state <> 'RELEASED'"
    " AND s.reserved_at > @now - caps.hours * interval '1 hour'"
    " GROUP BY caps.key, caps.hours, caps.currency"
)
_COUNTED = (
    "SELECT system, verb, count(*) FROM runs_spendentry"
    " WHERE workflow_id = %s AND cap_key = '' AND state <> 'RELEASED'"
    " AND reserved_at > @now - interval '24 hours' GROUP BY system, verb"
)
# After the locks; and stable, so that an index still serves it.
_NOW = "coalesce(%s::timestamptz, statement_timestamp())"
_USED, _COUNTED = _USED.replace("@now", _NOW), _COUNTED.replace("@now", _NOW)


def used_by_cap(
    workflow_id: UUID,
    caps: Collection[Cap],
    *,
    now: datetime | None = None,
    currency: str = "",
) -> Mapping[str, Decimal]:
    """Give what is reserved, spent and reported of each cap in its window. One query.

    By the database's clock, or as of `now`. `currency` is the rulebook's, for caps that
    name none.
    """
    hours = {cap.key: float(cap.window_hours) for cap in caps}
    if not hours:
        return {}
    costs = [(cap.currency or currency) if counts_costs(cap) else "" for cap in caps]
    moment = now or moment_of_history()
    columns: list[list[Any]] = [list(hours), list(hours.values()), costs]
    with connection.cursor() as cursor:
        cursor.execute(_USED, [workflow_id, moment, *columns, workflow_id, moment])
        return dict(cursor.fetchall())


def day_counts(
    workflow_id: UUID, *, now: datetime | None = None
) -> Mapping[tuple[str, str], int]:
    """Count a workflow's grants of the last 24 hours by (system, verb). One query.

    What was given back does not count.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, [workflow_id, now or moment_of_history()])
        return {(system, verb): number for system, verb, number in cursor}
