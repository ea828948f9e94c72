"""Writing the one page: a draft is changed part by part, by several people.

A save says which revision it saw. When somebody saved another part meanwhile, both
changes stand; when somebody saved the same part, the second is told who and when, and
what they wrote is still in their hands.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core.errors import Conflict, Invalid
from registry.models import OperatingModelVersion, Workflow
from registry.models.version import VersionState
from registry.operations import edits
from registry.operations.draft_parts import WHOLE, check_seen, drop_words, note_part
from registry.operations.guards import person_id, workflow_for
from registry.operations.reading import plain, readable
from registry.operations.trail import keep_trail
from registry.rules.document import empty_document
from registry.rules.verbs import name_of


@dataclass(frozen=True)
class DraftSaved:
    """What a save leaves: the version and the revision that the next save must name."""

    version_id: UUID
    version_number: int
    revision: int


@operation(leaves="workflow.draft_saved")
def save_draft(
    *,
    actor: Actor,
    workflow_id: UUID,
    revision: int,
    document: Mapping,
    what: str = "the whole page",
    now: datetime,
) -> DraftSaved:
    """Replace the whole draft. Raises Conflict for a stale revision, Invalid for a bad page."""
    return change_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=revision,
        part=WHOLE,
        seen="",
        what=what,
        edit=lambda old: _same_workflow(old, document),
        now=now,
    )


@operation(leaves="workflow.draft_saved")
def answer_question(
    *,
    actor: Actor,
    workflow_id: UUID,
    revision: int,
    question: str,
    text: str,
    seen: str = "",
    page: str = "",
    now: datetime,
) -> DraftSaved:
    """Answer one of the ten questions."""
    if question not in edits.QUESTION_KEYS:
        raise Invalid({"question": "There is no such question."})
    if len(text) > edits.ANSWER_LENGTH_MAX:
        raise Invalid({question: f"At most {edits.ANSWER_LENGTH_MAX} characters."})
    return change_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=revision,
        part=f"answers.{question}",
        seen=seen,
        page=page,
        what=f"the answer to {question.replace('_', ' ')}",
        edit=lambda old: edits.with_answer(old, question, text.strip()),
        now=now,
    )


@operation(leaves="workflow.draft_saved")
def set_basics(
    *,
    actor: Actor,
    workflow_id: UUID,
    revision: int,
    changes: Mapping[str, object],
    seen: str = "",
    page: str = "",
    now: datetime,
) -> DraftSaved:
    """Change the name, the purpose, the phase, the risk, the currency or the unit."""
    if not str(changes.get("name", "-")).strip():
        raise Invalid({"name": "Give the workflow a name."})
    return change_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=revision,
        part="basics",
        seen=seen,
        page=page,
        what=", ".join(sorted(changes)),
        edit=lambda old: edits.with_basics(old, changes),
        now=now,
    )


@operation(leaves="workflow.draft_saved")
def set_allowance(
    *,
    actor: Actor,
    workflow_id: UUID,
    revision: int,
    allowance: Mapping[str, object],
    seen: str = "",
    now: datetime,
) -> DraftSaved:
    """Set one cell of the matrix, limits and all."""
    system, verb = str(allowance["system"]), str(allowance["verb"])
    return change_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=revision,
        part=f"allowances.{system}.{verb}",
        seen=seen,
        what=f"{name_of(verb)} in {system} is {allowance['authority']}",
        edit=lambda old: edits.with_allowance(old, allowance),
        now=now,
    )


@operation(leaves="workflow.draft_saved")
def remove_allowance(
    *,
    actor: Actor,
    workflow_id: UUID,
    revision: int,
    system: str,
    verb: str,
    seen: str = "",
    now: datetime,
) -> DraftSaved:
    """Empty one cell of the matrix, which refuses it."""
    return change_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=revision,
        part=f"allowances.{system}.{verb}",
        seen=seen,
        what=f"{name_of(verb)} in {system} is refused",
        edit=lambda old: edits.without_allowance(old, system, verb),
        now=now,
    )


@operation(leaves="workflow.draft_saved")
def set_rule(
    *,
    actor: Actor,
    workflow_id: UUID,
    revision: int,
    part: str,
    row: Mapping[str, object],
    seen: str = "",
    typed_in: str = "",
    now: datetime,
) -> DraftSaved:
    """Set one stop rule, cap, check or tool by its key or name.

    `typed_in` names the form whose kept words are saved by this.
    """
    key = _key_of(part)
    if not row.get(key):
        raise Invalid({key: "Give it a name."})
    saved = change_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=revision,
        part=f"{part}.{row[key]}",
        seen=seen,
        what=f"{part.replace('_', ' ')}: {row[key]}",
        edit=lambda old: edits.with_row(old, part, key, row),
        now=now,
    )
    drop_words(version_id=saved.version_id, actor=actor, form=typed_in)
    return saved


@operation(leaves="workflow.draft_saved")
def remove_rule(
    *,
    actor: Actor,
    workflow_id: UUID,
    revision: int,
    part: str,
    key: str,
    seen: str = "",
    now: datetime,
) -> DraftSaved:
    """Take one stop rule, cap, check or tool out."""
    return change_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=revision,
        part=f"{part}.{key}",
        seen=seen,
        what=f"{part.replace('_', ' ')}: {key} taken out",
        edit=lambda old: edits.without_row(old, part, _key_of(part), key),
        now=now,
    )


@operation(leaves="workflow.draft_saved")
def set_part(
    *,
    actor: Actor,
    workflow_id: UUID,
    revision: int,
    part: str,
    value: object,
    seen: str = "",
    page: str = "",
    now: datetime,
) -> DraftSaved:
    """Replace the guardrail, the categories, the targets, action groups or technique."""
    if part not in ("guardrail", "categories", "targets", "action_groups", "technique"):
        raise Invalid({"part": "This part is not set as a whole."})
    return change_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=revision,
        part=part,
        seen=seen,
        what=f"the {part}",
        edit=lambda old: edits.with_part(old, part, value),
        page=page,
        now=now,
    )


@operation(leaves="workflow.draft_discarded")
def discard_draft(
    *, actor: Actor, workflow_id: UUID, revision: int, now: datetime
) -> None:
    """Throw the draft away; what is live stays. Raises Conflict for the only version."""
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    draft = locked_draft(workflow)
    check_seen(draft, actor=actor, revision=revision, part=WHOLE, seen="")
    if draft.based_on_id is None:
        raise Conflict(
            "draft.only_version",
            f"{workflow.name} has nothing else; change this draft.",
        )
    draft.allowances.all().delete()
    draft.evidence.all().delete()
    draft.delete()
    record(
        "workflow.draft_discarded",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
    )


@step
def change_draft(
    *,
    actor: Actor,
    workflow_id: UUID,
    revision: int,
    part: str,
    seen: str,
    what: str,
    edit: Callable[[edits.Document], edits.Document],
    page: str = "",
    now: datetime,
    keeps_trail: bool = True,
) -> DraftSaved:
    """Lock the draft, look whether this editor saw it, change it and say so."""
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    draft = locked_draft(workflow)

    check_seen(draft, actor=actor, revision=revision, part=part, seen=seen, page=page)
    before = draft.document
    document = plain(edit(before))
    readable(document)

    draft.document = document
    draft.revision += 1
    draft.changed_by_id = person_id(actor)
    draft.changed_at = now
    draft.save(update_fields=("document", "revision", "changed_by", "changed_at"))
    note_part(draft=draft, part=part, actor=actor, page=page, now=now)
    if workflow.live_version_id is None:
        show_head(workflow_id=workflow.id, document=document)
    if keeps_trail and part != WHOLE:
        keep_trail(draft=draft, actor=actor, before=before, what=what, now=now)

    record(
        "workflow.draft_saved",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        version=draft.number,
        what=what[:200],
    )
    return DraftSaved(
        version_id=draft.id, version_number=draft.number, revision=draft.revision
    )


@step
def locked_draft(workflow: Workflow) -> OperatingModelVersion:
    """Give the draft, locked. Raises Conflict when there is none to change."""
    draft = (
        OperatingModelVersion.objects.select_for_update(no_key=True, of=("self",))
        .filter(workflow=workflow, state=VersionState.DRAFT)
        .first()
    )
    if draft is not None:
        return draft
    submitted = workflow.versions.filter(state=VersionState.SUBMITTED).first()
    if submitted is not None:
        raise Conflict(
            "draft.submitted",
            f"Version {submitted.number} waits for signatures and is frozen;"
            " take it back to change it.",
        )
    if workflow.ended_as:
        raise Conflict(
            "workflow.ended",
            f"{workflow.name} ended because it needs no AI. Take it up again to change it.",
        )
    raise Conflict("draft.none", f"{workflow.name} has no draft; start a new version.")


@step
def show_head(*, workflow_id: UUID, document: Mapping, is_live: bool = False) -> None:
    """Copy what lists show of a workflow from its page.

    Until it is live its phase is the one it is meant to begin in; later only moves change it.
    """
    shown = {
        "name": document["name"],
        "purpose": document.get("purpose", ""),
        "risk": document["risk"],
        "currency": document["currency"],
    }
    if not is_live:
        shown["phase"] = document["phase"]
    Workflow.objects.filter(id=workflow_id).update(**shown)


def _same_workflow(old: Mapping, new: Mapping) -> edits.Document:
    # A page moves between installations; which workflow it belongs to does not change.
    kept = {key: old[key] for key in ("workflow", "department")}
    return {**empty_document(workflow="", name="", department=""), **new, **kept}


def _key_of(part: str) -> str:
    keys = {"stop_rules": "key", "caps": "key", "checks": "name", "tools": "name"}
    if part not in keys:
        raise Invalid({"part": "There is no such part."})
    return keys[part]
