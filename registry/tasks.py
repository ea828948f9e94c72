"""Background work of the registry: what takes effect on a day, or when a time is over."""

from collections.abc import Callable
from functools import partial

import structlog
from celery import shared_task

from portal.accounts.actors import SYSTEM
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone
from registry.operations import deciding_more, hand_overs, staging
from registry.operations.importing_apply import claim_import, run_import
from registry.operations.readiness_priorities import overdue_priorities, tell_overdue
from registry.operations.training_reminding import remind_of_training
from registry.queries.training_due import due_reminders

log = structlog.get_logger(__name__)
SOFT_SECONDS, HARD_SECONDS = 50, 60
IMPORTS_MAX = 20


@shared_task(soft_time_limit=SOFT_SECONDS, time_limit=HARD_SECONDS, ignore_result=True)
def settle_duties(**_later: object) -> int:
    """Hand over roles whose day has come, close what has run out of time, and tell of
    priorities that are overdue.

    Stages of a resume, requests for more, and what was waived of a ceiling run out.

    Says how many moved. Safe to run twice at once.
    """
    moved = 0
    for hand_over_id in hand_overs.due_hand_overs(now=wall_clock()):
        moved += _unless_done(
            partial(
                hand_overs.complete_hand_over,
                hand_over_id=hand_over_id,
                now=wall_clock(),
            )
        )
    for stage_id in staging.due_stages():
        moved += _unless_done(
            partial(staging.time_out_stage, stage_id=stage_id, now=wall_clock())
        )
    for priority_id in overdue_priorities(now=wall_clock()):
        moved += _unless_done(
            partial(tell_overdue, priority_id=priority_id, now=wall_clock())
        )
    moved += _settle_requests()
    return moved


def _settle_requests() -> int:
    moved = 0
    for request_id in deciding_more.due_requests(now=wall_clock()):
        moved += _unless_done(
            partial(
                deciding_more.expire_request, request_id=request_id, now=wall_clock()
            )
        )
    for waiver_id in deciding_more.due_waivers(now=wall_clock()):
        moved += _unless_done(
            partial(
                deciding_more.end_waiver,
                actor=SYSTEM,
                waiver_id=waiver_id,
                because="Its time was over.",
                now=wall_clock(),
            )
        )
    return moved


@shared_task(
    name="registry.tasks.remind_trainees",
    soft_time_limit=SOFT_SECONDS,
    time_limit=HARD_SECONDS,
    ignore_result=True,
)
def remind_trainees(**_later: object) -> int:
    """Tell people whose training ends soon or has lapsed; safe to run twice at once."""
    return sum(
        _unless_done(partial(remind_of_training, due=due, now=wall_clock()))
        for due in due_reminders()
    )


@shared_task(
    name="registry.tasks.apply_imports",
    ignore_result=True,
    soft_time_limit=240,
    time_limit=300,
)
def apply_imports(**_later: object) -> int:
    """Register the inventories that people asked for; says how many workflows.

    Also the sweep: an import that breaks keeps its lease, so it is tried again later.
    """
    made = 0
    for _ in range(IMPORTS_MAX):
        claimed = claim_import()
        if claimed is None:
            break
        try:
            made += run_import(import_id=claimed, now=wall_clock())
        except AlreadyDone:
            continue
        except Exception as error:  # noqa: BLE001 - one bad import never stops the others
            log.warning("import.failed", source=str(claimed), error=repr(error)[:200])
    return made


def _unless_done(call: Callable[[], object]) -> int:
    try:
        call()
    except AlreadyDone:
        return 0
    except Exception as error:  # noqa: BLE001 - one bad row never stops the sweep
        log.error("sweep.row_failed", error=type(error).__name__, exc_info=True)
        return 0
    return 1
