"""Why a run must be read, from what its events add up to; every reason, not only the first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from registry.rules.verbs import VERBS
from runs.rules.events import time_of

ANSWERED_ENOUGH = 5
LARGEST_SHARE = 100  # one run of so many: the top 1 % by amount
LARGEST = "among the largest amounts of the week"
FLAGGED = "flagged"
_OVERRIDES = {
    "rejected": "a person rejected what it asked",
    "edited": "a person changed what it asked",
    "responded": "a person answered instead",
    "emergency": "let run in an emergency",
}
# What the page or a catalogue of the company gives no leave for, whatever the amount.
_NO_LEAVE = frozenset(
    (
        "never",
        "no_allowance",
        "verb.unknown",
        "system.unknown",
        "system.not_approved",
        "model.not_approved",
        "tool.not_approved",
    )
)
_INTERRUPTED = frozenset(("workflow.paused", "workflow.not_live", "resume.staged"))
# Verbs with access, and words that leave the house, are as telling as money.
ACCESS_VERBS = frozenset(
    (
        "grant_access",
        "revoke_access",
        "invite",
        "suspend",
        "reset_credentials",
        "block",
        "unblock",
        "isolate",
    )
)
SENDING_VERBS = frozenset(("send", "reply", "publish", "unpublish", "delete"))
MONEY_VERBS = frozenset(slug for slug, verb in VERBS.items() if verb.moves_money)
TELLING_VERBS = MONEY_VERBS | ACCESS_VERBS | SENDING_VERBS


@dataclass(frozen=True, slots=True)
class Facts:
    """What is asked of a run: columns of its row and the parts of its fold that matter."""

    is_failed: bool
    is_held: bool
    is_flagged: bool
    unauthorised: int
    answered: int
    started_at: datetime
    last_heard: datetime
    parts: Mapping[str, Any]

    @property
    def asks(self) -> Iterable[Mapping[str, Any]]:
        return (self.parts.get("asks") or {}).values()


def reasons_of(
    facts: Facts, *, interruptions: Sequence[datetime] = ()
) -> tuple[str, ...]:
    """Say every reason why this run must be read; none when it need not be.

    `interruptions` are the moments at which the workflow was paused or rolled back.
    """
    asks = tuple(facts.asks)
    found = (
        (facts.unauthorised > 0, "a change without a grant"),
        (_was_refused(asks), "it asked for what is never allowed"),
        (_is_contradicted(facts), "a change is reported that it called failed"),
        (_was_stopped(facts, asks), "a stop rule fired"),
        (_failed_midway(facts, asks), "it failed after acting"),
        *((True, words) for words in _overrides(facts, asks)),
        (_was_late(facts, asks), "nobody decided in time"),
        (_was_interrupted(facts, asks, interruptions), "a pause or rollback hit it"),
        (
            facts.answered < ANSWERED_ENOUGH,
            f"only {facts.answered} of 7 questions answered",
        ),
        (facts.is_flagged, FLAGGED),
    )
    return tuple(words for holds, words in found if holds)


def acted_by_itself(facts: Facts) -> bool:
    """Say whether it did something telling that nobody was asked about."""
    return any(
        _ruled(ask) == "allow"
        and ask.get("redeemed")
        and "resolved" not in ask
        and verb_of(ask) in TELLING_VERBS
        for ask in facts.asks
    )


def was_approved(facts: Facts) -> bool:
    """Say whether a person approved something that it asked for."""
    return any((ask.get("resolved") or ("", ""))[1] == "approved" for ask in facts.asks)


def verb_of(ask: Mapping[str, Any]) -> str:
    """Give the verb that was asked for; empty when it is not known."""
    return str((ask.get("asked") or (None,) * 4)[2] or "")


def largest_of(amounts: Iterable[tuple[str, Decimal, str]]) -> frozenset[str]:
    """Give the runs with the largest amounts, one in a hundred of each currency.

    Of fewer than a hundred it is one, and none where all amounts are the same.
    """
    by_currency: dict[str, list[tuple[Decimal, str]]] = {}
    for run, amount, currency in amounts:
        by_currency.setdefault(currency, []).append((amount, run))
    found: set[str] = set()
    for rows in by_currency.values():
        rows.sort(key=lambda row: (-row[0], row[1]))
        if rows[0][0] == rows[-1][0]:
            continue
        size = -(-len(rows) // LARGEST_SHARE)
        found.update(run for _, run in rows[:size])
    return frozenset(found)


def _ruled(ask: Mapping[str, Any]) -> str:
    return str((ask.get("ruled") or ("", ""))[1] or "")


def _code(ask: Mapping[str, Any]) -> str:
    return str((ask.get("ruled") or ("",) * 4)[3] or "")


def _was_refused(asks: Sequence[Mapping[str, Any]]) -> bool:
    return any(_ruled(ask) == "refuse" and _code(ask) in _NO_LEAVE for ask in asks)


def _is_contradicted(facts: Facts) -> bool:
    """Say whether a change stands under a grant whose outcome was told as failed."""
    changed = set(facts.parts.get("changed") or ())
    return any(
        (ask.get("outcome") or ("", "succeeded"))[1] not in (None, "succeeded")
        and changed & set(ask.get("redeemed") or ())
        for ask in facts.asks
    )


def _was_stopped(facts: Facts, asks: Sequence[Mapping[str, Any]]) -> bool:
    is_held = facts.is_held or bool(facts.parts.get("held"))
    return is_held or any(
        _code(ask).startswith("stop_rule.") or _code(ask) == "run.on_hold"
        for ask in asks
    )


def _failed_midway(facts: Facts, asks: Sequence[Mapping[str, Any]]) -> bool:
    acted = [ask for ask in asks if ask.get("redeemed")]
    return any(
        facts.is_failed or (ask.get("outcome") or ("", ""))[1] == "failed"
        for ask in acted
    )


def _overrides(facts: Facts, asks: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    found = {
        words
        for ask in asks
        if (words := _OVERRIDES.get((ask.get("resolved") or ("", ""))[1]))
    }
    if any((ask.get("ended") or ("", ""))[1] == "revoked" for ask in asks):
        found.add("a person took a grant back")
    if facts.parts.get("halted"):
        found.add("a person stopped it")
    return tuple(sorted(found))


def _was_late(facts: Facts, asks: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether a decision, or the escalation of the run, came after it was due."""
    escalated = facts.parts.get("escalated")
    for ask in asks:
        if (ask.get("ended") or ("", ""))[1] == "expired":
            return True
        due = (ask.get("proposed") or ("", None))[1]
        if not due:
            continue
        moments = [ask[name][0] for name in ("resolved", "ended") if name in ask]
        moments += [escalated[0]] if escalated else []
        if any(time_of(stamp) > datetime.fromisoformat(due) for stamp in moments):
            return True
    return False


def _was_interrupted(
    facts: Facts,
    asks: Sequence[Mapping[str, Any]],
    interruptions: Sequence[datetime],
) -> bool:
    during = any(facts.started_at <= at <= facts.last_heard for at in interruptions)
    return during or any(_code(ask) in _INTERRUPTED for ask in asks)
