"""Incidents: opened by the portal, taken on and settled by people, never by time."""

from datetime import datetime
from uuid import UUID

from portal.accounts.actors import SYSTEM, Actor
from portal.accounts.operations.telling import tell
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from runs.models import Incident, IncidentNote, ReportedChange, Run
from runs.operations.moments import append_moment, lock_run
from runs.queries.incidents import incident_seen_by, may_look_into, why_not_explain
from runs.rules import folding
from runs.rules.incidents import REASON_WORDS, WAYS, headline_of, told_headline

TEXT_MAX = 1000
NOTES_MAX = 200
HEALED_MAX = 100
SECURITY_STREAM = "security"


@step
def open_incident_of_change(
    row: ReportedChange, *, code: str, why: str, now: datetime
) -> UUID:
    """Open an incident for a change that no grant covers, and raise the alarm."""
    headline = headline_of(
        row.source.name, row.system, row.resource, row.field, row.facts
    )
    incident = Incident.objects.create(
        kind=Incident.Kind.CHANGE,
        workflow_id=row.workflow_id,
        run_id=row.run_id,
        change=row,
        code=code,
        headline=headline,
        why=why[:500],
        system=row.system,
        happened_at=row.at,
        opened_at=now,
    )
    _open(incident, now)
    return incident.id


@step
def open_incident_of_run(run: Run, *, now: datetime) -> None:
    """Open an incident for what an agent itself told of without a grant, or add to it.

    The caller holds the run's lock. One a run: what comes after makes it larger, and
    opens it again if it was explained.
    """
    number = _told_now(run)
    if not number:
        return
    known = Incident.objects.filter(run_id=run.id, kind=Incident.Kind.TOLD).first()
    if known is None:
        incident = Incident.objects.create(
            kind=Incident.Kind.TOLD,
            workflow_id=run.workflow_id,
            run_id=run.id,
            code="told",
            headline=told_headline(number),
            why="The agent's own events speak of it, and no grant was redeemed for it.",
            actions=number,
            happened_at=run.last_event_at,
            opened_at=now,
        )
        _open(incident, now)
        return
    was_settled = known.state == Incident.State.EXPLAINED
    if known.actions >= number and not was_settled:
        return
    known.actions, known.headline = number, told_headline(number)
    if was_settled:
        known.state, known.settled_at = Incident.State.OPEN, None
    known.save(update_fields=("actions", "headline", "state", "settled_at"))
    kind = IncidentNote.Kind.OPENED if was_settled else IncidentNote.Kind.GREW
    _note(known, kind, now, text=known.headline)
    record(
        "incident.grew",
        actor=SYSTEM,
        subject=("incident", known.id),
        workflow_id=known.workflow_id,
        headline=known.headline,
    )
    _alarm(known, now)


def _told_now(run: Run) -> int:
    """Count what the agent told without a grant, less what a person explained."""
    explained = run.fold.get("told_explained", ("", 0))[1]
    return max(0, folding.told_without_grant(run.fold) - explained)


@operation(leaves="incident.healed")
def heal_told(*, now: datetime) -> int:
    """Settle incidents of runs whose grants were redeemed after all; says how many.

    Raises AlreadyDone when there is none.
    """
    healed = (
        Incident.objects.select_for_update(no_key=True, of=("self",), skip_locked=True)
        .filter(
            kind=Incident.Kind.TOLD,
            state=Incident.State.OPEN,
            run__unauthorised_count=0,
        )
        .order_by("id")[:HEALED_MAX]
    )
    incidents = list(healed)
    if not incidents:
        raise AlreadyDone("incident.none_healed", "No incident heals by itself now.")
    for incident in incidents:
        incident.state, incident.settled_at = Incident.State.EXPLAINED, now
        incident.save(update_fields=("state", "settled_at"))
        text = "Its grants turn out to be redeemed."
        _note(incident, IncidentNote.Kind.HEALED, now, text=text)
        _record("incident.healed", incident, SYSTEM)
    return len(incidents)


