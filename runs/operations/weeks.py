"""A week of review opens by itself and is shared out; `signing` freezes it."""

import secrets
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import SYSTEM, Actor
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Forbidden, NotFound
from portal.core.ids import new_id
from portal.core.locks import OPENING_WEEKS, lock_exclusive
from runs.models import (
    ReviewWeek,
    Run,
    SampledRun,
    SealedPopulation,
    SeededRun,
)
from runs.operations.seeding import known_for
from runs.queries.opening import (
    SETTLES,
    budget_of,
    deciders_of,
    due_weeks,
    loads_of,
    pasts_of,
)
from runs.queries.populations import WEEK, monday_of, runs_of_week
from runs.rules.allocating import WHOLE
from runs.rules.must_see import FLAGGED
from runs.rules.questions import who_can_help
from runs.rules.sampling import (
    DOUBLED,
    Budget,
    Draw,
    Layer,
    draw,
    share_among,
)
from runs.rules.sealed_draw import digest_of_text, population_text

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
    if starts_on + WEEK > monday_of(now - SETTLES):
        raise Conflict("week.runs", "This week is not over yet.")
    lock_exclusive(OPENING_WEEKS)
    if _is_open(workflow_id, starts_on):
        raise AlreadyDone("week.open", "This week is open already.")
    secret = secrets.token_bytes(SECRET_BYTES)
    people = loads_of(workflow_id=workflow_id)
    budget = budget_of(workflow_id=workflow_id, assessors=len(people))
    seen = runs_of_week(workflow_id=workflow_id, starts_on=starts_on, now=now)
    found = draw(
        secret=secret,
        workflow=str(workflow_id),
        candidates=seen.candidates,
        budget=budget,
        pasts=pasts_of(workflow_id=workflow_id, starts_on=starts_on),
    )
    text = population_text(found.population)
    week = ReviewWeek.objects.create(
        workflow_id=workflow_id,
        starts_on=starts_on,
        seed=secret,
        population_count=len(found.population),
        population_digest=digest_of_text(text),
        strata=_strata(found),
        plan=_plan(found, budget, seen.pairs),
        opened_at=now,
    )
    SealedPopulation.objects.create(week=week, body=zlib.compress(text.encode()))
    kept = _keep_sample(week, found, people)
    record(
        "review.week_opened",
        actor=actor,
        subject=("week", week.id),
        workflow_id=workflow_id,
        week=starts_on.isoformat(),
        count=kept,
        population=len(found.population),
        population_digest=week.population_digest,
    )
    return week.id


def _is_open(workflow_id: UUID, starts_on: date) -> bool:
    return ReviewWeek.objects.filter(
        workflow_id=workflow_id, starts_on=starts_on
    ).exists()


@step
def _keep_sample(week: ReviewWeek, found: Draw, people: dict[str, int]) -> int:
    """Keep what is to be read, known cases among it; says how much there is to read."""
    own = deciders_of([UUID(one.run) for one in found.drawn])
    decided = [own.get(UUID(one.run), frozenset()) for one in found.drawn]
    firsts = share_among([()] * len(decided), people, rather_not=decided)
    seconds = _seconds(found, firsts, people, decided)
    rows = [
        SampledRun(
            week=week,
            run_id=UUID(one.run),
            stratum=one.layer.value,
            why=one.why[:200],
            probability=one.probability,
            is_doubled=one.is_doubled,
            assigned_to_id=UUID(first) if first else None,
            second_to_id=UUID(second) if (second := seconds.get(one.run)) else None,
        )
        for one, first in zip(found.drawn, firsts, strict=True)
    ]
    queues = Counter(str(row.assigned_to_id) for row in rows if row.assigned_to_id)
    queues.update(second for second in seconds.values() if second is not None)
    seeded = known_for(week, rows, queues)
    rows.extend(each.sampled for each in seeded)
    order = [layer.value for layer in Layer]
    rows.sort(key=lambda row: (order.index(row.stratum), str(row.run_id)))
    for position, row in enumerate(rows, start=1):
        row.id, row.position = new_id(), position
    SampledRun.to_read.bulk_create(rows)
    SeededRun.objects.bulk_create(
        SeededRun(sampled_id=each.sampled.id, known=each.known) for each in seeded
    )
    # A flag asks for one reading; the week that reads it has answered it.
    flagged = [one.run for one in found.drawn if FLAGGED in one.why]
    Run.objects.filter(id__in=flagged).update(is_flagged=False)
    return len(rows)


def _seconds(
    found: Draw,
    firsts: Sequence[str | None],
    people: Mapping[str, int],
    decided: Sequence[frozenset[str]],
) -> dict[str, str | None]:
    """Give each doubled run a second reader: somebody else, whoever has least."""
    carried = dict(people)
    for first in firsts:
        if first is not None:
            carried[first] += 1
    doubled = [
        (one.run, first, own)
        for one, first, own in zip(found.drawn, firsts, decided, strict=True)
        if one.is_doubled
    ]
    given = share_among(
        [(first,) for _, first, _ in doubled],
        carried,
        rather_not=[own for _, _, own in doubled],
    )
    return dict(zip((run for run, _, _ in doubled), given, strict=True))


def _plan(found: Draw, budget: Budget, pairs: Mapping[str, int]) -> dict[str, object]:
    """Say what was meant: who could read how much, and what was done in the week."""
    return {
        "assessors": budget.assessors,
        "minutes_a_week": budget.minutes_a_week,
        "minutes_a_run": budget.minutes_a_run,
        "fits": budget.runs,
        "expected": {layer.value: str(n) for layer, n in found.expected.items()},
        "doubled": str(DOUBLED),
        "pairs": dict(pairs),
    }


def _strata(found: Draw) -> dict[str, dict[str, object]]:
    kept: dict[Layer, list[Decimal]] = {layer: [] for layer in Layer}
    for one in found.population:
        kept[one.layer].append(one.probability)
    return {
        layer.value: {
            "population": size,
            "drawn": sum(one.layer == layer for one in found.drawn),
            "lowest": str(min(kept[layer], default=WHOLE)),
            "highest": str(max(kept[layer], default=WHOLE)),
            "probability": str(_mean(kept[layer])),
        }
        for layer, size in found.sizes.items()
    }


def _mean(values: Sequence[Decimal]) -> Decimal:
    """Give the mean chance of a layer; all are the same where nothing is weighed."""
    if not values:
        return WHOLE
    if min(values) == max(values):
        return values[0]
    return (sum(values, Decimal(0)) / len(values)).quantize(Decimal("0.00000001"))


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
