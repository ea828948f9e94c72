"""How far the readers of a week agree, this week and over twelve."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from runs.models import ReviewWeek
from runs.queries.week_page.history import PastWeek
from runs.rules.agreeing import AGREED_FROM, Agreement, agreements


@dataclass(frozen=True)
class AgreementRow:
    """One question: this week's runs that two people read, and twelve weeks' of them."""

    now: Agreement
    past: Agreement


@dataclass(frozen=True)
class AgreementPage:
    rows: tuple[AgreementRow, ...]
    pairs: int
    pairs_past: int
    needed: float

    @property
    def not_final(self) -> frozenset[str]:
        """The questions whose estimates are not to be published yet."""
        return frozenset(
            row.past.key for row in self.rows if row.past.is_calibrated is False
        )


def agreement(week: ReviewWeek, past: Mapping[date, PastWeek]) -> AgreementPage:
    """Compare first and second readings. No query.

    Judged over twelve weeks: one week's doubly read runs are a handful.
    """
    mine = past[week.starts_on].pairs if week.starts_on in past else ()
    every = [pair for one in past.values() for pair in one.pairs]
    rows = zip(agreements(mine), agreements(every), strict=True)
    return AgreementPage(
        rows=tuple(AgreementRow(now, whole) for now, whole in rows),
        pairs=len(mine),
        pairs_past=len(every),
        needed=AGREED_FROM,
    )
