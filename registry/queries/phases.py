"""The five phases as people read them: who is in which, and what a workflow's own allows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from portal.accounts import access
from portal.accounts.actors import Actor
from registry.models import PhaseMove, Workflow
from registry.models.phases import PhaseMoveKind
from registry.queries.comparisons import document_of
from registry.queries.drafts import Draft, draft_of
from registry.queries.matrix import systems_known
from registry.rules.answers import Authority
from registry.rules.document import rulebook_of
from registry.rules.phases import GROUPED, PHASES, Phase, group_of
from registry.rules.sentences import system_label
from registry.rules.verbs import CONSEQUENCE, VERBS, tier_of

PART = "action_groups"


@dataclass(frozen=True)
class PhaseLine:
    """One phase, and how many live workflows that this person may see are in it."""

    phase: Phase
    live: int


@dataclass(frozen=True)
class MoveLine:
    """One move between phases, as the history tells it."""

    number: int
    kind: str
    word: str
    from_phase: int
    to_phase: int
    reason: str
    by: str
    at: datetime
    digest: str


@dataclass(frozen=True)
class WorkflowPhase:
    """The phase of one workflow: its own, its page's, and how it came there."""

    workflow_id: UUID
    phase: Phase
    page_phase: Phase
    is_live: bool
    moves: tuple[MoveLine, ...]

    @property
    def is_mixed(self) -> bool:
        return self.is_live and self.phase.number != self.page_phase.number

    @property
    def lower(self) -> tuple[Phase, ...]:
        """Give the phases that it can be taken back to, the nearest first."""
        numbers = range(self.phase.number - 1, 0, -1) if self.is_live else ()
        return tuple(PHASES[number] for number in numbers)

    @property
    def following(self) -> Phase | None:
        return PHASES.get(self.phase.number + 1)


@dataclass(frozen=True)
class GroupCell:
    """One action that writes, and the group that names it."""

    field: str
    action: str
    words: str
    authority: str
    group: str


@dataclass(frozen=True)
class GroupsPage:
    """The action groups of a draft, as a list of the actions that write."""

    draft: Draft
    seen: str
    cells: tuple[GroupCell, ...]
    names: tuple[str, ...]
    binds: bool

    @property
    def outside(self) -> int:
        return sum(1 for cell in self.cells if not cell.group)


def phase_lines(*, actor: Actor) -> tuple[PhaseLine, ...]:
    """Give the five phases with their live workflows. Two queries."""
    rows = access.visible(
        Workflow.objects.filter(live_version__isnull=False), actor=actor
    )
    counted = dict(
        rows.order_by()
        .values("phase")
        .annotate(count=Count("id"))
        .values_list("phase", "count")
    )
    return tuple(
        PhaseLine(phase, counted.get(number, 0)) for number, phase in PHASES.items()
    )


def workflow_phase(*, workflow_id: UUID) -> WorkflowPhase:
    """Give the phase of a workflow and its moves, the newest first. Three queries."""
    row = Workflow.objects.select_related("live_version").get(id=workflow_id)
    is_live = row.live_version is not None
    page = (
        int(document_of(row.live_version)["phase"]) if row.live_version else row.phase
    )
    moves = PhaseMove.objects.filter(workflow=row).select_related("moved_by", "gate")
    return WorkflowPhase(
        workflow_id=row.id,
        phase=PHASES[row.phase],
        page_phase=PHASES[page],
        is_live=is_live,
        moves=tuple(
            MoveLine(
                number=each.number,
                kind=each.kind,
                word=PhaseMoveKind(each.kind).label,
                from_phase=each.from_phase,
                to_phase=each.to_phase,
                reason=each.reason,
                by=each.moved_by.name if each.moved_by else "Countersign",
                at=each.moved_at,
                digest=each.gate.digest if each.gate else "",
            )
            for each in moves.order_by("-number")
        ),
    )


def groups_page(*, workflow_id: UUID) -> GroupsPage:
    """Give the action groups of the draft. Two queries. Raises NotFound without a draft."""
    draft = draft_of(workflow_id=workflow_id)
    rulebook = rulebook_of(draft.document)
    systems = systems_known()
    cells = []
    for (system, verb), row in sorted(rulebook.allowances.items()):
        if tier_of(verb) not in CONSEQUENCE or row.authority == Authority.NEVER:
            continue
        group = group_of(rulebook.action_groups, system, verb)
        named = systems[system].name if system in systems else system_label(system)
        cells.append(
            GroupCell(
                field=f"group.{system}.{verb}",
                action=f"{verb} in {system}",
                words=f"{VERBS[verb].label} in {named}",
                authority=row.authority.value,
                group=group.name if group else "",
            )
        )
    return GroupsPage(
        draft=draft,
        seen=draft.seen(PART),
        cells=tuple(cells),
        names=tuple(group.name for group in rulebook.action_groups),
        binds=rulebook.phase == GROUPED,
    )


def groups_of(page: GroupsPage, given: Mapping[str, str]) -> list[dict[str, object]]:
    """Gather what was typed beside each action into groups, in the order first named."""
    found: dict[str, list[str]] = {}
    for cell in page.cells:
        name = " ".join(given.get(cell.field, "").split())
        if name:
            found.setdefault(name, []).append(cell.action)
    return [{"name": name, "actions": actions} for name, actions in found.items()]


def group_sentences(document: Mapping) -> tuple[str, ...]:
    """Say each action group of a page in one line."""
    rows = document.get(PART) or ()
    return tuple(
        f"Action group “{row['name']}”: {', '.join(row['actions']).replace('_', ' ')}."
        for row in rows
    )
