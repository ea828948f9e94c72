"""The next draft of refunds, tried on everything that the demo's agents asked."""

from datetime import datetime

from approvals.operations.backtest_runs import claim_backtest, run_slice
from approvals.operations.backtesting import ask_backtest
from portal.core.clock import in_history
from portal.home.demo.company import known_company

SLUG = "refund-management"
DAYS = 90


def try_next_refunds(*, now: datetime) -> None:
    """Run one backtest from its beginning to its end, as Priya, who wrote the draft."""
    with in_history(now):
        begun = ask_backtest(
            actor=known_company().actor("priya"), slug=SLUG, days=DAYS, now=now
        )
    while claim_backtest(backtest_id=begun):
        if run_slice(backtest_id=begun, now=now):
            break
