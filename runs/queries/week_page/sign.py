"""Who signed a week, what was signed, and its earlier versions."""

from dataclasses import dataclass
from datetime import datetime

from portal.audit.queries import SealedEntry
from runs.models import ReviewWeek
from runs.queries.signing import (
    ReopeningLine,
    SignedLine,
    left_to_sign,
    reopenings,
    seal_of,
    second_readings_left,
    signed_versions,
)


@dataclass(frozen=True)
class Sign:
    version: int
    signed_at: datetime | None
    signed_by: str
    summary: str
    digest: str
    secret: str
    population_digest: str
    seal: SealedEntry | None
    left: tuple[str, ...]
    second_left: int
    versions: tuple[SignedLine, ...]
    reopenings: tuple[ReopeningLine, ...]


def sign(week: ReviewWeek) -> Sign:
    """Give the signature of a week, and what it lacks until then. At most six queries.

    The key of the draw is shown once the week was signed, and from then on.
    """
    is_signed = week.state == ReviewWeek.State.SIGNED
    was_signed = is_signed or week.version > 1
    return Sign(
        version=week.version,
        signed_at=week.signed_at,
        signed_by=week.signed_by.name if week.signed_by else "",
        summary=week.summary,
        digest=week.digest,
        secret=bytes(week.seed).hex() if was_signed else "",
        population_digest=week.population_digest,
        seal=seal_of(week.id, week.digest) if is_signed else None,
        left=() if is_signed else left_to_sign(week),
        second_left=0 if is_signed else second_readings_left(week),
        versions=signed_versions(week) if was_signed else (),
        reopenings=reopenings(week) if week.version > 1 else (),
    )
