"""Which run an id belongs to that this room gave out: requests, proposals, grants, tool calls."""

from collections.abc import Collection, Mapping
from uuid import UUID

from approvals.models import ActionRequest, Grant, Proposal
from runs.operations.minted import Given, knows_what_was_minted

TOOL_CALLS_MAX = 500


def tell_runs() -> None:
    """Let runs know what was given out; called once, when the room starts."""
    knows_what_was_minted(runs_given_for)


def runs_given_for(ids: Collection[str], agent_id: UUID) -> Mapping[str, Given]:
    """Give the run of each id that is known here. At most four queries.

    An id of ours is a UUID that we made. A tool call's id is the agent's own word, so it
    counts only among what that agent asked, and only if it asked in one run with it.
    """
    ours = {key: uuid for key in ids if (uuid := _uuid_of(key)) is not None}
    found: dict[str, Given] = {}
    if ours:
        by_id: dict[UUID, Given] = {}
        for model in (ActionRequest, Proposal, Grant):
            rows = model._default_manager.filter(id__in=set(ours.values()))
            for row_id, run_id, workflow_id in rows.values_list(
                "id", "run_id", "workflow_id"
            ):
                by_id[row_id] = Given(run_id, workflow_id)
        found = {key: by_id[uuid] for key, uuid in ours.items() if uuid in by_id}
    called = sorted(set(ids) - set(found))[:TOOL_CALLS_MAX]
    return found | _of_tool_calls(called, agent_id)


def _of_tool_calls(called: list[str], agent_id: UUID) -> dict[str, Given]:
    rows = ActionRequest.objects.filter(
        agent=agent_id, tool_call_id__in=called
    ).exclude(tool_call_id="")
    runs: dict[str, set[Given]] = {}
    for call, run_id, workflow_id in rows.order_by().values_list(
        "tool_call_id", "run_id", "workflow_id"
    ):
        runs.setdefault(call, set()).add(Given(run_id, workflow_id))
    return {call: given.pop() for call, given in runs.items() if len(given) == 1}


def _uuid_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
