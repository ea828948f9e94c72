"""What is hidden in the runs of refunds: a field of its owner, and one look at an original."""

from datetime import datetime

from portal.core.clock import in_history
from portal.home.demo.company import Company
from runs.operations.redaction_rules import hide_field
from runs.operations.revealing import reveal_token
from runs.queries.redactions import newest_token

REFUNDS, FIELD = "refund-management", "result.customer.street"


def hide_streets(company: Company, *, now: datetime) -> None:
    """Let the owner of refunds hide where customers live."""
    hide_field(actor=company.actor("maya"), slug=REFUNDS, path=FIELD, now=now)


def look_once(company: Company, *, now: datetime) -> None:
    """Let the owner look at one customer's address, and say why."""
    found = newest_token(REFUNDS, kind="email")
    if found is None:
        return
    run_id, token = found
    # Whether she confirmed lately is asked of the clock.
    with in_history(now):
        reveal_token(
            actor=company.confirmed("maya", now),
            run_id=run_id,
            token=token,
            reason="The customer says that our answer never came; was the address right?",
            now=now,
        )
