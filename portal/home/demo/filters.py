"""A filter of the inbox and two views of the runs list that people of the demo keep."""

from datetime import datetime

from approvals.operations.inbox_filters import save_filter
from portal.home.demo.company import Company
from runs.operations.run_views import save_run_view

VIEWS = (
    ("Large refunds", {"verb": "refund", "amount_from": "400", "currency": "EUR"}),
    ("Cannot say who approved", {"unanswered": "approved"}),
)


def keep_filter(company: Company, *, now: datetime) -> None:
    """Let a reviewer keep the refunds above EUR 80, and an owner two lists of runs."""
    save_filter(
        actor=company.actor("dana"),
        name="Refunds above EUR 80",
        filters={"verb": "refund", "amount_min": "80"},
        now=now,
    )
    for name, filters in VIEWS:
        save_run_view(actor=company.actor("maya"), name=name, filters=filters, now=now)
