"""What a key performance indicator is, and what it came to over one scope. Plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from portal.accounts.actors import Actor


class Family(StrEnum):
    """The groups of the numbers page, in their order."""

    EFFICIENCY = "Efficiency"
    CUSTOMER = "Customer"
    DECISIONS = "Decision quality"
    ADOPTION = "Adoption"
    RISK = "Risk"
    OUTCOME = "Outcome"
    COST = "Cost"
    GUARD = "Guards"


class Unit(StrEnum):
    """How a value is read: a share is 0 to 1, a money value carries its currency."""

    SHARE = "share"
    COUNT = "count"
    PER_DAY = "per_day"
    PER_HUNDRED = "per_hundred"
    SECONDS = "seconds"
    MONEY = "money"
    RATIO = "ratio"


class Better(StrEnum):
    """In which direction a number is better; a band is odd on both sides."""

    UP = "up"
    DOWN = "down"
    BAND = "band"
    NEITHER = "neither"


class Answer(StrEnum):
    """Whether there is a value. The two others are answers, never 0 and never 100 %."""

    MEASURED = "measured"
    NO_DATA = "no_data"
    NOT_MEASURABLE = "not_measurable"


@dataclass(frozen=True)
class Scope:
    """Which work and which days: both days included, in the organisation's time zone.

    `workflows` None is every workflow that the actor may see; it never widens that.
    """

    first: date
    last: date
    workflows: frozenset[UUID] | None = None

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Kpi:
    """One indicator: its words, its direction, and the version of its formula."""

    key: str
    label: str
    family: Family
    unit: Unit
    better: Better
    sentence: str
    formula: str
    over_words: str
    under_words: str = ""
    excluded_words: str = ""
    covered_words: str = ""
    version: int = 1
    # Its key in the one page's targets, where an owner may set one.
    target_key: str = ""
    # Who sees which of its rows, where not everybody sees all that was counted.
    seen_by: str = ""


@dataclass(frozen=True)
class Detail:
    """A further value beside the headline: p90, a split, a pair that belongs with it."""

    label: str
    value: float | None
    unit: Unit
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """What an indicator came to over a scope, with everything that it rests on.

    `why` says in words why there is no value, and what would give one. `low` and `high`
    are a 95 % interval, or, with `low` None, `high` is a one-sided upper bound.
    """

    answer: Answer
    as_of: datetime
    value: float | None = None
    over: Decimal = Decimal(0)
    under: Decimal | None = None
    low: float | None = None
    high: float | None = None
    covered: Decimal | None = None
    coverable: Decimal | None = None
    currency: str = ""
    why: str = ""
    excluded: tuple[tuple[str, int], ...] = ()
    details: tuple[Detail, ...] = field(default=())


@dataclass(frozen=True)
class Row:
    """One row behind a number: a run, a proposal, a case, a person, with its address."""

    title: str
    href: str
    at: datetime | None
    shown: str = ""
    note: str = ""


@dataclass(frozen=True)
class Rows:
    """One keyset page of the exact rows that a number counted."""

    rows: tuple[Row, ...]
    next_cursor: str | None = None
    previous_cursor: str | None = None


class Side(StrEnum):
    """Which rows of a number: what was counted, what it was counted of, what was left out."""

    OVER = "over"
    UNDER = "under"
    EXCLUDED = "excluded"


class Source(Protocol):
    """Where some indicators come from. Few queries, however many scopes are asked."""

    kpis: tuple[Kpi, ...]

    def figures(
        self,
        *,
        actor: Actor,
        keys: Sequence[str],
        scopes: Sequence[Scope],
        now: datetime,
    ) -> Mapping[str, tuple[Figure, ...]]:
        """Give each indicator once per scope, in the order of the scopes."""
        ...

    def rows(
        self, *, actor: Actor, key: str, scope: Scope, side: Side, cursor: str | None
    ) -> Rows:
        """Give the rows behind one side of one indicator, newest first."""
        ...
