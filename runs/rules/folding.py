"""What the events of a run add up to.

The state is plain JSON, and folding is commutative: the same events give the same state
in whatever order and in however many batches they come. Each event is folded once; the
caller knows what was really inserted. Earliest and latest are chosen by stamp (time, then
id), so equal times cannot make it waver.
"""

import copy
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from runs.rules.events import Event, stamp_of, time_of

ASKS_MAX = 500
LABELS_KEPT = 3
TOOL_NAMES_MAX = 8
PEOPLE_MAX = 12
TEXT_MAX = 200
CHANGE_GRANTS_MAX = 500
FOLD_VERSION = 1

type State = dict[str, Any]


def fold(state: Mapping[str, Any], events: Iterable[Event]) -> State:
    """Add events to a state and give the new one; the old is left as it was."""
    new = copy.deepcopy(dict(state)) if state else {"v": FOLD_VERSION}
    for event in events:
        _count(new, "events")
        _earliest(new, "first", [stamp_of(event)])
        _latest(new, "last", [stamp_of(event)])
        if not event.is_moment:
            _count(new, "told")
        handler = (_MOMENTS if event.is_moment else _TOLD).get(event.kind)
        if handler is not None:
            handler(new, event)
    return new


def unauthorised(state: Mapping[str, Any]) -> int:
    """Count what was done without a redeemed grant: changes told, writing tools used.

    A change and the tool that made it are one act, so the larger of the two counts.
    """
    return max(changes_without_grant(state), writes_without_grant(state))


def changes_without_grant(state: Mapping[str, Any]) -> int:
    """Count the changes told whose grant was never redeemed in this run."""
    redeemed = redeemed_grants(state)
    changes = state.get("changes", {})
    return sum(entry[0] for grant, entry in changes.items() if grant not in redeemed)


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
    return "WAITING" if open_asks(state) else "RUNNING"


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


def largest_amount(state: Mapping[str, Any]) -> tuple[Decimal, str] | None:
    """Give the largest amount asked for, with its currency."""
    found = [
        (number, ask["asked"][5] or "")
        for ask in state.get("asks", {}).values()
        if "asked" in ask and (number := decimal_of(ask["asked"][4])) is not None
    ]
    return max(found, default=None)


