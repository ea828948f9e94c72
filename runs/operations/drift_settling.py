"""An assessor makes a finding of a drift alarm, or dismisses it and says why. Once."""

from datetime import date, datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Forbidden, Invalid, NotFound
from runs.models import DriftAlarm
from runs.operations.findings import keep_finding
from runs.operations.weeks import locked_week
from runs.rules.questions import who_can_help

REASON_MAX = 1_000
FACT_MAX = 200


@operation(leaves="review.drift_accepted")
def accept_alarm(
    *,
    actor: Actor,
    alarm_id: UUID,
    week_id: UUID,
    kind: str,
    text: str,
    owner_id: UUID | None,
    due_on: date | None,
    about: str = "",
    now: datetime,
) -> UUID:
    """Make a finding of an alarm, in an open week of its workflow; gives the finding.

    Locks the week, then the alarm. Raises NotFound, Forbidden, AlreadyDone once it is
    settled or the week signed, and Invalid by field.
    """
    week = locked_week(actor=actor, week_id=week_id)
    alarm = _open_alarm(actor, alarm_id)
    if alarm.workflow_id != week.workflow_id:
        raise NotFound("There is nothing here, or you may not see it.")
    finding = keep_finding(
        actor=actor,
        week=week,
        run_id=None,
        kind=kind,
        text=text,
        owner_id=owner_id,
        due_on=due_on,
        about=about,
        now=now,
    )
    _settle(alarm, DriftAlarm.State.ACCEPTED, actor, now, finding_id=finding.id)
    record(
        "review.drift_accepted",
        actor=actor,
        subject=("drift_alarm", alarm.id),
        workflow_id=alarm.workflow_id,
        text=finding.text[:FACT_MAX],
        finding=str(finding.id),
    )
    return finding.id


@operation(leaves="review.drift_dismissed")
def dismiss_alarm(*, actor: Actor, alarm_id: UUID, reason: str, now: datetime) -> None:
    """Dismiss an alarm with a reason; both are kept. Locks the alarm.

    Raises NotFound, Forbidden, AlreadyDone once it is settled, Invalid without a reason.
    """
    alarm = _open_alarm(actor, alarm_id)
    text = reason.strip()
    if not text or len(text) > REASON_MAX:
        limit = f"{REASON_MAX:,}"
        raise Invalid({"reason": f"Say why it is nothing, in {limit} characters."})
    _settle(alarm, DriftAlarm.State.DISMISSED, actor, now, reason=text)
    record(
        "review.drift_dismissed",
        actor=actor,
        subject=("drift_alarm", alarm.id),
        workflow_id=alarm.workflow_id,
        reason=text[:FACT_MAX],
    )


@step
def _open_alarm(actor: Actor, alarm_id: UUID) -> DriftAlarm:
    """Lock an alarm that waits, for an assessor of its workflow."""
    seen = access.visible(
        DriftAlarm.objects.all(), actor=actor, workflow_path="workflow_id"
    )
    if not seen.filter(id=alarm_id).exists():
        raise NotFound("There is nothing here, or you may not see it.")
    alarm = (
        DriftAlarm.objects.select_for_update(no_key=True, of=("self",))
        .select_related("settled_by")
        .get(id=alarm_id)
    )
    if not access.may(actor, access.ASSESS, alarm.workflow_id):
        people = access.people_with(alarm.workflow_id, access.ASSESS)
        raise Forbidden(
            "An assessor of the workflow settles an alarm.",
            who_can_help=who_can_help([person.name for person in people]),
        )
    if alarm.state != DriftAlarm.State.OPEN:
        raise AlreadyDone(
            "drift.settled",
            "This alarm is settled already.",
            who=alarm.settled_by.name if alarm.settled_by else None,
            at=alarm.settled_at,
        )
    return alarm


@step
def _settle(
    alarm: DriftAlarm,
    state: DriftAlarm.State,
    actor: Actor,
    now: datetime,
    *,
    reason: str = "",
    finding_id: UUID | None = None,
) -> None:
    alarm.state, alarm.settled_at, alarm.settled_by_id = state, now, actor.id
    alarm.reason, alarm.finding_id = reason, finding_id
    alarm.save(update_fields=["state", "settled_at", "settled_by", "reason", "finding"])
