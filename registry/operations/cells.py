"""Editing the matrix: one cell or many at once, and which tool stands for which cell.

Every save here is one edit and one step of undo. An editor says what they saw of each cell
they set; where somebody set one of them meanwhile, nothing is written at all.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.audit.operation import operation
from portal.core.errors import Conflict, Invalid
from registry.models import OperatingModelVersion
from registry.operations.drafts import DraftSaved, change_draft, locked_draft
from registry.operations.guards import workflow_for
from registry.queries.cells import name_of_part, part_of_cell, parts_by_name
from registry.queries.parts import fingerprint_of
from registry.queries.trail import last_edit_of
from registry.rules.verbs import name_of

CELLS_MAX = 1000
MATRIX = "matrix"
TOOL_NAME_LENGTH_MAX = 120


@dataclass(frozen=True)
class CellChange:
    """What a cell shall say: a whole row, or None for no row; `seen` is what stood there.

    With `keeps_limits` only the authority is set, and whatever else the cell says stays.
    """

    system: str
    verb: str
    row: Mapping[str, Any] | None
    seen: str = ""
    keeps_limits: bool = False

    @property
    def part(self) -> str:
        return part_of_cell(self.system, self.verb)


@operation(leaves="workflow.draft_saved")
def set_cells(
    *,
    actor: Actor,
    workflow_id: UUID,
    changes: Sequence[CellChange],
    revision: int | None = None,
    what: str = "",
    now: datetime,
) -> DraftSaved:
    """Set cells of the matrix, all or none, as one edit.

    Who does not say what they saw of a cell says the revision that they saw.

    Raises Conflict, naming who and what, when one of them was set since it was seen, and
    Invalid for nothing to set or too much at once.
    """
    if not changes:
        raise Invalid({"cells": "Choose at least one cell."})
    if len(changes) > CELLS_MAX:
        raise Invalid({"cells": f"At most {CELLS_MAX} cells are set at once."})
    draft = locked_draft(workflow_for(actor, workflow_id, access.EDIT))
    stands = parts_by_name(draft.document)
    for change in changes:
        row = stands.get(change.part)
        is_seen = (
            fingerprint_of(row) == change.seen
            if change.seen
            else revision in (None, draft.revision)
        )
        if not is_seen:
            raise _set_meanwhile(draft, actor, change, row)
    values = {change.part: _row(change, stands.get(change.part)) for change in changes}
    return change_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=draft.revision,
        part=changes[0].part if len(changes) == 1 else MATRIX,
        seen="",
        what=what or described(changes),
        edit=lambda old: with_parts(old, values),
        now=now,
    )


@operation(leaves="workflow.draft_saved")
def map_tool(
    *,
    actor: Actor,
    workflow_id: UUID,
    name: str,
    system: str,
    verb: str,
    may_move: bool = False,
    now: datetime,
) -> DraftSaved:
    """Let a tool stand for one cell. Raises Invalid when it stands for another already."""
    name = name.strip()
    if not name or len(name) > TOOL_NAME_LENGTH_MAX or not name.isprintable():
        raise Invalid({"tool": "Write the tool's name as the agent calls it."})
    draft = locked_draft(workflow_for(actor, workflow_id, access.EDIT))
    stands = parts_by_name(draft.document).get(f"tools.{name}")
    if stands and (stands["system"], stands["verb"]) == (system, verb):
        raise Invalid({"tool": f"{name} stands for this cell already."})
    if stands and not may_move:
        place = name_of_part(part_of_cell(stands["system"], stands["verb"]))
        raise Invalid(
            {"tool": f"{name} already stands for {place}, and a tool stands for exactly"
                     " one verb. Tick “Move it here” to take it from there."}
        )  # fmt: skip
    place = name_of_part(part_of_cell(system, verb))
    row = {"name": name, "system": system, "verb": verb}
    return change_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=draft.revision,
        part=f"tools.{name}",
        seen="",
        what=f"the tool {name} stands for {place}",
        edit=lambda old: with_parts(old, {f"tools.{name}": row}),
        now=now,
    )


@operation(leaves="workflow.draft_saved")
def unmap_tool(
    *, actor: Actor, workflow_id: UUID, name: str, now: datetime
) -> DraftSaved:
    """Take a tool out of the mapping. Raises Conflict when it is not there any more."""
    draft = locked_draft(workflow_for(actor, workflow_id, access.EDIT))
    if f"tools.{name}" not in parts_by_name(draft.document):
        raise Conflict("tool.gone", f"The tool {name} was taken out already.")
    return change_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=draft.revision,
        part=f"tools.{name}",
        seen="",
        what=f"the tool {name} stands for nothing",
        edit=lambda old: with_parts(old, {f"tools.{name}": None}),
        now=now,
    )


def with_parts(
    document: Mapping[str, Any], values: Mapping[str, Mapping[str, Any] | None]
) -> dict[str, Any]:
    """Set many cells and tools at once by their parts; None takes one out."""
    changed = copy.deepcopy(dict(document))
    stands = parts_by_name(changed)
    for part, row in values.items():
        if row is None:
            stands.pop(part, None)
        else:
            stands[part] = _said(row)
    cells = [row for part, row in stands.items() if part.startswith("allowances.")]
    changed["allowances"] = sorted(cells, key=lambda row: (row["system"], row["verb"]))
    changed["tools"] = [
        row for part, row in stands.items() if part.startswith("tools.")
    ]
    return changed


def described(changes: Sequence[CellChange]) -> str:
    """Say an edit in a few words, for the journal and the undo button."""
    if len(changes) == 1:
        (change,) = changes
        answer = change.row["authority"] if change.row else "without a row"
        return f"{name_of_part(change.part)} is {answer}"
    answers = {change.row["authority"] if change.row else None for change in changes}
    systems = {change.system for change in changes}
    verbs = {change.verb for change in changes}
    where = f"{len(changes)} cells"
    if len(systems) == 1:
        where += f" of {name_of_part(changes[0].part).partition(' in ')[2]}"
    elif len(verbs) == 1:
        where += f" of {name_of(changes[0].verb)}"
    if len(answers) > 1:
        return f"{where} set"
    (answer,) = answers
    return f"{where} {'are ' + answer if answer else 'have no row'}"


def _row(
    change: CellChange, stands: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    if change.row is None:
        return None
    kept = stands if change.keeps_limits and stands else {}
    return {**kept, **change.row, "system": change.system, "verb": change.verb}


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    # What was left empty is left out, so that a page holds only what somebody said.
    return {key: value for key, value in row.items() if value not in (None, "", (), [])}


def _set_meanwhile(
    draft: OperatingModelVersion,
    actor: Actor,
    change: CellChange,
    stands: Mapping[str, Any] | None,
) -> Conflict:
    last = last_edit_of(version_id=draft.id, part=change.part)
    person = last.person if last else draft.changed_by
    who = person.name if person else "Countersign"
    is_me = actor.is_person and person is not None and person.id == actor.id
    answer = stands["authority"] if stands else "without a row"
    return Conflict(
        "draft.changed",
        f"{'You' if is_me else who} set {name_of_part(change.part)} meanwhile: it is"
        f" {answer} now. Nothing of yours was written; look, and set it again.",
        who=who,
        is_me=is_me,
        at=last.made_at if last else draft.changed_at,
        revision=draft.revision,
    )
