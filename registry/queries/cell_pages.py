"""One cell of the matrix with its limits and who decides it; one row or column as a list."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal.core.errors import NotFound
from registry.queries.drafts import Draft, draft_of
from registry.queries.editor import EditorPage, rulebook_of_cells
from registry.queries.matrix import (
    Cell,
    data_of,
    systems_known,
    unapproved_sentence,
)
from registry.queries.parts import part_of
from registry.queries.rulebooks import ceilings_over
from registry.rules.deciding import WORKFLOW, Decided, decide, voices_over
from registry.rules.fields import is_slug
from registry.rules.rulebook import Level
from registry.rules.sentences import allowance_sentence, system_label
from registry.rules.verbs import verb_of


@dataclass(frozen=True)
class LevelLine:
    """What one level says about a cell, and whether it decides."""

    level: str
    text: str
    decides: bool


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
    levels: tuple[LevelLine, ...]
    decided_by: str
    refusal: str
    # A ceiling is stricter here than the workflow; its phase is no ceiling that waives.
    is_from_above: bool


@dataclass(frozen=True)
class LinePage:
    """One row or one column of the matrix as a list of its cells."""

    is_row: bool
    key: str
    label: str
    note: str
    cells: tuple[tuple[str, Cell], ...]

    @property
    def count_set(self) -> int:
        return sum(1 for _, cell in self.cells if cell.own)


def cell_page(*, workflow_id: UUID, system: str, verb: str) -> CellPage:
    """Give one cell. Three queries. Raises NotFound for what is no system or no verb."""
    known = verb_of(verb)
    if known is None or not is_slug(system):
        raise NotFound("There is no such cell.")
    draft = draft_of(workflow_id=workflow_id)
    rulebook = rulebook_of_cells(draft, [(system, verb)])
    systems = systems_known()
    named = systems.get(system)
    name = named.name if named else system_label(system)
    row = part_of(draft.document, f"allowances.{system}.{verb}")
    allowance = rulebook.allowances.get((system, verb))
    sentence = allowance_sentence(
        allowance,
        rulebook.guardrail,
        verb=verb,
        system=system,
        currency=rulebook.currency,
    )
    voices = voices_over(
        rulebook, ceilings_over(workflow_id=workflow_id), data_of(systems)
    )
    decided = decide(allowance, system, verb, voices)
    return CellPage(
        draft=draft,
        system=system,
        system_name=name,
        verb=verb,
        verb_label=known.label,
        summary=known.summary,
        tier=known.tier.value,
        moves_money=known.moves_money,
        initial=dict(row) if isinstance(row, Mapping) else {},
        sentence=f"{sentence} {decided.why}".strip(),
        seen=draft.seen(f"allowances.{system}.{verb}"),
        tools=tuple(
            tool.name
            for tool in rulebook.tools
            if (tool.system, tool.verb) == (system, verb)
        ),
        levels=_levels(decided, sentence),
        decided_by=_decided_by(decided),
        is_from_above=bool(_deciding(decided) - {WORKFLOW, Level.PHASE.value}),
        refusal=""
        if named and named.is_approved
        else unapproved_sentence(name, named is not None),
    )


def line_page(editor: EditorPage, *, row: str = "", column: str = "") -> LinePage:
    """Give one row or one column of an editor that was read. Raises NotFound for none."""
    verbs = {verb.key: verb.label for tier in editor.grid.tiers for verb in tier.verbs}
    if row:
        found = next((each for each in editor.grid.rows if each.system == row), None)
        if found is None:
            raise NotFound("There is no such row.")
        note = (
            ""
            if found.is_approved
            else unapproved_sentence(found.label, found.is_known)
        )
        cells = tuple((verbs[verb], cell) for verb, cell in found.cells.items())
        return LinePage(True, row, found.label, note, cells)
    if column not in verbs:
        raise NotFound("There is no such column.")
    cells = tuple((each.label, each.cells[column]) for each in editor.grid.rows)
    return LinePage(False, column, verbs[column], "", cells)


def _levels(decided: Decided, own: str) -> tuple[LevelLine, ...]:
    deciding = _deciding(decided)
    above = [
        LevelLine(
            each.level,
            each.text,
            decides=each.level in deciding and each.text == decided.why,
        )
        for each in decided.said
    ]
    workflow = LevelLine(
        WORKFLOW, f"This workflow says: {own}", decides=deciding == {WORKFLOW}
    )
    return (*above, workflow)


def _deciding(decided: Decided) -> set[str]:
    if decided.level != WORKFLOW:
        return {decided.level}
    return {decided.limit_level}


def _decided_by(decided: Decided) -> str:
    (level,) = _deciding(decided)
    if level != WORKFLOW:
        what = "the answer" if decided.level != WORKFLOW else "the limit"
        return (
            f"{level.capitalize()} decides {what}: it is stricter than this workflow."
        )
    if decided.authority is None:
        return "This workflow decides: without a row everything is refused."
    if decided.said:
        return "This workflow decides: no level above it is stricter."
    return "This workflow decides: no level above it says anything here."
