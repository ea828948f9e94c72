"""What waits for a place in a run, for whoever may place it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.errors import NotFound
from registry.queries.across import workflow_names
from registry.queries.agents import agents_served_in
from runs.models import Run, UnplacedTrace
from runs.queries.lists import RunRow, rows_of
from runs.rules.stitching import WHY_WORDS, Why

SHOWN_MAX = 100
COUNT_MAX = 1_001
RUNS_OFFERED_MAX = 12
TEXT_LENGTH_MAX = 100
OPEN = Q(state=UnplacedTrace.State.OPEN, spans__gt=0)


@dataclass(frozen=True)
class UnplacedRow:
    """One trace that waits."""

    id: UUID
    agent: str
    agent_slug: str
    trace_id: str
    why: str
    named: str
    conversation: str
    first_span: str
    spans: int
    first_at: datetime
    last_at: datetime
    is_many: bool


@dataclass(frozen=True)
class WorkflowOffered:
    slug: str
    name: str


@dataclass(frozen=True)
class UnplacedPage:
    """One trace with where it could belong."""

    row: UnplacedRow
    workflows: tuple[WorkflowOffered, ...]
    workflow: str
    text: str
    runs: tuple[RunRow, ...]

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """Give the workflows for a list to choose from."""
        offered = tuple((each.slug, each.name) for each in self.workflows)
        return offered if len(offered) == 1 else (("", "Choose"), *offered)


def unplaced_to_settle(actor: Actor) -> QuerySet[UnplacedTrace]:
    """Give the traces of agents that serve a workflow which this person may change.

    One query more for who may change everything. Not run yet.
    """
    rows = UnplacedTrace.objects.all()
    if not actor.is_person:
        return rows.none()
    if access.holds_everywhere(actor, access.EDIT):
        return rows
    return rows.filter(agent__in=agents_served_in(actor=actor, permission=access.EDIT))


def unplaced_count(actor: Actor) -> int:
    """Count what waits for a place, up to a thousand. Three queries."""
    return unplaced_to_settle(actor).filter(OPEN)[:COUNT_MAX].count()


def unplaced_of_agents(*, actor: Actor, workflow_id: UUID) -> int:
    """Count what waits of the agents of one workflow. Three queries."""
    rows = unplaced_to_settle(actor).filter(OPEN, agent__serves__workflow=workflow_id)
    return rows.distinct()[:COUNT_MAX].count()


def unplaced_list(*, actor: Actor) -> tuple[UnplacedRow, ...]:
    """Give what waits, newest first. Three queries."""
    rows = unplaced_to_settle(actor).filter(OPEN).select_related("agent")
    return tuple(_row(row) for row in rows.order_by("-last_at", "-id")[:SHOWN_MAX])


def unplaced_page(
    *, actor: Actor, trace_id: UUID, workflow: str = "", text: str = ""
) -> UnplacedPage:
    """Give one trace with the workflows and runs it may belong to. Raises NotFound."""
    row = unplaced_to_settle(actor).select_related("agent").filter(id=trace_id).first()
    if row is None or row.state != UnplacedTrace.State.OPEN:
        raise NotFound("There is nothing here, or somebody settled it already.")
    served = access.visible(
        row.agent.serves.all(),
        actor=actor,
        permission=access.EDIT,
        workflow_path="workflow_id",
    ).values_list("workflow_id", flat=True)
    ours = set(served)
    offered = tuple(
        WorkflowOffered(each.slug, each.name)
        for each in workflow_names(actor=actor)
        if each.id in ours
    )
    slugs = {each.slug for each in offered}
    chosen = workflow if workflow in slugs else ""
    if not chosen and len(offered) == 1:
        chosen = offered[0].slug
    wanted = text.replace("\x00", "").strip()[:TEXT_LENGTH_MAX]
    return UnplacedPage(
        row=_row(row),
        workflows=offered,
        workflow=chosen,
        text=wanted,
        runs=_runs(actor, chosen, wanted) if chosen else (),
    )


def _runs(actor: Actor, slug: str, text: str) -> tuple[RunRow, ...]:
    rows = access.visible(Run.objects.all(), actor=actor, workflow_path="workflow_id")
    rows = rows.filter(workflow__slug=slug)
    if text:
        rows = rows.filter(Q(title__icontains=text) | Q(agent_run_id__istartswith=text))
    return rows_of(rows.order_by("-started_at", "-id")[:RUNS_OFFERED_MAX])


def _row(row: UnplacedTrace) -> UnplacedRow:
    return UnplacedRow(
        id=row.id,
        agent=row.agent.name,
        agent_slug=row.agent.slug,
        trace_id=row.trace_id,
        why=WHY_WORDS.get(Why(row.why), ""),
        named=row.named,
        conversation=row.conversation,
        first_span=row.first_span,
        spans=row.spans,
        first_at=row.first_at,
        last_at=row.last_at,
        is_many=row.trace_id == "*",
    )
