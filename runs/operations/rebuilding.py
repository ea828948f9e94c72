"""Tallies built anew from the events: the proof that the incremental ones are exact."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import connection

from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.core.locks import SWEEPING, lock_exclusive
from runs.models import RunEvent, Tally, TallyDelta
from runs.queries.stories import event_of
from runs.rules.tallying import day_of, measures_of

ROWS_AT_ONCE = 5_000

type Sums = dict[tuple[UUID, date, str], Decimal]


@operation(leaves="run.tallies_rebuilt")
def rebuild_tallies(*, actor: Actor) -> int:
    """Count every event again and put the tallies right; says how many were wrong.

    Reads the whole event table once. Writers of deltas wait until it is done.
    """
    lock_exclusive(SWEEPING)
    _keep_writers_out()
    counted, kept = _counted(), _kept()
    wrong = sum(
        kept.get(key, 0) != counted.get(key, 0) for key in counted.keys() | kept.keys()
    )
    TallyDelta.objects.all().delete()
    Tally.objects.all().delete()
    Tally.objects.bulk_create(
        (
            Tally(workflow_id=workflow_id, on=on, measure=measure, value=value)
            for (workflow_id, on, measure), value in sorted(counted.items())
        ),
        batch_size=ROWS_AT_ONCE,
    )
    record("run.tallies_rebuilt", actor=actor, count=len(counted), wrong=wrong)
    return wrong


def _kept() -> Sums:
    sums: Sums = {}
    for model in (Tally, TallyDelta):
        for row in model.objects.order_by().iterator(chunk_size=ROWS_AT_ONCE):
            key = (row.workflow_id, row.on, row.measure)
            sums[key] = sums.get(key, Decimal(0)) + row.value
    return sums


def _counted() -> Sums:
    sums: Sums = {}
    for row in RunEvent.objects.order_by().iterator(chunk_size=ROWS_AT_ONCE):
        event = event_of(row)
        for measure, value in measures_of(event).items():
            key = (row.workflow_id, day_of(event), measure)
            sums[key] = sums.get(key, Decimal(0)) + value
    return sums


def _keep_writers_out() -> None:
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE runs_tallydelta, runs_tally IN EXCLUSIVE MODE")
