"""Why versions were made: because of what, with which change, and what became of each."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import NoReverseMatch, reverse

from registry.models import OperatingModelVersion, VersionCause
from registry.models.version import VersionState

LAUNCHES_MAX = 50
VERSIONS_MAX = 100
# Where what was found is read, by the kind of cause: the room above serves it.
_PAGES = {"finding": "finding"}


@dataclass(frozen=True)
class CauseLine:
    """One change of a version, and what it was made for."""

    kind: str
    subject_id: UUID
    words: str
    part: str
    change: str
    added_by: str
    added_at: datetime

    @property
    def href(self) -> str:
        """Lead to what was found; empty where no room serves it."""
        try:
            return reverse(_PAGES[self.kind], args=[self.subject_id])
        except (KeyError, NoReverseMatch):
            return ""


@dataclass(frozen=True)
class Drafted:
    """A version that was changed because of something, and how far it came."""

    subject_id: UUID
    workflow_id: UUID
    slug: str
    number: int
    state: str
    state_word: str
    change: str
    part: str
    launched_at: datetime | None

    @property
    def is_live_or_was(self) -> bool:
        return self.state == VersionState.LAUNCHED

    @property
    def is_open(self) -> bool:
        return self.state in (VersionState.DRAFT, VersionState.SUBMITTED)


@dataclass(frozen=True)
class Launch:
    """A version that went live, why, and because of what."""

    number: int
    at: datetime
    label: str
    reason: str
    causes: tuple[CauseLine, ...]


def causes_of(*, version_id: UUID) -> tuple[CauseLine, ...]:
    """Give what a version was made for, oldest first. One query."""
    return causes_by_version([version_id]).get(version_id, ())


def drafted_because(
    *, kind: str, subject_ids: Collection[UUID]
) -> dict[UUID, tuple[Drafted, ...]]:
    """Give the versions that were made because of each of these, newest first. One query."""
    rows = (
        VersionCause.objects.filter(kind=kind, subject_id__in=list(subject_ids))
        .select_related("version__workflow")
        .defer("version__document", "version__content")
        .order_by("-version__number", "-added_at", "-id")
    )
    found: dict[UUID, tuple[Drafted, ...]] = {}
    for row in rows[:VERSIONS_MAX]:
        version = row.version
        drafted = Drafted(
            subject_id=row.subject_id,
            workflow_id=version.workflow_id,
            slug=version.workflow.slug,
            number=version.number,
            state=version.state,
            state_word=VersionState(version.state).label,
            change=row.change,
            part=row.part,
            launched_at=version.launched_at,
        )
        found[row.subject_id] = (*found.get(row.subject_id, ()), drafted)
    return found


def launches_between(
    *, workflow_id: UUID, since: datetime, until: datetime
) -> tuple[Launch, ...]:
    """Give the versions that went live in a time, oldest first. Two queries.

    For readers of the workflow: whoever calls it has seen to that.
    """
    rows = list(
        OperatingModelVersion.objects.filter(
            workflow_id=workflow_id,
            state=VersionState.LAUNCHED,
            launched_at__gte=since,
            launched_at__lte=until,
        )
        .defer("document", "content")
        .order_by("launched_at", "number")[:LAUNCHES_MAX]
    )
    causes = causes_by_version([row.id for row in rows])
    return tuple(
        Launch(
            row.number, row.launched_at, row.label, row.reason, causes.get(row.id, ())
        )
        for row in rows
        if row.launched_at
    )


def launched_numbers(*, workflow_id: UUID) -> tuple[int, ...]:
    """Give the numbers of the versions that were ever live, newest first. One query."""
    rows = OperatingModelVersion.objects.filter(
        workflow_id=workflow_id, state=VersionState.LAUNCHED
    ).order_by("-number")
    return tuple(rows.values_list("number", flat=True)[:VERSIONS_MAX])


def causes_by_version(ids: Collection[UUID]) -> dict[UUID, tuple[CauseLine, ...]]:
    """Give what each of these versions was made for, oldest first. One query."""
    rows = (
        VersionCause.objects.filter(version__in=list(ids))
        .select_related("added_by")
        .order_by("added_at", "id")
    )
    found: dict[UUID, tuple[CauseLine, ...]] = {}
    for row in rows:
        line = CauseLine(
            kind=row.kind,
            subject_id=row.subject_id,
            words=row.words,
            part=row.part,
            change=row.change,
            added_by=row.added_by.name if row.added_by else "Countersign",
            added_at=row.added_at,
        )
        found[row.version_id] = (*found.get(row.version_id, ()), line)
    return found
