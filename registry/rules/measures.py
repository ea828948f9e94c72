"""What an owner aims at and what the work was like before: targets and baselines of the page.

A target is measured: its key is one of the indicators here, or the slug of a series that
somebody imports. A plain value under any other key is an aim in the owner's own words, which
nothing measures; the page says so. Numbers are in the unit that people say them in, such as
minutes and percent, and `in_base` turns them into seconds and shares.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from registry.rules.amounts import decimal_of
from registry.rules.fields import SLUG_LENGTH_MAX, Fields, is_slug

SERIES = "series"
CASES_MAX = 50
BASELINE_COUNT_MAX = 100_000_000


class Aim(StrEnum):
    """In which direction an indicator is better; a band is odd on both sides."""

    UP = "up"
    DOWN = "down"
    BAND = "band"


class In(StrEnum):
    """The unit that an owner says a number in."""

    PERCENT = "%"
    MINUTES = "minutes"
    COUNT = ""
    A_DAY = "a day"
    PER_HUNDRED = "per 100 runs"
    MONEY = "of the page's currency"
    DAYS = "days in 28"


_FACTORS = {In.PERCENT: Decimal("0.01"), In.MINUTES: Decimal(60)}


@dataclass(frozen=True)
class Indicator:
    """An indicator that a target may be set for."""

    key: str
    label: str
    unit: In
    aim: Aim
    # What a baseline of it is needed for; "" where none is.
    baseline: str = ""


_UP, _DOWN, _BAND = Aim.UP, Aim.DOWN, Aim.BAND
_ALL = (
    Indicator(
        "cycle-time",
        "Cycle time",
        In.MINUTES,
        _DOWN,
        "Cycle-time reduction compares with it.",
    ),
    Indicator("cycle-time-reduction", "Cycle-time reduction", In.PERCENT, _UP),
    Indicator("throughput", "Units of work a day", In.A_DAY, _UP),
    Indicator("finished", "Runs that finished as meant", In.PERCENT, _UP),
    Indicator("allowed-alone", "Allowed without a person", In.PERCENT, _UP),
    Indicator("retries", "Tool calls tried again", In.PERCENT, _DOWN),
    Indicator("rework", "Rework", In.PERCENT, _DOWN),
    Indicator("resolution-confidence", "Resolution confirmed", In.PERCENT, _UP),
    Indicator("handoff", "Handed to a person", In.PERCENT, _DOWN),
    Indicator("contained", "Contained without call-back", In.PERCENT, _UP),
    Indicator(
        "escalation-rate",
        "Escalation rate",
        In.PERCENT,
        _DOWN,
        "Escalations avoided compares with it.",
    ),
    Indicator("escalated", "Escalated", In.PERCENT, _DOWN),
    Indicator("escalations-avoided", "Escalations avoided", In.COUNT, _UP),
    Indicator("escalations-in-time", "Escalations closed in time", In.PERCENT, _UP),
    Indicator("missed-escalations", "Missed escalations", In.PERCENT, _DOWN),
    Indicator("acceptance", "Approved by people", In.PERCENT, _UP),
    Indicator("override", "Overridden by people", In.PERCENT, _BAND),
    Indicator("deciding-time", "Time to a decision", In.MINUTES, _DOWN),
    Indicator("decided-in-time", "Decided in time", In.PERCENT, _UP),
    Indicator("queue-age", "Age of what waits", In.MINUTES, _DOWN),
    Indicator("expired", "Expired undecided", In.PERCENT, _DOWN),
    Indicator("exceptions-per-100", "Exceptions", In.PER_HUNDRED, _DOWN),
    Indicator("exception-consistency", "Exceptions settled alike", In.PERCENT, _UP),
    Indicator("adherence", "Policy adherence", In.PERCENT, _UP),
    Indicator("adherence-reviewed", "Policy adherence, reviewed", In.PERCENT, _UP),
    Indicator("unauthorised", "Unauthorised actions", In.COUNT, _DOWN),
    Indicator("refused", "Refused by the rulebook", In.PERCENT, _DOWN),
    Indicator("succeeded", "Outcomes that succeeded", In.PERCENT, _UP),
    Indicator("unit-cost", "Cost of a unit of work", In.MONEY, _DOWN),
    Indicator("active-users", "Active users", In.PERCENT, _UP),
    Indicator("habitual", "Habitual users", In.PERCENT, _UP),
    Indicator("breadth", "Breadth", In.PERCENT, _UP),
    Indicator("frequency", "Active days", In.DAYS, _UP),
    Indicator("context-sufficiency", "Reviewers had enough context", In.PERCENT, _UP),
    Indicator("answerable", "Runs that can be explained", In.PERCENT, _UP),
    Indicator("evidence", "Complete evidence", In.PERCENT, _UP),
)
INDICATORS: Mapping[str, Indicator] = {each.key: each for each in _ALL}
WITH_BASELINE = tuple(each for each in _ALL if each.baseline)


@dataclass(frozen=True)
class Target:
    """What an owner aims at: at most, at least, or both. In the unit that people say."""

    key: str
    label: str
    unit: str
    at_least: Decimal | None
    at_most: Decimal | None
    is_series: bool = False

    @property
    def sentence(self) -> str:
        return f"{self.label}: {self.words}"

    @property
    def words(self) -> str:
        low, high = (_said(value, self.unit) for value in (self.at_least, self.at_most))
        if low and high:
            return f"{low} to {high}"
        return f"at least {low}" if low else f"at most {high}"


@dataclass(frozen=True)
class CaseMix:
    """One kind of case within a baseline: how many there were and what they came to."""

    kind: str
    n: int
    value: Decimal


@dataclass(frozen=True)
class BaselineLine:
    """What an indicator was before launch, and how that is known."""

    key: str
    value: Decimal
    n: int
    first: date
    last: date
    is_measured: bool
    source: str
    cases: tuple[CaseMix, ...] = ()

    @property
    def label(self) -> str:
        return INDICATORS[self.key].label

    @property
    def words(self) -> str:
        how = "measured here" if self.is_measured else "stated"
        mix = "; ".join(
            f"{each.kind} {_said(each.value, INDICATORS[self.key].unit)} ({each.n})"
            for each in self.cases
        )
        return (
            f"{_said(self.value, INDICATORS[self.key].unit)} over {self.n} cases,"
            f" {self.first.isoformat()} to {self.last.isoformat()}, {how}: {self.source}"
            + (f" By kind of case: {mix}." if mix else "")
        )

    @property
    def sentence(self) -> str:
        return f"{self.label}: {self.words}"


def in_base(key: str, value: Decimal) -> Decimal:
    """Turn a number as people say it into the base unit: seconds, or a share of one."""
    known = INDICATORS.get(key)
    return value * _FACTORS.get(known.unit, Decimal(1)) if known else value


def in_words_unit(key: str, value: Decimal) -> Decimal:
    """Turn a number in the base unit into the one that people say it in."""
    known = INDICATORS.get(key)
    return value / _FACTORS.get(known.unit, Decimal(1)) if known else value


def targets_in(document: Mapping[str, Any]) -> tuple[Target, ...]:
    """Give the targets of a readable document that something measures, by their label."""
    found = []
    for key, value in (document.get("targets") or {}).items():
        if key == SERIES and isinstance(value, Mapping):
            found += [_target(slug, each) for slug, each in value.items()]
        elif isinstance(value, Mapping) and key in INDICATORS:
            found.append(_target(key, value))
    return tuple(sorted(found, key=lambda each: (each.is_series, each.label, each.key)))


def aims_in(document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Give the aims in the owner's own words, which nothing measures."""
    return tuple(
        (key, str(value))
        for key, value in (document.get("targets") or {}).items()
        if not isinstance(value, Mapping)
    )


