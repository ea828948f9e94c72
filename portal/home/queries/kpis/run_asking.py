"""What the indicators from runs share: what was asked, the sums it rests on, plain shares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from portal.home.queries.kpis.figure import Answer, Detail, Figure, Kpi, Scope, Unit
from runs.queries.kpi_incidents import Beside
from runs.queries.kpi_percentiles import Percentile
from runs.queries.kpi_reading import Reading
from runs.queries.kpi_sums import Sums
from runs.rules.counting.measures import PREFIX
from runs.rules.rates import Reduction
from runs.rules.stats import wilson

NO_RUNS = "No run settled in these days."


@dataclass(frozen=True)
class Compared:
    """What came of comparing with baselines, and what could not be compared."""

    reduction: Reduction | None = None
    has_baseline: bool = False
    runs: int = 0
    # Every completed run of the workflows with a baseline.
    of_workflows: int = 0
    # Kinds of the baseline without a run, and workflows without a baseline.
    absent: int = 0
    without: int = 0
    note: str = ""


@dataclass(frozen=True)
class Asked:
    """One indicator over one scope, with everything it may rest on."""

    scope: Scope
    now: datetime
    sums: Sums
    # The same over the days that are too recent to be judged, where it looks back.
    recent: Sums
    waiting: int
    told_ever: frozenset[str]
    percentiles: Mapping[float, Percentile] = field(default_factory=dict)
    beside: Beside = Beside()
    compared: Compared = Compared()
    reading: Reading = Reading()
    # What an hour of each role costs.
    rates: Mapping[str, tuple[Decimal, str]] = field(default_factory=dict)

    def of(self, name: str) -> Decimal:
        """Give a sum over the settled runs of the scope."""
        return self.sums.get(f"{PREFIX}{name}", Decimal(0))

    def excluded(self, *more: tuple[str, Decimal | int]) -> tuple[tuple[str, int], ...]:
        """Say what was left out, and how many; what is none is not said."""
        said = tuple((words, int(number)) for words, number in more if number)
        return (*said, *always_left_out(self.waiting, self.of("test")))

    def nothing(self, why: str, **known: object) -> Figure:
        """Answer that there is nothing to count."""
        return Figure(Answer.NO_DATA, self.now, why=why, **known)  # type: ignore[arg-type]

    def unknowable(self, why: str) -> Figure:
        """Answer that this cannot be measured as things are, and what would change it."""
        return Figure(
            Answer.NOT_MEASURABLE, self.now, why=why, excluded=self.excluded()
        )


def always_left_out(waiting: int, tests: Decimal) -> tuple[tuple[str, int], ...]:
    """Say what is in no number of runs; what is none is not said."""
    always = (
        ("Runs not settled yet, or changed since they were counted", waiting),
        ("Test runs", int(tests)),
    )
    return tuple((words, number) for words, number in always if number)


@dataclass(frozen=True)
class RunKpi:
    """An indicator, how it is worked out, and which runs stand behind its sides.

    `reads` and `families` are the measures it needs. `shift` moves its days back, for what
    needs some days to show. `over`, `under` and `excluded` name measures: a run that adds
    to one of them is behind that side; `excluded` leaves out those behind `under`.
    """

    kpi: Kpi
    figure: Callable[[Asked], Figure]
    reads: tuple[str, ...]
    over: tuple[str, ...]
    under: tuple[str, ...] = ("count",)
    excluded: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    shift: int = 0
    # Asked only for this one: "percentiles", "beside", "compared", "reading".
    needs: str = ""
    # What each run stands for in the denominator, where that is always the same.
    each_under: int = 0
    # Whether it depends on what agents ever told.
    asks_ever: bool = False
    # What a run must not add to, to be left out; None is what it is counted of.
    spared: tuple[str, ...] | None = None
    # What of a run is shown in its row, by side; the measures of a "+" are added up.
    shown: str = ""
    shown_under: str = ""
    shown_excluded: str = ""
    # What of the days before these is too recent to be judged, where it looks back.
    recent: str = ""


def share_of(
    asked: Asked,
    over: Decimal,
    under: Decimal,
    *,
    why: str = NO_RUNS,
    size: Decimal | None = None,
    covered: Decimal | None = None,
    coverable: Decimal | None = None,
    excluded: tuple[tuple[str, int], ...] = (),
    details: tuple[Detail, ...] = (),
) -> Figure:
    """Give a share with its Wilson interval; nothing to count over is no data.

    `size` is of how many independent things it is a share, where that is fewer.
    """
    if not under:
        return asked.nothing(why, under=under, excluded=excluded)
    share = float(over / under)
    number = float(under if size is None else size)
    interval = wilson(share * number, number)
    return Figure(
        Answer.MEASURED,
        asked.now,
        value=share,
        over=over,
        under=under,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        covered=covered,
        coverable=coverable,
        excluded=excluded,
        details=details,
    )


def part(asked: Asked, label: str, over: str, under: Decimal, note: str = "") -> Detail:
    """Give a share beside the headline; without a denominator it has no value."""
    number = asked.of(over)
    words = note or f"{int(number):,} of {int(under):,}"
    return Detail(label, float(number / under) if under else None, Unit.SHARE, words)
