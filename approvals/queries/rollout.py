"""What the rollout plan reads of the inbox: that people decide. A count alone."""

from datetime import datetime, timedelta

from approvals.models import Decision

DAYS = 30


def decisions_lately(*, now: datetime) -> int:
    """Count what people decided in the last thirty days, whoever looks. One query."""
    return Decision.objects.filter(decided_at__gte=now - timedelta(days=DAYS)).count()