def baselines_in(document: Mapping[str, Any]) -> tuple[BaselineLine, ...]:
    """Give the baselines of a readable document."""
    return tuple(
        BaselineLine(
            key=row["key"],
            value=Decimal(row["value"]),
            n=row["n"],
            first=date.fromisoformat(row["first"]),
            last=date.fromisoformat(row["last"]),
            is_measured=row.get("how") == "measured",
            source=row["source"],
            cases=tuple(
                CaseMix(case["kind"], case["n"], Decimal(case["value"]))
                for case in row.get("cases") or ()
            ),
        )
        for row in document.get("baselines") or ()
    )


def measure_lines(document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Give targets, aims and baselines as the page says them, each with what to know of it."""
    aims = (
        (
            f"{key.replace('_', ' ')}: {value}",
            "in the owner's words; nothing measures it",
        )
        for key, value in aims_in(document)
    )
    return (
        *((each.sentence, "") for each in targets_in(document)),
        *aims,
        *((f"Before launch. {each.sentence}", "") for each in baselines_in(document)),
    )


def read_targets(targets: Fields) -> None:
    """Note everything that is wrong with the targets of a page."""
    for key, value in targets.source.items():
        if key == SERIES and isinstance(value, Mapping):
            _read_series(targets.table(key))
        elif isinstance(value, Mapping):
            if key not in INDICATORS:
                known = ", ".join(sorted(INDICATORS))
                targets.note(key, f"is no indicator. Indicators are {known}.")
            _read_bounds(targets.table(key))
        elif isinstance(value, bool) or not isinstance(value, int):
            targets.text(key)


def read_baselines(fields: Fields) -> None:
    """Note everything that is wrong with the baselines of a page."""
    keys = []
    for row in fields.rows("baselines"):
        keys.append(row.slug("key"))
        if keys[-1] and keys[-1] not in {each.key for each in WITH_BASELINE}:
            known = ", ".join(each.key for each in WITH_BASELINE)
            row.note("key", f"takes no baseline; {known} do.")
        row.decimal("value", is_required=True)
        row.whole("n", 1, BASELINE_COUNT_MAX, is_required=True)
        first, last = _day(row, "first"), _day(row, "last")
        if first and last and last < first:
            row.note("last", "is before the first day.")
        row.choice("how", How)
        row.text("source", is_required=True)
        _read_cases(row)
        row.refuse_unknown()
    fields.refuse_rows_twice("baselines", "key", keys)


class How(StrEnum):
    """How a baseline came to be known."""

    MEASURED = "measured"
    TYPED = "typed"


def _read_cases(row: Fields) -> None:
    kinds = []
    for case in row.rows("cases"):
        kinds.append(case.text("kind", is_required=True))
        case.whole("n", 1, BASELINE_COUNT_MAX, is_required=True)
        case.decimal("value", is_required=True)
        case.refuse_unknown()
    if len(kinds) > CASES_MAX:
        row.note("cases", f"has more than {CASES_MAX} kinds of case.")
    row.refuse_rows_twice("cases", "kind", kinds)


def _read_series(table: Fields) -> None:
    for slug in table.source:
        if not is_slug(slug) or len(slug) > SLUG_LENGTH_MAX:
            table.note(str(slug), "must be small letters, digits and hyphens.")
        _read_bounds(table.table(slug))


def _read_bounds(bounds: Fields) -> None:
    low, high = (_bound(bounds, key) for key in ("at_least", "at_most"))
    if not {"at_least", "at_most"} & set(bounds.source):
        bounds.note("", "needs at_least, at_most or both.")
    if low is not None and high is not None and high < low:
        bounds.note("at_most", "is below at_least.")
    bounds.refuse_unknown()


def _bound(bounds: Fields, key: str) -> Decimal | None:
    value = bounds.raw(key)
    if value is None:
        return None
    number = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = Decimal(value) if value >= 0 else None
    elif isinstance(value, str):
        number = decimal_of(value)
    if number is None:
        bounds.note(key, "must be a plain number of at least zero.")
    return number


def _day(row: Fields, key: str) -> date | None:
    value = row.text(key, is_required=True)
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        row.note(key, 'must be a day, such as "2026-05-31".')
        return None


def _target(key: str, value: Mapping[str, Any]) -> Target:
    known = INDICATORS.get(key)
    low, high = (
        Decimal(value[name]) if value.get(name) is not None else None
        for name in ("at_least", "at_most")
    )
    label = known.label if known else f"Imported “{key}”"
    return Target(key, label, known.unit if known else "", low, high, known is None)


def _said(value: Decimal | None, unit: str) -> str:
    if value is None:
        return ""
    plain = f"{value.normalize():f}"
    if unit == In.PERCENT:
        return f"{plain} %"
    return f"{plain} {unit}".strip()


def changed_baselines(
    old: Mapping, new: Mapping
) -> Iterator[tuple[str, str, str, str]]:
    """Say which baseline was changed: its place, its label, the words before and after."""
    before, after = (
        {each.key: each for each in baselines_in(page)} for page in (old, new)
    )
    for key in sorted({*before, *after}):
        was, now = before.get(key), after.get(key)
        if was != now:
            yield (
                f"baselines.{key}",
                INDICATORS[key].label,
                was.words if was else "",
                now.words if now else "",
            )