@step
def heal_incident(*, change_id: UUID, headline: str, now: datetime) -> None:
    """Settle an incident whose grant was found after all; the portal did that itself."""
    incident = Incident.objects.select_for_update(no_key=True, of=("self",)).get(
        change_id=change_id
    )
    change = ReportedChange.objects.get(id=change_id)
    incident.state, incident.settled_at = Incident.State.EXPLAINED, now
    incident.workflow_id, incident.run_id = change.workflow_id, change.run_id
    incident.save(update_fields=("state", "settled_at", "workflow_id", "run_id"))
    _note(
        incident,
        IncidentNote.Kind.HEALED,
        now,
        text=f"Covered by: {headline}"[:TEXT_MAX],
    )
    _record("incident.healed", incident, SYSTEM)


@step
def follow_merge(*, source_id: UUID, target_id: UUID) -> None:
    """Let what systems reported of one run belong to the run that it became part of.

    What both agents told stays two incidents; that of the emptied run is told in it.
    """
    ReportedChange.objects.filter(run_id=source_id).update(run_id=target_id)
    moving = Incident.objects.filter(run_id=source_id)
    if Incident.objects.filter(run_id=target_id, kind=Incident.Kind.TOLD).exists():
        moving = moving.filter(kind=Incident.Kind.CHANGE)
    moving.update(run_id=target_id)


@operation(leaves="incident.taken")
def take_incident(*, actor: Actor, incident_id: UUID, now: datetime) -> None:
    """Take an incident on to look into; others may still settle it. Raises Conflict."""
    incident = _locked(actor, incident_id)
    if incident.state != Incident.State.OPEN:
        raise _settled_before(incident)
    if incident.taken_by_id == actor.id:
        raise AlreadyDone("incident.taken", "You look into this already.")
    incident.taken_by_id, incident.taken_at = actor.id, now
    incident.save(update_fields=("taken_by", "taken_at"))
    _note(incident, IncidentNote.Kind.TAKEN, now, actor=actor)
    _record("incident.taken", incident, actor)


@operation(leaves="incident.settled")
def settle_incident(
    *,
    actor: Actor,
    incident_id: UUID,
    way: str,
    reason_code: str,
    text: str,
    evidence: str,
    now: datetime,
) -> str:
    """Explain an incident, or confirm that nobody allowed what was done.

    Explaining takes it out of the number, so it needs a reason and where one looked, and
    is not for who stands behind the agent. Raises Forbidden, Invalid, Conflict.
    """
    incident = _locked(actor, incident_id)
    if incident.state != Incident.State.OPEN:
        raise _settled_before(incident)
    if way == "EXPLAINED":
        objection = why_not_explain(actor, incident)
        if objection:
            raise Forbidden(objection, code="incident.not_yours")
    text, evidence = text.strip(), evidence.strip()
    _require_reason(way, reason_code, text, evidence)
    incident.state, incident.settled_at = way, now
    incident.save(update_fields=("state", "settled_at"))
    code = reason_code if way == "EXPLAINED" else ""
    _note(
        incident,
        way,
        now,
        actor=actor,
        reason_code=code,
        text=text,
        evidence=evidence,
    )
    words = ". ".join(part for part in (REASON_WORDS.get(code, ""), text) if part)
    _say_in_run(incident, way.lower(), words, actor, now)
    _record("incident.settled", incident, actor, how=WAYS[way], reason=words)
    return way


@operation(leaves="incident.reopened")
def reopen_incident(
    *, actor: Actor, incident_id: UUID, text: str, now: datetime
) -> None:
    """Open a settled incident again, with a reason; it counts as before."""
    incident = _locked(actor, incident_id)
    if incident.state == Incident.State.OPEN:
        raise AlreadyDone("incident.open", "This incident is open.")
    is_matched = (
        incident.change is not None
        and incident.change.state == ReportedChange.State.MATCHED
    )
    if is_matched:
        raise Conflict("incident.covered", "A grant covers this; nothing is left open.")
    text = text.strip()
    if not text or len(text) > TEXT_MAX:
        raise Invalid({"text": f"Say why, in at most {TEXT_MAX:,} characters."})
    incident.state, incident.settled_at = Incident.State.OPEN, None
    incident.save(update_fields=("state", "settled_at"))
    _note(incident, IncidentNote.Kind.REOPENED, now, actor=actor, text=text)
    _say_in_run(incident, "unmatched", incident.why, actor, now)
    _record("incident.reopened", incident, actor, reason=text)


