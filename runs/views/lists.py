"""The runs list: narrowed, kept as views, compared, taken out as a file; a week as a grid."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.actors import Actor, actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Invalid, Malformed
from portal.core.htmx import is_htmx, render
from portal.core.http import csv_response, wire_time
from registry.rules.verbs import VERBS
from runs.operations.exporting import EXPORT_MAX, export_runs
from runs.queries.lists import (
    NEW_COUNTED_MAX,
    RunRow,
    RunState,
    choices,
    every_row,
    mark_of,
    new_since,
    recent_runs_of,
    runs_for,
)
from runs.queries.narrowing import (
    COUNTS,
    HOLDS,
    ONLY,
    QUESTIONS,
    ROLES,
    RunAsked,
    asked_in,
    chips_of,
)
from runs.queries.saved_views import ViewLine, views_of
from runs.queries.week_grid import WEEK, local_day, monday_in, week_for

LINES = "run_lines"
COLUMNS = (
    "run",
    "agent_run_id",
    "title",
    "workflow",
    "agent",
    "state",
    "on_hold",
    "started_at",
    "ended_at",
    "seconds",
    "retries",
    "answered_of_7",
    "unauthorised",
    "amount",
    "cost",
    "address",
)


@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """Show one page of runs, newest first."""
    actor = actor_of(request)
    kept = views_of(actor=actor)
    if not request.GET and not is_htmx(request):
        first = next((line for line in kept if line.is_default), None)
        if first is not None:
            return redirect(address_of(first.asked, view=str(first.id)))
    return _page(request, actor, asked_in(request.GET.dict()), kept)


@require_safe
def runs_week(request: HttpRequest) -> HttpResponse:
    """Show a week of runs: workflows down, days across."""
    actor = actor_of(request)
    today = local_day(wall_clock())
    asked = asked_in(request.GET.dict()).of_days(None, None)
    monday = monday_in(request.GET.get("week", ""), today=today)
    grid = week_for(actor=actor, asked=asked, monday=monday)
    pairs = asked.pairs()

    def week_at(day) -> str:
        return f"{reverse('runs_week')}?{urlencode(pairs | {'week': day.isoformat()})}"

    def cell_href(slug: str, since, until) -> str:
        narrowed = asked_in(pairs | ({"workflow": slug} if slug else {}))
        return address_of(narrowed.of_days(since, until))

    shown = {
        "crumbs": [("Runs", reverse("runs")), ("Week", "")],
        "grid": grid,
        "today": today,
        "tabs": _tabs(asked, monday.isoformat()),
        "chips": [
            (
                chip,
                f"{reverse('runs_week')}?{urlencode(chip.without | {'week': monday.isoformat()})}",
            )
            for chip in chips_of(actor, asked)
        ],
        "clear_href": f"{reverse('runs_week')}?week={monday.isoformat()}",
        "previous_href": week_at(monday - WEEK),
        "next_href": "" if monday + WEEK > today else week_at(monday + WEEK),
        "this_href": "" if monday <= today < monday + WEEK else week_at(today),
        "cell_href": cell_href,
        "week_end": monday + WEEK - timedelta(days=1),
    }
    return render(request, "runs/grid.html", shown)


@require_safe
def runs_new(request: HttpRequest) -> HttpResponse:
    """Say how many runs came since the list was shown; the list asks for this fragment."""
    asked = asked_in(request.GET.dict())
    mark = _mark_in(request)
    number = new_since(actor=actor_of(request), asked=asked, mark=mark)
    shown = {
        "crumbs": [("Runs", reverse("runs")), ("New", "")],
        "new_count": number,
        "new_words": f"{number - 1}+" if number > NEW_COUNTED_MAX else str(number),
        "here_href": address_of(asked),
        "poll_href": _poll(asked, mark),
    }
    return render(request, "runs/new.html", shown, fragment="new_runs")


@require_safe
def runs_picked(request: HttpRequest) -> HttpResponse:
    """Lead from two picked runs to the page that compares them."""
    actor_of(request)  # whoever has not signed in is led to that first
    picked = list(dict.fromkeys(request.GET.getlist("run")))
    place = _compare_href()
    back = address_of(asked_in(request.GET.dict()))
    if len(picked) != 2 or place is None:
        messages.info(request, "Pick exactly two runs to compare them.")
        return redirect(back)
    try:
        first, second = (str(UUID(each)) for each in picked)
    except ValueError:
        raise Malformed(
            "This address was not made here. Open the list again."
        ) from None
    return redirect(f"{place}?{urlencode({'a': first, 'b': second})}")


@require_POST
def runs_export(request: HttpRequest) -> HttpResponseBase:
    """Give the narrowed list as a file; that it was given is on record."""
    actor, now = actor_of(request), wall_clock()
    asked = asked_in(request.POST.dict())
    try:
        count = export_runs(actor=actor, asked=asked, now=now)
    except Invalid as problem:
        kept = views_of(actor=actor)
        return _page(request, actor, asked, kept, problem=problem.fields[""])
    host = request.build_absolute_uri("/").rstrip("/")
    rows = every_row(actor=actor, asked=asked, most=count)
    cells = (_cells(row, host) for row in rows)
    return csv_response(f"runs-{now:%Y-%m-%d-%H%M}.csv", COLUMNS, cells)


@require_safe
def recent_runs(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the newest runs of one workflow; its page loads this as a fragment."""
    rows = recent_runs_of(actor=actor_of(request), slug=slug)
    shown = {
        "crumbs": [("Runs", reverse("runs")), ("Recent", "")],
        "rows": rows,
        "slug": slug,
    }
    return render(request, "runs/recent.html", shown, fragment="recent")


