"""The story of a run: one title, one paragraph, five numbers. Made from templates only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from runs.rules import folding, undone
from runs.rules.answering import answered_count
from runs.rules.costing import basis_of, totals_of, words_of
from runs.rules.events import Event, in_order, time_of
from runs.rules.phrases import (
    bare,
    count,
    duration,
    listed,
    rough,
    sentence,
)
from runs.rules.values import decimal_of, short

TITLE_MAX = 300


@dataclass(frozen=True)
class Figure:
    """One of the five numbers, as "7 min" and what it means."""

    key: str
    value: str
    label: str


@dataclass(frozen=True)
class Story:
    title: str
    paragraph: str
    figures: tuple[Figure, ...]


def story(events: Iterable[Event], *, now: datetime | None = None) -> Story:
    """Tell a run's events as one title, one paragraph and five numbers."""
    return story_of(folding.fold({}, in_order(events)), now=now)


def story_of(state: Mapping[str, Any], *, now: datetime | None = None) -> Story:
    """Tell a run from what its events add up to."""
    return Story(title_of(state), paragraph_of(state), figures_of(state, now=now))


def title_of(state: Mapping[str, Any]) -> str:
    """Say in one sentence what the run was about and what came of it."""
    ask = _main_ask(state)
    if ask is not None:
        text = f"{bare(ask['asked'][1])}, {_what_came(ask)}"
    elif "finished" in state and state["finished"][2]:
        text = state["finished"][2]
    else:
        text = _plainly(state)
    return short(sentence(text), TITLE_MAX)


def paragraph_of(state: Mapping[str, Any]) -> str:
    """Say in a few sentences how it went, each from a record or from a told event."""
    parts = [_beginning(state), _looking(state), *_asking(state), *_troubles(state)]
    parts += [*undone.words(state), _ending(state)]
    return " ".join(sentence(part) for part in parts if part)


def figures_of(
    state: Mapping[str, Any], *, now: datetime | None = None
) -> tuple[Figure, ...]:
    """Give the five numbers: elapsed, waiting, retries, cost, answered."""
    begin, end = folding.started_at(state), folding.ended_at(state)
    is_over = end is not None
    end = end or (time_of(state["last"][0]) if "last" in state else None)
    elapsed = (end - begin).total_seconds() if begin and end else 0
    retries = state.get("retries", 0)
    return (
        Figure(
            "elapsed",
            duration(max(0, elapsed)),
            "from start to end" if is_over else "so far",
        ),
        Figure("waited", duration(_waited(state, now)), "waiting for people"),
        Figure("retries", f"{retries:,}", "retry" if retries == 1 else "retries"),
        Figure("cost", words_of(state) or "not known", _cost_label(state)),
        Figure("answered", f"{answered_count(state)} of 7", "answered"),
    )


def cost_of(state: Mapping[str, Any]) -> tuple[Decimal, str]:
    """Give the cost in the currency that most was spent in."""
    costs = totals_of(state)
    if not costs:
        return Decimal(0), ""
    currency = max(sorted(costs), key=lambda key: costs[key])
    return costs[currency], currency


def _waited(state: Mapping[str, Any], now: datetime | None) -> float:
    waited: float = folding.waited_seconds(state)
    opened = [time_of(ask["proposed"][0]) for ask in folding.open_asks(state)]
    if now is not None and opened:
        waited += max(0.0, (now - min(opened)).total_seconds())
    return waited


def _main_ask(state: Mapping[str, Any]) -> Mapping[str, Any] | None:
    asks = [ask for ask in state.get("asks", {}).values() if "asked" in ask]

    def weight(ask: Mapping[str, Any]) -> tuple:
        return (
            bool(ask.get("redeemed")),
            folding.is_open(ask),
            decimal_of(ask["asked"][4]) or Decimal(0),
            ask["asked"][0],
        )

    return max(asks, key=weight, default=None)


def _what_came(ask: Mapping[str, Any]) -> str:
    """Say how one ask ended, as the end of a sentence."""
    outcome = ask.get("outcome", [None, None])[1]
    after = " after approval" if ask.get("approvers") else ""
    if ask.get("resolved", (None, None))[1] == "emergency":
        after = " in an emergency"
    if ask.get("redeemed"):
        return {
            "succeeded": f"done{after}",
            "failed": f"failed{after}",
            "unknown": f"started{after}, outcome unknown",
        }.get(outcome or "", f"started{after}, outcome not told yet")
    if folding.is_open(ask):
        return "waiting for a person"
    endings = [ask[name] for name in ("resolved", "ended") if name in ask]
    if endings:
        last = max(endings, key=lambda entry: entry[0])
        if last[1] == "rejected":
            return f"rejected by {last[2]}"
        if last[1] == "responded":
            return f"answered by {last[2]} instead"
        if last[1] == "emergency":
            return f"let run by {last[2]} in an emergency, {_unused(ask)}"
        if last[1] in ("approved", "edited"):
            return f"approved by {last[2]}, {_unused(ask)}"
        return {"withdrawn": "withdrawn by the agent", "revoked": "taken back"}.get(
            last[1], "nobody decided in time"
        )
    answer = ask.get("ruled", [None, None])[1]
    if answer == "refuse":
        return "refused by the rulebook"
    return f"allowed, {_unused(ask)}" if answer == "allow" else "asked"


