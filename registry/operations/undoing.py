"""Taking an edit of the matrix back, and making it again.

An edit is one step however many cells it set. It is only taken back while each of its
cells still says what the edit left: what somebody else wrote since is never overwritten.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.audit.operation import operation
from portal.core.errors import AlreadyDone, Conflict, NotFound
from registry.models import MatrixEdit, OperatingModelVersion
from registry.operations.cells import MATRIX, with_parts
from registry.operations.drafts import DraftSaved, change_draft, locked_draft
from registry.operations.guards import workflow_for
from registry.queries.cells import name_of_part, parts_by_name
from registry.queries.trail import edit_to_redo, edit_to_undo, last_edit_of


@operation(leaves="workflow.draft_saved")
def undo_matrix_edit(
    *, actor: Actor, workflow_id: UUID, edit_id: UUID | None = None, now: datetime
) -> DraftSaved:
    """Take back one edit of the matrix: the named one, or one's own latest.

    Raises NotFound when there is none, AlreadyDone when it was taken back before, and
    Conflict when somebody changed one of its cells since.
    """
    draft = locked_draft(workflow_for(actor, workflow_id, access.EDIT))
    edit = _edit(draft, edit_id or edit_to_undo(draft.id, actor.id), "take back")
    if edit.undone_at is not None:
        raise AlreadyDone("edit.undone", "This edit was taken back already.")
    saved = _put(draft, edit, "after", "before", f"took back: {edit.what}", actor, now)
    edit.undone_at = now
    edit.touched_revision = saved.revision
    edit.save(update_fields=("undone_at", "touched_revision"))
    return saved


@operation(leaves="workflow.draft_saved")
def redo_matrix_edit(
    *, actor: Actor, workflow_id: UUID, edit_id: UUID | None = None, now: datetime
) -> DraftSaved:
    """Make an edit again that was taken back. Raises as undo_matrix_edit does."""
    draft = locked_draft(workflow_for(actor, workflow_id, access.EDIT))
    edit = _edit(draft, edit_id or edit_to_redo(draft.id, actor.id), "make again")
    if edit.undone_at is None:
        raise AlreadyDone("edit.made", "This edit stands already.")
    saved = _put(draft, edit, "before", "after", f"again: {edit.what}", actor, now)
    edit.undone_at = None
    edit.touched_revision = saved.revision
    edit.save(update_fields=("undone_at", "touched_revision"))
    return saved


def _edit(draft: OperatingModelVersion, edit_id: UUID | None, deed: str) -> MatrixEdit:
    found = draft.matrix_edits.filter(id=edit_id).first() if edit_id else None
    if found is None:
        raise NotFound(f"There is no edit of yours to {deed} in this draft.")
    return found


def _put(
    draft: OperatingModelVersion,
    edit: MatrixEdit,
    expected: str,
    wanted: str,
    what: str,
    actor: Actor,
    now: datetime,
) -> DraftSaved:
    stands = parts_by_name(draft.document)
    for change in edit.changes:
        if stands.get(change["part"]) != change[expected]:
            raise _changed_since(draft, edit, change["part"])

    def put(document: Mapping) -> dict:
        values = {change["part"]: change[wanted] for change in edit.changes}
        return with_parts(document, values)

    return change_draft(
        actor=actor,
        workflow_id=draft.workflow_id,
        revision=draft.revision,
        part=edit.changes[0]["part"] if len(edit.changes) == 1 else MATRIX,
        seen="",
        what=what,
        edit=put,
        now=now,
        keeps_trail=False,
    )


def _changed_since(
    draft: OperatingModelVersion, edit: MatrixEdit, part: str
) -> Conflict:
    later = last_edit_of(version_id=draft.id, part=part)
    later = later if later is not None and later.id != edit.id else None
    person = later.person if later else draft.changed_by
    who = person.name if person else "Countersign"
    what = f" ({later.what})" if later else ""
    return Conflict(
        "edit.changed_since",
        f"{who} changed {name_of_part(part)} since{what}, so “{edit.what}” stays as it is."
        " Set the cell itself to what it should say.",
        who=who,
        at=later.made_at if later else draft.changed_at,
    )