def address_of(asked: RunAsked, **more: str) -> str:
    """Give the address of the list narrowed like this; it never says nothing."""
    return f"{reverse('runs')}?{urlencode(asked.pairs() | more or {'view': 'all'})}"


def options() -> dict[str, Any]:
    """Give what the filters offer that is the same for everybody."""
    return {
        "states": RunState.choices,
        "holds": HOLDS,
        "only": ONLY,
        "roles": ROLES,
        "counts": COUNTS,
        "questions": QUESTIONS,
        "verbs": [(verb.slug, verb.label) for verb in VERBS.values()],
    }


def _page(
    request: HttpRequest,
    actor: Actor,
    asked: RunAsked,
    kept: Sequence[ViewLine],
    *,
    problem: str = "",
) -> HttpResponse:
    cursor = request.GET.get("at")
    mark = mark_of(wall_clock())
    found = runs_for(actor=actor, asked=asked, cursor=cursor)
    shown: dict[str, Any] = {
        "crumbs": [("Runs", "")],
        "page": found,
        "asked": asked,
        "pairs": asked.pairs(),
        "tabs": _tabs(asked, ""),
        "chips": [
            (chip, address_of(asked_in(chip.without)))
            for chip in chips_of(actor, asked)
        ],
        "views": [(line, address_of(line.asked, view=str(line.id))) for line in kept],
        "current_view": next((line.id for line in kept if line.asked == asked), None),
        "all_href": address_of(RunAsked()),
        "next_href": _beyond(asked, found.next_cursor),
        "previous_href": _beyond(asked, found.previous_cursor),
        "problem": problem,
        "export_max": EXPORT_MAX,
        "compare_href": _compare_href(),
        "is_first": not cursor,
        "new_count": 0,
        "poll_href": _poll(asked, mark),
        "here_href": address_of(asked),
    }
    if not is_htmx(request):
        shown |= options() | {"choices": choices(actor=actor)}
    status = 422 if problem else 200
    response = render(request, "runs/runs.html", shown, fragment=LINES, status=status)
    if is_htmx(request):
        # The address that can be shared, without the fields that say nothing.
        response["HX-Push-Url"] = address_of(asked)
    return response


def _tabs(asked: RunAsked, week: str) -> list[dict[str, str]]:
    pairs = asked.of_days(None, None).pairs()
    at = pairs | ({"week": week} if week else {})
    query = f"?{urlencode(at)}" if at else ""
    return [
        {"key": "list", "label": "List", "href": address_of(asked)},
        {"key": "week", "label": "Week", "href": f"{reverse('runs_week')}{query}"},
    ]


def _compare_href() -> str | None:
    try:
        return reverse("runs_compare")
    except NoReverseMatch:
        return None


def _mark_in(request: HttpRequest) -> UUID:
    try:
        return UUID(request.GET.get("mark", ""))
    except ValueError:
        return mark_of(wall_clock())


def _poll(asked: RunAsked, mark: UUID) -> str:
    return f"{reverse('runs_new')}?{urlencode(asked.pairs() | {'mark': str(mark)})}"


def _beyond(asked: RunAsked, cursor: str | None) -> str:
    return address_of(asked, at=cursor) if cursor else ""


def _cells(row: RunRow, host: str) -> list[str]:
    return [
        str(row.id),
        row.agent_run_id,
        row.title,
        row.workflow,
        row.agent,
        row.state,
        "yes" if row.is_held else "no",
        wire_time(row.started_at) or "",
        wire_time(row.ended_at) or "",
        "" if row.seconds is None else f"{row.seconds:.3f}",
        str(row.retries),
        str(row.answered),
        str(row.unauthorised),
        row.amount,
        row.cost,
        f"{host}{reverse('run', args=[row.id])}",
    ]
