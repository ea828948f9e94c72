"""Whether a run came back: the signs within two weeks that its work was not done for good.

Three things are known to us: another run about the same thing, a word that it was not
resolved, and a reported change that puts back what this run had changed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models.functions import Coalesce

from runs.models import FollowUp, ReportedChange, Review, Run, RunIndex, SampledRun
from runs.queries import finding as _finding  # noqa: F401 - gives `tokens__matches`
from runs.queries.answers import open_reviews
from runs.rules.events import time_of
from runs.rules.finding import facet, query_of
from runs.rules.reopening import Subject, subjects_of, words_of_again

FOLLOW_UP = timedelta(days=14)
# Signs are looked for during this long after the two weeks: a late one still counts.
LOOKED_FOR = timedelta(days=7)
CANDIDATES_MAX = 1_000
RUNS_MAX = 50
CHANGES_MAX = 5


@dataclass(frozen=True)
class CameBack:
    """A sampled run that came back, whom to ask again, and the signs of it."""

    sampled_id: UUID
    run_id: UUID
    workflow_id: UUID
    agent_run_id: str
    asked_of: UUID
    first_answer: str
    signs: tuple[Mapping[str, str], ...]


def runs_that_came_back(*, now: datetime) -> Iterator[CameBack]:
    """Give the read runs that came back and of which nobody was asked again yet.

    One query, and three for each run whose two weeks ended in the last seven days. One
    whose fifth answer was “no” is left out: coming back can only say the same.
    """
    ended = Coalesce("run__ended_at", "run__last_event_at")
    rows = (
        SampledRun.objects.annotate(ended=ended)
        .filter(
            ended__lte=now - FOLLOW_UP,
            ended__gt=now - FOLLOW_UP - LOOKED_FOR,
            follow_up=None,
            run__is_test=False,
        )
        .exclude(id__in=FollowUp.objects.values("sampled"))
        .select_related("run")
        .order_by("ended", "id")
    )
    chosen = list(rows[:CANDIDATES_MAX])
    first = _first_reviews([row.id for row in chosen])
    for row in chosen:
        review = first.get(row.id)
        if review is None or review.faster_without_cleanup == "no":
            continue
        signs = tuple(_signs(row.run, row.ended))
        if signs:
            yield CameBack(
                sampled_id=row.id,
                run_id=row.run_id,
                workflow_id=row.run.workflow_id,
                agent_run_id=row.run.agent_run_id,
                asked_of=review.assessor_id,
                first_answer=review.faster_without_cleanup,
                signs=signs,
            )


def _first_reviews(sampled_ids: list[UUID]) -> dict[UUID, Review]:
    """Give the first review of each; of a run that is read blind none yet."""
    found: dict[UUID, Review] = {}
    rows = open_reviews(Review.objects.filter(sampled__in=sampled_ids))
    for review in rows.order_by("created_at", "id"):
        found.setdefault(review.sampled_id, review)
    return found


def _signs(run: Run, ended: datetime) -> Iterator[Mapping[str, str]]:
    confirmed = run.fold.get("confirmed")
    if confirmed and not confirmed[1] and time_of(confirmed[0]) <= ended + FOLLOW_UP:
        by = confirmed[2] or "Somebody"
        yield {"kind": "unresolved", "text": f"{by} says that it was not resolved."}
    for subject in subjects_of(run.fold):
        again = _again(run, subject, ended)
        if again is not None:
            text = words_of_again(subject, (again.started_at - ended).days)
            yield {"kind": "again", "text": text, "run": str(again.id)}
            break
    yield from _taken_back(run, ended)


def _again(run: Run, subject: Subject, ended: datetime) -> Run | None:
    """Find the next run about the same thing: by its words, then exactly. Two queries."""
    system = facet("system", subject.system)
    asked = query_of(text=subject.resource, facets=[system])
    ids = (
        RunIndex.objects.filter(
            workflow=run.workflow_id,
            started_at__gt=ended,
            started_at__lte=ended + FOLLOW_UP,
            tokens__matches=asked,
        )
        .exclude(run=run.id)
        .order_by("started_at", "run")
        .values_list("run_id", flat=True)[:RUNS_MAX]
    )
    rows = Run.objects.filter(id__in=list(ids), is_test=False)
    found = (row for row in rows if subject in subjects_of(row.fold))
    return min(found, key=lambda row: (row.started_at, row.id), default=None)


def _taken_back(run: Run, ended: datetime) -> Iterator[Mapping[str, str]]:
    """Find reported changes that put back what a change of this run had replaced."""
    changes = ReportedChange.objects.filter(run=run.id).order_by("at", "id")
    for change in changes[:CHANGES_MAX]:
        later = ReportedChange.objects.filter(
            workflow=run.workflow_id,
            resource=change.resource,
            system=change.system,
            field=change.field,
            at__gt=change.at,
            at__lte=ended + FOLLOW_UP,
        )
        for row in later.order_by("at", "id")[:CHANGES_MAX]:
            if _undoes(change.facts, row.facts):
                what = f"{change.resource} {change.field}".strip()
                text = f"{row.system} put {what} back to {row.facts.get('after')}."
                yield {"kind": "taken_back", "text": text[:300]}
                return


def _undoes(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    if before.get("before") is None or before.get("before") == before.get("after"):
        return False
    return str(after.get("after")) == str(before.get("before"))
