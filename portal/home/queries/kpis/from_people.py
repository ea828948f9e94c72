"""The indicators that come from what people do, as one source. Counts, and hardly names."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.urls import reverse

from approvals.queries.kpi_ends import LookTimes, Which, end_rows, look_times_over
from portal.accounts import access
from portal.accounts.activity import (
    HABITUAL_DAYS,
    SHOWN_FROM,
    Activity,
    DepartmentActivity,
    Group,
    activity_over,
    departments_over,
    people_rows,
)
from portal.accounts.actors import Actor
from portal.home.queries.kpis import people_kpis as named
from portal.home.queries.kpis.answers import (
    no_data,
    not_measurable,
    part_of,
    share_of,
    span_of,
)
from portal.home.queries.kpis.figure import (
    Answer,
    Detail,
    Figure,
    Kpi,
    Row,
    Rows,
    Scope,
    Side,
    Unit,
)
from registry.queries.production import InDepartment, work_in_departments

ACTIVE_MIN = 3
TOO_FEW = (
    f"Fewer than {SHOWN_FROM} people: so small a group is not broken out, so that nobody"
    " is singled out."
)
NOBODY = "Nobody acted in the 28 days that end here."


class FromPeople:
    """Every indicator that is counted from what people do."""

    kpis: tuple[Kpi, ...] = named.ALL

    def figures(
        self,
        *,
        actor: Actor,
        keys: Sequence[str],
        scopes: Sequence[Scope],
        now: datetime,
    ) -> Mapping[str, tuple[Figure, ...]]:
        """Give each indicator once per scope. At most nine queries."""
        wanted = frozenset(keys)
        found: dict[str, tuple[Figure, ...]] = {}
        if named.SECONDS.key in wanted:
            spans = [span_of(scope) for scope in scopes]
            found[named.SECONDS.key] = tuple(
                _seconds(each, now)
                for each in look_times_over(actor=actor, spans=spans)
            )
        if wanted == {named.SECONDS.key}:
            return found
        work = work_in_departments(actor=actor)
        groups = _groups(actor, scopes, work)
        if wanted & {kpi.key for kpi in named.COUNTED}:
            activity = activity_over(actor=actor, groups=groups)
            for kpi in named.COUNTED:
                if kpi.key in wanted:
                    found[kpi.key] = tuple(
                        _COUNTED[kpi.key](each, now) for each in activity
                    )
        if named.BREADTH.key in wanted:
            by_department = departments_over(actor=actor, groups=groups)
            # Most scopes are of the same work: what it may do is added up once.
            ways = {
                workflows: _way_of(_within(work, scope))
                for workflows, scope in {
                    each.workflows: each for each in scopes
                }.items()
            }
            found[named.BREADTH.key] = tuple(
                _breadth(each, ways[scope.workflows], now)
                for each, scope in zip(by_department, scopes, strict=True)
            )
        return found

    def rows(
        self, *, actor: Actor, key: str, scope: Scope, side: Side, cursor: str | None
    ) -> Rows:
        """Give the rows behind an indicator; people only to themselves and administrators."""
        if key == named.SECONDS.key:
            which = Which.NOT_LOOKED if side == Side.EXCLUDED else Which.LOOKED
            page = end_rows(
                actor=actor, span=span_of(scope), which=which, cursor=cursor
            )
            return Rows(
                tuple(
                    Row(
                        each.headline,
                        reverse("inbox_card", args=(each.id,)),
                        each.at,
                        shown="not known"
                        if each.looked_seconds is None
                        else f"{each.looked_seconds:,.0f} s",
                    )
                    for each in page.items
                ),
                page.next_cursor,
                page.previous_cursor,
            )
        if side == Side.EXCLUDED:
            return Rows(())
        work = work_in_departments(actor=actor)
        (group,) = _groups(actor, (scope,), work)
        if key == named.BREADTH.key:
            (found,) = departments_over(actor=actor, groups=[group])
            return _departments(found, _within(work, scope), side)
        days_min = _DAYS_MIN[key] if side == Side.OVER else 0
        people = people_rows(actor=actor, group=group, days_min=days_min, cursor=cursor)
        return Rows(
            tuple(
                Row(
                    each.name,
                    reverse("person", args=(each.id,)),
                    None,
                    shown=f"{each.days} of 28 days",
                    note=f"last on {each.last_on:%d %B %Y}"
                    if each.last_on
                    else "never",
                )
                for each in people.items
            ),
            people.next_cursor,
            people.previous_cursor,
        )


def _departments(
    found: Sequence[DepartmentActivity], work: Sequence[InDepartment], side: Side
) -> Rows:
    """Give departments by name, and why each counts or does not; never how many acted."""
    mine = {each.department_id for each in work}
    live = {each.department_id for each in work if each.is_live}
    rows = []
    for each in found:
        is_broad = _is_broad(each, live)
        if side == Side.OVER and not is_broad:
            continue
        reasons = [
            *(["fewer than three people act"] if each.active < ACTIVE_MIN else []),
            *(["no workflow is live"] if each.department_id not in live else []),
        ]
        shown = "counted" if is_broad else "not counted"
        href = f"{reverse('numbers')}?department={each.slug}"
        is_seen = each.department_id in mine
        rows.append(
            Row(each.name, href if is_seen else "", None, shown, ", ".join(reasons))
        )
    return Rows(tuple(rows))


def _is_broad(found: DepartmentActivity, live: Collection[UUID]) -> bool:
    return found.active >= ACTIVE_MIN and found.department_id in live


def _groups(
    actor: Actor, scopes: Sequence[Scope], work: Sequence[InDepartment]
) -> list[Group]:
    """Give the people of each scope: those of the departments whose work it is about.

    Whoever sees every workflow sees the whole company where no workflow is named.
    """
    sees_all = any(scope.workflows is None for scope in scopes) and (
        access.holds_everywhere(actor, access.VIEW)
    )
    return [
        Group(
            scope.last,
            None
            if scope.workflows is None and sees_all
            else frozenset(each.department_id for each in _within(work, scope)),
        )
        for scope in scopes
    ]


def _within(work: Sequence[InDepartment], scope: Scope) -> list[InDepartment]:
    return [
        each
        for each in work
        if scope.workflows is None or each.workflow_id in scope.workflows
    ]


def _active(found: Activity, now: datetime) -> Figure:
    if not found.is_shown:
        return _too_few(found, now)
    return share_of(
        found.active,
        found.eligible,
        now=now,
        why=NOBODY,
        details=(
            part_of("Only told of something", found.passive, found.eligible),
            part_of(
                "Neither",
                found.eligible - found.active - found.passive,
                found.eligible,
            ),
        ),
    )


def _habitual(found: Activity, now: datetime) -> Figure:
    if not found.is_shown:
        return _too_few(found, now)
    return share_of(
        found.habitual,
        found.eligible,
        now=now,
        why=NOBODY,
        details=(
            part_of(
                "Active on fewer days", found.active - found.habitual, found.eligible
            ),
            part_of("Dormant: active before, not now", found.dormant, found.eligible),
            part_of("Never active", found.never, found.eligible),
        ),
    )


def _frequency(found: Activity, now: datetime) -> Figure:
    if not found.is_shown:
        return _too_few(found, now)
    if found.median_days is None:
        return no_data(NOBODY, now=now)
    return Figure(
        Answer.MEASURED,
        now,
        value=found.median_days,
        over=Decimal(found.active),
        details=(
            Detail(
                "Stickiness",
                found.stickiness,
                Unit.SHARE,
                "people active in a day over those active in 28 days",
            ),
        ),
    )


def _too_few(found: Activity, now: datetime) -> Figure:
    if not found.eligible:
        return no_data("There are no people in these departments.", now=now)
    return not_measurable(TOO_FEW, now=now)


_DAYS_MIN = {
    named.ACTIVE.key: 1,
    named.HABITUAL.key: HABITUAL_DAYS,
    named.FREQUENCY.key: 1,
}
_COUNTED = {
    named.ACTIVE.key: _active,
    named.HABITUAL.key: _habitual,
    named.FREQUENCY.key: _frequency,
}


def _way_of(work: Sequence[InDepartment]) -> tuple[Collection[UUID], float | None]:
    """Give the departments with a live workflow, and how much they may do on average."""
    verbs: dict[UUID, set[tuple[str, str]]] = {}
    for each in work:
        if each.is_live:
            verbs.setdefault(each.department_id, set()).update(each.verbs)
    mean = sum(map(len, verbs.values())) / len(verbs) if verbs else None
    return verbs.keys(), mean


def _breadth(
    departments: Sequence[DepartmentActivity],
    way: tuple[Collection[UUID], float | None],
    now: datetime,
) -> Figure:
    live, mean = way
    broad = [each for each in departments if _is_broad(each, live)]
    return share_of(
        len(broad),
        len(departments),
        now=now,
        why="There are no departments with people here.",
        details=(
            Detail(
                "Departments with a live workflow",
                len(live),
                Unit.COUNT,
            ),
            Detail("Verbs in production, mean of a department", mean, Unit.RATIO),
        ),
    )


def _seconds(found: LookTimes, now: datetime) -> Figure:
    excluded = (
        ("Decisions whose first look is not known", found.decided - found.known),
    )
    if found.p50 is None:
        return no_data(
            "Nobody decided with a known first look at the card in these days.",
            now=now,
            covered=Decimal(found.known),
            coverable=Decimal(found.decided),
            excluded=excluded,
        )
    return Figure(
        Answer.MEASURED,
        now,
        value=found.p50,
        over=Decimal(found.known),
        covered=Decimal(found.known),
        coverable=Decimal(found.decided),
        excluded=excluded,
        details=(
            Detail("Nine of ten took no longer than", found.p90, Unit.SECONDS, "p90"),
            Detail("All together", found.total, Unit.SECONDS),
        ),
    )
