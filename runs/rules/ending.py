"""Whether a run is over, or its agent only paused: asked of what the events add up to."""

from typing import Any

from runs.rules.events import time_of

type State = dict[str, Any]


def settle(state: State) -> None:
    """Say whether the run is over, from what stands in the state and from nothing else.

    A span around a run also ends where the agent only waits for a person: then a pause
    lies within its time, or a tool that was asked for after the last call of a model.
    """
    ends = [state["told_end"]] if "told_end" in state else []
    root = state.get("root_end")
    if root is not None and not _is_pause(state, root):
        ends.append(root[:4])
    state.pop("finished", None)
    if ends:
        state["finished"] = max(ends, key=lambda entry: entry[0])


def _is_pause(state: State, root: list) -> bool:
    began, ended = time_of(root[4] + "|"), time_of(root[0])
    if "paused" in state and began <= time_of(state["paused"][0]) <= ended:
        return True
    asked = state.get("tool_asked")
    if asked is None or not began <= time_of(asked[0]) <= ended:
        return False
    return "model_last" not in state or state["model_last"] < asked[:1]
