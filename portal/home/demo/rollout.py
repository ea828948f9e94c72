"""The rollout of the demo: its sponsor, one proven workflow, last quarter's review signed."""

from contextlib import suppress
from datetime import datetime, timedelta

from portal.accounts.actors import SYSTEM
from portal.core.errors import Conflict
from portal.home.demo.company import Company
from portal.home.demo.workflows import id_of
from portal.home.operations.rollout import call_proven, keep_quarter, sign_quarter
from portal.home.queries.quarters import quarter_of
from registry.operations.rollout import name_sponsor


def roll_out(company: Company, *, now: datetime) -> None:
    """Name Helen sponsor, call refunds proven if it is, sign one quarter, begin the next."""
    helen = company.actor("helen")
    name_sponsor(
        actor=SYSTEM,
        person=company.people["helen"],
        reason="The board asked her to answer for the programme.",
        now=now - timedelta(days=40),
    )
    # Late findings of the story may keep it from being proven; the page says so then.
    with suppress(Conflict):
        call_proven(
            actor=company.actor("maya"),
            workflow_id=id_of("refund-management"),
            reason="Four signed weeks, and finance agrees with the numbers.",
            now=now,
        )
    last = quarter_of((now.replace(day=1) - timedelta(days=95)).date())
    this = quarter_of(now.date())
    if last == this:
        return
    keep_quarter(
        actor=helen,
        key=last,
        notes="Refunds run well by day. Reviewers of the phone desk are short of time.",
        decisions="Maya sets two hours a day aside for deciding, by the end of the year.",
        now=now - timedelta(days=20),
    )
    sign_quarter(actor=helen, key=last, now=now - timedelta(days=20))
    keep_quarter(
        actor=helen,
        key=this,
        notes="To ask: what keeps IT half answered?",
        decisions="",
        now=now,
    )
