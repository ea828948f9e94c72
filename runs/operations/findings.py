"""What a review found: who looks after it, until when, and the evidence that closes it."""

from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Forbidden, Invalid, NotFound
from runs.models import Finding, ReviewWeek, SampledRun
from runs.operations.weeks import locked_week

TEXT_MAX = 1_000
FACT_MAX = 200


@operation(leaves="review.finding_added")
def add_finding(
    *,
    actor: Actor,
    week_id: UUID,
    run_id: UUID | None,
    kind: str,
    text: str,
    owner_id: UUID | None,
    due_on: date | None,
    now: datetime,
) -> UUID:
    """Add a finding to an open week, about one of its runs or the whole of it.

    Locks the week. Raises NotFound, Forbidden, AlreadyDone, Invalid by field.
    """
    week = locked_week(actor=actor, week_id=week_id)
    problems = _problems(week, kind, text, owner_id, due_on, now)
    if problems or owner_id is None or due_on is None:
        raise Invalid(problems)
    sampled = None
    if run_id is not None:
        sampled = SampledRun.objects.filter(week=week, run_id=run_id).first()
        if sampled is None:
            raise NotFound("This run is not in the week's sample.")
    finding = Finding.objects.create(
        week=week,
        workflow_id=week.workflow_id,
        sampled=sampled,
        kind=kind,
        text=text.strip(),
        owner_id=owner_id,
        due_on=due_on,
        found_by_id=actor.id,
        found_at=now,
    )
    record(
        "review.finding_added",
        actor=actor,
        subject=("finding", finding.id),
        workflow_id=week.workflow_id,
        text=finding.text[:FACT_MAX],
        kind=kind,
        owner=str(owner_id),
        due_on=finding.due_on.isoformat(),
    )
    return finding.id


@operation(leaves="review.finding_closed")
def close_finding(
    *, actor: Actor, finding_id: UUID, evidence: str, now: datetime
) -> UUID:
    """Close a finding with what shows that it is done; gives its week.

    Its owner may, and every assessor of the workflow. Locks the finding. Raises
    NotFound, Forbidden, AlreadyDone with who and when, Invalid without evidence.
    """
    seen = access.visible(
        Finding.objects.all(), actor=actor, workflow_path="workflow_id"
    )
    if not seen.filter(id=finding_id).exists():
        raise NotFound("There is nothing here, or you may not see it.")
    finding = (
        Finding.objects.select_for_update(no_key=True, of=("self",))
        .select_related("closed_by", "owner")
        .get(id=finding_id)
    )
    is_owner = finding.owner_id == actor.id
    if not is_owner and not access.may(actor, access.ASSESS, finding.workflow_id):
        raise Forbidden(
            "Its owner closes a finding, or an assessor of the workflow.",
            who_can_help=f"{finding.owner.name} can.",
        )
    if finding.closed_at is not None:
        raise AlreadyDone(
            "finding.closed",
            "This finding is closed already.",
            who=finding.closed_by.name if finding.closed_by else None,
            at=finding.closed_at,
        )
    text = evidence.strip()
    if not text or len(text) > TEXT_MAX:
        raise Invalid(
            {"evidence": f"Say what shows that it is done, in {TEXT_MAX:,} characters."}
        )
    finding.closed_at, finding.closed_by_id, finding.evidence = now, actor.id, text
    finding.save(update_fields=["closed_at", "closed_by", "evidence"])
    record(
        "review.finding_closed",
        actor=actor,
        subject=("finding", finding.id),
        workflow_id=finding.workflow_id,
        text=finding.text[:FACT_MAX],
        evidence=text[:FACT_MAX],
    )
    return finding.week_id


def _problems(
    week: ReviewWeek,
    kind: str,
    text: str,
    owner_id: UUID | None,
    due_on: date | None,
    now: datetime,
) -> dict[str, str]:
    problems = {}
    if kind not in Finding.Kind.values:
        problems["kind"] = "Choose what kind of finding it is."
    if not text.strip() or len(text) > TEXT_MAX:
        problems["text"] = f"Say what was found, in at most {TEXT_MAX:,} characters."
    people = access.people_with(week.workflow_id, access.VIEW)
    if owner_id is None or not people.filter(id=owner_id).exists():
        problems["owner"] = "Choose a person who sees this workflow."
    if due_on is None or due_on < timezone.localtime(now).date():
        problems["due_on"] = "Choose a day from today on."
    return problems
