"""Facts and tallies worked out anew: the proof that the incremental ones are exact.

Nothing is locked that a ruling needs. Facts are compared two hundred runs at a time; the
tallies of a workflow are compared with its events as one statement sees both, and what is
wrong is put right by an addition, which commutes with whatever is added meanwhile. Memory
is bounded by one run's events and one workflow's days.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from portal.accounts.actors import SYSTEM, Actor
from portal.audit.operation import operation, record
from portal.core.locks import COUNTING, lock_exclusive
from registry.queries.across import all_workflow_ids
from runs.models import Run, RunDue, RunFact, TallyState
from runs.operations.counting import count_due_runs, count_runs
from runs.operations.saving import write_additions
from runs.operations.tallying import add_up
from runs.queries.tallied import differences_of_facts, events_and_tallies
from runs.rules.counting.measures import VERSION
from runs.rules.tallying import day_of, measures_of

RUNS_AT_ONCE = 200
STALE_ROUNDS_MAX = 10
# What tallies were counted in before they said so.
FIRST_ZONE = "UTC"
_STALE = (
    "SELECT run_id FROM runs_runfact WHERE version <> %s"
    ' OR "on" <> (ended_at AT TIME ZONE %s)::date LIMIT %s'
)

type Sums = dict[tuple[UUID, date, str], Decimal]


def rebuild_tallies(*, actor: Actor, now: datetime) -> int:
    """Count every settled run and every event again; says how many numbers were wrong.

    A fact that was wrong and each tally of it are one each. Raises nothing; may be left
    and begun again at any moment.
    """
    count_due_runs(now=now)
    wrong = _recount_facts(now)
    count_due_runs(now=now)
    for workflow_id in sorted(all_workflow_ids()):
        wrong += _put_right_facts(workflow_id) + _put_right_events(workflow_id)
    add_up()
    _say(actor=actor, wrong=wrong)
    return wrong


def recount_if_moved(*, now: datetime) -> bool:
    """Count again what was counted in another way or another time zone; says whether some was.

    Two thousand runs a call, so that the worker does its other work between. Only another
    time zone has the events of every workflow read again.
    """
    if _count_stale(now):
        return True
    if is_counted_as_now():
        return False
    zones = TallyState.objects.values_list("zone", flat=True)
    wrong = 0
    if (zones.first() or FIRST_ZONE) != settings.TIME_ZONE:
        wrong = sum(_put_right_events(each) for each in sorted(all_workflow_ids()))
        add_up()
    _say(actor=SYSTEM, wrong=wrong)
    return True


def _count_stale(now: datetime) -> int:
    """Count runs again whose facts are of an older version or of another zone's day."""
    done = 0
    for _ in range(STALE_ROUNDS_MAX):
        with _counting(), connection.cursor() as cursor:
            cursor.execute(_STALE, [VERSION, settings.TIME_ZONE, RUNS_AT_ONCE])
            ids = [row[0] for row in cursor.fetchall()]
            count_runs(run_ids=ids, now=now)
        done += len(ids)
        if len(ids) < RUNS_AT_ONCE:
            break
    return done


def is_counted_as_now() -> bool:
    """Say whether the tallies are of today's time zone and way of counting. One query."""
    return TallyState.objects.filter(zone=settings.TIME_ZONE, version=VERSION).exists()


@operation(leaves="run.tallies_rebuilt")
def _say(*, actor: Actor, wrong: int) -> None:
    TallyState.objects.update_or_create(
        id=1, defaults={"zone": settings.TIME_ZONE, "version": VERSION}
    )
    record(
        "run.tallies_rebuilt",
        actor=actor,
        count=RunFact.objects.count(),
        wrong=wrong,
    )


@contextmanager
def _counting() -> Iterator[None]:
    """Let nobody else count in this transaction; who saves runs is not kept waiting."""
    with transaction.atomic(durable=True):  # noqa: TID251 - it writes no business fact
        lock_exclusive(COUNTING)
        yield


def _recount_facts(now: datetime) -> int:
    """Work out the facts of all runs again, but of those that are due to be anyway."""
    wrong, after = 0, UUID(int=0)
    while True:
        with _counting():
            rows = Run.every.filter(id__gt=after).order_by("id")
            ids = list(rows.values_list("id", flat=True)[:RUNS_AT_ONCE])
            due = RunDue.objects.filter(run_id__in=ids).values_list("run_id", flat=True)
            wrong += count_runs(run_ids=set(ids) - set(due), now=now).changed
        if len(ids) < RUNS_AT_ONCE:
            return wrong
        after = ids[-1]


def _put_right_facts(workflow_id: UUID) -> int:
    """Let the tallies of settled runs be the sums of their facts. Two queries."""
    with _counting():
        found = differences_of_facts(workflow_id)
        write_additions(
            {(workflow_id, on, measure): value for on, measure, value in found}
        )
        return len(found)


def _put_right_events(workflow_id: UUID) -> int:
    """Let the tallies of events be what the events add up to. Two queries."""
    with _counting():
        sums: Sums = {}
        zone = timezone.get_default_timezone()
        for kept, event in events_and_tallies(workflow_id):
            if kept is not None:
                _add(sums, (workflow_id, kept[0], kept[1]), -kept[2])
            elif event is not None:
                on = day_of(event, zone)
                for measure, value in measures_of(event).items():
                    _add(sums, (workflow_id, on, measure), value)
        wrong = {key: value for key, value in sums.items() if value}
        write_additions(wrong)
        return len(wrong)


def _add(sums: Sums, key: tuple[UUID, date, str], value: Decimal) -> None:
    total = sums.get(key, Decimal(0)) + value
    if total:
        sums[key] = total
    else:
        sums.pop(key, None)
