"""A draft from the file form of the one page: a new workflow, or the next draft of a known one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Department, Person
from portal.core.errors import Invalid
from registry.models import Workflow
from registry.models.version import VersionState
from registry.operations.drafts import save_draft
from registry.operations.guards import workflow_for
from registry.operations.packets import new_version
from registry.operations.registering import register_workflow
from registry.rules.document import DocumentError, from_toml
from registry.rules.file_text import Readable, text_of_file
from registry.rules.measures import How


def read_page(text: str) -> dict[str, Any]:
    """Read the file form. Raises Invalid with every problem, by its line."""
    try:
        return from_toml(text)
    except DocumentError as error:
        raise _as_invalid(error) from error


def read_file(file: Readable) -> dict[str, Any]:
    """Read a file of the file form, never more than a page may have. Raises Invalid."""
    try:
        return from_toml(text_of_file(file))
    except DocumentError as error:
        raise _as_invalid(error) from error


def _as_invalid(error: DocumentError) -> Invalid:
    fields: dict[str, str] = {}
    for problem in error.problems:
        line = f"line {problem.line}" if problem.line else ""
        place = ", ".join(filter(None, (line, problem.path))) or "file"
        fields[place] = (
            f"{fields[place]} {problem.text}" if place in fields else problem.text
        )
    return Invalid(fields, detail=str(error))


def load_page(
    *,
    actor: Actor,
    document: Mapping[str, Any],
    roles: Mapping[str, Person] | None = None,
    now: datetime,
) -> Workflow:
    """Make a draft of what a read file says: one operation, or two for a workflow that is live.

    Raises Invalid for an unknown department, Conflict while a version
    waits for signatures.
    """
    workflow = Workflow.objects.filter(slug=document["workflow"]).first()
    if workflow is None:
        return register_workflow(
            actor=actor,
            name=document.get("name") or document["workflow"],
            slug=document["workflow"],
            department=_department(document),
            document=document,
            roles=roles,
            now=now,
        )
    load_into(actor=actor, workflow_id=workflow.id, document=document, now=now)
    return workflow


def load_into(
    *,
    actor: Actor,
    workflow_id: UUID,
    document: Mapping[str, Any],
    revision: int | None = None,
    now: datetime,
) -> None:
    """Replace the draft of a known workflow, or begin one, with what a file says.

    Raises Conflict when `revision` is given and somebody has saved since.
    """
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    draft = workflow.versions.filter(state=VersionState.DRAFT).first()
    if draft is None:
        draft = new_version(actor=actor, workflow_id=workflow_id, now=now)
    save_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=draft.revision if revision is None else revision,
        document=_nothing_measured(document, draft.document),
        what="loaded from a file",
        now=now,
    )


def _nothing_measured(
    document: Mapping[str, Any], draft: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Give the page with baselines as stated: only what was counted here is measured here.

    One that the draft has in the same words was counted here, and stays so.
    """
    rows = document.get("baselines")
    if not isinstance(rows, list):
        return document
    known = draft.get("baselines") or ()
    stated = [
        {**row, "how": How.TYPED.value}
        if isinstance(row, Mapping)
        and row.get("how") == How.MEASURED
        and row not in known
        else row
        for row in rows
    ]
    return {**document, "baselines": stated}


def _department(document: Mapping[str, Any]) -> Department:
    named = document.get("department") or ""
    found = Department.objects.filter(slug=named).first()
    found = found or Department.objects.filter(name__iexact=named).first()
    if found is None:
        known = ", ".join(
            Department.objects.order_by("slug").values_list("slug", flat=True)
        )
        raise Invalid(
            {"department": f"There is no department “{named}”; known are {known}."}
        )
    return found
