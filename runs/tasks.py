"""The worker's side of runs. A message only says "look"; the tables say what is due."""

from contextlib import suppress

import structlog
from celery import shared_task

from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone
from runs.operations import folding, inbox
from runs.operations.asking_again import ask_again
from runs.operations.carrying import sweep_findings as sweep_findings_now
from runs.operations.counting import count_due_runs
from runs.operations.drift import watch_due_weeks
from runs.operations.partitions import make_partitions
from runs.operations.rebuilding import recount_if_moved
from runs.operations.seeing import gather_sights
from runs.operations.sharing import share_left_runs
from runs.operations.silence import sweep_silent_runs
from runs.operations.tallying import add_up
from runs.operations.unmapped import close_mapped_tools
from runs.operations.weeks import open_due_weeks
from runs.rules.shapes import Rejected

ROUNDS_MAX = 200
ISOLATE_FROM_ATTEMPT = 3
MONTHS_AHEAD = 6
log = structlog.get_logger(__name__)


@shared_task(
    name="runs.tasks.fold_inbox",
    ignore_result=True,
    soft_time_limit=240,
    time_limit=300,
)
def fold_inbox(**_later: object) -> int:
    """Fold what waits in the inbox until nothing does; says how many batches."""
    done = 0
    for _ in range(ROUNDS_MAX):
        claimed = inbox.claim_batches()
        if not claimed:
            break
        for batch_id in claimed:
            done += _fold(batch_id)
        add_up()
    return done


@shared_task(name="runs.tasks.sweep_inbox", ignore_result=True, time_limit=300)
def sweep_inbox(**_later: object) -> int:
    """Do what a lost hint or a dead worker left: waiting batches, tallies to add up."""
    done = fold_inbox()
    add_up()
    return done


@shared_task(name="runs.tasks.sweep_runs", ignore_result=True, time_limit=300)
def sweep_runs(**_later: object) -> int:
    """Call silent runs unknown, and close the tasks of tools that are mapped by now."""
    with suppress(AlreadyDone):
        close_mapped_tools(now=wall_clock())
    return sweep_silent_runs(now=wall_clock())


@shared_task(name="runs.tasks.count_runs", ignore_result=True, time_limit=3600)
def count_runs(**_later: object) -> int:
    """Count the runs that settled, and everything where the way of counting is new."""
    done = count_due_runs(now=wall_clock())
    add_up()
    recount_if_moved(now=wall_clock())
    return done


@shared_task(name="runs.tasks.open_weeks", ignore_result=True, time_limit=300)
def open_weeks(**_later: object) -> int:
    """Open last week's review where it is due, and make partitions ahead of time.

    What somebody who left was to read goes to those who are there. The weeks of
    decisions that are over are measured, and what drifted is raised.
    """
    make_partitions(months=MONTHS_AHEAD)
    share_left_runs(now=wall_clock())
    ask_again(now=wall_clock())
    opened = open_due_weeks(now=wall_clock())
    watch_due_weeks(now=wall_clock())
    gather_sights(now=wall_clock())
    return opened


@shared_task(name="runs.tasks.sweep_findings", ignore_result=True, time_limit=300)
def sweep_findings(**_later: object) -> int:
    """Give on findings whose owner left, and tell owners what is due."""
    return sweep_findings_now(now=wall_clock())


def _fold(batch_id) -> int:
    """Fold one batch; a batch that keeps failing is taken apart, then put aside."""
    attempts, has_failed = inbox.attempts_of(batch_id)
    # A claim that ended in a killed worker says little about the batch; five say enough.
    is_suspect = has_failed and attempts >= ISOLATE_FROM_ATTEMPT
    try:
        if not is_suspect and attempts < inbox.ATTEMPTS_MAX:
            folding.fold_batch(batch_id=batch_id, now=wall_clock())
        else:
            _fold_one_by_one(batch_id)
    except AlreadyDone:
        return 0
    except Exception as error:  # noqa: BLE001 - one bad batch never stops the inbox
        reason = f"{type(error).__name__}: {error}"
        log.warning(
            "inbox.fold_failed", batch=str(batch_id), error=type(error).__name__
        )
        if attempts >= inbox.ATTEMPTS_MAX:
            inbox.bury_batch(batch_id=batch_id, reason=reason, now=wall_clock())
        else:
            inbox.give_back(batch_id, attempts=attempts, reason=reason)
        return 0
    return 1


def _fold_one_by_one(batch_id) -> None:
    """Fold a batch event by event, so that one that cannot be stored costs no other."""
    total = folding.rejected_at_sight(batch_id)
    failed = 0
    for index in folding.indices_of(batch_id):
        try:
            part = folding.fold_event(batch_id=batch_id, index=index, now=wall_clock())
        except AlreadyDone:
            raise
        except Exception as error:  # noqa: BLE001 - it is named in the figures
            why = Rejected(
                "event.not_stored", f"This could not be stored: {type(error).__name__}."
            )
            total.rejected.append((index, why))
            failed += 1
            continue
        total.accepted += part.accepted
        total.duplicate += part.duplicate
        total.rejected += part.rejected
    if failed and total.accepted + total.duplicate == 0:
        # Nothing at all went in: it is rather the database than every event.
        raise RuntimeError("no event of the batch could be stored")
    folding.finish_batch(batch_id=batch_id, folded=total, now=wall_clock())
