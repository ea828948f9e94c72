"""Who signed a week, and what was signed."""

from dataclasses import dataclass
from datetime import datetime

from runs.models import ReviewWeek
from runs.queries.signing import second_readings_left


@dataclass(frozen=True)
class Sign:
    signed_at: datetime | None
    signed_by: str
    summary: str
    digest: str
    secret: str
    population_digest: str
    second_left: int


def sign(week: ReviewWeek) -> Sign:
    """Give the signature of a week; the key of its draw only once it is signed."""
    is_signed = week.state == ReviewWeek.State.SIGNED
    return Sign(
        signed_at=week.signed_at,
        signed_by=week.signed_by.name if week.signed_by else "",
        summary=week.summary,
        digest=week.digest,
        secret=bytes(week.seed).hex() if is_signed else "",
        population_digest=week.population_digest,
        second_left=0 if is_signed else second_readings_left(week),
    )
