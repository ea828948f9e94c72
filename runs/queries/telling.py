"""Reads the events of one run: all of them up to a limit, or one part of a long run.

A part costs the same wherever it lies and however long the run is: so many events by
keyset, their neighbours, and what shares a grant, a request or a proposal with them.
Long arguments, results and spans stay in the database; a digest stands for arguments.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import JSONField, Q, QuerySet
from django.db.models.expressions import RawSQL

from portal.core.errors import Malformed
from runs.models import Run, RunEvent
from runs.rules import waits
from runs.rules.events import MOMENT_KINDS, PLUMBING, Event, Provenance, stamp_of
from runs.rules.folding import State
from runs.rules.lines import Telling
from runs.rules.timeline import Part, around_in, tell, tell_part

WHOLE_MAX = 5_000
PART_EVENTS = 60
NEIGHBOURS = 20
LED_UP_TO = 10
RELATED_MAX = 300
QUIET_MAX = 200
_RELATED = (*MOMENT_KINDS, "change.made")
_HOLDS = ("held", "resumed", "stopped")
_ENDS = (
    *("redeemed", "outcome", "change.made", "run.finished", "proposed", "decided"),
    *("withdrawn", "expired", "revoked", "glass_broken"),
)
_SLIM = RawSQL(
    "(facts - '{args,result,span}'::text[]) || jsonb_strip_nulls(jsonb_build_object("
    "'args_digest', md5((facts->'args')::text), 'span', CASE WHEN facts ? 'span' THEN"
    " jsonb_build_object('start', facts#>'{span,start}', 'end', facts#>'{span,end}',"
    " 'name', facts#>'{span,name}', 'trace', facts#>'{span,trace}',"
    " 'id', facts#>'{span,id}', 'parent', facts#>'{span,parent}') END))",
    [],
    output_field=JSONField(),
)
# Pauses between one recorded event and the next, hidden steps included.
_QUIET = (
    "SELECT before, at FROM (SELECT at, lag(at) OVER (ORDER BY at) AS before"
    " FROM runs_runevent WHERE run_id = %s AND at BETWEEN %s AND %s) AS row"
    " WHERE at - before >= %s * interval '1 second' ORDER BY at LIMIT %s"
)
_WRITES = (
    "SELECT facts#>>'{mapped,verb}' || '|' || (facts#>>'{mapped,system}'), count(*)"
    " FROM runs_runevent WHERE run_id = %s AND kind = 'tool.called'"
    " AND (at, id) < (%s, %s) AND facts->>'status' = 'ok'"
    " AND facts#>>'{mapped,tier}' IN ('stage', 'change') GROUP BY 1"
)

type Position = tuple[datetime, UUID]


@dataclass(frozen=True)
class Told:
    """A run told, whole or in part, with the positions of the neighbouring parts."""

    telling: Telling
    earlier: str = ""
    later: str = ""
    is_cut: bool = False
    is_whole: bool = True


def slim_events(run_id: UUID) -> QuerySet:
    """Give the events of a run without what is long. Read with `event_of_row`."""
    return (
        RunEvent.objects.filter(run_id=run_id)
        .annotate(slim=_SLIM)
        .values_list(
            *("id", "kind", "at", "received_at", "provenance", "source_name"),
            *("is_late", "slim"),
        )
    )


def event_of_row(row: tuple) -> Event:
    """Read a slim row into what the rules see."""
    event_id, kind, at, received_at, provenance, source, is_late, facts = row
    return Event(
        id=event_id,
        kind=kind,
        at=at,
        received_at=received_at,
        provenance=Provenance(provenance),
        source=source,
        facts=facts,
        is_late=is_late,
    )


def told_whole(run: Run, *, now: datetime | None, limit: int = WHOLE_MAX) -> Told:
    """Tell a run from its first event to the last, up to a limit. One query."""
    rows = slim_events(run.id).order_by("at", "id")[: limit + 1]
    events = [event_of_row(row) for row in rows]
    return Told(tell(events[:limit], now=now), is_cut=len(events) > limit)


def told_part(
    run: Run,
    *,
    state: State,
    now: datetime | None,
    after: str = "",
    before: str = "",
    at: UUID | None = None,
) -> Told:
    """Tell one part of a run: from its start, after or before a position, or around an event.

    Four to ten queries and at most some 500 rows, whatever the length of the run.
    Raises Malformed for a position that was not made here.
    """
    lower = _lower(run.id, after, before, at)
    earlier = _backward(run.id, lower, NEIGHBOURS, inclusive=True) if lower else []
    rows = _forward(run.id, lower, PART_EVENTS + NEIGHBOURS)
    events, neighbours = rows[:PART_EVENTS], rows[PART_EVENTS:]
    is_whole = not neighbours and lower is None
    related = [] if is_whole else _related(run.id, [*earlier, *rows])
    part = Part(
        events=events,
        before=_merged(earlier, (e for e in related if _is_before(e, events))),
        after=_merged(neighbours, (e for e in related if not _is_before(e, events))),
        following=neighbours[0] if neighbours else None,
        quiet=_quiet(run.id, [*events, *neighbours[:1]]),
        ends=None if neighbours else (events if is_whole else _ends(run.id)),
        deep=NEIGHBOURS if lower else 0,
    )
    used = _writes_before(run.id, state, earlier, lower)
    return Told(
        telling=tell_part(part, around=around_in(state, used), now=now),
        earlier=stamp_of(events[0]) if lower and events else "",
        later=stamp_of(events[-1]) if neighbours else "",
        is_whole=is_whole,
    )


def position_of(stamp: str) -> Position:
    """Read a position out of an address. Raises Malformed."""
    time, _, event_id = stamp.partition("|")
    try:
        at, found = datetime.fromisoformat(time), UUID(event_id)
    except ValueError as error:
        raise Malformed("This page address was not made here.") from error
    if at.tzinfo is None:
        raise Malformed("This page address was not made here.")
    return at, found


def narrative_rows(run_id: UUID) -> QuerySet:
    """Give the events that a story may turn on: all but the plumbing."""
    return slim_events(run_id).filter(~Q(kind__in=PLUMBING))


def later_than(position: Position) -> Q:
    """Give the condition for what comes after a position, so that an index serves it."""
    at, event_id = position
    return Q(at__gte=at) & (Q(at__gt=at) | Q(id__gt=event_id))


def _lower(run_id: UUID, after: str, before: str, at: UUID | None) -> Position | None:
    """Find the position that a part begins behind; None for the run's start."""
    if after:
        return position_of(after)
    if before:
        rows = _backward(run_id, position_of(before), PART_EVENTS + 1)
        return _place(rows[0]) if len(rows) > PART_EVENTS else None
    if at is None:
        return None
    found = (
        RunEvent.objects.filter(run_id=run_id, id=at).values_list("at", "id").first()
    )
    if found is None:
        return None
    # What led up to it is shown too; near the start, the start is.
    rows = _backward(run_id, found, PART_EVENTS - LED_UP_TO)
    if len(rows) < PART_EVENTS - LED_UP_TO:
        return None
    return _place(rows[-LED_UP_TO])


