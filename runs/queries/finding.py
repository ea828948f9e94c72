"""Finding runs: which ids a filter gives, newest first, how many, and by which index.

Ids are found before rows are read. Without words or facets they come out of the covering
index of the list alone; with them out of the narrow rows of `RunIndex`. Either way no
run's fold is read but those of the page that is shown.
"""

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
WORKFLOWS_NAMED_MAX = 200
# Reached through our own foreign key: the registry's tables are behind its door.
_WORKFLOWS = Run._meta.get_field("workflow").related_model._default_manager
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
class Found:
    """Runs that are asked for and visible: rows that have `started_at` and the run's id."""

    rows: QuerySet
    key: str

    @property
    def order(self) -> tuple[str, str]:
        return "-started_at", f"-{self.key}"


@dataclass(frozen=True)
class IdPage:
    """The ids of one page, newest first, and the cursors of its neighbours."""

    ids: tuple[UUID, ...]
    next_cursor: str | None
    previous_cursor: str | None


def found(*, actor: Actor, asked: RunAsked) -> Found:
    """Say what is asked for and visible, not read yet. At most six queries."""
    query = _query(asked)
    is_by_index = bool(query) and not _is_of_runs(asked)
    base = RunIndex.objects.all() if is_by_index else Run.objects.all()
    rows = _in_period(_of_workflows(_seen(base, actor), asked), asked)
    if is_by_index:
        return Found(rows.filter(tokens__matches=query), "run_id")
    if query:
        matching = RunIndex.objects.filter(tokens__matches=query)
        rows = rows.filter(id__in=matching.values("run_id"))
    return Found(_of_runs(rows, asked), "id")


def page_of_ids(
    what: Found, *, cursor: str | None = None, size: int = PAGE_SIZE
) -> IdPage:
    """Give the ids of one page of what was found, newest first. One query.

    Raises Malformed for a cursor that was not made here.
    """
    rows = what.rows.values("started_at", what.key)
    page = keyset(rows, order=what.order, cursor=cursor, size=size)
    ids = tuple(row[what.key] for row in page.items)
    return IdPage(ids, page.next_cursor, page.previous_cursor)


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


def _seen(rows: QuerySet, actor: Actor) -> QuerySet:
    """Keep what this person may see. Their workflows are named where they are few.

    So the database knows how many runs these have, and does not look through those of
    everybody else for them.
    """
    every = _WORKFLOWS.order_by()
    seen = access.visible(every, actor=actor)
    if seen is every:
        return rows
    seen = seen.values_list("id")
    ids = [row[0] for row in seen[: WORKFLOWS_NAMED_MAX + 1]]
    if len(ids) > WORKFLOWS_NAMED_MAX:
        return rows.filter(workflow__in=seen)
    return rows.filter(workflow__in=ids)


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
        owned = workflows_owned_by(UUID(asked.person))[:WORKFLOWS_NAMED_MAX]
        rows = rows.filter(
            workflow__in=[row[0] for row in owned.values_list("workflow_id")]
        )
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
