"""When a grant may be used, when it is issued anew, and when silence is asked about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from registry.rules.answers import (
    Answer,
    Reversibility,
    Risk,
    reversibility_rank,
    risk_rank,
    severity,
)

# What cannot be undone at high risk waits this many times as long as the rest.
IRREVERSIBLE_TIMES = 6
REISSUES_MAX = 3
REISSUED_WITHIN = timedelta(hours=24)

# How long after a grant was used the agent is asked what happened, by risk.
ASK_AFTER: Mapping[Risk, timedelta] = MappingProxyType(
    {
        Risk.HIGH: timedelta(minutes=15),
        Risk.MEDIUM: timedelta(hours=1),
        Risk.LOW: timedelta(hours=4),
    }
)
# And how long until nobody waits for the agent any more.
GIVE_UP_AFTER: Mapping[Risk, timedelta] = MappingProxyType(
    {
        Risk.HIGH: timedelta(hours=4),
        Risk.MEDIUM: timedelta(hours=24),
        Risk.LOW: timedelta(hours=72),
    }
)


@dataclass(frozen=True)
class Terms:
    """What a ruling asked for: what is compared when a grant is issued anew."""

    answer: Answer
    decided_by: str
    quorum: int
    risk: Risk
    reversibility: Reversibility


def usable_from(
    *,
    risk: Risk,
    reversibility: Reversibility,
    is_approval: bool,
    now: datetime,
    undo: timedelta,
    irreversible: timedelta,
) -> datetime:
    """Return when a grant may first be redeemed; until then its approval can be undone.

    An allowance and the lowest risk do not wait. What cannot be undone later, at high
    risk, can be undone for longer now.
    """
    if not is_approval or risk == Risk.LOW:
        return now
    is_grave = risk == Risk.HIGH and reversibility == Reversibility.IRREVERSIBLE
    return now + (max(undo, irreversible) if is_grave else undo)


def asks_more(now: Terms, then: Terms) -> bool:
    """Return whether the rulebook asks for anything more than when this was granted.

    Then an old approval does not carry a new grant: people have not seen this case.
    """
    return (
        severity(now.answer) > severity(then.answer)
        or now.quorum > then.quorum
        or risk_rank(now.risk) > risk_rank(then.risk)
        or reversibility_rank(now.reversibility)
        > reversibility_rank(then.reversibility)
        or (now.answer != Answer.ALLOW and now.decided_by != then.decided_by)
    )


def is_silent(
    *, risk: Risk, redeemed_at: datetime, now: datetime, after: Mapping[Risk, timedelta]
) -> bool:
    """Return whether a used grant has said nothing for the time that its risk gives it."""
    return now - redeemed_at >= after.get(risk, after[Risk.HIGH])
