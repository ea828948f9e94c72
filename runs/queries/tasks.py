"""What telemetry asks of the people of a workflow: tools to map, traces to place."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from registry.queries.mapping import tools_mapped_live, tools_mapped_next
from registry.queries.workflows import WorkflowHead, workflow_head
from runs.models import UnmappedTool
from runs.queries.unplaced import unplaced_count, unplaced_of_agents

SHOWN_MAX = 100
COUNT_MAX = 1_001


@dataclass(frozen=True)
class ToolTask:
    """A tool that an agent used and that stands for no verb."""

    id: UUID
    name: str
    calls: int
    first_at: datetime
    last_at: datetime
    run_id: UUID
    is_in_draft: bool


@dataclass(frozen=True)
class ToolDismissed:
    name: str
    by: str
    at: datetime | None
    reason: str


@dataclass(frozen=True)
class Tasks:
    """The tasks of one workflow."""

    head: WorkflowHead
    tools: tuple[ToolTask, ...]
    dismissed: tuple[ToolDismissed, ...]
    unplaced: int

    @property
    def is_empty(self) -> bool:
        return not self.tools and not self.unplaced


@dataclass(frozen=True)
class ToolToDismiss:
    id: UUID
    name: str
    calls: int
    slug: str
    workflow: str


@dataclass(frozen=True)
class TelemetryWaiting:
    """How much of what agents sent waits for one person."""

    tools: int
    unplaced: int
    slug: str = ""

    def __bool__(self) -> bool:
        return bool(self.tools or self.unplaced)


def tasks_of(*, actor: Actor, slug: str) -> Tasks:
    """Give the tasks of one workflow. About nine queries. Raises NotFound.

    A tool that the live version maps by now asks for nothing, swept or not.
    """
    head = workflow_head(actor=actor, slug=slug)
    rows = UnmappedTool.objects.filter(workflow_id=head.id).select_related("settled_by")
    waiting = list(
        rows.filter(state=UnmappedTool.State.OPEN).order_by("-last_at", "name")[
            :SHOWN_MAX
        ]
    )
    live = tools_mapped_live(head.id) if waiting else frozenset()
    drafted = tools_mapped_next(head.id) if waiting else frozenset()
    dismissed = rows.filter(state=UnmappedTool.State.DISMISSED).order_by("name")
    return Tasks(
        head=head,
        tools=tuple(
            ToolTask(
                row.id,
                row.name,
                row.calls,
                row.first_at,
                row.last_at,
                row.run_id,
                row.name in drafted,
            )
            for row in waiting
            if row.name not in live
        ),
        dismissed=tuple(
            ToolDismissed(
                row.name,
                row.settled_by.name if row.settled_by else "Countersign",
                row.settled_at,
                row.reason,
            )
            for row in dismissed[:SHOWN_MAX]
        ),
        unplaced=unplaced_of_agents(actor=actor, workflow_id=head.id),
    )


def tool_to_dismiss(*, actor: Actor, tool_id: UUID) -> ToolToDismiss:
    """Give one waiting tool to somebody who may change its workflow. Raises NotFound."""
    rows = access.visible(
        UnmappedTool.objects.select_related("workflow").filter(
            state=UnmappedTool.State.OPEN
        ),
        actor=actor,
        permission=access.EDIT,
        workflow_path="workflow_id",
    )
    row = access.visible_or_404(rows, id=tool_id)
    return ToolToDismiss(
        row.id, row.name, row.calls, row.workflow.slug, row.workflow.name
    )


def telemetry_waiting(*, actor: Actor) -> TelemetryWaiting:
    """Count what waits for this person: tools to map, traces to place. Six queries."""
    tools = access.visible(
        UnmappedTool.objects.filter(state=UnmappedTool.State.OPEN),
        actor=actor,
        permission=access.EDIT,
        workflow_path="workflow_id",
    )
    slugs = list(
        tools.order_by("-last_at").values_list("workflow__slug", flat=True)[:COUNT_MAX]
    )
    return TelemetryWaiting(
        len(slugs), unplaced_count(actor), slugs[0] if slugs else ""
    )
