"""Imported series as people see them: the list, one with its history, points over spans."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Agent, Person
from portal.accounts.queries import administrators_sentence, is_administrator
from portal.core.errors import Forbidden, NotFound
from portal.core.pagination import keyset
from runs.models import Series, SeriesImport, SeriesPoint
from runs.rules.series import become_one

SERIES_MAX = 100
IMPORTS_MAX = 50
REPORT_MAX = 5_000


@dataclass(frozen=True)
class SeriesHead:
    """One imported series: what it is and where it comes from."""

    id: UUID
    slug: str
    name: str
    unit: str
    better: str
    sums: str
    source: str
    keeper: str
    agent: str
    may_import: bool

    @property
    def from_words(self) -> str:
        return f"imported from {self.source}"


@dataclass(frozen=True)
class SeriesSpan:
    """What a series came to over some days."""

    value: float | None
    points: int
    n: int


@dataclass(frozen=True)
class PointLine:
    """One point, or one that a later one replaced or an undoing took away."""

    on: date
    value: Decimal
    n: int
    workflow: str
    at: datetime
    state: str


@dataclass(frozen=True)
class PointList:
    lines: tuple[PointLine, ...]
    next_cursor: str | None
    previous_cursor: str | None


@dataclass(frozen=True)
class ImportLine:
    """One import: by whom, how, and what became of it."""

    id: UUID
    what: str
    state: str
    state_word: str
    counts: Mapping[str, int]
    by: str
    at: datetime


@dataclass(frozen=True)
class SeriesChoices:
    """What the form of a new series offers."""

    people: tuple[tuple[str, str], ...]
    agents: tuple[tuple[str, str], ...]
    better: tuple[tuple[str, str], ...]
    sums: tuple[tuple[str, str], ...]


def may_manage(actor: Actor) -> bool:
    """Say whether a person may add a series and import any of them. Two queries."""
    return is_administrator(actor) or access.holds_everywhere(actor, access.ASSESS)


def must_manage(actor: Actor) -> None:
    """Raise Forbidden, naming who can help; the command line speaks as the portal."""
    if actor.kind == "system" or may_manage(actor):
        return
    raise Forbidden(
        "Only administrators and the risk team add a series."
        f" {administrators_sentence()}",
        code="series.not_yours",
    )


def all_series(*, actor: Actor) -> tuple[SeriesHead, ...]:
    """Give every series by name; its points show only what a person may see. Three queries."""
    managed = may_manage(actor)
    rows = Series.objects.select_related("keeper", "agent").order_by("name", "id")
    return tuple(_head(row, actor, managed) for row in rows[:SERIES_MAX])


def series_named(*, actor: Actor, slug: str) -> SeriesHead:
    """Give one series. Raises NotFound."""
    return _head(series_row(slug), actor, may_manage(actor))


def series_row(slug: str) -> Series:
    """Give the row of a series. Raises NotFound."""
    row = Series.objects.select_related("keeper", "agent").filter(slug=slug).first()
    if row is None:
        raise NotFound("There is no such series.")
    return row


def must_import(actor: Actor, row: Series) -> None:
    """Raise Forbidden for whoever is neither its keeper nor manages every series."""
    is_keeper = row.keeper_id is not None and row.keeper_id == actor.id
    if actor.kind == "system" or is_keeper or may_manage(actor):
        return
    who = row.keeper.name if row.keeper else "Its keeper"
    raise Forbidden(
        f"{who}, administrators and the risk team import {row.name}.",
        code="series.not_yours",
    )


def must_be_importer(*, actor: Actor, slug: str) -> None:
    """Raise NotFound without such a series, Forbidden for who may not import it."""
    must_import(actor, series_row(slug))


def import_seen_by(actor: Actor, slug: str, import_id: UUID) -> SeriesImport:
    """Give an import to whoever may import that series. Raises NotFound."""
    found = (
        SeriesImport.objects.select_related("series__keeper", "created_by", "agent")
        .filter(id=import_id, series__slug=slug)
        .first()
    )
    if found is None:
        raise NotFound("There is no such import.")
    try:
        must_import(actor, found.series)
    except Forbidden as problem:
        raise NotFound("There is no such import.") from problem
    return found


def imports_of(*, slug: str) -> tuple[ImportLine, ...]:
    """Give the newest imports of a series. One query."""
    rows = SeriesImport.objects.filter(series__slug=slug).select_related(
        "created_by", "agent"
    )
    return tuple(
        import_line(row) for row in rows.order_by("-created_at", "-id")[:IMPORTS_MAX]
    )


def import_line(row: SeriesImport) -> ImportLine:
    """Give an import as a line."""
    by = row.created_by or row.agent
    return ImportLine(
        id=row.id,
        what=row.file_name or row.get_how_display(),
        state=row.state,
        state_word=row.get_state_display(),
        counts=row.counts,
        by=by.name if by else "Countersign",
        at=row.created_at,
    )


def standing_points(seen: QuerySet) -> QuerySet:
    """Narrow points to those that count: the latest of its day whose import stands."""
    same_day = SeriesPoint.objects.filter(
        series=OuterRef("series"), on=OuterRef("on"), source__state="TAKEN"
    ).order_by("-at", "-id")
    of_workflow = same_day.filter(workflow=OuterRef("workflow"))
    of_company = same_day.filter(workflow=None)
    return seen.filter(
        Q(workflow__isnull=False, id=Subquery(of_workflow.values("id")[:1]))
        | Q(workflow=None, id=Subquery(of_company.values("id")[:1]))
    )


def series_over(
    *,
    actor: Actor,
    spans: Sequence[tuple[date, date]],
    workflows: Collection[UUID] | None = None,
    slugs: Collection[str] | None = None,
) -> Mapping[str, tuple[SeriesSpan, ...]]:
    """Give what each series came to over each span, over what this person may see.

    With `workflows` None the company's own points count where there are any, else those of
    the workflows. Only who may see every workflow sees the company's. Two queries.
    """
    if not spans:
        return {}
    rows = access.visible(
        SeriesPoint.objects.order_by(), actor=actor, workflow_path="workflow_id"
    ).filter(
        on__gte=min(first for first, _ in spans), on__lte=max(last for _, last in spans)
    )
    if workflows is not None:
        rows = rows.filter(workflow_id__in=workflows)
    if slugs is not None:
        rows = rows.filter(series__slug__in=slugs)
    kept: dict[str, list[tuple[date, bool, Decimal, int]]] = {}
    sums: dict[str, str] = {}
    for slug, how, on, workflow, value, n in standing_points(rows).values_list(
        "series__slug", "series__sums", "on", "workflow_id", "value", "n"
    ):
        kept.setdefault(slug, []).append((on, workflow is None, value, n))
        sums[slug] = how
    found = {}
    for slug, points in kept.items():
        has_company = any(is_company for _, is_company, _, _ in points)
        mine = [each for each in points if each[1] == has_company]
        found[slug] = tuple(_span(mine, span, sums[slug]) for span in spans)
    return found


def points_of(*, actor: Actor, slug: str, cursor: str | None) -> PointList:
    """Give the points of a series that this person may see, replaced ones too."""
    rows = access.visible(
        SeriesPoint.objects.filter(series__slug=slug),
        actor=actor,
        workflow_path="workflow_id",
    )
    page = keyset(
        rows.select_related("workflow", "source"),
        order=("-on", "-at", "-id"),
        cursor=cursor,
    )
    ids = [point.id for point in page.items]
    standing = set(
        standing_points(SeriesPoint.objects.filter(id__in=ids)).values_list(
            "id", flat=True
        )
    )
    return PointList(
        lines=tuple(
            PointLine(
                on=point.on,
                value=point.value,
                n=point.n,
                workflow=point.workflow.name if point.workflow else "",
                at=point.at,
                state=_state(point, standing),
            )
            for point in page.items
        ),
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
    )


def all_points(*, actor: Actor, slug: str) -> Iterator[PointLine]:
    """Give every point of a series that this person may see, page after page."""
    series_row(slug)
    cursor, is_first = None, True
    while cursor or is_first:
        page = points_of(actor=actor, slug=slug, cursor=cursor)
        yield from page.lines
        cursor, is_first = page.next_cursor, False


def series_choices() -> SeriesChoices:
    """Give who may keep a series and which agents may bring it. Two queries."""
    people = Person.objects.filter(is_active=True).order_by("name", "id")
    agents = Agent.objects.filter(is_active=True).order_by("name", "id")
    return SeriesChoices(
        people=tuple(
            (str(each), name) for each, name in people.values_list("id", "name")[:500]
        ),
        agents=tuple(
            (str(each), name) for each, name in agents.values_list("id", "name")[:500]
        ),
        better=tuple(Series.Better.choices),
        sums=tuple(Series.Sums.choices),
    )


def known_values(
    row: Series, days: Collection[date]
) -> Mapping[tuple[UUID | None, date], tuple[Decimal, int]]:
    """Give what counts now on these days, by workflow and day. One query."""
    rows = standing_points(SeriesPoint.objects.filter(series=row, on__in=days))
    return {
        (workflow, on): (value, n)
        for workflow, on, value, n in rows.values_list(
            F("workflow_id"), "on", "value", "n"
        )
    }


def _state(point: SeriesPoint, standing: set[UUID]) -> str:
    if point.id in standing:
        return "counts"
    return "undone" if point.source.state == "UNDONE" else "replaced"


def _span(
    points: list[tuple[date, bool, Decimal, int]], span: tuple[date, date], how: str
) -> SeriesSpan:
    mine = [(value, n) for on, _, value, n in points if span[0] <= on <= span[1]]
    return SeriesSpan(become_one(mine, sums=how), len(mine), sum(n for _, n in mine))


def _head(row: Series, actor: Actor, managed: bool) -> SeriesHead:
    is_keeper = row.keeper_id is not None and row.keeper_id == actor.id
    return SeriesHead(
        id=row.id,
        slug=row.slug,
        name=row.name,
        unit=row.unit,
        better=row.better,
        sums=row.sums,
        source=row.source,
        keeper=row.keeper.name if row.keeper else "",
        agent=row.agent.name if row.agent else "",
        may_import=managed or is_keeper,
    )
