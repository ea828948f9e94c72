"""Which work and which days a page of numbers is about, as its address says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from portal.accounts.actors import Actor
from portal.core.errors import Invalid, NotFound
from portal.home.queries.kpis.figure import Scope
from registry.queries.across import WorkflowPlace, workflow_places

WEEKS = 12
DAYS_MAX = 366
WORKFLOWS_MAX = 40
PERIODS = {
    "4w": "Last 4 weeks",
    "12w": "Last 12 weeks",
    "month": "This month",
    "quarter": "This quarter",
    "days": "From … to …",
}
USUAL = "4w"
PHASES = (1, 2, 3, 4, 5)
GROUPS = {"workflow": "workflow", "department": "department", "phase": "phase"}


@dataclass(frozen=True)
class Asked:
    """What the address says; nothing of it is trusted."""

    workflows: tuple[str, ...] = ()
    department: str = ""
    phase: str = ""
    period: str = ""
    first: str = ""
    last: str = ""

    @property
    def is_narrow(self) -> bool:
        return bool(self.workflows or self.department or self.phase)

    @property
    def query(self) -> str:
        """Give it as the query of an address, without what is usual."""
        pairs = [("workflow", slug) for slug in self.workflows]
        rest = {
            "department": self.department,
            "phase": self.phase,
            "period": "" if self.period == USUAL else self.period,
        }
        if self.period == "days":
            rest |= {"from": self.first, "to": self.last}
        return urlencode([*pairs, *((key, said) for key, said in rest.items() if said)])


@dataclass(frozen=True)
class Chosen:
    """A scope in words and as values, with what it is compared with."""

    asked: Asked
    scope: Scope
    before: Scope
    weeks: tuple[Scope, ...]
    places: tuple[WorkflowPlace, ...]
    departments: tuple[tuple[str, str], ...]
    inside: tuple[WorkflowPlace, ...]
    problems: Mapping[str, str]

    @property
    def query(self) -> str:
        return self.asked.query

    @property
    def only(self) -> WorkflowPlace | None:
        """Give the workflow when the scope is one and no more."""
        return self.inside[0] if len(self.inside) == 1 else None

    @property
    def days_words(self) -> str:
        period = PERIODS[self.asked.period]
        return "The days you chose" if self.asked.period == "days" else period

    @property
    def work_words(self) -> str:
        """Say which work it is, in a few words."""
        if not self.asked.is_narrow:
            return "every workflow that you may see"
        if len(self.inside) == 1:
            return self.inside[0].name
        parts = [f"{len(self.inside)} workflows"]
        if self.asked.department:
            parts.append(f"of {dict(self.departments)[self.asked.department]}")
        if self.asked.phase:
            parts.append(f"in phase {self.asked.phase}")
        return " ".join(parts)


def chosen(*, actor: Actor, asked: Asked, today: date) -> Chosen:
    """Read an address as a scope over what this person may see. Two queries.

    Raises NotFound for a workflow or a department that is not there for them. Days that
    cannot be read are told in `problems`, and the last four weeks are shown.
    """
    places = workflow_places(actor=actor)
    departments = tuple(
        sorted({(each.department_slug, each.department) for each in places})
    )
    asked, problems, first, last = _days(asked, today)
    inside = _inside(places, asked)
    ids = frozenset(each.id for each in inside) if asked.is_narrow else None
    scope = Scope(first, last, ids)
    return Chosen(
        asked=asked,
        scope=scope,
        before=_before(scope),
        weeks=weeks_until(last, ids),
        places=live_first(places),
        departments=departments,
        inside=inside,
        problems=problems,
    )


def live_first(places: Sequence[WorkflowPlace]) -> tuple[WorkflowPlace, ...]:
    """Give the workflows that are live before those that are not, each by name."""
    return tuple(sorted(places, key=lambda each: not each.is_live))


def weeks_until(last: date, workflows: frozenset | None) -> tuple[Scope, ...]:
    """Give the twelve spans of seven days that end on a day, oldest first."""
    starts = [last - timedelta(days=7 * back + 6) for back in range(WEEKS)]
    return tuple(
        Scope(start, start + timedelta(days=6), workflows) for start in reversed(starts)
    )


def _before(scope: Scope) -> Scope:
    last = scope.first - timedelta(days=1)
    return Scope(last - timedelta(days=scope.days - 1), last, scope.workflows)


def _days(asked: Asked, today: date) -> tuple[Asked, dict[str, str], date, date]:
    period = asked.period if asked.period in PERIODS else USUAL
    problems: dict[str, str] = {}
    if period == "days":
        try:
            first, last = days_read(asked.first, asked.last, today)
        except Invalid as problem:
            problems, period = dict(problem.fields), USUAL
        else:
            return _with(asked, "days"), problems, first, last
    return _with(asked, period), problems, _start(period, today), today


def days_read(first: str, last: str, today: date) -> tuple[date, date]:
    """Read the two days of a custom period. Raises Invalid by field."""
    try:
        begins, ends = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise Invalid({"from": "Write both days, such as 2026-05-31."}) from None
    if ends < begins:
        raise Invalid({"to": "The last day is before the first."})
    if begins.year < 2000 or ends > today:
        raise Invalid({"to": "The days must lie between the year 2000 and today."})
    if (ends - begins).days >= DAYS_MAX:
        raise Invalid({"from": f"At most {DAYS_MAX} days are counted at once."})
    return begins, ends


def _start(period: str, today: date) -> date:
    if period == "month":
        return today.replace(day=1)
    if period == "quarter":
        return today.replace(month=3 * ((today.month - 1) // 3) + 1, day=1)
    return today - timedelta(days=83 if period == "12w" else 27)


def _with(asked: Asked, period: str) -> Asked:
    return Asked(
        asked.workflows, asked.department, asked.phase, period, asked.first, asked.last
    )


def _inside(places: Sequence[WorkflowPlace], asked: Asked) -> tuple[WorkflowPlace, ...]:
    slugs = set(asked.workflows)
    if not slugs <= {each.slug for each in places}:
        raise NotFound("There is no such workflow, or you may not see it.")
    if len(slugs) > WORKFLOWS_MAX:
        raise NotFound(f"At most {WORKFLOWS_MAX} workflows are chosen one by one.")
    if asked.department and asked.department not in {
        each.department_slug for each in places
    }:
        raise NotFound("There is no such department, or you see none of its workflows.")
    if asked.phase and asked.phase not in {str(phase) for phase in PHASES}:
        raise NotFound("There is no such phase.")
    return tuple(
        each
        for each in places
        if (not slugs or each.slug in slugs)
        and (not asked.department or each.department_slug == asked.department)
        and (not asked.phase or str(each.phase) == asked.phase)
    )
