"""Who may do what: one verb, across every live workflow that a person may see.

The answer is what holds in the end: the row of the page, after its guardrails and phase,
under the ceilings in force and the catalogue of systems.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet

from portal.accounts.actors import Actor
from portal.core.pagination import PAGE_SIZE, PAGE_SIZE_MAX, keyset
from registry.models import (
    AgentAssignment,
    AllowanceRow,
    RoleHolding,
    StandingReviewer,
    System,
    Workflow,
)
from registry.queries.authority import (
    RANK,
    Above,
    above_all,
    reach_in_force,
    visible_cells,
)
from registry.queries.narrowing import is_vacant
from registry.rules.amounts import amount_text
from registry.rules.answers import Authority
from registry.rules.asking import WhoMay, is_question, question_in
from registry.rules.reach import Reach
from registry.rules.rulebook import DecidedBy
from registry.rules.sentences import WHO, listed, system_label
from registry.rules.verbs import name_of

ORDER = ("answer", "workflow__name", "id")
AGENTS_NAMED_MAX = 3
LEVELS = {
    "workflow": "its page",
    "guardrail": "its guardrail",
    "phase": "its phase",
    "team": "a team ceiling",
    "department": "a department ceiling",
    "enterprise": "an enterprise ceiling",
    "catalogue": "the catalogue of systems and tools",
}


@dataclass(frozen=True)
class MayLine:
    """One cell of one workflow that answers the question."""

    slug: str
    workflow: str
    department: str
    system: str
    system_name: str
    verb: str
    authority: str
    limit: str
    decided_by: str
    level: str
    why: str
    agents: str
    is_paused: bool
    is_vacant: bool


@dataclass(frozen=True)
class WhoMayPage:
    """The answer in a sentence, and one page of what it rests on."""

    asked: WhoMay
    sentence: str
    lines: tuple[MayLine, ...]
    next_cursor: str | None
    previous_cursor: str | None


@dataclass(frozen=True)
class Tally:
    """How many workflows may, and how: each workflow counts once, by its best cell."""

    allowed: int
    review: int
    never: int
    stopped: int
    most: Decimal | None
    currency: str
    currencies: int
    unlimited: int

    @property
    def may(self) -> int:
        return self.allowed + self.review


def who_may(
    *, actor: Actor, asked: WhoMay, authority: str = "", cursor: str | None = None
) -> WhoMayPage:
    """Answer who may do something. At most eleven queries.

    Raises Malformed for a cursor that was not made here.
    """
    above = above_all()
    cells = _asked(actor, above, asked)
    page = keyset(_shown(cells, authority), order=ORDER, cursor=cursor, size=PAGE_SIZE)
    return WhoMayPage(
        asked=asked,
        sentence=sentence_of(asked, _tally(cells), _system_name(asked.system)),
        lines=_lines(page.items, above),
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
    )


def who_may_sentence(*, actor: Actor, asked: WhoMay) -> str:
    """Answer in the one sentence alone. At most six queries."""
    cells = _asked(actor, above_all(), asked)
    return sentence_of(asked, _tally(cells), _system_name(asked.system))


def all_who_may(
    *, actor: Actor, asked: WhoMay, authority: str = ""
) -> Iterator[MayLine]:
    """Give every line of the answer, page after page, with the rights of that moment."""
    cursor, is_first = None, True
    while cursor or is_first:
        above = above_all()
        cells = _shown(_asked(actor, above, asked), authority)
        page = keyset(cells, order=ORDER, cursor=cursor, size=PAGE_SIZE_MAX)
        yield from _lines(page.items, above)
        cursor, is_first = page.next_cursor, False


def line_count(*, actor: Actor, asked: WhoMay, authority: str = "") -> int:
    """Count the lines of the answer exactly, for a file that is to be written."""
    return _shown(_asked(actor, above_all(), asked), authority).order_by().count()


def question_of(text: str) -> WhoMay | None:
    """Read a question out of a search, or None. One query where it looks like one."""
    return question_in(text, systems=system_names()) if is_question(text) else None


def system_names() -> dict[str, str]:
    """Give the names of the systems by slug, for reading a question. One query."""
    return dict(System.objects.order_by("name", "id").values_list("slug", "name"))


def sentence_of(asked: WhoMay, tally: Tally, system_name: str = "") -> str:
    """Say the answer in one sentence, or two where some cannot act just now."""
    what = name_of(asked.verb) + (f" in {system_name}" if asked.system else "")
    says = "says" if tally.never == 1 else "say"
    never = f" {tally.never:,} {says} never." if tally.never else ""
    if not tally.may:
        return f"No workflow may {what}.{never}"
    parts = []
    if tally.allowed:
        parts.append(f"{tally.allowed:,} without a person{_most(tally)}")
    if tally.review:
        parts.append(f"{tally.review:,} after review")
    many = "workflow" if tally.may == 1 else "workflows"
    are = "is" if tally.stopped == 1 else "are"
    stopped = (
        f" {tally.stopped:,} of them {are} stopped: paused, or a role is vacant."
        if tally.stopped
        else ""
    )
    said = listed(tuple(parts), "and")
    return f"{tally.may:,} {many} may {what}: {said}.{stopped}{never}"


def _most(tally: Tally) -> str:
    if tally.unlimited == tally.allowed or tally.most is None or tally.currencies != 1:
        return ""
    amount = amount_text(tally.most).removesuffix(".00")
    if tally.unlimited:
        return f" ({tally.unlimited} of them whatever the amount)"
    at_most = "up to" if tally.allowed == 1 else "at most"
    return f" {at_most} {tally.currency} {amount}"


def _asked(actor: Actor, above: Above, asked: WhoMay) -> QuerySet:
    cells = visible_cells(actor=actor, above=above).filter(verb=asked.verb)
    return cells.filter(system=asked.system) if asked.system else cells


def _shown(cells: QuerySet, authority: str) -> QuerySet:
    if authority in RANK:
        cells = cells.filter(answer=RANK[Authority(authority)])
    elif authority == "may":
        cells = cells.filter(answer__lt=RANK[Authority.NEVER])
    return cells.select_related("workflow__department")


def _tally(cells: QuerySet) -> Tally:
    best = cells.order_by().values("workflow").annotate(best=Min("answer"))
    counts = best.aggregate(
        allowed=Count("workflow", filter=Q(best=0)),
        review=Count("workflow", filter=Q(best=1)),
        never=Count("workflow", filter=Q(best=2)),
    )
    money = cells.filter(answer=0).aggregate(
        most=Max("limit"),
        currency=Max("currency_in", filter=Q(limit__isnull=False)),
        currencies=Count("currency_in", distinct=True, filter=Q(limit__isnull=False)),
        unlimited=Count("workflow", distinct=True, filter=Q(limit=None)),
    )
    may = cells.filter(answer__lt=2).values("workflow")
    stopped = Workflow.objects.filter(id__in=may).filter(
        Q(paused_at__isnull=False) | is_vacant()
    )
    return Tally(
        **counts,
        **(money | {"currency": money["currency"] or ""}),
        stopped=stopped.count(),
    )


def _lines(rows: tuple[AllowanceRow, ...], above: Above) -> tuple[MayLine, ...]:
    ids = {row.workflow_id for row in rows}
    agents = _agents(ids)
    deciders = _deciders(ids)
    vacant = _vacant(ids)
    names = {row.system: "" for row in rows}
    known = System.objects.filter(slug__in=names).values_list("slug", "name")
    names |= dict(known)
    return tuple(
        _line(
            row,
            reach_in_force(row, above, row.workflow),
            names[row.system] or system_label(row.system),
            agents.get(row.workflow_id, ()),
            deciders.get(row.workflow_id, {}),
            row.workflow_id in vacant,
        )
        for row in rows
    )


def _line(
    row: AllowanceRow,
    reach: Reach,
    system_name: str,
    agents: tuple[str, ...],
    deciders: dict[str, str],
    has_vacancy: bool,
) -> MayLine:
    return MayLine(
        slug=row.workflow.slug,
        workflow=row.workflow.name,
        department=row.workflow.department.name,
        system=row.system,
        system_name=system_name,
        verb=row.verb,
        authority=reach.authority.value,
        limit=_limit(row, reach),
        decided_by=_decided(reach, row.count_per_day, deciders),
        level=reach.level,
        why=reach.sentence if reach.level != "workflow" else "",
        agents=_named(agents),
        is_paused=row.workflow.paused_at is not None,
        is_vacant=has_vacancy,
    )


def _limit(row: AllowanceRow, reach: Reach) -> str:
    if reach.authority == Authority.NEVER:
        return ""
    parts = []
    if reach.authority == Authority.ALLOWED and reach.amount_max is not None:
        amount = amount_text(reach.amount_max).removesuffix(".00")
        parts.append(f"up to {reach.currency} {amount}")
    if row.count_per_day is not None:
        parts.append(f"{row.count_per_day} a day")
    return ", ".join(parts)


def _decided(reach: Reach, count: int | None, deciders: dict[str, str]) -> str:
    if reach.authority == Authority.NEVER:
        return ""
    who = WHO.get(reach.decided_by, "a reviewer")
    if reach.quorum > 1 and reach.decided_by == DecidedBy.REVIEWERS:
        who = f"{reach.quorum} reviewers"
    nobody = "nobody yet" if reach.decided_by == DecidedBy.REVIEWERS else ""
    named = deciders.get(reach.decided_by, nobody)
    who = f"{who} ({named})" if named else who
    if reach.authority == Authority.REVIEW:
        return who
    if reach.amount_max is None and count is None:
        return "nobody, within the guardrails"
    return f"beyond that {who}"


def _named(agents: tuple[str, ...]) -> str:
    shown = ", ".join(agents[:AGENTS_NAMED_MAX])
    left = len(agents) - AGENTS_NAMED_MAX
    return f"{shown} and {left} more" if left > 0 else shown


def _agents(ids: set[UUID]) -> dict[UUID, tuple[str, ...]]:
    found: dict[UUID, list[str]] = {}
    rows = AgentAssignment.objects.filter(workflow__in=ids, agent__is_active=True)
    for workflow_id, name in rows.order_by("agent__name", "id").values_list(
        "workflow_id", "agent__name"
    ):
        found.setdefault(workflow_id, []).append(name)
    return {key: tuple(names) for key, names in found.items()}


def _deciders(ids: set[UUID]) -> dict[UUID, dict[str, str]]:
    found: dict[UUID, dict[str, str]] = {}
    held = RoleHolding.objects.filter(workflow__in=ids, person__is_active=True)
    for workflow_id, role, name in held.values_list(
        "workflow_id", "role", "person__name"
    ):
        found.setdefault(workflow_id, {})[role] = name
    reviewers = StandingReviewer.objects.filter(workflow__in=ids)
    counted = reviewers.values_list("workflow_id").annotate(
        Count("person", distinct=True)
    )
    for workflow_id, number in counted:
        found.setdefault(workflow_id, {})[DecidedBy.REVIEWERS] = f"1 of {number}"
    return found


def _vacant(ids: set[UUID]) -> set[UUID]:
    rows = Workflow.objects.filter(id__in=ids).filter(is_vacant())
    return set(rows.values_list("id", flat=True))


def _system_name(slug: str) -> str:
    if not slug:
        return ""
    name = System.objects.filter(slug=slug).values_list("name", flat=True).first()
    return name or system_label(slug)
