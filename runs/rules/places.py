"""Where in a run each of the seven answers is shown, read out of what the run folds to."""

from collections.abc import Iterator

from runs.rules.parts import State


def places_in(state: State) -> dict[str, str]:
    """Give the id of an event that shows an answer, by question, where the fold knows one."""
    found: dict[str, str] = {}
    for question, stamp in _stamps(state):
        _, _, event_id = stamp.partition("|")
        if event_id and question not in found:
            found[question] = event_id
    return found


def _stamps(state: State) -> Iterator[tuple[str, str]]:
    for question, name in (("triggered", "started"), ("decided", "decided")):
        if name in state:
            yield question, state[name][0]
    for name in ("read_labels", "tool_read_labels"):
        for stamp, _ in state.get(name, ())[:1]:
            yield "looked_at", stamp
    yield from _of_asks(state)
    changes = sorted(entry[1] for entry in state.get("changes", {}).values())
    yield from (("changed", stamp) for stamp in changes[:1])
    for name in ("held", "escalated", "handed"):
        if name in state:
            yield "escalated", state[name][0]


def _of_asks(state: State) -> Iterator[tuple[str, str]]:
    asks = [ask for ask in state.get("asks", {}).values() if "asked" in ask]
    asks.sort(key=lambda ask: str(ask["asked"][0]))
    for ask in asks:
        yield "decided", ask["asked"][0]
        if "outcome" in ask:
            yield "changed", ask["outcome"][0]
        for name in ("resolved", "ruled"):
            if name in ask:
                yield "approved", ask[name][0]