def decimal_of(value: object) -> Decimal | None:
    """Read a decimal out of a text or a number; None when it is neither."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def short(value: object, length: int = TEXT_MAX) -> str:
    """Give a text of at most so many characters, on one line."""
    text = " ".join(str(value or "").split())
    return text if len(text) <= length else text[: length - 1] + "…"


# The parts of a state, each changed in a way that does not depend on the order.


def _count(state: State, name: str, by: int = 1) -> None:
    state[name] = state.get(name, 0) + by


def _earliest(state: State, name: str, entry: list) -> None:
    if name not in state or entry[0] < state[name][0]:
        state[name] = entry


def _latest(state: State, name: str, entry: list) -> None:
    if name not in state or entry[0] > state[name][0]:
        state[name] = entry


def _keep_first(state: State, name: str, entry: list, limit: int) -> None:
    kept = [*state.get(name, []), entry]
    state[name] = sorted(kept)[:limit]


def _keep_names(state: State, name: str, value: str, limit: int) -> None:
    state[name] = sorted({*state.get(name, []), value})[:limit]


def _started(state: State, event: Event) -> None:
    trigger = event.facts.get("trigger")
    _earliest(state, "started", [stamp_of(event), short(trigger)])


def _read(state: State, event: Event) -> None:
    _count(state, "reads")
    label = short(event.facts.get("resource") or event.facts.get("system"), 80)
    _keep_first(state, "read_labels", [stamp_of(event), label], LABELS_KEPT)


def _tool(state: State, event: Event) -> None:
    facts = event.facts
    mapped = facts.get("mapped") or {}
    is_error = facts.get("status") == "error"
    _count(state, "tools")
    _keep_names(state, "tool_names", short(facts.get("tool"), 60), TOOL_NAMES_MAX)
    if "args" not in facts:
        _count(state, "tools_bare")
    if is_error:
        _count(state, "tool_errors")
    if isinstance(facts.get("attempt"), int) and facts["attempt"] > 1:
        _count(state, "retries")
    if mapped.get("tier") == "read" and not is_error:
        _count(state, "reads")
        label = short(f"{facts.get('tool')}", 80)
        _keep_first(state, "read_labels", [stamp_of(event), label], LABELS_KEPT)
    if mapped.get("is_unknown"):
        _keep_names(
            state, "unknown_tools", short(facts.get("tool"), 60), TOOL_NAMES_MAX
        )
    if mapped.get("tier") in ("stage", "change") and not is_error:
        key = f"{mapped.get('verb')}|{mapped.get('system')}"
        writes = state.setdefault("writes", {})
        writes[key] = writes.get(key, 0) + 1


def _model(state: State, event: Event) -> None:
    _count(state, "model_calls")
    for name in ("input_tokens", "output_tokens"):
        if isinstance(event.facts.get(name), int):
            _count(state, "tokens", event.facts[name])
    _spend(state, event.facts.get("cost"))
    if not event.facts.get("cost"):
        _count(state, "unpriced")


def _cost(state: State, event: Event) -> None:
    _spend(state, event.facts)


def _spend(state: State, cost: object) -> None:
    if not isinstance(cost, Mapping):
        return
    number, currency = decimal_of(cost.get("value")), cost.get("currency")
    if number is None or not currency:
        return
    costs = state.setdefault("cost", {})
    costs[currency] = str(Decimal(costs.get(currency, "0")) + number)


def _decision(state: State, event: Event) -> None:
    _count(state, "decisions")
    confidence = decimal_of(event.facts.get("confidence"))
    entry = [
        stamp_of(event),
        short(event.facts.get("text")),
        None if confidence is None else str(confidence),
    ]
    _latest(state, "decided", entry)


def _change(state: State, event: Event) -> None:
    _count(state, "change_count")
    changes = state.setdefault("changes", {})
    grant = str(event.facts.get("grant") or "")
    if grant not in changes and len(changes) >= CHANGE_GRANTS_MAX:
        grant = ""
    known = changes.get(grant, [0, "~", ""])
    label = short(
        f"{event.facts.get('field') or event.facts.get('resource') or 'something'}", 80
    )
    first = min([known[1], known[2]], [stamp_of(event), label])
    changes[grant] = [known[0] + 1, *first]
    if event.provenance == "CONFIRMED":
        _count(state, "confirmed_changes")


def _finished(state: State, event: Event) -> None:
    facts = event.facts
    units = decimal_of(facts.get("units"))
    entry = [
        stamp_of(event),
        facts.get("status") or "unknown",
        short(facts.get("summary")),
        None if units is None else str(units),
    ]
    _latest(state, "finished", entry)


def _confirmed(state: State, event: Event) -> None:
    entry = [
        stamp_of(event),
        bool(event.facts.get("resolved")),
        short(event.facts.get("by"), 80),
    ]
    _latest(state, "confirmed", entry)


def _told_escalation(state: State, event: Event) -> None:
    _count(state, "escalations")
    _latest(state, "escalated", [stamp_of(event), short(event.facts.get("reason"))])


def _handoff(state: State, event: Event) -> None:
    _count(state, "handoffs")
    _latest(state, "handed", [stamp_of(event), short(event.facts.get("to"), 80)])


def _ask_of(state: State, event: Event) -> State:
    """Find the ask that a moment belongs to; past the limit they share one entry."""
    asks = state.setdefault("asks", {})
    key = str(event.facts.get("action_request") or "")
    if key not in asks and len(asks) >= ASKS_MAX:
        key = "beyond"
    return asks.setdefault(key, {})


def _asked(state: State, event: Event) -> None:
    facts = event.facts
    entry = [
        stamp_of(event),
        short(facts.get("headline") or facts.get("title")),
        facts.get("verb"),
        facts.get("system"),
        facts.get("amount"),
        facts.get("currency"),
        short(facts.get("resource"), 80),
    ]
    _earliest(_ask_of(state, event), "asked", entry)


def _ruled(state: State, event: Event) -> None:
    reasons = event.facts.get("reasons") or [{}]
    first = reasons[0] if isinstance(reasons[0], Mapping) else {"text": reasons[0]}
    answer = event.facts.get("answer")
    entry = [stamp_of(event), answer, short(first.get("text")), first.get("code")]
    ask = _ask_of(state, event)
    _earliest(ask, "ruled", entry)
    if answer == "escalate" and event.facts.get("occasion", "ask") == "ask":
        _count(state, "escalations")
        _latest(state, "escalated", entry[:1] + entry[2:3])


def _proposed(state: State, event: Event) -> None:
    ask = _ask_of(state, event)
    _latest(ask, "proposed", [stamp_of(event), event.facts.get("due_at")])
    _earliest(ask, "first_proposed", [stamp_of(event)])


def _decided(state: State, event: Event) -> None:
    facts = event.facts
    ask = _ask_of(state, event)
    verdict = facts.get("verdict") or ""
    entry = [
        stamp_of(event),
        facts.get("resolution") or "",
        event.source,
        facts.get("evidence_opened"),
        facts.get("evidence_total"),
        short(facts.get("headline")),
    ]
    # Without a resolution more votes are needed, and the proposal is still open.
    if facts.get("resolution"):
        _latest(ask, "resolved", entry)
    seconds = facts.get("seconds")
    if isinstance(seconds, int):
        _count(state, "deciding_seconds", seconds)
    if verdict.startswith(("approve", "edit")):
        _keep_names(ask, "approvers", event.source, PEOPLE_MAX)
    _count(state, f"verdict.{verdict}")


def _granted(state: State, event: Event) -> None:
    _ask_of(state, event).setdefault("granted", {})[str(event.facts.get("grant"))] = 1


def _redeemed(state: State, event: Event) -> None:
    _ask_of(state, event).setdefault("redeemed", {})[str(event.facts.get("grant"))] = 1


def _outcome(state: State, event: Event) -> None:
    changes = event.facts.get("changes") or []
    entry = [
        stamp_of(event),
        event.facts.get("status"),
        len(changes),
        short((changes[0] or {}).get("field") if changes else "", 80),
    ]
    _latest(_ask_of(state, event), "outcome", entry)


def _moment_escalated(state: State, event: Event) -> None:
    _told_escalation(state, event)


def _ended(state: State, event: Event) -> None:
    # A grant that ran out or was revoked says nothing about who was asked.
    if event.facts.get("grant") and event.kind == "expired":
        return
    _latest(_ask_of(state, event), "ended", [stamp_of(event), event.kind])


def _held(state: State, event: Event) -> None:
    _count(state, "holds")
    _latest(state, "held", [stamp_of(event), short(event.facts.get("sentence"))])


def _resumed(state: State, event: Event) -> None:
    _latest(state, "resumed", [stamp_of(event), event.source])


_TOLD: dict[str, Callable[[State, Event], None]] = {
    "run.started": _started,
    "data.read": _read,
    "tool.called": _tool,
    "model.called": _model,
    "decision.made": _decision,
    "change.made": _change,
    "escalated": _told_escalation,
    "cost": _cost,
    "run.finished": _finished,
    "outcome.confirmed": _confirmed,
    "handoff": _handoff,
}
_MOMENTS: dict[str, Callable[[State, Event], None]] = {
    "asked": _asked,
    "ruled": _ruled,
    "proposed": _proposed,
    "decided": _decided,
    "granted": _granted,
    "redeemed": _redeemed,
    "outcome": _outcome,
    "escalated": _moment_escalated,
    "withdrawn": _ended,
    "expired": _ended,
    "revoked": _ended,
    "held": _held,
    "resumed": _resumed,
}
