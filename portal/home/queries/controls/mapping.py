"""The controls of one framework, with what there is of each kind of evidence in some days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.audit import queries as audit
from portal.core.errors import Invalid, NotFound
from portal.core.once import asked_once
from portal.home.queries.controls.evidence import BY_KEY, EVIDENCE, Evidence
from portal.home.queries.controls.frameworks import FRAMEWORKS, Control, Framework
from portal.home.queries.journal import journal_of, midnight
from portal.home.queries.kpis.catalogue import figures_for, kpi_named
from portal.home.queries.kpis.figure import Figure, Kpi, Scope
from portal.home.queries.measured.scopes import days_read

USUAL_DAYS = 90


@dataclass(frozen=True)
class Days:
    """The days that evidence is looked for in, both included."""

    first: date
    last: date

    @property
    def pairs(self) -> dict[str, str]:
        return {"from": self.first.isoformat(), "until": self.last.isoformat()}

    @property
    def query(self) -> str:
        return urlencode(self.pairs)


@dataclass(frozen=True)
class Counted:
    """One kind of evidence: how many entries there are, and the address that opens them."""

    evidence: Evidence
    count: int
    href: str


@dataclass(frozen=True)
class Number:
    """One of the numbers over the same days, and the address that opens it."""

    kpi: Kpi
    now: Figure
    href: str


@dataclass(frozen=True)
class ControlLine:
    """One control with its evidence."""

    control: Control
    counted: tuple[Counted, ...]
    numbers: tuple[Number, ...]

    @property
    def count(self) -> int:
        return sum(each.count for each in self.counted)

    @property
    def state(self) -> str:
        """Say whether records are there: "records", "none" in these days, "elsewhere"."""
        if self.count:
            return "records"
        return "none" if self.counted or self.numbers else "elsewhere"


@dataclass(frozen=True)
class FrameworkHead:
    """One framework in the list."""

    framework: Framework
    with_records: int
    of: int
    href: str


@dataclass(frozen=True)
class ControlsPage:
    """Every framework, for choosing one."""

    heads: tuple[FrameworkHead, ...]
    days: Days
    problems: Mapping[str, str]
    sees_everything: bool
    oldest: datetime | None
    seal: audit.Seal | None


@dataclass(frozen=True)
class FrameworkPage:
    """One framework with its controls."""

    framework: Framework
    lines: tuple[ControlLine, ...]
    days: Days
    problems: Mapping[str, str]
    sees_everything: bool
    seal: audit.Seal | None


def framework_named(key: str) -> Framework:
    """Give one framework. Raises NotFound."""
    found = next((each for each in FRAMEWORKS if each.key == key), None)
    if found is None:
        raise NotFound("There is no such law or standard here.")
    return found


def days_asked(first: str, last: str, *, today: date) -> tuple[Days, Mapping[str, str]]:
    """Read the days; the last ninety where none are said or they cannot be read."""
    usual = Days(today - timedelta(days=USUAL_DAYS - 1), today)
    if not first and not last:
        return usual, {}
    try:
        return Days(*days_read(first, last, today)), {}
    except Invalid as problem:
        # The field of the last day has another name on this page.
        said = {"until" if key == "to" else key: what for key, what in problem.fields.items()}  # fmt: skip
        return usual, said


def controls_page(
    *, actor: Actor, first: str, last: str, today: date, now: datetime
) -> ControlsPage:
    """Give every framework with how many of its controls have records. Five queries."""
    days, problems = days_asked(first, last, today=today)
    sees_everything = access.holds_everywhere(actor, access.VIEW)
    counts = _counts(actor, sees_everything, days, now)
    return ControlsPage(
        heads=tuple(
            FrameworkHead(
                each,
                sum(any(counts[key] for key in one.evidence) for one in each.controls),
                len(each.controls),
                f"{reverse('control_framework', args=[each.key])}?{days.query}",
            )
            for each in FRAMEWORKS
        ),
        days=days,
        problems=problems,
        sees_everything=sees_everything,
        oldest=audit.oldest_entry_at(within=journal_of(actor, sees_everything)),
        seal=audit.seal() if sees_everything else None,
    )


@asked_once()
def framework_page(
    *, actor: Actor, key: str, first: str, last: str, today: date, now: datetime
) -> FrameworkPage:
    """Give one framework with the evidence of each control. Raises NotFound."""
    framework = framework_named(key)
    days, problems = days_asked(first, last, today=today)
    sees_everything = access.holds_everywhere(actor, access.VIEW)
    counts = _counts(actor, sees_everything, days, now)
    keys = {each for one in framework.controls for each in one.numbers}
    figures = figures_for(
        actor=actor, keys=sorted(keys), scopes=[Scope(days.first, days.last)], now=now
    )
    return FrameworkPage(
        framework=framework,
        lines=tuple(
            ControlLine(
                one,
                tuple(
                    Counted(BY_KEY[each], counts[each], journal_address(each, days))
                    for each in one.evidence
                ),
                tuple(
                    Number(kpi_named(each), figures[each][0], _number(each, days))
                    for each in one.numbers
                ),
            )
            for one in framework.controls
        ),
        days=days,
        problems=problems,
        sees_everything=sees_everything,
        seal=audit.seal() if sees_everything else None,
    )


def journal_filter(days: Days, names: tuple[str, ...]) -> audit.JournalFilter:
    """Ask the journal for some names in some days."""
    return audit.JournalFilter(
        names=names,
        from_at=midnight(days.first),
        until_at=midnight(days.last + timedelta(days=1)),
    )


def journal_address(key: str, days: Days) -> str:
    """Give the page of the journal that shows exactly what was counted."""
    names = ",".join(BY_KEY[key].names)
    return f"{reverse('journal')}?{urlencode({'name': names} | days.pairs)}"


def _number(key: str, days: Days) -> str:
    asked = {"period": "days", "from": days.first, "to": days.last}
    return f"{reverse('number', args=[key])}?{urlencode(asked)}"


def _counts(
    actor: Actor, sees_everything: bool, days: Days, now: datetime
) -> dict[str, int]:
    names = tuple(name for each in EVIDENCE for name in each.names)
    found = audit.counts_of(
        within=journal_of(actor, sees_everything),
        wanted=journal_filter(days, names),
        now=now,
    )
    return {
        each.key: sum(found.get(name, 0) for name in each.names) for each in EVIDENCE
    }
