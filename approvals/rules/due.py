"""How long a person has, what happens when nobody decides, and when a grant runs.

A time-out escalates once and then ends the proposal as expired. It never approves.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from registry.rules.answers import Risk

REVIEW_TIME = {
    Risk.HIGH: timedelta(minutes=30),
    Risk.MEDIUM: timedelta(hours=2),
    Risk.LOW: timedelta(hours=8),
}
ESCALATION_TIME = {
    Risk.HIGH: timedelta(hours=1),
    Risk.MEDIUM: timedelta(hours=4),
    Risk.LOW: timedelta(hours=24),
}
UNDO_TIME = timedelta(seconds=10)
ALLOWED_GRANT_LIFE = timedelta(minutes=5)
APPROVED_GRANT_LIFE = timedelta(minutes=60)
CLAIM_TIME = timedelta(minutes=15)


class TimeOut(StrEnum):
    ESCALATE = "escalate"
    EXPIRE = "expire"


def due_at(
    *, risk: Risk, is_escalated: bool, now: datetime, expires_at: datetime | None
) -> datetime:
    """Return by when somebody decides; the agent's own deadline can only shorten it."""
    times = ESCALATION_TIME if is_escalated else REVIEW_TIME
    due = now + times.get(risk, REVIEW_TIME[Risk.HIGH])
    return min(due, expires_at) if expires_at else due


def moved_due(
    *,
    due: datetime,
    stopped_at: datetime,
    now: datetime,
    expires_at: datetime | None,
) -> datetime:
    """Return the due time after the clock stood still since `stopped_at`.

    The agent's own deadline never moves.
    """
    moved = due + max(timedelta(0), now - stopped_at)
    return min(moved, expires_at) if expires_at else moved


def time_out(
    *, is_escalated: bool, expires_at: datetime | None, now: datetime
) -> TimeOut:
    """Return what a missed due time does."""
    if is_escalated or (expires_at is not None and expires_at <= now):
        return TimeOut.EXPIRE
    return TimeOut.ESCALATE


def has_expired(
    *,
    due: datetime,
    is_stopped: bool,
    is_escalated: bool,
    expires_at: datetime | None,
    now: datetime,
) -> bool:
    """Return whether the time to decide is over for good, swept or not."""
    if expires_at is not None and expires_at <= now:
        return True
    return is_escalated and not is_stopped and due <= now


def usable_from(
    *, risk: Risk, is_approval: bool, now: datetime, undo: timedelta
) -> datetime:
    """Return when a grant may first be redeemed: an approval above low risk can be undone."""
    if not is_approval or risk == Risk.LOW:
        return now
    return now + undo


def runs_out_at(*, is_approval: bool, not_before: datetime) -> datetime:
    """Return when an unused grant ends."""
    return not_before + (APPROVED_GRANT_LIFE if is_approval else ALLOWED_GRANT_LIFE)
