"""How each kind of event changes the state of a run.

Every change is commutative: counting, keeping the earliest or the latest by stamp, or
adding to a set. Lists are cut by order of their entries, never by order of arrival.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from runs.rules.costing import add_told, cost_of_call, is_model_cost
from runs.rules.events import Event, stamp_of
from runs.rules.resolving import basis_of
from runs.rules.values import decimal_of, short

ASKS_MAX = 500
LABELS_KEPT = 3
TOOL_NAMES_MAX = 8
PEOPLE_MAX = 12
INVOLVED_MAX = 40
SYSTEMS_MAX = 12
MERGED_MAX = 12
CHANGE_GRANTS_MAX = 500
REPORTED_MAX = 500

type State = dict[str, Any]


def count(state: State, name: str, by: int = 1) -> None:
    state[name] = state.get(name, 0) + by


def earliest(state: State, name: str, entry: list) -> None:
    if name not in state or entry[0] < state[name][0]:
        state[name] = entry


def latest(state: State, name: str, entry: list) -> None:
    if name not in state or entry[0] > state[name][0]:
        state[name] = entry


def _keep_first(state: State, name: str, entry: list, limit: int) -> None:
    kept = [*state.get(name, []), entry]
    state[name] = sorted(kept)[:limit]


def _keep_names(state: State, name: str, value: str, limit: int) -> None:
    state[name] = sorted({*state.get(name, []), value})[:limit]


# What a person does in a run, and how the list of runs asks for it.
_DOINGS = {
    "decided": "decided",
    "edited": "decided",
    "question": "asked",
    "escalated": "",
    "revoked": "",
    "glass_broken": "",
    "resumed": "",
    "stopped": "",
    "flagged": "",
}


def involve(state: State, event: Event) -> None:
    """Remember who took part, by id, in which systems, and which runs became this one."""
    if not event.is_moment:
        system = event.facts.get("system") or (event.facts.get("mapped") or {}).get(
            "system"
        )
        if isinstance(system, str) and system:
            _keep_names(state, "systems", short(system, 60), SYSTEMS_MAX)
        return
    if event.kind == "merged":
        _keep_names(state, "merged", short(event.facts.get("run"), 128), MERGED_MAX)
    doing = _DOINGS.get(event.kind)
    if doing is None or event.source_id is None:
        return
    verdict = str(event.facts.get("verdict") or "")
    doings = {"did", doing} - {""}
    if verdict.startswith(("approve", "edit")):
        doings.add("approved")
    for each in sorted(doings):
        _keep_names(state, "people", f"{each}:{event.source_id}", INVOLVED_MAX)


def _started(state: State, event: Event) -> None:
    trigger = event.facts.get("trigger")
    earliest(state, "started", [stamp_of(event), short(trigger)])


def _read(state: State, event: Event) -> None:
    count(state, "reads")
    label = short(event.facts.get("resource") or event.facts.get("system"), 80)
    _keep_first(state, "read_labels", [stamp_of(event), label], LABELS_KEPT)


def _tool(state: State, event: Event) -> None:
    facts = event.facts
    mapped = facts.get("mapped") or {}
    is_error = facts.get("status") == "error"
    if facts.get("status") == "asked":
        # Nobody said that it ran: it is no use of a tool, and no change.
        count(state, "tools_asked")
        latest(state, "tool_asked", [stamp_of(event), short(facts.get("tool"), 60)])
        return
    count(state, "tools")
    _keep_names(state, "tool_names", short(facts.get("tool"), 60), TOOL_NAMES_MAX)
    if "args" not in facts:
        count(state, "tools_bare")
    if is_error:
        count(state, "tool_errors")
    if isinstance(facts.get("attempt"), int) and facts["attempt"] > 1:
        count(state, "retries")
    if mapped.get("tier") == "read" and not is_error:
        count(state, "tool_reads")
        label = short(facts.get("tool"), 80)
        _keep_first(state, "tool_read_labels", [stamp_of(event), label], LABELS_KEPT)
    if mapped.get("is_unknown"):
        _keep_names(
            state, "unknown_tools", short(facts.get("tool"), 60), TOOL_NAMES_MAX
        )
    if mapped.get("tier") in ("stage", "change") and not is_error:
        key = f"{mapped.get('verb')}|{mapped.get('system')}"
        writes = state.setdefault("writes", {})
        writes[key] = writes.get(key, 0) + 1


def _model(state: State, event: Event) -> None:
    count(state, "model_calls")
    latest(state, "model_last", [stamp_of(event)])
    for name in ("input_tokens", "output_tokens"):
        if isinstance(event.facts.get(name), int):
            count(state, "tokens", event.facts[name])
    cost = cost_of_call(event.facts)
    if cost.basis == "told":
        add_told(state, event.facts.get("cost"))
    elif cost.basis == "priced":
        count(state, "priced_calls")
        state["priced"] = str(Decimal(state.get("priced", "0")) + cost.value)
    else:
        count(state, "unpriced")
    if cost.basis == "unknown":
        model = short(event.facts.get("model"), 60)
        _keep_names(state, "unpriced_models", model, TOOL_NAMES_MAX)


def _cost(state: State, event: Event) -> None:
    add_told(state, event.facts)
    if is_model_cost(event.facts):
        count(state, "model_costs_told")


def _decision(state: State, event: Event) -> None:
    count(state, "decisions")
    confidence = decimal_of(event.facts.get("confidence"))
    entry = [
        stamp_of(event),
        short(event.facts.get("text")),
        None if confidence is None else str(confidence),
    ]
    latest(state, "decided", entry)


def _change(state: State, event: Event) -> None:
    count(state, "change_count")
    changes = state.setdefault("changes", {})
    grant = str(event.facts.get("grant") or "")
    if grant not in changes and len(changes) >= CHANGE_GRANTS_MAX:
        grant = ""
    known = changes.get(grant, [0, "~", ""])
    label = short(
        f"{event.facts.get('field') or event.facts.get('resource') or 'something'}", 80
    )
    first = min([known[1], known[2]], [stamp_of(event), label])
    # What a system of record tells is judged one by one, not by the name of a grant.
    is_confirmed = event.provenance == "CONFIRMED"
    changes[grant] = [known[0] + (not is_confirmed), *first]
    if is_confirmed:
        count(state, "confirmed_changes")
        reported = state.setdefault("reported", {})
        if len(reported) < REPORTED_MAX:
            reported[str(event.id)] = str(event.facts.get("grant") or "")
        names = state.setdefault("confirmed_by", {})
        names[grant] = min(names.get(grant, event.source), event.source)


def _finished(state: State, event: Event) -> None:
    facts = event.facts
    units = decimal_of(facts.get("units"))
    entry = [
        stamp_of(event),
        facts.get("status") or "unknown",
        short(facts.get("summary")),
        None if units is None else str(units),
    ]
    began = facts.get("began")
    if isinstance(began, str):
        # The end of a span around a run: it may be only a pause, which `ending` knows.
        latest(state, "root_end", [*entry, began])
    else:
        latest(state, "told_end", entry)


def _paused(state: State, event: Event) -> None:
    asks = [ask for ask in event.facts.get("asks") or () if isinstance(ask, Mapping)]
    names = sorted({short(ask.get("tool"), 60) for ask in asks})
    latest(state, "paused", [stamp_of(event), ", ".join(names)])


def _confirmed(state: State, event: Event) -> None:
    entry = [
        stamp_of(event),
        bool(event.facts.get("resolved")),
        short(event.facts.get("by"), 80),
        basis_of(
            told=event.facts.get("basis"),
            by=event.facts.get("by"),
            is_system=event.provenance == "CONFIRMED",
        ),
    ]
    latest(state, "confirmed", entry)


def _told_escalation(state: State, event: Event) -> None:
    count(state, "escalations")
    latest(state, "escalated", [stamp_of(event), short(event.facts.get("reason"))])


def _handoff(state: State, event: Event) -> None:
    if event.facts.get("to_agent"):
        # Work that another agent goes on with has not left the machine.
        return
    count(state, "handoffs")
    latest(state, "handed", [stamp_of(event), short(event.facts.get("to"), 80)])


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
    earliest(_ask_of(state, event), "asked", entry)


def _ruled(state: State, event: Event) -> None:
    reasons = event.facts.get("reasons") or [{}]
    first = reasons[0] if isinstance(reasons[0], Mapping) else {"text": reasons[0]}
    answer = event.facts.get("answer")
    entry = [stamp_of(event), answer, short(first.get("text")), first.get("code")]
    ask = _ask_of(state, event)
    earliest(ask, "ruled", entry)
    if answer == "escalate" and event.facts.get("occasion", "ask") == "ask":
        count(state, "escalations")
        latest(state, "escalated", entry[:1] + entry[2:3])


def _proposed(state: State, event: Event) -> None:
    ask = _ask_of(state, event)
    latest(ask, "proposed", [stamp_of(event), event.facts.get("due_at")])
    earliest(ask, "first_proposed", [stamp_of(event)])


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
        latest(ask, "resolved", entry)
    seconds = facts.get("seconds")
    if isinstance(seconds, int):
        count(state, "deciding_seconds", seconds)
    if verdict.startswith(("approve", "edit")):
        _keep_names(ask, "approvers", event.source, PEOPLE_MAX)
    count(state, f"verdict.{verdict}")


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
    latest(_ask_of(state, event), "outcome", entry)


def _moment_escalated(state: State, event: Event) -> None:
    _told_escalation(state, event)


def _glass_broken(state: State, event: Event) -> None:
    """Nobody is asked any more; whoever let it run is named, and approved nothing."""
    headline = short(event.facts.get("headline"))
    entry = [stamp_of(event), "emergency", event.source, None, None, headline]
    latest(_ask_of(state, event), "resolved", entry)


def _ended(state: State, event: Event) -> None:
    # A grant that ran out says nothing about who was asked.
    if event.facts.get("grant") and event.kind == "expired":
        _ask_of(state, event).setdefault("ran_out", {})[str(event.facts["grant"])] = 1
        return
    latest(_ask_of(state, event), "ended", [stamp_of(event), event.kind])


def _held(state: State, event: Event) -> None:
    count(state, "holds")
    latest(state, "held", [stamp_of(event), short(event.facts.get("sentence"))])


def _resumed(state: State, event: Event) -> None:
    latest(state, "resumed", [stamp_of(event), event.source])


def _stopped(state: State, event: Event) -> None:
    latest(state, "halted", [stamp_of(event), event.source])


def _reconciled(state: State, event: Event) -> None:
    """Keep the newest verdict on a change, or on what the agent told itself."""
    facts = event.facts
    verdict = str(facts.get("verdict") or "")
    if facts.get("event"):
        verdicts = state.setdefault("verdicts", {})
        key, entry = str(facts["event"]), [stamp_of(event), verdict, facts.get("grant")]
        if key in verdicts or len(verdicts) < REPORTED_MAX:
            latest(verdicts, key, entry)
        return
    number = facts.get("told") if verdict == "explained" else 0
    latest(state, "told_explained", [stamp_of(event), number or 0])


TOLD: dict[str, Callable[[State, Event], None]] = {
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
    "paused": _paused,
}
MOMENTS: dict[str, Callable[[State, Event], None]] = {
    "asked": _asked,
    "ruled": _ruled,
    "proposed": _proposed,
    "decided": _decided,
    "granted": _granted,
    "redeemed": _redeemed,
    "outcome": _outcome,
    "escalated": _moment_escalated,
    "glass_broken": _glass_broken,
    "withdrawn": _ended,
    "expired": _ended,
    "revoked": _ended,
    "held": _held,
    "resumed": _resumed,
    "stopped": _stopped,
    "reconciled": _reconciled,
}
