"""When a run is sealed, and when a run that says nothing more is called unknown.

Both are measured by the portal's clock: what a sender's clock says neither seals a run nor
keeps it open.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

SEALED_AFTER = timedelta(minutes=15)
SILENT_AFTER = timedelta(minutes=30)
SILENT_FACTOR = 10
SILENT_AFTER_MAX = timedelta(days=7)
# What people do with a run is no sign of life of its agent.
NOT_HEARD = frozenset({"flagged", "held", "resumed", "stopped", "merged"})


def is_sealed(
    *, ended_at: datetime | None, heard_at: datetime | None, now: datetime
) -> bool:
    """Say whether a run is sealed: over, and nothing was heard of it for a while."""
    if ended_at is None:
        return False
    return heard_at is None or now >= heard_at + SEALED_AFTER


def silent_after(gaps: Sequence[float]) -> timedelta:
    """Say how long a run may say nothing: ten times its usual gap, half an hour at least.

    `gaps` are the seconds between its events. The usual gap is the one that 95 of a
    hundred do not exceed.
    """
    if not gaps:
        return SILENT_AFTER
    ordered = sorted(gaps)
    usual = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    wanted = timedelta(
        seconds=min(usual * SILENT_FACTOR, SILENT_AFTER_MAX.total_seconds())
    )
    return max(SILENT_AFTER, wanted)
