"""Keeping what was counted here as the baseline of a draft."""

from datetime import date, datetime
from decimal import Decimal

from portal.accounts.actors import Actor
from portal.core.errors import Conflict, NotFound
from portal.home.queries.kpis.answers import span_of
from portal.home.queries.kpis.avoiding import escalated_cases
from portal.home.queries.kpis.figure import Answer
from portal.home.queries.measured.opened import (
    ESCALATION_RATE,
    TAKES_BASELINE,
    number_page,
)
from portal.home.queries.measured.scopes import Asked
from registry.operations.measures import set_baseline
from registry.queries.drafts import draft_of
from registry.rules.measures import in_words_unit


def keep_as_baseline(
    *, actor: Actor, key: str, asked: Asked, today: date, now: datetime
) -> str:
    """Write a number as it is counted now into the open draft; gives the workflow's slug.

    Raises NotFound for a number that takes no baseline, for more than one workflow and
    without a draft; Conflict where nothing is measured.
    """
    page = number_page(actor=actor, key=key, asked=asked, today=today, now=now)
    place, figure = page.chosen.only, page.line.now
    if place is None or key not in TAKES_BASELINE:
        raise NotFound(
            "A baseline is taken from one workflow's cycle time or escalations."
        )
    if figure.answer != Answer.MEASURED or figure.value is None:
        raise Conflict("baseline.nothing", "Nothing is measured in these days.")
    of = TAKES_BASELINE[key]
    value, n = Decimal(str(figure.value)), int(figure.over)
    if of == ESCALATION_RATE:
        # Escalations avoided are counted in cases, and so is what they are compared with.
        span = span_of(page.chosen.scope)
        escalated, n = escalated_cases(actor=actor, span=span)
        if not n:
            raise Conflict("baseline.nothing", "No case is counted in these days yet.")
        value = Decimal(escalated) / n
    value = in_words_unit(of, value)
    set_baseline(
        actor=actor,
        workflow_id=place.id,
        revision=draft_of(workflow_id=place.id).revision,
        row={
            "key": of,
            "value": f"{round(value, 4).normalize():f}",
            "n": max(1, n),
            "first": page.chosen.scope.first.isoformat(),
            "last": page.chosen.scope.last.isoformat(),
            "how": "measured",
            "source": f"Counted by Countersign, formula version {page.kpi.version}.",
        },
        now=now,
    )
    return place.slug
