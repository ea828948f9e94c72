"""What one settled run adds to its day, by measure: the only place where it is decided.

Every measure begins with "run.", is never zero and is as exact as its column, so that
sums over days are exactly sums over runs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from runs.rules.counting.acting import acts_of
from runs.rules.counting.adherence import deviations_of, lacks_of
from runs.rules.counting.belonging import Around, Belonging
from runs.rules.counting.retrying import tries_of
from runs.rules.counting.spending import spending_of
from runs.rules.counting.timing import Spent, bucket_of, time_spent
from runs.rules.events import Event
from runs.rules.resolving import resolution_of
from runs.rules.values import decimal_of

VERSION = 4
PREFIX = "run."
QUESTIONS = 7
# So that a measure fits its column, whatever an agent calls its kinds of case.
KIND_LENGTH_MAX = 60
COMPLETED, UNKNOWN = "COMPLETED", "UNKNOWN"
_SMALLEST = Decimal("0.000001")

type Measures = dict[str, Decimal]
type Pairs = Iterator[tuple[str, Decimal | int]]


@dataclass(frozen=True)
class Settled:
    """A run that is over, as its row and its events say."""

    state: str
    started_at: datetime
    # When it ended; of one that fell silent, when it was last heard of.
    ended_at: datetime
    is_test: bool
    # Known by a name, and not only by a trace.
    is_named: bool
    has_passed_cap: bool
    answered: int
    fold: Mapping[str, Any]
    events: Sequence[Event]
    belonging: Belonging
    around: Around
    # A system of record put back what one of its changes had replaced.
    is_put_back: bool = False

    @property
    def is_completed(self) -> bool:
        return self.state == COMPLETED


def spent_by(run: Settled) -> Spent | None:
    """Give how a run that completed spent its time; None for others and odd clocks."""
    if not run.is_completed:
        return None
    return time_spent(run.events, began=run.started_at, ended=run.ended_at)


def measures_of_run(run: Settled) -> Measures:
    """Give everything that a run adds to its day. A test adds nothing but itself."""
    if run.is_test:
        return {f"{PREFIX}test": Decimal(1)}
    found: Measures = {}
    for part in (_ending, _time, _tries, _case, _resolution, _costs, _acts, _record):
        for name, value in part(run):
            number = Decimal(value).quantize(_SMALLEST)
            if number:
                found[f"{PREFIX}{name}"] = found.get(f"{PREFIX}{name}", 0) + number
    return found


def _ending(run: Settled) -> Pairs:
    yield "count", 1
    yield f"state.{run.state.lower()}", 1
    yield "ended_told", int(run.state != UNKNOWN)
    units = units_of(run)
    if run.is_completed and units is not None:
        yield "units_told", 1
        yield "units", units


def units_of(run: Settled) -> Decimal | None:
    """Give how many units a run told that it made."""
    finished = run.fold.get("finished")
    return decimal_of(finished[3]) if finished else None


def _time(run: Settled) -> Pairs:
    spent = spent_by(run)
    if spent is None:
        yield "clock_odd", int(run.is_completed)
        return
    yield "took", 1
    yield f"took.{bucket_of(spent.took_ms)}", 1
    yield "took_ms", spent.took_ms
    yield "person_ms", spent.person_ms
    yield "work_ms", spent.work_ms
    yield "idle_ms", spent.idle_ms
    yield "timed", int(spent.has_timed_steps)
    yield "typed", int(bool(run.belonging.case_type))


def _tries(run: Settled) -> Pairs:
    tries = tries_of(run.events)
    yield "intents", tries.intents
    yield "with_tools", int(tries.intents > 0)
    yield "again", tries.again
    yield "retried", int(tries.again > 0)


def _case(run: Settled) -> Pairs:
    """A case counts once, on the day on which its newest run ended."""
    yield "handed", int(bool(run.fold.get("handoffs")))
    if not run.around.is_newest_of_case:
        return
    is_handed = bool(run.fold.get("handoffs")) or run.around.was_handed_before
    is_escalated = has_escalated(run.events)
    yield "cases", 1
    yield "cases_escalated", int(is_escalated)
    if run.belonging.case_type:
        yield kind_measure(run.belonging.case_type), 1
        yield kind_measure(run.belonging.case_type, "escalated"), int(is_escalated)
    yield "cases_named", int(bool(run.belonging.case_hash))
    yield "cases_handed", int(is_handed)
    if run.belonging.requester_hash:
        yield "cases_followed", 1
        yield "cases_back", int(run.around.came_back)
        yield "contained", int(not is_handed and not run.around.came_back)


def kind_measure(case_type: str, what: str = "cases") -> str:
    """Name the measure that counts the cases of one kind, without its prefix."""
    return f"kind_{what}.{case_type[:KIND_LENGTH_MAX]}"


def has_escalated(events: Sequence[Event]) -> bool:
    """Say whether a rule, a person, the clock or the agent itself escalated in a run."""
    return any(
        event.kind == "escalated"
        or (event.is_moment and event.kind == "held")
        or (
            event.is_moment
            and event.kind == "ruled"
            and event.facts.get("answer") == "escalate"
            and event.facts.get("occasion", "ask") == "ask"
        )
        for event in events
    )


def _resolution(run: Settled) -> Pairs:
    if not run.is_completed:
        return
    found = resolution_of(run.fold)
    is_reopened = run.around.is_reopened
    is_confirmed = found.is_confirmed and not is_reopened
    yield "closed", 1
    yield "closed_named", int(bool(run.belonging.case_hash))
    yield "closed_told", int(found.is_resolved is not None)
    yield "confirmed", int(is_confirmed)
    is_implied = found.is_resolved is True and not found.is_confirmed
    yield "implied", int(is_implied and not is_reopened)
    yield "unresolved", int(found.is_resolved is False)
    yield "reopened", int(is_reopened)
    if found.confidence is not None and found.is_resolved is not None:
        yield "sure", 1
        yield "sure_sum", found.confidence
        yield "sure_confirmed", int(is_confirmed)
        yield "sure_brier", (found.confidence - int(is_confirmed)) ** 2


def _costs(run: Settled) -> Pairs:
    spending = spending_of(run.events)
    yield "calls", spending.calls
    yield "calls_priced", spending.priced_calls
    yield "decisions", spending.decisions
    yield "decisions_timed", spending.timed
    if len(spending.currencies) != 1:
        yield "cost_mixed" if spending.currencies else "cost_none", 1
        return
    currency = spending.currencies[0]
    yield "costed", 1
    yield f"costed.{currency}", 1
    for (kind, _), value in spending.costs.items():
        yield f"cost.{kind}.{currency}", value
    for role, looked_ms in spending.looked_ms.items():
        yield f"looked_ms.{currency}.{role}", looked_ms
    is_undone = (
        resolution_of(run.fold).is_resolved is False
        or run.around.is_reopened
        or run.is_put_back
        or any(event.is_moment and event.kind == "revoked" for event in run.events)
    )
    units = units_of(run)
    if run.is_completed and units is not None and is_undone:
        yield f"cost_undone.{currency}", units
    elif run.is_completed and units is not None:
        yield "cost_units", units
        yield f"cost_units.{currency}", units


def _acts(run: Settled) -> Pairs:
    acts = acts_of(run.fold)
    yield "acts", acts.gateway + acts.beside
    yield "acts_gateway", acts.gateway
    yield "acts_told", acts.told
    yield "acts_reported", acts.reported
    yield "acts_failed", acts.failed
    yield "acts_succeeded", acts.succeeded
    yield "acts_untold", acts.gateway - acts.succeeded - acts.unknown
    yield "acts_unknown", acts.unknown
    yield "unauthorised", acts.unauthorised
    yield "put_back", int(run.is_put_back)


def _record(run: Settled) -> Pairs:
    is_silent = run.state == UNKNOWN
    yield "answered", run.answered
    yield "answered_all", int(run.answered == QUESTIONS)
    deviations = deviations_of(
        run.events, run.fold, is_silent=is_silent, has_passed_cap=run.has_passed_cap
    )
    yield "deviating", int(bool(deviations))
    for name in deviations:
        yield f"deviates.{name}", 1
    lacks = lacks_of(run.fold, is_silent=is_silent, is_named=run.is_named)
    yield "complete", int(not lacks)
    for name in lacks:
        yield f"lacks.{name}", 1
