"""What the week saw, or its workflow over the last twelve: read from what was gathered.

Every line names its kind and key, which is how its runs are asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models.fields.json import KT, KeyTransform

from portal.accounts.actors import Actor
from portal.core.errors import NotFound
from registry.queries.mapping import stop_rules_live
from runs.models import ReviewWeek, Run, UnmappedTool, WeekSight
from runs.queries.gathering import BACK_WEEKS, ROWS_MAX
from runs.queries.week_page.access import visible_week
from runs.rules.seeing import Line, added_up

SHOWN_MAX = 8
WEEK = timedelta(days=7)
WEAK = {
    "stop_rule.missing_data": "Needed data was missing",
    "stop_rule.conflicting_records": "Records did not agree",
    "check.failed": "A check failed",
    "check.missing": "A check was not reported",
}
KINDS = {
    "correction": "People corrected “{}”",
    "weak": "{}",
    "unread": "A read failed: {}",
    "stop": "The stop rule “{}” fired",
    "held": "The stop rule “{}” put runs on hold",
    "unknown": "The unknown tool {} was used",
    "tool": "The slowest calls of {}",
    "model": "The slowest calls of {}",
    "person": "The longest waits for {}",
}


@dataclass(frozen=True)
class RuleSeen:
    """One stop rule of the rulebook, and how often it fired where it was asked."""

    key: str
    sentence: str
    fired: int
    held: int
    asked: int

    @property
    def share(self) -> float | None:
        return self.fired / self.asked if self.asked else None

    @property
    def word(self) -> str:
        """Say what stands out: never, or nearly always."""
        if not self.asked and not self.held:
            return "nothing asked"
        if not self.fired and not self.held:
            return "never fired"
        if self.share is not None and self.share >= 0.9:  # noqa: PLR2004
            return "fires nearly always"
        return ""


@dataclass(frozen=True)
class Observed:
    """What was seen over `weeks` weeks up to this one."""

    is_gathered: bool
    weeks: int
    corrections: tuple[Line, ...]
    weak: tuple[tuple[str, Line], ...]
    unread: tuple[Line, ...]
    rules: tuple[RuleSeen, ...]
    unknown: tuple[tuple[Line, str], ...]
    slow: tuple[Line, ...]
    rulings: int


@dataclass(frozen=True)
class SeenRun:
    run_id: UUID
    title: str
    state: str
    started_at: datetime


@dataclass(frozen=True)
class SeenRows:
    """The runs behind one line."""

    workflow: str
    week_id: UUID
    words: str
    total: int
    rows: tuple[SeenRun, ...]
    weeks: int
    # How often it was seen; one run may have it several times.
    count: int = 0
    starts_on: date | None = None
    workflow_slug: str = ""
    is_waiting: bool = False


@dataclass(frozen=True)
class SeenWeeks:
    """Several weeks of a workflow, up to one of them."""

    id: UUID
    workflow: str
    workflow_slug: str
    starts_on: date
    observed: Observed


def seen_over(*, actor: Actor, week_id: UUID, weeks: int) -> SeenWeeks:
    """Give what several weeks saw, to who may see the workflow. Raises NotFound."""
    week = visible_week(actor, week_id)
    return SeenWeeks(
        week.id,
        week.workflow.name,
        week.workflow.slug,
        week.starts_on,
        observed(week, weeks=weeks),
    )


def observed(week: ReviewWeek, *, weeks: int = 1) -> Observed:
    """Give what a week saw, or it and those before. Four queries, and no events read."""
    sights = _sights(week, BACK_WEEKS)
    first = week.starts_on - (weeks - 1) * WEEK
    chosen = [lines for on, lines, _ in sights if on >= first]
    found = added_up(chosen)
    year = added_up([lines for _, lines, _ in sights])
    asked = sum(rulings for _, _, rulings in sights)
    return Observed(
        is_gathered=any(on == week.starts_on for on, _, _ in sights),
        weeks=weeks,
        corrections=_of(found, "correction"),
        weak=tuple((WEAK.get(x.key, x.key), x) for x in _of(found, "weak")),
        unread=_of(found, "unread"),
        rules=_rules(week, year, asked),
        unknown=_unknown(week, _of(found, "unknown")),
        slow=_slow(found),
        rulings=sum(rulings for on, _, rulings in sights if on >= first),
    )


def seen_rows(*, actor: Actor, week_id: UUID, what: str, weeks: int = 1) -> SeenRows:
    """Give the runs behind one line, the newest first. Four queries. Raises NotFound."""
    week = visible_week(actor, week_id)
    kind, _, key = what.partition(":")
    if kind not in KINDS:
        raise NotFound("There is no such line.")
    first = week.starts_on - (weeks - 1) * WEEK
    sights = WeekSight.objects.filter(
        workflow=week.workflow_id, starts_on__gte=first, starts_on__lte=week.starts_on
    )
    told = list(
        sights.annotate(
            found=KeyTransform(f"{kind}:{key}", KeyTransform("rows", "document")),
            lines=KeyTransform("lines", "document"),
        ).values_list("found", "lines")
    )
    ids = {run for found, _ in told for run in found or ()}
    line = added_up([lines for _, lines in told]).get((kind, key))
    rows = Run.objects.filter(id__in=ids, workflow=week.workflow_id).order_by(
        "-started_at", "-id"
    )
    named = WEAK.get(key, key)
    return SeenRows(
        workflow=week.workflow.name,
        week_id=week.id,
        words=KINDS[kind].format(named),
        total=line.runs if line else 0,
        count=line.count if line else 0,
        starts_on=week.starts_on,
        workflow_slug=week.workflow.slug,
        is_waiting=what.startswith("person:"),
        rows=tuple(
            SeenRun(row.id, row.title or row.agent_run_id, row.state, row.started_at)
            for row in rows.defer("fold")[:ROWS_MAX]
        ),
        weeks=weeks,
    )


def _sights(week: ReviewWeek, weeks: int) -> list[tuple]:
    rows = WeekSight.objects.filter(
        workflow=week.workflow_id,
        starts_on__gt=week.starts_on - weeks * WEEK,
        starts_on__lte=week.starts_on,
    ).order_by("starts_on")
    told = rows.annotate(
        lines=KeyTransform("lines", "document"), rulings=KT("document__rulings")
    ).values_list("starts_on", "lines", "rulings")
    return [(on, lines or [], int(rulings or 0)) for on, lines, rulings in told]


def _of(found: Mapping[tuple[str, str], Line], kind: str) -> tuple[Line, ...]:
    lines = [line for line in found.values() if line.kind == kind]
    return tuple(sorted(lines, key=lambda x: (-x.count, x.key))[:SHOWN_MAX])


def _slow(found: Mapping[tuple[str, str], Line]) -> tuple[Line, ...]:
    lines = [x for x in found.values() if x.kind in ("tool", "model", "person")]
    return tuple(sorted(lines, key=lambda x: (-(x.p90 or 0), x.key))[:SHOWN_MAX])


def _rules(
    week: ReviewWeek, year: Mapping[tuple[str, str], Line], asked: int
) -> tuple[RuleSeen, ...]:
    """Set each rule of the live rulebook beside how often it fired in twelve weeks."""

    def count(kind: str, key: str) -> int:
        line = year.get((kind, key))
        return line.count if line else 0

    live = dict(stop_rules_live(week.workflow_id))
    gone = {
        key: "" for kind, key in year if kind in ("stop", "held") and key not in live
    }
    rows = (
        RuleSeen(key, words, count("stop", key), count("held", key), asked)
        for key, words in (live | gone).items()
    )
    return tuple(sorted(rows, key=lambda x: (-x.fired, -x.held, x.key)))


def _unknown(week: ReviewWeek, lines: tuple[Line, ...]) -> tuple[tuple[Line, str], ...]:
    if not lines:
        return ()
    states = dict(
        UnmappedTool.objects.filter(
            workflow=week.workflow_id, name__in=[line.key for line in lines]
        ).values_list("name", "state")
    )
    words = dict(UnmappedTool.State.choices)
    return tuple((x, words.get(states.get(x.key, ""), "")) for x in lines)
