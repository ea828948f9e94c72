"""Background work of approvals: the sweep of what ran out of time."""

import time
from collections.abc import Callable, Collection
from functools import partial
from uuid import UUID

import structlog
from celery import shared_task

from approvals.operations import (
    backtest_runs,
    chasing,
    delivering,
    expire,
    matching,
    remind,
)
from approvals.operations.assigning import reassign_proposal
from approvals.queries.stale import stale_assignments
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone
from portal.core.webhooks import post_signed
from runs.operations.incidents import heal_told
from runs.operations.reconciling import claim_unmatched

log = structlog.get_logger(__name__)
SOFT_SECONDS, HARD_SECONDS = 50, 60
SENDING_SECONDS = 25


@shared_task(soft_time_limit=SOFT_SECONDS, time_limit=HARD_SECONDS, ignore_result=True)
def sweep_due(**_later: object) -> int:
    """Time out what is due; says how many rows moved. Safe to run twice at once."""
    moved = 0
    # Before the time-outs: what a pause stopped is not overdue.
    for proposal_id in expire.stopped_by_pause():
        moved += _unless_done(partial(expire.settle_clock, proposal_id=proposal_id))
    for proposal_id in expire.due_proposals():
        moved += _unless_done(
            partial(expire.time_out_proposal, proposal_id=proposal_id, now=wall_clock())
        )
    for proposal_id in remind.due_reminders():
        moved += _unless_done(
            partial(remind.remind_of, proposal_id=proposal_id, now=wall_clock())
        )
    for proposal_id in stale_assignments():
        moved += _unless_done(
            partial(reassign_proposal, proposal_id=proposal_id, now=wall_clock())
        )
    for grant_id in expire.due_grants():
        moved += _unless_done(
            partial(expire.expire_grant, grant_id=grant_id, now=wall_clock())
        )
    return moved


@shared_task(
    name="approvals.tasks.run_backtests",
    ignore_result=True,
    soft_time_limit=SOFT_SECONDS,
    time_limit=HARD_SECONDS,
)
def run_backtests(**_later: object) -> int:
    """Go on with the backtest that waits longest, for a few seconds; also the sweep.

    One that breaks keeps its lease, so it is tried again later; the next hint goes on.
    """
    claimed = backtest_runs.claim_backtest()
    if claimed is None:
        return 0
    backtest_runs.run_slice(backtest_id=claimed, now=wall_clock())
    return 1


@shared_task(
    name="approvals.tasks.chase_grants",
    soft_time_limit=SOFT_SECONDS,
    time_limit=HARD_SECONDS,
    ignore_result=True,
)
def chase_grants(**_later: object) -> int:
    """Ask what became of used grants, and give up on the oldest. Safe to run twice."""
    moved = 0
    for grant_id in chasing.silent_grants("GIVEN_UP"):
        moved += _unless_done(
            partial(chasing.give_up_waiting, grant_id=grant_id, now=wall_clock())
        )
    for grant_id in chasing.silent_grants("ASKED"):
        moved += _unless_done(
            partial(chasing.ask_what_happened, grant_id=grant_id, now=wall_clock())
        )
    return moved


@shared_task(
    name="approvals.tasks.send_deliveries",
    soft_time_limit=SOFT_SECONDS,
    time_limit=HARD_SECONDS,
    ignore_result=True,
)
def send_deliveries(**_later: object) -> int:
    """Send what waits for receivers, one at a time; says how many calls were made.

    Two at once share the work. Slow receivers cannot keep it beyond its time: the next
    sweep goes on.
    """
    until = time.monotonic() + SENDING_SECONDS
    sent = 0
    while time.monotonic() < until:
        claimed = delivering.claim_delivery()
        if claimed is None:
            break
        posted = post_signed(
            url=claimed.url,
            secrets=claimed.secrets,
            message_id=claimed.message_id,
            payload=claimed.payload,
            now=wall_clock(),
        )
        _unless_done(partial(delivering.mark, claimed, posted))
        sent += 1
    return sent


@shared_task(
    name="approvals.tasks.match_changes",
    soft_time_limit=SOFT_SECONDS,
    time_limit=HARD_SECONDS,
    ignore_result=True,
)
def match_changes(**_later: object) -> int:
    """Match what systems reported to grants; says how many changes were looked at.

    Also the sweep, which looks again at what did not match a moment ago.
    """
    judged, until = 0, time.monotonic() + SENDING_SECONDS
    while time.monotonic() < until:
        found = _judged(())
        judged += found
        if not found:
            break
    _unless_done(partial(heal_told, now=wall_clock()))
    again = claim_unmatched()
    return judged + (_judged(again) if again else 0)


def _judged(again: Collection[UUID]) -> int:
    try:
        return matching.match_changes(again=again, now=wall_clock())
    except AlreadyDone:
        return 0
    except Exception as error:  # noqa: BLE001 - the sweep tries again, nothing is lost
        log.error("matching.failed", error=type(error).__name__, exc_info=True)
        return 0


def _unless_done(call: Callable[[], object]) -> int:
    try:
        call()
    except AlreadyDone:
        return 0
    except Exception as error:  # noqa: BLE001 - one bad row never stops the sweep
        log.error("sweep.row_failed", error=type(error).__name__, exc_info=True)
        return 0
    return 1
