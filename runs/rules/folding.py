"""What the events of a run add up to.

The state is plain JSON, and folding is commutative: the same events give the same state
in whatever order and in however many batches they come. Each event is folded once; the
caller knows what was really inserted. Earliest and latest are chosen by stamp (time, then
id), so equal times cannot make it waver.
"""

import copy
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from runs.rules import ending, parts
from runs.rules.events import Event, stamp_of, time_of
from runs.rules.parts import State
from runs.rules.sealing import NOT_HEARD
from runs.rules.values import decimal_of

FOLD_VERSION = 1
# The verdicts under which a reported change stays unauthorised.
STANDING = ("unmatched", "confirmed")


def fold(state: Mapping[str, Any], events: Iterable[Event]) -> State:
    """Add events to a state and give the new one; the old is left as it was."""
    new = copy.deepcopy(dict(state)) if state else {"v": FOLD_VERSION}
    for event in events:
        if event.kind not in NOT_HEARD:
            new.pop("silent", None)
        parts.count(new, "events")
        parts.earliest(new, "first", [stamp_of(event)])
        parts.latest(new, "last", [stamp_of(event)])
        if not event.is_moment:
            parts.count(new, "told")
        parts.involve(new, event)
        handler = (parts.MOMENTS if event.is_moment else parts.TOLD).get(event.kind)
        if handler is not None:
            handler(new, event)
    ending.settle(new)
    return new


def unauthorised(state: Mapping[str, Any]) -> int:
    """Count what was done without a redeemed grant: changes told, writing tools used.

    A change, the tool that made it and a system's report of it are one act, so the
    largest of them counts. What a person explained does not.
    """
    explained = state.get("told_explained", ("", 0))[1]
    return max(told_without_grant(state) - explained, reported_without_grant(state))


def told_without_grant(state: Mapping[str, Any]) -> int:
    """Count what the agent itself told of without a redeemed grant."""
    return max(changes_without_grant(state), writes_without_grant(state))


def changes_without_grant(state: Mapping[str, Any]) -> int:
    """Count the changes that the agent told whose grant was never redeemed in this run."""
    redeemed = redeemed_grants(state)
    changes = state.get("changes", {})
    return sum(entry[0] for grant, entry in changes.items() if grant not in redeemed)


def reported_without_grant(state: Mapping[str, Any]) -> int:
    """Count the changes that systems reported and no grant covers.

    Before a change is judged, one that names a grant which was not redeemed counts; one
    that names none waits.
    """
    redeemed, verdicts = redeemed_grants(state), state.get("verdicts", {})
    found = 0
    for event_id, grant in state.get("reported", {}).items():
        if event_id in verdicts:
            found += verdicts[event_id][1] in STANDING
        else:
            found += bool(grant) and grant not in redeemed
    return found


def writes_without_grant(state: Mapping[str, Any]) -> int:
    """Count the writing tool calls beyond what was redeemed for that verb and system."""
    allowed: dict[str, int] = {}
    for ask in state.get("asks", {}).values():
        if "asked" in ask:
            key = f"{ask['asked'][2]}|{ask['asked'][3]}"
            allowed[key] = allowed.get(key, 0) + len(ask.get("redeemed", {}))
    writes = state.get("writes", {})
    return sum(max(0, count - allowed.get(key, 0)) for key, count in writes.items())


def redeemed_grants(state: Mapping[str, Any]) -> set[str]:
    """Give the grants that were redeemed in this run."""
    return {
        grant
        for ask in state.get("asks", {}).values()
        for grant in ask.get("redeemed", {})
    }


def matched_grants(state: Mapping[str, Any]) -> set[str]:
    """Give the grants that reported changes were matched to without naming them."""
    return {
        str(grant)
        for _, verdict, grant in state.get("verdicts", {}).values()
        if verdict == "matched" and grant
    }


def open_asks(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give the asks that wait for a person."""
    return [ask for ask in state.get("asks", {}).values() if is_open(ask)]


def is_open(ask: Mapping[str, Any]) -> bool:
    """Say whether a person is still asked: the newest proposing has no ending after it."""
    if "proposed" not in ask:
        return False
    endings = [ask[name][0] for name in ("resolved", "ended") if name in ask]
    return not endings or max(endings) < ask["proposed"][0]


def state_of(state: Mapping[str, Any]) -> str:
    """Give the run's state: what it told last of its end, or whether it waits."""
    if "finished" in state:
        return {
            "completed": "COMPLETED",
            "failed": "FAILED",
            "stopped": "STOPPED",
            "cancelled": "CANCELLED",
        }.get(state["finished"][1], "UNKNOWN")
    if open_asks(state) or _is_paused(state):
        return "WAITING"
    return "UNKNOWN" if "silent" in state else "RUNNING"


def _is_paused(state: Mapping[str, Any]) -> bool:
    """Say whether the agent's framework has paused, and nothing was told after it."""
    return "root_end" in state and "finished" not in state


def ended_at(state: Mapping[str, Any]) -> datetime | None:
    """Give when the run ended, as it told."""
    return time_of(state["finished"][0]) if "finished" in state else None


def started_at(state: Mapping[str, Any]) -> datetime | None:
    """Give when the run started: as told, else its first event."""
    for name in ("started", "first"):
        if name in state:
            return time_of(state[name][0])
    return None


def waited_seconds(state: Mapping[str, Any]) -> int:
    """Add up what people took to decide; overlapping waits count once."""
    spans = []
    for ask in state.get("asks", {}).values():
        ends = [ask[name][0] for name in ("resolved", "ended") if name in ask]
        if "first_proposed" in ask and ends:
            spans.append((time_of(ask["first_proposed"][0]), time_of(max(ends))))
    total, reached = 0.0, None
    for begin, end in sorted(spans):
        begin = max(begin, reached) if reached else begin
        if end > begin:
            total += (end - begin).total_seconds()
            reached = end
    return int(total)


def reads_of(state: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Count what was read, with the first names; a tool that reads is counted as a read.

    An agent that tells both the read and the tool that made it tells one thing twice.
    """
    name = "read" if state.get("reads", 0) else "tool_read"
    labels = [label for _, label in state.get(f"{name}_labels", ())]
    return state.get(f"{name}s", 0), labels


def largest_amount(state: Mapping[str, Any]) -> tuple[Decimal, str] | None:
    """Give the largest amount asked for, with its currency."""
    found = [
        (number, ask["asked"][5] or "")
        for ask in state.get("asks", {}).values()
        if "asked" in ask and (number := decimal_of(ask["asked"][4])) is not None
    ]
    return max(found, default=None)
