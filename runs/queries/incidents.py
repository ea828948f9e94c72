"""Incidents as people read them: who sees one, who may look into it, the list, the bands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import AgentKey, Person
from portal.core.pagination import keyset
from registry.queries.across import workflow_names
from runs.models import Incident, IncidentNote, Run
from runs.rules.incidents import REASON_WORDS

ORDER = ("-opened_at", "-id")
BAND_MAX = 3
_STATES = {
    Incident.State.OPEN: ("Open", "failed"),
    Incident.State.EXPLAINED: ("Explained", "done"),
    Incident.State.CONFIRMED: ("Confirmed unauthorised", "held"),
}


@dataclass(frozen=True)
class Choice:
    slug: str
    name: str


@dataclass(frozen=True)
class IncidentFilter:
    """What the list is narrowed to. Empty means everything."""

    workflow: str = ""
    state: str = ""
    system: str = ""
    mine: bool = False

    @property
    def is_empty(self) -> bool:
        return self == IncidentFilter()


@dataclass(frozen=True)
class IncidentRow:
    """One incident in a list or a band."""

    id: UUID
    headline: str
    why: str
    workflow: str
    run_id: UUID | None
    state: str
    state_word: str
    state_mark: str
    opened_at: datetime
    happened_at: datetime
    taken_by: str


@dataclass(frozen=True)
class IncidentList:
    rows: tuple[IncidentRow, ...]
    next_cursor: str | None
    previous_cursor: str | None
    workflows: tuple[Choice, ...]
    systems: tuple[str, ...]


@dataclass(frozen=True)
class NoteShown:
    who: str
    words: str
    reason: str
    text: str
    evidence: str
    at: datetime


def incidents_seen_by(actor: Actor) -> QuerySet[Incident]:
    """Give the incidents of workflows that a person may view; of none, to who sees all."""
    return access.visible(
        Incident.objects.all(), actor=actor, workflow_path="workflow_id"
    )


def incident_seen_by(actor: Actor, incident_id: UUID) -> Incident:
    """Give one incident, or raise NotFound. Two queries."""
    rows = incidents_seen_by(actor).select_related(
        "workflow", "run__agent", "change__source", "taken_by"
    )
    return access.visible_or_404(rows, id=incident_id)


def run_seen_by(actor: Actor, run_id: UUID) -> Run:
    """Give a run that a person may see, or raise NotFound. Two queries."""
    rows = access.visible(
        Run.objects.select_related("workflow", "agent"),
        actor=actor,
        workflow_path="workflow_id",
    )
    return access.visible_or_404(rows, id=run_id)


def may_look_into(actor: Actor, workflow_id: UUID | None) -> bool:
    """Say whether a person may take on and settle incidents here. At most four queries.

    Business, risk and escalation owner of the workflow, and the risk team everywhere.
    """
    if workflow_id is None:
        return access.holds_everywhere(actor, access.ASSESS)
    return access.may(actor, access.ASSESS, workflow_id) or access.may(
        actor, access.RESOLVE, workflow_id
    )


def why_not_explain(actor: Actor, incident: Incident) -> str | None:
    """Say why a person may not explain an incident away, or None. At most one query."""
    if incident.run is None:
        return None
    agent = incident.run.agent
    owners = AgentKey.objects.filter(agent=agent.id).values_list(
        "created_by_id", flat=True
    )
    if actor.id == agent.operator_id or actor.id in set(owners):
        return (
            "You stand behind this agent, so another person explains what it did."
            " You can confirm that nobody allowed it."
        )
    return None


def incidents_for(
    *, actor: Actor, asked: IncidentFilter, cursor: str | None
) -> IncidentList:
    """Give one page of incidents, newest first. About six queries."""
    seen = incidents_seen_by(actor)
    page = keyset(_narrowed(seen, actor, asked), order=ORDER, cursor=cursor)
    systems = (
        seen.exclude(system="").order_by("system").values_list("system", flat=True)
    )
    return IncidentList(
        rows=tuple(_row(each) for each in page.items),
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
        workflows=tuple(
            Choice(each.slug, each.name) for each in workflow_names(actor=actor)
        ),
        systems=tuple(systems.distinct()[:50]),
    )


def _narrowed(
    rows: QuerySet[Incident], actor: Actor, asked: IncidentFilter
) -> QuerySet[Incident]:
    rows = rows.select_related("workflow", "taken_by")
    if asked.workflow == "none":
        rows = rows.filter(workflow=None)
    elif asked.workflow:
        rows = rows.filter(workflow__slug=asked.workflow)
    if asked.state == "counted":
        rows = rows.exclude(state=Incident.State.EXPLAINED)
    elif asked.state:
        rows = rows.filter(state=asked.state)
    if asked.system:
        rows = rows.filter(system=asked.system)
    return rows.filter(taken_by=actor.id) if asked.mine else rows


def open_incidents_of(
    *, actor: Actor, workflow: str = "", run_id: UUID | None = None
) -> tuple[IncidentRow, ...]:
    """Give the newest open incidents of a workflow or a run, for its band. Two queries."""
    wanted = Q(run=run_id) if run_id else Q(workflow__slug=workflow)
    rows = incidents_seen_by(actor).filter(wanted, state=Incident.State.OPEN)
    rows = rows.select_related("workflow", "taken_by").order_by(*ORDER)
    return tuple(_row(each) for each in rows[: BAND_MAX + 1])


def open_count(actor: Actor, *, most: int = 1000) -> int:
    """Count the open incidents that this person may look into, up to a thousand."""
    rows = incidents_seen_by(actor).filter(state=Incident.State.OPEN)
    may = access.visible(
        rows, actor=actor, permission=access.ASSESS, workflow_path="workflow_id"
    )
    return may.order_by().values("id")[: most + 1].count()


def notes_of(incident: Incident) -> tuple[NoteShown, ...]:
    """Give what was done about an incident, oldest first. One query."""
    rows = IncidentNote.objects.filter(incident=incident).select_related("person")
    return tuple(
        NoteShown(
            who=row.person.name if row.person else "Countersign",
            words=IncidentNote.Kind(row.kind).label,
            reason=REASON_WORDS.get(row.reason_code, ""),
            text=row.text,
            evidence=row.evidence,
            at=row.noted_at,
        )
        for row in rows.order_by("noted_at", "id")
    )


def row_of(incident: Incident) -> IncidentRow:
    """Give an incident as lists show it."""
    return _row(incident)


def risk_team_ids() -> frozenset[UUID]:
    """Give who is told of what belongs to no workflow: who assesses everywhere."""
    rows = Person.objects.filter(
        is_active=True,
        groups__permissions__codename=access.ASSESS,
        groups__permissions__content_type__app_label="registry",
    )
    return frozenset(rows.values_list("id", flat=True).distinct())


def _row(incident: Incident) -> IncidentRow:
    word, mark = _STATES[Incident.State(incident.state)]
    return IncidentRow(
        id=incident.id,
        headline=incident.headline,
        why=incident.why,
        workflow=incident.workflow.name if incident.workflow else "",
        run_id=incident.run_id,
        state=incident.state,
        state_word=word,
        state_mark=mark,
        opened_at=incident.opened_at,
        happened_at=incident.happened_at,
        taken_by=incident.taken_by.name if incident.taken_by else "",
    )


STATE_CHOICES: Mapping[str, str] = {
    "counted": "Open or confirmed",
    "OPEN": "Open",
    "CONFIRMED": "Confirmed unauthorised",
    "EXPLAINED": "Explained",
}
