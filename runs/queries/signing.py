"""What a week still lacks before it can be signed, and what its signed versions say."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.audit.queries import SealedEntry, sealed_entry
from runs.models import ReviewWeek, SignedWeek, WeekReopening
from runs.queries.answers import second_readings_waiting, what_is_left

VERSIONS_MAX = 100


@dataclass(frozen=True)
class SignedLine:
    """One signed version, in the list of them."""

    number: int
    signed_by: str
    signed_at: datetime
    digest: str


@dataclass(frozen=True)
class ReopeningLine:
    """That the week was opened again."""

    number: int
    who: str
    at: datetime
    reason: str


def left_to_sign(week: ReviewWeek) -> tuple[str, ...]:
    """Say what is left before this week can be signed, each as a sentence. Two queries."""
    return what_is_left(week.id)


def second_readings_left(week: ReviewWeek) -> int:
    """Count the second readings that are neither done nor given up. Two queries."""
    return second_readings_waiting(week.id)


def signed_versions(week: ReviewWeek) -> tuple[SignedLine, ...]:
    """Give the signed versions of a week, newest first. One query."""
    rows = (
        SignedWeek.objects.filter(week=week)
        .select_related("signed_by")
        .defer("content")
        .order_by("-number")
    )
    return tuple(
        SignedLine(row.number, row.signed_by.name, row.signed_at, row.digest)
        for row in rows[:VERSIONS_MAX]
    )


def reopenings(week: ReviewWeek) -> tuple[ReopeningLine, ...]:
    """Give when and why a week was opened again, newest first. One query."""
    rows = (
        WeekReopening.objects.filter(week=week)
        .select_related("opened_by")
        .order_by("-number")
    )
    return tuple(
        ReopeningLine(row.number, row.opened_by.name, row.opened_at, row.reason)
        for row in rows[:VERSIONS_MAX]
    )


def seal_of(week_id: UUID, digest: str) -> SealedEntry | None:
    """Give the journal's entry of a signature with its checkpoint. Three queries."""
    return sealed_entry(
        name="review.week_signed",
        subject=("week", str(week_id)),
        fact=("digest", digest),
    )
