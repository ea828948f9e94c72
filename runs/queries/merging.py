"""The page on which a person says that one run is part of another."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from portal.accounts import access
from portal.accounts.actors import Actor
from runs.models import KnownBy, LinkRule, Run, RunLink, RunMerge
from runs.queries.lists import RunRow, rows_of

OFFERED_MAX = 12
LINKS_MAX = 50
TEXT_LENGTH_MAX = 100


@dataclass(frozen=True)
class MergePage:
    """One run, the runs of its workflow that it may be part of, and the chosen one."""

    run: RunRow
    text: str
    offered: tuple[RunRow, ...]
    chosen: RunRow | None


def merge_page(
    *, actor: Actor, run_id: UUID, text: str = "", into: UUID | None = None
) -> MergePage:
    """Give the page to somebody who may change the workflow. Raises NotFound."""
    ours = access.visible(
        Run.objects.all(),
        actor=actor,
        permission=access.EDIT,
        workflow_path="workflow_id",
    )
    run = access.visible_or_404(ours, id=run_id)
    others = ours.filter(workflow_id=run.workflow_id).exclude(id=run_id)
    wanted = text.replace("\x00", "").strip()[:TEXT_LENGTH_MAX]
    offered = others
    if wanted:
        offered = others.filter(
            Q(title__icontains=wanted) | Q(agent_run_id__istartswith=wanted)
        )
    chosen = rows_of(others.filter(id=into)) if into else ()
    return MergePage(
        run=rows_of(ours.filter(id=run_id))[0],
        text=wanted,
        offered=rows_of(offered.order_by("-started_at", "-id")[:OFFERED_MAX]),
        chosen=chosen[0] if chosen else None,
    )


@dataclass(frozen=True)
class LinkShown:
    """One trace or conversation of a run, and the rule that led it there."""

    what: str
    key: str
    why: str
    at: datetime


@dataclass(frozen=True)
class MergeShown:
    name: str
    events: int
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class RunLinks:
    """How a run was put together."""

    run_id: UUID
    agent_run_id: str
    is_guessed: bool
    may_merge: bool
    links: tuple[LinkShown, ...]
    merges: tuple[MergeShown, ...]

    @property
    def is_plain(self) -> bool:
        """Say whether there is nothing to tell: its agent named it, and that is all."""
        return not (self.is_guessed or self.links or self.merges)


def run_links(*, actor: Actor, run_id: UUID) -> RunLinks:
    """Say how a run was put together. About six queries. Raises NotFound."""
    rows = access.visible(Run.objects.all(), actor=actor, workflow_path="workflow_id")
    run = access.visible_or_404(rows.defer("fold"), id=run_id)
    links = RunLink.objects.filter(run=run).order_by("linked_at", "id")
    merges = RunMerge.objects.filter(target=run).select_related("source")
    return RunLinks(
        run_id=run.id,
        agent_run_id=run.agent_run_id,
        is_guessed=run.known_by == KnownBy.TRACE,
        may_merge=access.may(actor, access.EDIT, run.workflow_id),
        links=tuple(
            LinkShown(
                row.get_kind_display(),
                row.key,
                LinkRule(row.rule).label if row.rule else "",
                row.linked_at,
            )
            for row in links[:LINKS_MAX]
        ),
        merges=tuple(
            MergeShown(
                row.source.agent_run_id, row.events, row.by_name, row.reason, row.at
            )
            for row in merges.order_by("at", "id")[:LINKS_MAX]
        ),
    )


def whole_of(run_id: UUID) -> UUID | None:
    """Give the run that a merged run became part of, or None. One query."""
    return (
        Run.every.filter(id=run_id, merged_into__isnull=False)
        .values_list("merged_into_id", flat=True)
        .first()
    )
