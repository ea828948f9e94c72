"""The matrix while it is edited: the grid with a fingerprint per cell, and what changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from registry.queries.cells import part_of_cell, parts_by_name
from registry.queries.drafts import Draft, draft_of
from registry.queries.matrix import Cell, Grid, cells_of, grid_of, systems_known
from registry.queries.parts import fingerprint_of
from registry.queries.people import Choice
from registry.queries.rulebooks import ceilings_over
from registry.queries.trail import Trail, cells_changed_since, trail_of
from registry.rules.document import rulebook_of
from registry.rules.rulebook import Rulebook
from registry.rules.verbs import VERBS, Tier

STARTING_VERBS = ("read", "search", "draft", "create_task", "update", "send")
CHANGED_SHOWN_MAX = 1000


@dataclass(frozen=True)
class EditorPage:
    """The grid, with what can still be added to it."""

    draft: Draft
    grid: Grid
    trail: Trail
    address: str
    query: str
    seen: Mapping[str, str]
    systems_to_add: tuple[Choice, ...]
    verbs_to_add: tuple[tuple[str, tuple[Choice, ...]], ...]
    chosen_systems: tuple[str, ...]
    chosen_verbs: tuple[str, ...]

    @property
    def verbs(self) -> tuple[str, ...]:
        return tuple(verb.key for tier in self.grid.tiers for verb in tier.verbs)

    @property
    def systems(self) -> tuple[str, ...]:
        return tuple(row.system for row in self.grid.rows)


@dataclass(frozen=True)
class ChangedCell:
    """One cell as it stands after an edit, to be put in place of what a page shows."""

    cell: Cell
    seen: str
    system_name: str
    verb_label: str


@dataclass(frozen=True)
class Changed:
    """What a page that is open must show anew, and nothing else of the grid."""

    draft: Draft
    trail: Trail
    cells: tuple[ChangedCell, ...]
    address: str
    query: str


def editor_page(
    *,
    workflow_id: UUID,
    person_id: UUID,
    more_systems: Sequence[str],
    more_verbs: Sequence[str],
    query: str,
    address: str,
) -> EditorPage:
    """Give the matrix editor. Six queries, however large the matrix is."""
    draft = draft_of(workflow_id=workflow_id)
    rulebook = rulebook_of(draft.document, version=draft.number)
    systems = systems_known()
    added_systems = tuple(slug for slug in more_systems if slug in systems)
    added_verbs = tuple(slug for slug in more_verbs if slug in VERBS)
    used_verbs = {verb for _, verb in rulebook.allowances}
    grid = grid_of(
        rulebook,
        ceilings=ceilings_over(workflow_id=workflow_id),
        systems=systems,
        more_systems=added_systems,
        more_verbs=(*added_verbs, *(() if used_verbs else STARTING_VERBS)),
    )
    shown_systems = {row.system for row in grid.rows}
    shown_verbs = {verb.key for tier in grid.tiers for verb in tier.verbs}
    return EditorPage(
        draft=draft,
        grid=grid,
        trail=trail_of(version_id=draft.version_id, person_id=person_id),
        address=address,
        query=query,
        seen=_seen(draft, ((row.system, v) for row in grid.rows for v in row.cells)),
        systems_to_add=tuple(
            Choice(each.slug, each.name, "" if each.is_approved else "not approved")
            for each in systems.values()
            if each.slug not in shown_systems
        ),
        verbs_to_add=_verbs_to_add(shown_verbs),
        chosen_systems=added_systems,
        chosen_verbs=added_verbs,
    )


def changed_cells(
    *,
    workflow_id: UUID,
    person_id: UUID,
    pairs: Iterable[tuple[str, str]],
    since: int | None,
    query: str,
    address: str,
) -> Changed:
    """Give some cells as they stand, and those that anybody set since. Seven queries."""
    draft = draft_of(workflow_id=workflow_id)
    wanted = set(pairs)
    if since is not None:
        wanted |= cells_changed_since(version_id=draft.version_id, revision=since)
    systems = systems_known()
    wanted_first = sorted(wanted)[:CHANGED_SHOWN_MAX]
    cells = cells_of(
        rulebook_of_cells(draft, wanted_first),
        wanted_first,
        ceilings=ceilings_over(workflow_id=workflow_id),
        systems=systems,
    )
    seen = _seen(draft, ((cell.system, cell.verb) for cell in cells))
    return Changed(
        draft=draft,
        trail=trail_of(version_id=draft.version_id, person_id=person_id),
        cells=tuple(
            ChangedCell(
                cell=cell,
                seen=seen[f"{cell.system}.{cell.verb}"],
                system_name=systems[cell.system].name
                if cell.system in systems
                else cell.system,
                verb_label=VERBS[cell.verb].label,
            )
            for cell in cells
        ),
        address=address,
        query=query,
    )


def rulebook_of_cells(draft: Draft, pairs: Sequence[tuple[str, str]]) -> Rulebook:
    """Read a draft as far as these cells need it: reading a large matrix takes its time."""
    wanted = set(pairs)
    rows = [
        row
        for row in draft.document.get("allowances", ())
        if (row["system"], row["verb"]) in wanted
    ]
    return rulebook_of({**draft.document, "allowances": rows}, version=draft.number)


def _seen(draft: Draft, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    stands = parts_by_name(draft.document)
    nothing = fingerprint_of(None)
    return {
        f"{system}.{verb}": fingerprint_of(row) if row else nothing
        for system, verb in pairs
        for row in [stands.get(part_of_cell(system, verb))]
    }


def _verbs_to_add(shown: set[str]) -> tuple[tuple[str, tuple[Choice, ...]], ...]:
    return tuple(
        (
            tier.value.capitalize(),
            tuple(
                Choice(verb.slug, verb.label, verb.summary)
                for verb in VERBS.values()
                if verb.tier == tier and verb.slug not in shown
            ),
        )
        for tier in Tier
    )
