"""A filter of the inbox that one reviewer of the demo keeps."""

from datetime import datetime

from approvals.operations.inbox_filters import save_filter
from portal.home.demo.company import Company


def keep_filter(company: Company, *, now: datetime) -> None:
    """Let a senior reviewer keep the refunds above EUR 80 under a name."""
    save_filter(
        actor=company.actor("dana"),
        name="Refunds above EUR 80",
        filters={"verb": "refund", "amount_min": "80"},
        now=now,
    )
