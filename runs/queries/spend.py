"""How much of each cap is used. Read after `lock_budgets`, in the same transaction."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q, Sum

from portal.core.clock import database_now
from registry.rules.rulebook import Cap
from runs.models import SpendEntry


def used_by_cap(workflow_id: UUID, caps: Iterable[Cap]) -> Mapping[str, Decimal]:
    """Give what is reserved and spent of each cap within its rolling window. Two queries."""
    caps = tuple(caps)
    if not caps:
        return {}
    now = database_now()
    sums = {
        f"cap_{number}": Sum(
            "amount",
            filter=Q(
                cap_key=cap.key, reserved_at__gt=now - timedelta(hours=cap.window_hours)
            ),
        )
        for number, cap in enumerate(caps)
    }
    longest = max(cap.window_hours for cap in caps)
    found = SpendEntry.objects.filter(
        ~Q(state=SpendEntry.State.RELEASED),
        workflow_id=workflow_id,
        cap_key__in=[cap.key for cap in caps],
        reserved_at__gt=now - timedelta(hours=longest),
    ).aggregate(**sums)
    return {
        cap.key: found[f"cap_{number}"] or Decimal(0) for number, cap in enumerate(caps)
    }


def day_counts(workflow_id: UUID) -> Mapping[tuple[str, str], int]:
    """Count a workflow's grants of the last 24 hours by (system, verb). Two queries.

    What was given back does not count.
    """
    rows = (
        SpendEntry.objects.filter(
            ~Q(state=SpendEntry.State.RELEASED),
            workflow_id=workflow_id,
            cap_key="",
            reserved_at__gt=database_now() - timedelta(days=1),
        )
        .values_list("system", "verb")
        .annotate(number=Count("id"))
    )
    return {(system, verb): number for system, verb, number in rows}