def _place(event: Event) -> Position:
    return event.at, event.id


def _forward(run_id: UUID, lower: Position | None, limit: int) -> list[Event]:
    places = RunEvent.objects.filter(~Q(kind__in=PLUMBING), run_id=run_id)
    if lower is not None:
        places = places.filter(later_than(lower))
    return _read(run_id, places.order_by("at", "id")[:limit])


def _backward(
    run_id: UUID, upper: Position, limit: int, *, inclusive: bool = False
) -> list[Event]:
    at, event_id = upper
    same = Q(id__lte=event_id) if inclusive else Q(id__lt=event_id)
    places = RunEvent.objects.filter(~Q(kind__in=PLUMBING), run_id=run_id)
    places = places.filter(Q(at__lte=at) & (Q(at__lt=at) | same))
    return _read(run_id, places.order_by("-at", "-id")[:limit])


def _read(run_id: UUID, places: QuerySet) -> list[Event]:
    """Read what was chosen. Chosen first: facts are opened for these rows alone."""
    ids = list(places.values_list("id", flat=True))
    rows = slim_events(run_id).filter(id__in=ids).order_by("at", "id") if ids else ()
    return [event_of_row(row) for row in rows]


def _is_before(event: Event, events: Sequence[Event]) -> bool:
    return bool(events) and stamp_of(event) < stamp_of(events[0])


def _merged(events: Sequence[Event], more: Iterable[Event]) -> list[Event]:
    known = {event.id: event for event in (*events, *more)}
    return sorted(known.values(), key=stamp_of)


def _related(run_id: UUID, events: Sequence[Event]) -> list[Event]:
    """Give what shares a grant, a request or a proposal with some events. At most one query."""
    wanted = Q()
    for name in ("action_request", "grant", "proposal"):
        keys = {str(e.facts[name]) for e in events if e.facts.get(name)}
        if keys:
            wanted |= Q(**{f"facts__{name}__in": sorted(keys)})
    changes = [str(event.id) for event in events if event.kind == "change.made"]
    if changes:
        wanted |= Q(kind="reconciled", facts__event__in=changes)
    if any(event.kind in _HOLDS for event in events):
        wanted |= Q(kind__in=_HOLDS)
    if not wanted:
        return []
    here = {event.id for event in events}
    rows = narrative_rows(run_id).filter(wanted, kind__in=_RELATED)
    found = [event_of_row(row) for row in rows.order_by("at", "id")[:RELATED_MAX]]
    return [event for event in found if event.id not in here]


def _quiet(run_id: UUID, events: Sequence[Event]) -> list[tuple[datetime, datetime]]:
    if not waits.open_gaps(list(events)):
        return []
    first, last = events[0].at, events[-1].at
    with connection.cursor() as cursor:
        numbers = [waits.GAP_SECONDS_MIN, QUIET_MAX]
        cursor.execute(_QUIET, [run_id, first, last, *numbers])
        return [(before, at) for before, at in cursor.fetchall()]


def _ends(run_id: UUID) -> list[Event]:
    rows = narrative_rows(run_id).filter(kind__in=_ENDS).order_by("at", "id")
    return [event_of_row(row) for row in rows[:RELATED_MAX]]


def _writes_before(
    run_id: UUID, state: State, earlier: Sequence[Event], lower: Position | None
) -> Mapping[str, int]:
    """Count the writing tools told before the neighbours of a part. At most one query."""
    if lower is None or not state.get("writes") or not earlier:
        return {}
    first = earlier[0]
    with connection.cursor() as cursor:
        cursor.execute(_WRITES, [run_id, first.at, first.id])
        return dict(cursor.fetchall())
