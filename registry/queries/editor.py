"""The matrix while it is edited: the grid with an address and a fingerprint per cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal.core.errors import NotFound
from registry.queries.drafts import Draft, draft_of
from registry.queries.matrix import Grid, grid_of, systems_known
from registry.queries.parts import part_of
from registry.queries.people import Choice
from registry.queries.rulebooks import ceilings_over
from registry.rules.document import rulebook_of
from registry.rules.fields import is_slug
from registry.rules.sentences import allowance_sentence, system_label
from registry.rules.verbs import VERBS, Tier, verb_of

STARTING_VERBS = ("read", "search", "draft", "create_task", "update", "send")


@dataclass(frozen=True)
class EditorPage:
    """The grid, with what can still be added to it."""

    draft: Draft
    grid: Grid
    address: str
    query: str
    seen: Mapping[str, str]
    systems_to_add: tuple[Choice, ...]
    verbs_to_add: tuple[tuple[str, tuple[Choice, ...]], ...]
    chosen_systems: tuple[str, ...]
    chosen_verbs: tuple[str, ...]


@dataclass(frozen=True)
class CellPage:
    """One cell with its limits, ready for its form."""

    draft: Draft
    system: str
    system_name: str
    verb: str
    verb_label: str
    summary: str
    tier: str
    moves_money: bool
    initial: Mapping[str, Any]
    sentence: str
    seen: str
    tools: tuple[str, ...]


def editor_page(
    *,
    workflow_id: UUID,
    department_id: UUID,
    more_systems: Sequence[str],
    more_verbs: Sequence[str],
    query: str,
    address: str,
) -> EditorPage:
    """Give the matrix editor. Three queries."""
    draft = draft_of(workflow_id=workflow_id)
    rulebook = rulebook_of(draft.document, version=draft.number)
    systems = systems_known()
    added_systems = tuple(slug for slug in more_systems if slug in systems)
    added_verbs = tuple(slug for slug in more_verbs if slug in VERBS)
    used_verbs = {verb for _, verb in rulebook.allowances}
    grid = grid_of(
        rulebook,
        ceilings=ceilings_over(department_id=department_id),
        systems=systems,
        more_systems=added_systems,
        more_verbs=(*added_verbs, *(() if used_verbs else STARTING_VERBS)),
    )
    shown_systems = {row.system for row in grid.rows}
    shown_verbs = {verb.key for tier in grid.tiers for verb in tier.verbs}
    return EditorPage(
        draft=draft,
        grid=grid,
        address=address,
        query=query,
        seen={
            f"{row.system}.{verb}": draft.seen(f"allowances.{row.system}.{verb}")
            for row in grid.rows
            for verb in row.cells
        },
        systems_to_add=tuple(
            Choice(each.slug, each.name, "" if each.is_approved else "not approved")
            for each in systems.values()
            if each.slug not in shown_systems
        ),
        verbs_to_add=tuple(
            (
                tier.value.capitalize(),
                tuple(
                    Choice(verb.slug, verb.label, verb.summary)
                    for verb in VERBS.values()
                    if verb.tier == tier and verb.slug not in shown_verbs
                ),
            )
            for tier in Tier
        ),
        chosen_systems=added_systems,
        chosen_verbs=added_verbs,
    )


def cell_page(*, workflow_id: UUID, system: str, verb: str) -> CellPage:
    """Give one cell. Two queries. Raises NotFound for what is no system or no verb."""
    known = verb_of(verb)
    if known is None or not is_slug(system):
        raise NotFound("There is no such cell.")
    draft = draft_of(workflow_id=workflow_id)
    rulebook = rulebook_of(draft.document, version=draft.number)
    name = systems_known().get(system)
    row = part_of(draft.document, f"allowances.{system}.{verb}")
    initial = dict(row) if isinstance(row, Mapping) else {}
    return CellPage(
        draft=draft,
        system=system,
        system_name=name.name if name else system_label(system),
        verb=verb,
        verb_label=known.label,
        summary=known.summary,
        tier=known.tier.value,
        moves_money=known.moves_money,
        initial=initial,
        sentence=allowance_sentence(
            rulebook.allowances.get((system, verb)),
            rulebook.guardrail,
            verb=verb,
            system=system,
            currency=rulebook.currency,
        ),
        seen=draft.seen(f"allowances.{system}.{verb}"),
        tools=tuple(
            tool.name
            for tool in rulebook.tools
            if (tool.system, tool.verb) == (system, verb)
        ),
    )
