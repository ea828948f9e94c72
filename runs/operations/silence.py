"""A run that says nothing more becomes unknown; the next word of it brings it back."""

import contextlib
from collections.abc import Collection
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from portal.accounts.actors import SYSTEM
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone
from runs.models import Run, RunEvent, RunState
from runs.operations.accepting import EVENTS_STREAM
from runs.operations.saving import save_folded
from runs.rules import folding
from runs.rules.sealing import SILENT_AFTER, silent_after
from runs.rules.story import title_of

RUNS_MAX = 200
ROUNDS_MAX = 50
GAPS_MAX = 500


def sweep_silent_runs(*, now: datetime) -> int:
    """Call the runs unknown that have been quiet for too long; says how many.

    A run that waits for a person, or is on hold, is not silent: somebody else is due.
    """
    total = 0
    for _ in range(ROUNDS_MAX):
        rows = Run.objects.filter(state=RunState.RUNNING, quiet_until__lt=now)
        found = list(rows.defer("fold").order_by("quiet_until", "id")[:RUNS_MAX])
        silent = {run.id for run in found if not _may_be_quiet(run, now)}
        if silent:
            with contextlib.suppress(AlreadyDone):
                total += call_runs_unknown(run_ids=silent, now=now)
        if len(found) < RUNS_MAX:
            break
    return total


def _may_be_quiet(run: Run, now: datetime) -> bool:
    """Say whether silence is usual for this run, and keep until when. Two queries."""
    until = now + SILENT_AFTER
    if not run.is_held and run.heard_at is not None:
        until = run.heard_at + silent_after(gaps_of(run.id))
    if until <= now:
        return False
    # Nothing heard since: else the run has a later hour of its own by now.
    Run.objects.filter(id=run.id, heard_at=run.heard_at).update(quiet_until=until)
    return True


@operation(leaves="run.fell_silent")
def call_runs_unknown(*, run_ids: Collection[UUID], now: datetime) -> int:
    """Call runs unknown that are still silent under their locks. Raises AlreadyDone."""
    rows = (
        Run.objects.select_for_update(no_key=True, of=("self",), skip_locked=True)
        .filter(id__in=run_ids, state=RunState.RUNNING, is_held=False)
        .filter(quiet_until__lt=now)
        .order_by("id")
    )
    silent = list(rows)
    if not silent:
        raise AlreadyDone("run.none_silent", "No run fell silent.")
    for run in silent:
        run.fold = {**run.fold, "silent": now.isoformat()}
        run.state = folding.state_of(run.fold)
        run.title = title_of(run.fold)
        run.quiet_until = None
    save_folded(silent)
    record("run.fell_silent", actor=SYSTEM, stream=EVENTS_STREAM, count=len(silent))
    return len(silent)


def gaps_of(run_id: UUID) -> list[float]:
    """Give the seconds between the newest events of a run. One query."""
    rows = RunEvent.objects.filter(run_id=run_id).order_by("-at", "-id")
    times = sorted(rows.values_list("at", flat=True)[:GAPS_MAX])
    return [(after - before).total_seconds() for before, after in pairwise(times)]
