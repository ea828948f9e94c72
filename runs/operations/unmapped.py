"""A tool that the rulebook does not map is a task for the owner, until it is mapped."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import SYSTEM, Actor
from portal.accounts.operations.telling import tell, tell_settled
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Invalid
from portal.core.ids import new_id
from registry.queries.mapping import tools_mapped_live
from runs.models import UnmappedTool
from runs.operations.accepting import EVENTS_STREAM
from runs.rules.events import Event

REASON_MAX = 300
OPEN_MAX = 200
NAMES_SAID_MAX = 5


@step
def note_unmapped(
    fresh: Mapping[UUID, Iterable[Event]],
    workflow_of: Mapping[UUID, UUID],
    *,
    now: datetime,
) -> None:
    """Note which unregistered tools these runs used. Three queries if there are any.

    `fresh` are the events that were really inserted, by run. A tool that was mapped and
    taken out again is a task again; a dismissed one stays dismissed. What passes the limit
    of a workflow is not noted: two hundred open tasks say enough.
    """
    calls: Counter[tuple[UUID, str]] = Counter()
    run_of: dict[tuple[UUID, str], UUID] = {}
    for run_id, events in fresh.items():
        for event in events:
            mapped = event.facts.get("mapped")
            if isinstance(mapped, Mapping) and mapped.get("is_unknown"):
                name = str(event.facts.get("tool") or "")[:200]
                calls[workflow_of[run_id], name] += 1
                run_of[workflow_of[run_id], name] = run_id
    if not calls:
        return
    workflows = {workflow_id for workflow_id, _ in calls}
    known = {
        (row.workflow_id, row.name): row
        for row in UnmappedTool.objects.select_for_update(no_key=True, of=("self",))
        .filter(workflow_id__in=workflows, name__in={name for _, name in calls})
        .order_by("id")
    }
    for key in sorted(calls):
        row = known.get(key)
        if row is None:
            _begin(key, calls[key], run_of[key], now)
            continue
        row.calls += calls[key]
        row.run_id, row.last_at = run_of[key], now
        if row.state == UnmappedTool.State.MAPPED:
            row.state, row.settled_at = UnmappedTool.State.OPEN, None
        row.save()


@step
def _begin(key: tuple[UUID, str], calls: int, run_id: UUID, now: datetime) -> None:
    workflow_id, name = key
    waiting = UnmappedTool.objects.filter(
        workflow_id=workflow_id, state=UnmappedTool.State.OPEN
    )
    if waiting[:OPEN_MAX].count() >= OPEN_MAX:
        return
    made = UnmappedTool.objects.bulk_create(
        [
            UnmappedTool(
                id=new_id(),
                workflow_id=workflow_id,
                name=name,
                calls=calls,
                run_id=run_id,
                first_at=now,
                last_at=now,
            )
        ],
        ignore_conflicts=True,
    )
    tell(
        kind="unmapped_tool",
        subject=("unmapped_tool", made[0].id),
        workflow_id=workflow_id,
        at=now,
    )


@operation(leaves="run.tool_dismissed")
def dismiss_tool(*, actor: Actor, tool_id: UUID, reason: str, now: datetime) -> None:
    """Say that an unregistered tool needs no verb, and why. Raises NotFound, Invalid."""
    rows = access.visible(
        UnmappedTool.objects.select_for_update(no_key=True, of=("self",)),
        actor=actor,
        permission=access.EDIT,
        workflow_path="workflow_id",
    )
    row = access.visible_or_404(rows, id=tool_id)
    words = reason.strip()
    if not words:
        raise Invalid({"reason": "Say why it needs no verb; the journal keeps it."})
    if row.state != UnmappedTool.State.OPEN:
        raise AlreadyDone("tool.settled", "This is settled already.")
    row.state, row.reason = UnmappedTool.State.DISMISSED, words[:REASON_MAX]
    row.settled_at, row.settled_by_id = now, actor.id
    row.save()
    tell_settled(subject=("unmapped_tool", row.id))
    record(
        "run.tool_dismissed",
        actor=actor,
        subject=("unmapped_tool", row.id),
        workflow_id=row.workflow_id,
        tool=row.name,
        reason=words[:REASON_MAX],
    )


@operation(leaves="run.tool_mapped")
def close_mapped_tools(*, now: datetime) -> int:
    """Close the tasks whose tool a live rulebook maps by now. Raises AlreadyDone for none."""
    waiting = UnmappedTool.objects.filter(state=UnmappedTool.State.OPEN)
    workflows = set(waiting.order_by().values_list("workflow_id", flat=True).distinct())
    closed: list[str] = []
    for workflow_id in sorted(workflows):
        names = tools_mapped_live(workflow_id)
        rows = waiting.filter(workflow_id=workflow_id, name__in=names)
        for tool_id, name in list(rows.values_list("id", "name")):
            closed.append(name)
            tell_settled(subject=("unmapped_tool", tool_id))
        rows.update(state=UnmappedTool.State.MAPPED, settled_at=now)
    if not closed:
        raise AlreadyDone("tool.none_mapped", "No waiting tool is mapped yet.")
    record(
        "run.tool_mapped",
        actor=SYSTEM,
        stream=EVENTS_STREAM,
        count=len(closed),
        what=", ".join(closed[:NAMES_SAID_MAX]),
    )
    return len(closed)
