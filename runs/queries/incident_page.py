"""One incident: what was said, why nothing covers it, who looks into it, what was done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.accounts.actors import Actor
from registry.queries.people import role_holder_names
from runs.models import ChangeRow, Incident, ReportedChange
from runs.queries.changes import change_of
from runs.queries.incidents import (
    IncidentRow,
    NoteShown,
    incident_seen_by,
    may_look_into,
    notes_of,
    row_of,
    why_not_explain,
)
from runs.rules.change_words import change as change_words
from runs.rules.matching import Change


@dataclass(frozen=True)
class Said:
    """What the system told, field by field."""

    source: str
    at: datetime
    received_at: datetime
    fields: tuple[tuple[str, str], ...]
    event_id: str
    file: str


@dataclass(frozen=True)
class IncidentPage:
    """Everything that the page of one incident shows."""

    row: IncidentRow
    kind: str
    workflow_slug: str
    run_title: str
    said: Said | None
    owners: tuple[str, ...]
    notes: tuple[NoteShown, ...]
    is_open: bool
    may_look: bool
    may_take: bool
    may_reopen: bool
    why_not_explain: str | None


def incident_page(*, actor: Actor, incident_id: UUID) -> IncidentPage:
    """Give one incident. About ten queries. Raises NotFound for who may not see it."""
    incident = incident_seen_by(actor, incident_id)
    change = incident.change
    is_open = incident.state == Incident.State.OPEN
    may_look = may_look_into(actor, incident.workflow_id)
    is_covered = change is not None and change.state == ReportedChange.State.MATCHED
    return IncidentPage(
        row=row_of(incident),
        kind=incident.kind,
        workflow_slug=incident.workflow.slug if incident.workflow else "",
        run_title=incident.run.title if incident.run else "",
        said=_said(change) if change else None,
        owners=role_holder_names(
            incident.workflow_id, "business_owner", "risk_owner", "escalation_owner"
        )
        if incident.workflow_id
        else (),
        notes=notes_of(incident),
        is_open=is_open,
        may_look=may_look,
        may_take=may_look and is_open and incident.taken_by_id != actor.id,
        may_reopen=may_look and not is_open and not is_covered,
        why_not_explain=why_not_explain(actor, incident) if may_look else None,
    )


def _said(change: ReportedChange) -> Said:
    row = (
        ChangeRow.objects.filter(
            event_id=change.source_event_id, source__source=change.source_id
        )
        .select_related("source")
        .first()
    )
    return Said(
        source=change.source.name,
        at=change.at,
        received_at=change.received_at,
        fields=tuple((name, text) for name, text in _fields(change) if text),
        event_id=change.source_event_id,
        file=f"line {row.line} of {row.source.file_name}" if row else "",
    )


def _fields(change: ReportedChange) -> list[tuple[str, str]]:
    facts: dict[str, Any] = {"field": change.field or "a change", **change.facts}
    return [
        ("What changed", change_words(facts)),
        ("Of what", change.resource),
        ("System", change.system),
        ("Verb", change.verb),
        ("Grant that it names", change.named_grant or "none"),
        ("Workflow that it names", change.named_workflow),
        ("Run that it names", change.named_run),
    ]


def change_of_incident(
    *, actor: Actor, incident_id: UUID
) -> tuple[Change | None, UUID | None]:
    """Give an incident's change as matching sees it, and its run. Raises NotFound."""
    incident = incident_seen_by(actor, incident_id)
    row = incident.change
    if row is None:
        return None, incident.run_id
    return change_of(row), row.run_id
