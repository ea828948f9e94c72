"""Finding runs: which ids a filter gives, newest first, how many, and by which index.

Ids are found before rows are read. Without words or facets they come out of the covering
index of the list alone; with them out of the narrow rows of `RunIndex`. Either way no
run's fold is read but those of the page that is shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.contrib.postgres.search import SearchVectorField
from django.db.models import Lookup, Q, QuerySet
from django.utils import timezone

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Agent
from portal.core.pagination import PAGE_SIZE, keyset
from registry.queries.across import workflows_owned_by
from registry.queries.rulebooks import lock_numbers
from runs.models import Run, RunIndex
from runs.queries.narrowing import RunAsked
from runs.rules.finding import facet, query_of

COUNTED_MAX = 1_000
ORDER = ("-started_at", "-id")
ORDER_FOUND = ("-started_at", "-run_id")
_ONLY = {
    "unauthorised": Q(unauthorised_count__gt=0),
    "flagged": Q(is_flagged=True),
    "amended": Q(amended_at__isnull=False),
    "retried": Q(retry_count__gt=0),
    "ended": Q(ended_at__isnull=False),
}


@SearchVectorField.register_lookup
class Matches(Lookup):
    """`tokens__matches=query`: the tokens answer a text search query as it is written."""

    lookup_name = "matches"
    prepare_rhs = False

    def as_sql(self, compiler, connection):
        left, left_params = self.process_lhs(compiler, connection)
        return f"{left} @@ %s::tsquery", [*left_params, self.rhs]


@dataclass(frozen=True)
class IdPage:
    """The ids of one page, newest first, and the cursors of its neighbours."""

    ids: tuple[UUID, ...]
    next_cursor: str | None
    previous_cursor: str | None


def page_of_ids(
    *,
    actor: Actor,
    asked: RunAsked,
    cursor: str | None = None,
    size: int = PAGE_SIZE,
) -> IdPage:
    """Give the ids of one page of what this person may see. At most six queries.

    Raises Malformed for a cursor that was not made here.
    """
    rows, order = found(actor=actor, asked=asked)
    page = keyset(rows.values(*_names(order)), order=order, cursor=cursor, size=size)
    key = order[-1].removeprefix("-")
    return IdPage(
        tuple(row[key] for row in page.items), page.next_cursor, page.previous_cursor
    )


def found(*, actor: Actor, asked: RunAsked) -> tuple[QuerySet, tuple[str, ...]]:
    """Give what is asked for and visible, not run yet, and the order it is paged by."""
    query = _query(asked)
    only_found = query and not _is_of_runs(asked)
    base = RunIndex.objects.all() if only_found else Run.objects.all()
    rows: QuerySet = access.visible(base, actor=actor, workflow_path="workflow_id")
    rows = _of_workflows(rows, asked)
    rows = _in_period(rows, asked)
    if only_found:
        return rows.filter(tokens__matches=query), ORDER_FOUND
    if query:
        matching = RunIndex.objects.filter(tokens__matches=query)
        rows = rows.filter(id__in=matching.values("run_id"))
    return _of_runs(rows, asked), ORDER


def count_up_to(rows: QuerySet, most: int = COUNTED_MAX) -> int:
    """Count rows, and stop at one more than `most`. One query."""
    return rows.order_by().values("pk")[: most + 1].count()


def how_many(number: int, most: int = COUNTED_MAX) -> str:
    return f"more than {most:,}" if number > most else f"{number:,}"


def words_match(rows: QuerySet[Run], text: str) -> QuerySet[Run]:
    """Keep the runs that have every word of a text; none for a text without words."""
    query = query_of(text=text)
    if not query:
        return rows.none()
    matching = RunIndex.objects.filter(tokens__matches=query)
    return rows.filter(id__in=matching.values("run_id"))


def midnight(day: date) -> datetime:
    """Give the first moment of a day, in the organisation's time zone."""
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


def _names(order: Iterable[str]) -> list[str]:
    return [name.removeprefix("-") for name in order]


def _query(asked: RunAsked) -> str:
    facets = [
        facet(name, value)
        for name, value in (
            ("verb", asked.verb),
            ("system", asked.system),
            ("unanswered", asked.unanswered),
            ("was", "held" if asked.hold == "was" else ""),
        )
        if value
    ]
    if asked.person and asked.role != "owner":
        facets.append(facet(asked.role or "did", asked.person))
    return query_of(text=asked.q, facets=facets)


def _is_of_runs(asked: RunAsked) -> bool:
    """Say whether something is asked that only the run's own row knows."""
    return bool(
        asked.agent
        or asked.state
        or asked.amount_from
        or asked.amount_to
        or asked.only
        or asked.answered_from
        or asked.answered_to
        or asked.hold == "now"
    )


def _of_workflows(rows: QuerySet, asked: RunAsked) -> QuerySet:
    if asked.workflow:
        known = lock_numbers(asked.workflow)
        rows = rows.filter(workflow=known.workflow_id) if known else rows.none()
    if asked.person and asked.role == "owner":
        rows = rows.filter(workflow__in=workflows_owned_by(UUID(asked.person)))
    return rows


def _in_period(rows: QuerySet, asked: RunAsked) -> QuerySet:
    if asked.since:
        rows = rows.filter(started_at__gte=midnight(date.fromisoformat(asked.since)))
    if asked.until:
        after = date.fromisoformat(asked.until) + timedelta(days=1)
        rows = rows.filter(started_at__lt=midnight(after))
    return rows


def _of_runs(rows: QuerySet, asked: RunAsked) -> QuerySet:
    if asked.agent:
        agent = Agent.objects.filter(slug=asked.agent).values_list("id", flat=True)
        rows = rows.filter(agent=agent.first() or UUID(int=0))
    plain = {
        "state": asked.state,
        "amount_max__gte": asked.amount_from,
        "amount_max__lte": asked.amount_to,
        "amount_currency": asked.currency,
        "answered__gte": asked.answered_from,
        "answered__lte": asked.answered_to,
    }
    rows = rows.filter(**{name: value for name, value in plain.items() if value})
    if asked.hold == "now":
        rows = rows.filter(is_held=True)
    return rows.filter(_ONLY[asked.only]) if asked.only else rows