def _unused(ask: Mapping[str, Any]) -> str:
    """Say what became of leave that was not used."""
    has_run_out = set(ask.get("granted", {})) <= set(ask.get("ran_out", {}))
    return "never run" if ask.get("granted") and has_run_out else "not run yet"


def _plainly(state: Mapping[str, Any]) -> str:
    if "decided" in state and state["decided"][1]:
        return state["decided"][1]
    reads = folding.reads_of(state)[0]
    did = f"Looked at {count(reads, 'record')}" if reads else "Ran"
    if state.get("started", ["", ""])[1]:
        # What it was about says more in a list than that it ran.
        about = bare(state["started"][1])
        did = f"{about[:1].upper()}{about[1:]}: {did.lower()}"
    if "held" in state and "resumed" not in state:
        return f"{did} and was put on hold"
    if "silent" in state:
        return f"{did}; then nothing more was heard of it"
    if "handed" in state:
        return f"{did} and was handed to {state['handed'][1] or 'a person'}"
    status = {
        "COMPLETED": "finished",
        "FAILED": "failed",
        "STOPPED": "was stopped",
        "CANCELLED": "was cancelled",
    }.get(folding.state_of(state))
    return f"{did} and {status}" if status else f"{did}; still running"


def _beginning(state: Mapping[str, Any]) -> str:
    started = state.get("started")
    if started and started[1]:
        return f"Trigger: {started[1]}"
    return "What started it was not told"


def _looking(state: Mapping[str, Any]) -> str:
    reads, labels = folding.reads_of(state)
    if not reads:
        return ""
    if len(labels) >= reads:
        return f"The agent looked at {listed(labels)}"
    return f"The agent looked at {count(reads, 'record')}"


def _asking(state: Mapping[str, Any]) -> list[str]:
    asks = [ask for ask in state.get("asks", {}).values() if "asked" in ask]
    asks.sort(key=lambda ask: ask["asked"][0])
    told = []
    for ask in asks[:3]:
        told.append(f"It asked to {_lower_first(bare(ask['asked'][1]))}")
        told.extend(_how_decided(state, ask))
    return [*told, *undone.asked_more(asks[:3], asks[3:])]


def _how_decided(state: Mapping[str, Any], ask: Mapping[str, Any]) -> list[str]:
    told = []
    ruled = ask.get("ruled")
    if ruled and ruled[1] == "refuse":
        told.append(
            f"The rulebook refused: {bare(ruled[2])}" if ruled[2] else "It was refused"
        )
    elif ruled and ruled[1] == "allow":
        told.append("The rulebook allowed it")
    resolved = ask.get("resolved")
    if resolved:
        took = ""
        if "first_proposed" in ask:
            begin, end = time_of(ask["first_proposed"][0]), time_of(resolved[0])
            took = f" after {rough(max(0, (end - begin).total_seconds()))}"
        verdict = {
            "edited": "edited and approved",
            "responded": "answered instead",
            "emergency": "let it run in an emergency",
        }
        told.append(f"{resolved[2]} {verdict.get(resolved[1], resolved[1])}{took}")
    elif folding.is_open(ask):
        told.append("A person is asked")
    outcome = ask.get("outcome")
    if outcome:
        told.append(
            {
                "succeeded": _confirmation(state, ask) or "It was done",
                "failed": "It failed",
                "unknown": "Whether it was done is unknown",
            }.get(outcome[1], "")
        )
    return told


def _confirmation(state: Mapping[str, Any], ask: Mapping[str, Any]) -> str:
    """Say which system of record confirmed what this ask was granted for."""
    confirmed = state.get("confirmed_by", {})
    names = sorted(
        {confirmed[grant] for grant in ask.get("redeemed", {}) if grant in confirmed}
    )
    return f"{listed(names)} confirmed it" if names else ""


def _troubles(state: Mapping[str, Any]) -> list[str]:
    told = []
    if "held" in state and not _is_refused_for_hold(state):
        told.append(f"It was put on hold: {bare(state['held'][1])}")
    if (
        "resumed" in state
        and "held" in state
        and state["resumed"][0] > state["held"][0]
    ):
        told.append(f"{state['resumed'][1]} let it go on")
    if "halted" in state:
        told.append(f"{state['halted'][1]} stopped it for good")
    number = folding.unauthorised(state)
    if number:
        told.append(f"{count(number, 'change')} had no redeemed grant")
    if "handed" in state:
        told.append(f"It was handed to {state['handed'][1] or 'a person'}")
    if folding.state_of(state) == "UNKNOWN" and "silent" in state:
        told.append("Nothing more was heard of it, so how it ended is unknown")
    return told


def _is_refused_for_hold(state: Mapping[str, Any]) -> bool:
    """Say whether a refusal told of the hold already."""
    rulings = [ask.get("ruled", [""] * 4) for ask in state.get("asks", {}).values()]
    return any(ruling[3] == "run.on_hold" for ruling in rulings)


def _ending(state: Mapping[str, Any]) -> str:
    cost = words_of(state)
    return f"It cost {cost}" if cost else ""


def _cost_label(state: Mapping[str, Any]) -> str:
    basis = basis_of(state)
    return f"cost, {basis}" if basis else "cost"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