@step
def _open(incident: Incident, now: datetime) -> None:
    _note(incident, IncidentNote.Kind.OPENED, now, text=incident.why)
    record(
        "incident.opened",
        actor=SYSTEM,
        subject=("incident", incident.id),
        workflow_id=incident.workflow_id,
        stream=None if incident.workflow_id else SECURITY_STREAM,
        headline=incident.headline,
        why=incident.why,
    )
    _alarm(incident, now)


@step
def _alarm(incident: Incident, now: datetime) -> None:
    tell(
        kind="unauthorised_change",
        subject=("incident", incident.id),
        workflow_id=incident.workflow_id,
        at=now,
    )


@step
def _say_in_run(
    incident: Incident, verdict: str, sentence: str, actor: Actor, now: datetime
) -> None:
    """Let the run tell of it, and the run's number with it."""
    if incident.run_id is None:
        return
    facts: dict[str, object] = {
        "verdict": verdict,
        "sentence": sentence,
        "incident": str(incident.id),
        "by": actor.name,
    }
    if incident.change is not None:
        facts["event"] = str(incident.change.event_id)
    elif incident.run is not None:
        facts["told"] = folding.told_without_grant(incident.run.fold)
    append_moment(
        run_id=incident.run_id, kind="reconciled", at=now, facts=facts, actor=actor
    )


@step
def _note(
    incident: Incident,
    kind: str,
    now: datetime,
    *,
    actor: Actor | None = None,
    **words: str,
) -> None:
    if incident.notes.count() >= NOTES_MAX:
        raise Conflict(
            "incident.notes_many", f"At most {NOTES_MAX} notes are kept on one."
        )
    IncidentNote.objects.create(
        incident=incident,
        kind=kind,
        person_id=actor.id if actor else None,
        noted_at=now,
        **words,
    )


@step
def _record(name: str, incident: Incident, actor: Actor, **facts: str) -> None:
    record(
        name,
        actor=actor,
        subject=("incident", incident.id),
        workflow_id=incident.workflow_id,
        stream=None if incident.workflow_id else SECURITY_STREAM,
        headline=incident.headline,
        **facts,
    )


@step
def _locked(actor: Actor, incident_id: UUID) -> Incident:
    """Lock the run, then the incident, as matching does. Raises NotFound, Forbidden."""
    seen = incident_seen_by(actor, incident_id)
    if seen.run_id is not None:
        lock_run(run_id=seen.run_id)
    incident = (
        Incident.objects.select_for_update(no_key=True, of=("self",))
        .select_related("change", "run__agent")
        .get(id=incident_id)
    )
    if not may_look_into(actor, incident.workflow_id):
        raise Forbidden(
            "You may read this incident, but you may not look into it.",
            code="incident.not_yours",
            who_can_help="The business owner, the risk owner and the escalation owner of"
            " the workflow, and the risk team.",
        )
    return incident


def _require_reason(way: str, reason_code: str, text: str, evidence: str) -> None:
    wrong = {}
    if way not in WAYS:
        raise Invalid({"way": "Say what became of it."})
    if way == "EXPLAINED" and reason_code not in REASON_WORDS:
        wrong["reason_code"] = "Choose what explains it."
    if way == "EXPLAINED" and not evidence:
        wrong["evidence"] = "Say where you looked, so that others can look too."
    if not text:
        wrong["text"] = "Say why, in your own words."
    for name, said in (("text", text), ("evidence", evidence)):
        if len(said) > TEXT_MAX:
            wrong[name] = f"At most {TEXT_MAX:,} characters."
    if wrong:
        raise Invalid(wrong)


def _settled_before(incident: Incident) -> Conflict:
    last = incident.notes.select_related("person").order_by("-noted_at", "-id").first()
    who = last.person.name if last and last.person else "The portal"
    return Conflict(
        "incident.settled",
        f"{who} settled this first.",
        who=who,
        at=incident.settled_at,
    )
