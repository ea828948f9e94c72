"""The seven questions a business owner asks of a run, and whether it can answer them.

"Nothing was changed" is an answer; "the agent did not say" is not. How many of the seven
are answered is the run's answerability.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runs.rules import folding
from runs.rules.events import Event, in_order
from runs.rules.parts import State
from runs.rules.phrases import bare, count, listed

QUESTIONS = (
    ("triggered", "Triggered by"),
    ("looked_at", "Looked at"),
    ("tools", "Tools"),
    ("decided", "Decided"),
    ("changed", "Changed"),
    ("escalated", "Escalated"),
    ("approved", "Approved by"),
)


@dataclass(frozen=True)
class Answer:
    """One of the seven. `anchor` names the kind of line that shows it."""

    key: str
    question: str
    line: str
    count: int
    is_answered: bool
    anchor: str | None = None


def answers(events: Iterable[Event]) -> tuple[Answer, ...]:
    """Answer the seven questions from a run's events."""
    return answers_of(folding.fold({}, in_order(events)))


def answers_of(state: Mapping[str, Any]) -> tuple[Answer, ...]:
    """Answer the seven questions from what the events add up to."""
    found = (
        _triggered(state),
        _looked_at(state),
        _tools(state),
        _decided(state),
        _changed(state),
        _escalated(state),
        _approved(state),
    )
    return tuple(
        Answer(key, question, line, number, is_answered)
        for (key, question), (line, number, is_answered) in zip(
            QUESTIONS, found, strict=True
        )
    )


def answered_count(state: Mapping[str, Any]) -> int:
    """Count how many of the seven the run can answer."""
    return sum(answer.is_answered for answer in answers_of(state))


type _Found = tuple[str, int, bool]


def _is_over(state: Mapping[str, Any]) -> bool:
    return "finished" in state


def _unsaid(what: str) -> _Found:
    return f"Cannot be answered: {what}", 0, False


def _asks(state: Mapping[str, Any]) -> list[State]:
    asks = [ask for ask in state.get("asks", {}).values() if "asked" in ask]
    return sorted(asks, key=lambda ask: ask["asked"][0])


def _triggered(state: Mapping[str, Any]) -> _Found:
    started = state.get("started")
    if started and started[1]:
        return started[1], 1, True
    return _unsaid("the agent did not say what started the run")


def _looked_at(state: Mapping[str, Any]) -> _Found:
    reads = folding.reads_of(state)[0]
    if reads:
        return count(reads, "record"), reads, True
    if not _is_over(state) and not _asks(state):
        return "Nothing yet", 0, False
    if state.get("decisions") or _asks(state):
        return _unsaid("the agent decided and did not say what it read")
    return "Nothing was read", 0, True


def _tools(state: Mapping[str, Any]) -> _Found:
    tools, bare_tools = state.get("tools", 0), state.get("tools_bare", 0)
    if bare_tools:
        calls = count(bare_tools, "tool call")
        return f"Cannot be answered: {calls} came without arguments", tools, False
    if tools:
        names = state.get("tool_names", [])
        return listed(names[:2], len(names) - 2), tools, True
    done = [ask for ask in _asks(state) if ask.get("redeemed")]
    if done:
        return (
            listed([f"{a['asked'][2]} in {a['asked'][3]}" for a in done[:2]]),
            len(done),
            True,
        )
    if _is_over(state) or folding.reads_of(state)[0]:
        return "No other tool was used", 0, True
    if _asks(state):
        return "Nothing has run", 0, True
    return "Nothing yet", 0, False


def _decided(state: Mapping[str, Any]) -> _Found:
    if "decided" in state:
        return state["decided"][1], state.get("decisions", 0), True
    asks = _asks(state)
    if asks:
        return f"To ask: {bare(asks[-1]['asked'][1])}", len(asks), True
    if _is_over(state) and state["finished"][2]:
        return state["finished"][2], 1, True
    if _is_over(state):
        return _unsaid("the agent did not say what it concluded")
    return "Nothing yet", 0, False


def _changed(state: Mapping[str, Any]) -> _Found:
    if folding.unauthorised(state):
        number = folding.unauthorised(state)
        return f"{count(number, 'change')} without a redeemed grant", number, True
    used = [ask for ask in _asks(state) if ask.get("redeemed")]
    silent = [ask for ask in used if "outcome" not in ask]
    unknown = [ask for ask in used if ask.get("outcome", [0, ""])[1] == "unknown"]
    told = {*state.get("changes", {}), *folding.matched_grants(state)}
    silent = [ask for ask in silent if not set(ask["redeemed"]) & told]
    if silent:
        return _unsaid("a grant was used and its outcome was not told")
    if unknown:
        return _unsaid("an outcome is unknown")
    done = [ask for ask in used if ask.get("outcome", [0, ""])[1] == "succeeded"]
    fields = sum(ask["outcome"][2] for ask in done) or state.get("change_count", 0)
    if fields:
        return count(fields, "field"), fields, True
    if done:
        return (
            listed([f"{a['asked'][2]} in {a['asked'][3]}" for a in done[:2]]),
            len(done),
            True,
        )
    return "Nothing was changed", 0, True


def _escalated(state: Mapping[str, Any]) -> _Found:
    handed, others = state.get("handoffs", 0), state.get("escalations", 0)
    number = others + state.get("holds", 0) + handed
    if not number:
        return "Nothing", 0, True
    texts = [bare(state[name][1]) for name in ("held", "escalated") if name in state]
    if handed:
        to = state.get("handed", ("", ""))[1]
        texts.append(f"Handed to a person ({to})" if to else "Handed to a person")
    return "; ".join(filter(None, texts)) or count(number, "time"), number, True


def _approved(state: Mapping[str, Any]) -> _Found:
    if folding.unauthorised(state):
        return _unsaid("a change has no approval on record")
    asks = _asks(state)
    people = sorted({name for ask in asks for name in ask.get("approvers", ())})
    resolved = [ask["resolved"] for ask in asks if "resolved" in ask]
    forced = [each[2] for each in resolved if each[1] == "emergency"]
    if forced:
        people = [f"{max(forced)}, in an emergency", *people]
    if people:
        return listed(people[:2], len(people) - 2), len(people), True
    if folding.open_asks(state):
        return "Nobody yet: a person is asked", 0, False
    if resolved:
        return f"Nobody: {max(resolved)[2]} {max(resolved)[1]} it", len(resolved), True
    if any("ended" in ask for ask in asks):
        return "Nobody: the request ended undecided", 0, True
    if any(ask.get("redeemed") or ask.get("granted") for ask in asks):
        return "The rulebook: no approval was needed", 0, True
    if asks:
        return "Nobody: the rulebook refused", 0, True
    return "Nobody: nothing needed approval", 0, True
