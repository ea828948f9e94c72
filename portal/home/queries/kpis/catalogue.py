"""Every indicator, from every source, and the one way to ask for some of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from portal.accounts.actors import Actor
from portal.core.errors import NotFound
from portal.core.once import asked_once
from portal.home.queries.kpis.figure import Figure, Kpi, Rows, Scope, Side, Source
from portal.home.queries.kpis.from_decisions import FromDecisions
from portal.home.queries.kpis.from_escalations import FromEscalations
from portal.home.queries.kpis.from_people import FromPeople
from portal.home.queries.kpis.from_reviews import FromReviews
from portal.home.queries.kpis.from_runs import FromRuns

# In the order of the numbers page within each family.
SOURCES: tuple[Source, ...] = (
    FromRuns(),
    FromDecisions(),
    FromEscalations(),
    FromReviews(),
    FromPeople(),
)


def all_kpis() -> tuple[Kpi, ...]:
    """Give every indicator there is."""
    return tuple(kpi for source in SOURCES for kpi in source.kpis)


def kpi_named(key: str) -> Kpi:
    """Give one indicator. Raises NotFound."""
    return _source_of(key)[1]


@asked_once()
def figures_for(
    *, actor: Actor, keys: Sequence[str], scopes: Sequence[Scope], now: datetime
) -> Mapping[str, tuple[Figure, ...]]:
    """Give each indicator once per scope; each source is asked once."""
    found: dict[str, tuple[Figure, ...]] = {}
    for source in SOURCES:
        mine = [kpi.key for kpi in source.kpis if kpi.key in keys]
        if mine:
            found |= source.figures(actor=actor, keys=mine, scopes=scopes, now=now)
    return found


def rows_for(
    *, actor: Actor, key: str, scope: Scope, side: Side, cursor: str | None
) -> Rows:
    """Give the rows behind one side of one indicator. Raises NotFound.

    What is counted of nothing has no rows on that side.
    """
    source, kpi = _source_of(key)
    if side == Side.UNDER and not kpi.under_words:
        return Rows(())
    return source.rows(actor=actor, key=key, scope=scope, side=side, cursor=cursor)


def _source_of(key: str) -> tuple[Source, Kpi]:
    for source in SOURCES:
        for kpi in source.kpis:
            if kpi.key == key:
                return source, kpi
    raise NotFound("There is no such number.")
