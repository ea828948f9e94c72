"""What a receiver is told, when it is tried again, and when nobody tries any more."""

import re
from datetime import datetime, timedelta
from types import MappingProxyType

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
NAME_WORDS = "Letters, digits, dots, dashes and underscores; at most 80."

RESOLVED = "action.resolved"
ESCALATED = "action.escalated"
QUESTION = "action.question_asked"
REOPENED = "action.reopened"
MISSING = "action.outcome_missing"
OUTCOME = "action.outcome_told"
USABLE = "grant.usable"
EXPIRED = "grant.expired"
REVOKED = "grant.revoked"
PING = "ping"

# Every event that is ever sent, with the sentence of the docs and the page.
EVENTS = MappingProxyType(
    {
        RESOLVED: "People decided, the time was over, or it was withdrawn",
        ESCALATED: "It waits for the escalation owner now",
        QUESTION: "A reviewer asks the agent something",
        REOPENED: "An approval was taken back and is asked again",
        USABLE: "The grant can be redeemed from now on",
        EXPIRED: "The grant ran out unused",
        REVOKED: "The grant was revoked",
        MISSING: "The grant was used and nothing was told since",
        OUTCOME: "A person, or the end of waiting, said what became of it",
        PING: "A person tries the address",
    }
)

# The wait before each next try; then it is given up. About nine hours in all.
WAITS = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 7200, 21600)
)
TRIES_MAX = len(WAITS) + 1
LEASE = timedelta(seconds=60)
ENDPOINT_WAIT_MAX = timedelta(minutes=5)
OFF_AFTER = timedelta(days=3)
OFF_FAILURES_MIN = 20
OLD_SECRET_LIVES = timedelta(hours=24)


def event_of(
    kind: str, *, is_final: bool, has_proposal: bool, has_grant: bool, by_agent: bool
) -> str | None:
    """Return what a moment of a request means for its receiver; None is not sent.

    An agent is not told what it has just said itself.
    """
    match kind:
        case "decided":
            return RESOLVED if is_final else None
        case "expired":
            return RESOLVED if has_proposal else EXPIRED
        case "revoked":
            return REOPENED if has_proposal else REVOKED
        case "withdrawn":
            return RESOLVED
        case "question":
            return QUESTION
        case "escalated":
            return ESCALATED
        case "granted":
            return USABLE if has_grant else None
        case "untold":
            return MISSING
        case "outcome":
            return None if by_agent else OUTCOME
        case _:
            return None


def next_try(*, tries: int, now: datetime, is_refused: bool) -> datetime | None:
    """Return when a message is tried again after so many tries, or None when never."""
    if is_refused or tries >= TRIES_MAX:
        return None
    return now + WAITS[max(tries, 1) - 1]


def endpoint_rest(*, failures: int, status: int | None) -> timedelta:
    """Return how long everything for a receiver waits after it failed once more.

    An answer below 500 is about that message and holds up no other.
    """
    is_about_it = status is not None and status < 500 and status != 429
    if is_about_it:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(failures, 16)), ENDPOINT_WAIT_MAX)


def is_turned_off(
    *, failing_since: datetime | None, failures: int, now: datetime
) -> bool:
    """Return whether a receiver has failed for so long that nothing is sent any more."""
    return (
        failing_since is not None
        and now - failing_since >= OFF_AFTER
        and failures >= OFF_FAILURES_MIN
    )
