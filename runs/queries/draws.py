"""Drawing a week again: from its sealed population and its key, by whoever wants to."""

import zlib
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from portal.accounts.actors import Actor
from portal.core.errors import Conflict, NotFound
from runs.models import ReviewWeek, SampledRun, SealedPopulation
from runs.queries.week_page.access import is_revealed, visible_week
from runs.rules.sealed_draw import Checked, check


@dataclass(frozen=True)
class DrawPage:
    """A week, its key and what came of drawing it again, or why it cannot be."""

    week_id: UUID
    workflow: str
    workflow_id: UUID
    starts_on: date
    secret: str
    population_digest: str
    checked: Checked | None
    why_not: str


def draw_page(*, actor: Actor, week_id: UUID) -> DrawPage:
    """Draw a signed week again for who may see it. Raises NotFound. Five queries."""
    return _drawn_again(visible_week(actor, week_id))


def draw_again(week_id: UUID) -> DrawPage:
    """Draw a signed week again, for the command. Raises NotFound."""
    week = ReviewWeek.objects.select_related("workflow").filter(id=week_id).first()
    if week is None:
        raise NotFound("There is no such week.")
    return _drawn_again(week)


def population_file(*, actor: Actor, week_id: UUID) -> str:
    """Give the sealed population of a signed week as text. Raises NotFound, Conflict."""
    week = visible_week(actor, week_id)
    text, why_not = _text_of(week)
    if text is None:
        raise Conflict("week.not_shown", why_not)
    return text


def _drawn_again(week: ReviewWeek) -> DrawPage:
    text, why_not = _text_of(week)
    return DrawPage(
        week_id=week.id,
        workflow=week.workflow.name,
        workflow_id=week.workflow_id,
        starts_on=week.starts_on,
        secret=bytes(week.seed).hex() if is_revealed(week) else "",
        population_digest=week.population_digest,
        checked=None if text is None else _checked(week, text),
        why_not=why_not,
    )


def _checked(week: ReviewWeek, text: str) -> Checked:
    rows = SampledRun.objects.filter(week=week).values_list(
        "run_id", "stratum", "probability", "is_doubled"
    )
    return check(
        secret=bytes(week.seed),
        workflow=str(week.workflow_id),
        text=text,
        digest=week.population_digest,
        sample={str(run_id): tuple(kept) for run_id, *kept in rows},
    )


def _text_of(week: ReviewWeek) -> tuple[str | None, str]:
    """Give the sealed population, or why it cannot be shown."""
    if not is_revealed(week):
        return None, "The key of the draw is shown once the week is signed."
    sealed = SealedPopulation.objects.filter(week=week).first()
    if sealed is None:
        return (
            None,
            "This week opened before populations were kept, so its draw cannot be repeated.",
        )
    return zlib.decompress(bytes(sealed.body)).decode(), ""
