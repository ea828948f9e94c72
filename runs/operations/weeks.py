"""A week of review opens by itself and is shared out; `signing` freezes it."""

import secrets
from datetime import date, datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import SYSTEM, Actor
from portal.audit.operation import operation, record, step
from portal.core.digest import canonical, sha256_of
from portal.core.errors import AlreadyDone, Conflict, Forbidden, NotFound
from portal.core.ids import new_id
from portal.core.locks import OPENING_WEEKS, lock_exclusive
from runs.models import ReviewWeek, Run, SampledRun
from runs.queries.populations import WEEK, candidates_in, due_weeks, loads_of, monday_of
from runs.rules.questions import who_can_help
from runs.rules.sampling import Candidate, Draw, draw, share_out

SECRET_BYTES = 32


def open_due_weeks(*, now: datetime) -> int:
    """Open the weeks that are due; says how many. Two openers at once are harmless."""
    opened = 0
    for due in due_weeks(now=now):
        try:
            open_week(
                actor=SYSTEM,
                workflow_id=due.workflow_id,
                starts_on=due.starts_on,
                now=now,
            )
        except AlreadyDone:
            continue
        opened += 1
    return opened


@operation(leaves="review.week_opened")
def open_week(
    *, actor: Actor, workflow_id: UUID, starts_on: date, now: datetime
) -> UUID:
    """Seal the runs of a week that is over, draw the sample and share it out.

    Takes the lock of opening, so that a week opens once. Raises AlreadyDone when it is
    open, Conflict while the week still runs.
    """
    if starts_on + WEEK > monday_of(now):
        raise Conflict("week.runs", "This week is not over yet.")
    lock_exclusive(OPENING_WEEKS)
    if _is_open(workflow_id, starts_on):
        raise AlreadyDone("week.open", "This week is open already.")
    secret = secrets.token_bytes(SECRET_BYTES)
    candidates = candidates_in(workflow_id=workflow_id, starts_on=starts_on)
    found = draw(secret=secret, workflow=str(workflow_id), candidates=candidates)
    week = ReviewWeek.objects.create(
        workflow_id=workflow_id,
        starts_on=starts_on,
        seed=secret,
        population_count=len(candidates),
        population_digest=_population_digest(candidates),
        strata=_strata(found),
        opened_at=now,
    )
    _keep_sample(week, found)
    record(
        "review.week_opened",
        actor=actor,
        subject=("week", week.id),
        workflow_id=workflow_id,
        week=starts_on.isoformat(),
        count=len(found.drawn),
        population=len(candidates),
        population_digest=week.population_digest,
    )
    return week.id


def _is_open(workflow_id: UUID, starts_on: date) -> bool:
    return ReviewWeek.objects.filter(
        workflow_id=workflow_id, starts_on=starts_on
    ).exists()


@step
def _keep_sample(week: ReviewWeek, found: Draw) -> None:
    shares = share_out(len(found.drawn), loads_of(workflow_id=week.workflow_id))
    SampledRun.objects.bulk_create(
        SampledRun(
            id=new_id(),
            week=week,
            run_id=UUID(one.run),
            position=position,
            stratum=one.layer.value,
            why=one.why[:200],
            probability=one.probability,
            assigned_to_id=UUID(who) if who else None,
        )
        for position, (one, who) in enumerate(
            zip(found.drawn, shares, strict=True), start=1
        )
    )
    # A flag asks for one reading; the week that reads it has answered it.
    flagged = [one.run for one in found.drawn if "flagged" in one.why]
    Run.objects.filter(id__in=flagged).update(is_flagged=False)


def _population_digest(candidates: list[Candidate]) -> str:
    return sha256_of(canonical(sorted(candidate.run for candidate in candidates)))


def _strata(found: Draw) -> dict[str, dict[str, object]]:
    return {
        layer.value: {
            "population": size,
            "drawn": sum(one.layer == layer for one in found.drawn),
            "probability": str(found.probabilities[layer]),
        }
        for layer, size in found.sizes.items()
    }


@step
def locked_week(*, actor: Actor, week_id: UUID) -> ReviewWeek:
    """Lock an open week for an assessor of its workflow.

    Raises what `week_of_assessor` raises, and AlreadyDone with who and when once it is
    signed.
    """
    week = week_of_assessor(actor=actor, week_id=week_id)
    if week.state == ReviewWeek.State.SIGNED:
        raise AlreadyDone(
            "week.signed",
            "This week is signed and never changes again.",
            who=week.signed_by.name if week.signed_by else None,
            at=week.signed_at,
        )
    return week


@step
def week_of_assessor(*, actor: Actor, week_id: UUID) -> ReviewWeek:
    """Lock a week, open or signed, for an assessor of its workflow.

    Raises NotFound for who may not see it, and Forbidden for who may not assess it.
    """
    seen = access.visible(
        ReviewWeek.objects.all(), actor=actor, workflow_path="workflow_id"
    )
    if not seen.filter(id=week_id).exists():
        raise NotFound("There is nothing here, or you may not see it.")
    week = (
        ReviewWeek.objects.select_for_update(no_key=True, of=("self",))
        .select_related("signed_by")
        .get(id=week_id)
    )
    if not access.may(actor, access.ASSESS, week.workflow_id):
        names = [
            person.name
            for person in access.people_with(week.workflow_id, access.ASSESS)
        ]
        raise Forbidden(
            "You may read this week and not review it.",
            who_can_help=who_can_help(names),
        )
    return week
