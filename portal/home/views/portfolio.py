"""The portfolio: all workflows on one screen and one printed sheet."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.accounts.actors import actor_of
from portal.accounts.costly import costly
from portal.core.clock import wall_clock
from portal.core.htmx import render
from portal.core.http import csv_response
from portal.home.queries.measured.health import Health, Need
from portal.home.queries.portfolio import (
    SORTS,
    Portfolio,
    PortfolioAsked,
    PortfolioRow,
    portfolio_for,
)

LENGTH_MAX = 120
HEAD = (
    *("workflow", "department", "phase", "state", "owner", "health", "reason"),
    *("runs_this_month", "unauthorised", "of_actions", "override", "coverage"),
    *("findings_late", "people_not_trained", "needs_a_decision"),
)


@require_safe
@costly
def portfolio(request: HttpRequest) -> HttpResponse:
    """Show thirty workflows at a time, with the totals of all."""
    page = _page(request)
    shown = {
        "crumbs": [("Numbers", reverse("numbers")), ("Portfolio", "")],
        "page": page,
        "sorts": SORTS,
        "healths": [each.value for each in Health],
        "place_of": _place,
    }
    return render(request, "home/portfolio.html", shown)


@require_safe
@costly
def portfolio_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Give the thirty workflows that the page shows as CSV."""
    page = _page(request)
    return csv_response("portfolio.csv", HEAD, (_line(row) for row in page.rows))


def _page(request: HttpRequest) -> Portfolio:
    now = wall_clock()
    said = request.GET
    asked = PortfolioAsked(
        department=said.get("department", "")[:LENGTH_MAX],
        phase=said.get("phase", "")[:LENGTH_MAX],
        health=said.get("health", "")[:LENGTH_MAX],
        sort=said.get("sort", "")[:LENGTH_MAX],
        cursor=said.get("cursor", ""),
    )
    return portfolio_for(
        actor=actor_of(request), asked=asked, today=timezone.localdate(now), now=now
    )


def _place(row: PortfolioRow, need: Need) -> str:
    """Give the page on which a need is decided."""
    slug = row.standing.slug
    if need.place == "incidents":
        return f"{reverse('incidents')}?workflow={slug}"
    if need.place == "exceptions":
        return f"{reverse('exceptions')}?workflow={slug}"
    if need.place == "weeks":
        return f"{reverse('weeks')}?workflow={slug}"
    names = {"people": "workflow_people", "packet": "workflow_packet"}
    return reverse(names.get(need.place, "workflow"), args=[slug])


def _line(row: PortfolioRow) -> tuple[str, ...]:
    figures = (row.unauthorised, row.override)
    unauthorised, override = (
        "" if each is None or each.value is None else str(each.value)
        for each in figures
    )
    of_actions = row.unauthorised.under if row.unauthorised else None
    return (
        *(row.standing.name, row.standing.department, str(row.standing.phase)),
        *(row.standing.state, row.standing.owner, row.health.value, row.reason),
        *(str(row.runs.runs), unauthorised, str(of_actions or ""), override),
        *("" if row.coverage is None else str(row.coverage),),
        *(str(row.runs.findings_late), str(row.standing.untrained)),
        "; ".join(need.words for need in row.needs),
    )
