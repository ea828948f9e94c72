"""What changed above workflows between two moments: ceilings, waivers of them, and phases."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import F, Q

from registry.models import Ceiling, CeilingWaiver, PhaseMove
from registry.models.phases import PhaseMoveKind
from registry.queries.thing_names import names_of
from registry.rules.verbs import name_of

CHANGES_MAX = 300


class Changed(StrEnum):
    """What kind of row a change is, and so which page opens it."""

    CEILING = "ceiling"
    WAIVER = "waiver"
    PHASE = "phase"


@dataclass(frozen=True)
class Change:
    """One change; `id` is the ceiling's, the request's, or the number of the move.

    `slug` names its workflow where it is about one.
    """

    kind: Changed
    text: str
    at: datetime
    id: UUID | int
    slug: str = ""


def changes_between(
    *, start: datetime, end: datetime, slugs: Collection[str]
) -> tuple[Change, ...]:
    """Give what changed, oldest first by kind; of workflows only those named. Four queries."""
    return (
        *_ceilings(start, end),
        *_waivers(start, end, slugs),
        *_phases(start, end, slugs),
    )


def _ceilings(start: datetime, end: datetime) -> list[Change]:
    rows = Ceiling.objects.select_related(
        "department", "team", "created_by", "lifted_by", "replaces"
    ).annotate(next_id=F("replaced_by__id"))
    inside = Q(created_at__gte=start, created_at__lt=end)
    lifted = Q(lifted_at__gte=start, lifted_at__lt=end)
    found = []
    for row in rows.filter(inside | lifted).order_by("created_at", "id")[:CHANGES_MAX]:
        if start <= row.created_at < end:
            found.append(_set(row))
        # What another one took the place of is told as the change.
        if row.lifted_at and start <= row.lifted_at < end and row.next_id is None:
            by = f" by {row.lifted_by.name}" if row.lifted_by else ""
            text = f"“{row.name}” was lifted{by}: {row.lifted_because}"
            found.append(Change(Changed.CEILING, text, row.lifted_at, row.id))
    return sorted(found, key=lambda each: each.at)


def _set(row: Ceiling) -> Change:
    where = row.department.name if row.department else "the whole company"
    if row.team is not None:
        where = f"the team {row.team.name} of {where}"
    by = f" by {row.created_by.name}" if row.created_by else ""
    if row.replaces is None:
        text = f"“{row.name}” was set for {where}{by}: {row.sentence}"
    else:
        why = row.replaces.lifted_because.removeprefix("changed: ") or row.sentence
        text = f"“{row.name}” for {where} was changed{by}: {why}"
    return Change(Changed.CEILING, text, row.created_at, row.id)


def _waivers(start: datetime, end: datetime, slugs: Collection[str]) -> list[Change]:
    given = Q(starts_at__gte=start, starts_at__lt=end)
    ended = Q(ended_at__gte=start, ended_at__lt=end)
    rows = tuple(
        CeilingWaiver.objects.filter(given | ended, workflow__slug__in=slugs)
        .select_related("workflow", "ceiling", "ended_by", "request__ended_by")
        .order_by("starts_at", "id")[:CHANGES_MAX]
    )
    names = names_of(systems=[row.system for row in rows])
    found = []
    for row in rows:
        slug, name = row.workflow.slug, row.workflow.name
        cell = f"{name_of(row.verb)} in {names.system(row.system)}"
        if start <= row.starts_at < end:
            by = row.request.ended_by.name if row.request.ended_by else "Countersign"
            text = f"{by} let {name} pass “{row.ceiling.name}”: {cell}, until {row.until_at:%-d %B %Y}."
            found.append(
                Change(Changed.WAIVER, text, row.starts_at, row.request_id, slug)
            )
        if row.ended_at and start <= row.ended_at < end:
            by = f" by {row.ended_by.name}" if row.ended_by else ""
            text = f"The waiver of “{row.ceiling.name}” for {name} ended{by}: {row.ended_because or cell}"
            found.append(
                Change(Changed.WAIVER, text, row.ended_at, row.request_id, slug)
            )
    return sorted(found, key=lambda each: each.at)


def _phases(start: datetime, end: datetime, slugs: Collection[str]) -> list[Change]:
    rows = PhaseMove.objects.filter(
        moved_at__gte=start, moved_at__lt=end, workflow__slug__in=slugs
    ).select_related("workflow", "moved_by")
    return [
        Change(
            Changed.PHASE,
            _moved(row),
            row.moved_at,
            row.number,
            row.workflow.slug,
        )
        for row in rows.order_by("moved_at", "id")[:CHANGES_MAX]
    ]


def _moved(row: PhaseMove) -> str:
    name, reason = row.workflow.name, f": {row.reason}" if row.reason else "."
    by = f" by {row.moved_by.name}" if row.moved_by else ""
    if row.kind == PhaseMoveKind.BACK:
        return f"{name} was taken back from phase {row.from_phase} to phase {row.to_phase}{by}{reason}"
    if row.kind == PhaseMoveKind.BEGUN:
        return f"{name} began in phase {row.to_phase}{by}{reason}"
    return f"{name} reached phase {row.to_phase} through its signed gate{by}{reason}"
