"""What a week's draw is made from: the runs that ended, or fell silent, in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import JSONField
from django.db.models.functions import Coalesce
from django.utils import timezone

from registry.queries.moves import moves_of
from runs.models import ReviewWeek, Run, RunState
from runs.rules.must_see import (
    LARGEST,
    Facts,
    acted_by_itself,
    largest_of,
    reasons_of,
    was_approved,
)
from runs.rules.sampling import Candidate, Layer
from runs.rules.weighing import Action, Scales, action_of, count_pairs

WEEK = timedelta(days=7)
PAST_WEEKS = 8
_CHUNK = 2_000
# What the draw asks of a fold, in one look at it.
_PARTS = (
    "jsonb_build_object('asks', runs_run.fold->'asks', 'held', runs_run.fold->'held',"
    " 'halted', runs_run.fold->'halted', 'decided', runs_run.fold->'decided',"
    " 'escalated', runs_run.fold->'escalated', 'changed',"
    " (SELECT jsonb_agg(name) FROM jsonb_object_keys(runs_run.fold->'changes') name))"
)
_INTERRUPTIONS = ("workflow.paused", "workflow.rolled_back")


@dataclass(frozen=True)
class WeekRuns:
    """The runs of a week as the draw sees them, and what was done in it."""

    candidates: tuple[Candidate, ...]
    pairs: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A run between the two looks that weighing takes."""

    run: str
    layer: Layer
    reasons: tuple[str, ...]
    action: Action
    amount: Decimal | None
    currency: str


def monday_of(moment: datetime) -> date:
    """Give the Monday of a moment's ISO week, in the organisation's time zone."""
    local = timezone.localtime(moment).date()
    return local - timedelta(days=local.weekday())


def bounds_of(starts_on: date) -> tuple[datetime, datetime]:
    """Give the first moment of a week and of the next: 167 to 169 hours apart."""
    zone = timezone.get_default_timezone()
    begin = datetime.combine(starts_on, time(), tzinfo=zone)
    end = datetime.combine(starts_on + WEEK, time(), tzinfo=zone)
    return begin, end


def runs_of_week(*, workflow_id: UUID, starts_on: date, now: datetime) -> WeekRuns:
    """Give the runs of a week as the draw sees them. Three queries, no events read.

    A run belongs to the week in which it ended, or was last heard of when it fell silent
    or is held; one that still runs or waits belongs to the week in which it will end. A
    flagged one belongs to the next week that opens.
    """
    seen = list(_seen(workflow_id, starts_on, now))
    amounts = [
        (one.run, one.amount, one.currency) for one in seen if one.amount is not None
    ]
    largest = largest_of(amounts)
    pairs, runs = _pairs_before(workflow_id, starts_on)
    by_currency: dict[str, list[Decimal]] = {}
    for _, amount, currency in sorted(amounts, key=lambda row: row[1]):
        by_currency.setdefault(currency, []).append(amount)
    scales = Scales(amounts=by_currency, seen=pairs, seen_runs=runs)
    return WeekRuns(
        candidates=tuple(_candidate(one, one.run in largest, scales) for one in seen),
        pairs=count_pairs(one.action for one in seen),
    )


def _seen(workflow_id: UUID, starts_on: date, now: datetime) -> Iterator[_Seen]:
    begin, end = bounds_of(starts_on)
    rows = heard().filter(workflow_id=workflow_id, last_heard__lt=end)
    rows = rows.filter(Q(last_heard__gte=begin) | Q(is_flagged=True))
    facts = rows.annotate(
        parts=RawSQL(_PARTS, (), output_field=JSONField())  # noqa: S611 - fixed text
    ).values(
        "id",
        "state",
        "is_held",
        "unauthorised_count",
        "answered",
        "is_flagged",
        "amount_max",
        "amount_currency",
        "started_at",
        "last_heard",
        "parts",
    )
    moves = moves_of(workflow_id=workflow_id, names=_INTERRUPTIONS, now=now)
    interruptions = tuple(move.at for move in moves if move.at is not None)
    kept: dict[tuple[str, ...], tuple[str, ...]] = {}
    for row in facts.iterator(chunk_size=_CHUNK):
        told = _facts(row)
        reasons = reasons_of(told, interruptions=interruptions)
        yield _Seen(
            run=str(row["id"]),
            layer=_layer(told, reasons),
            reasons=kept.setdefault(reasons, reasons),
            action=action_of(told),
            amount=row["amount_max"],
            currency=row["amount_currency"],
        )


def _facts(row: dict[str, Any]) -> Facts:
    return Facts(
        is_failed=row["state"] == RunState.FAILED,
        is_held=row["is_held"],
        is_flagged=row["is_flagged"],
        unauthorised=row["unauthorised_count"],
        answered=row["answered"],
        started_at=row["started_at"],
        last_heard=row["last_heard"],
        parts=row["parts"],
    )


def _layer(facts: Facts, reasons: tuple[str, ...]) -> Layer:
    if reasons:
        return Layer.MUST_SEE
    if acted_by_itself(facts):
        return Layer.MONEY
    return Layer.APPROVED if was_approved(facts) else Layer.REST


def _candidate(one: _Seen, is_largest: bool, scales: Scales) -> Candidate:
    return Candidate(
        run=one.run,
        layer=Layer.MUST_SEE if is_largest else one.layer,
        weight=scales.weigh(one.action, one.amount, one.currency),
        reasons=(*one.reasons, LARGEST) if is_largest else one.reasons,
    )


def _pairs_before(workflow_id: UUID, starts_on: date) -> tuple[dict[str, int], int]:
    """Give what was done in the weeks before, and in how many runs. One query."""
    weeks = ReviewWeek.objects.filter(
        workflow_id=workflow_id,
        starts_on__lt=starts_on,
        starts_on__gte=starts_on - PAST_WEEKS * WEEK,
    )
    pairs: dict[str, int] = {}
    runs = 0
    for plan, population in weeks.values_list("plan", "population_count"):
        runs += population if "pairs" in plan else 0
        for pair, count in plan.get("pairs", {}).items():
            pairs[pair] = pairs.get(pair, 0) + count
    return pairs, runs


def heard() -> QuerySet[Any]:
    """Give the runs that a week can hold, with when each was last heard of. Not run yet."""
    under_way = Q(state__in=(RunState.RUNNING, RunState.WAITING), is_held=False)
    return (
        Run.objects.filter(is_test=False)
        .exclude(under_way)
        .annotate(last_heard=Coalesce(F("ended_at"), F("last_event_at")))
    )


def heard_in(starts_on: date) -> QuerySet[Any]:
    """Give the runs of a week, of every workflow. Not run yet."""
    begin, end = bounds_of(starts_on)
    return heard().filter(last_heard__gte=begin, last_heard__lt=end)
