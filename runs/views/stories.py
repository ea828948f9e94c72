"""One run: its page and its parts, its story for other pages, its text and JSON."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Malformed, NotFound
from portal.core.htmx import is_htmx, render
from portal.core.http import json_response
from registry.queries.pauses import pause_shown
from runs.operations.holding import flag_run
from runs.queries.exports import as_document, as_markdown
from runs.queries.following import news_of_run
from runs.queries.merging import whole_of
from runs.queries.stories import RunPage, Where, part_after, run_page, whole_run

STAMP_LENGTH_MAX = 80


@require_safe
def run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Show one run from its story down to its lines; of a long one a part of them.

    A run that was merged into another leads there.
    """
    actor, where = actor_of(request), where_in(request)
    if is_htmx(request) and where.after:
        return _part(request, run_id, where.after)
    try:
        page = run_page(actor=actor, run_id=run_id, now=wall_clock(), where=where)
    except NotFound:
        whole = whole_of(run_id)
        if whole is None:
            raise
        run_page(actor=actor, run_id=whole, now=wall_clock())
        return redirect("run", whole)
    shown = _shown(page)
    shown["pause"] = pause_shown(actor=actor, slug=page.workflow_slug)
    return render(request, "runs/run.html", shown)


@require_safe
def run_story(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Show the run so far, as the proposal's card loads it."""
    page = run_page(actor=actor_of(request), run_id=run_id, now=wall_clock())
    shown = _shown(page)
    shown["pause"] = pause_shown(actor=actor_of(request), slug=page.workflow_slug)
    return render(request, "runs/run.html", shown, fragment="story")


@require_safe
def run_live(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Give what is new in a run that still goes on; 204 when nothing is."""
    news = news_of_run(
        actor=actor_of(request),
        run_id=run_id,
        after=_stamp(request, "after"),
        known=_number(request.GET.get("known", "")),
        state=request.GET.get("state", "")[:20],
        is_partial=bool(request.GET.get("partial")),
        now=wall_clock(),
    )
    if news is None:
        return HttpResponse(status=204)
    if not is_htmx(request):
        return redirect("run", run_id)
    context = {"run": news.page, "news": news}
    return render(request, "runs/run.html", context, fragment="live")


@require_safe
def run_print(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Show the whole run as it is printed."""
    page = whole_run(actor=actor_of(request), run_id=run_id, now=wall_clock())
    return render(request, "runs/run_print.html", _shown(page))


@require_safe
def run_markdown(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Give the run as text."""
    page = whole_run(actor=actor_of(request), run_id=run_id, now=wall_clock())
    return HttpResponse(as_markdown(page), content_type="text/markdown; charset=utf-8")


@require_safe
def run_json(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Give the run as data."""
    page = whole_run(actor=actor_of(request), run_id=run_id, now=wall_clock())
    return json_response(as_document(page))


@require_POST
def run_flag(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Flag a run for the next weekly review."""
    try:
        flag_run(actor=actor_of(request), run_id=run_id, now=wall_clock())
    except AlreadyDone as done:
        messages.info(request, done.detail)
    else:
        messages.info(request, "Flagged: the next weekly review reads this run.")
    return redirect("run", run_id)


def _part(request: HttpRequest, run_id: UUID, after: str) -> HttpResponse:
    found, told, lines = part_after(
        actor=actor_of(request), run_id=run_id, after=after, now=wall_clock()
    )
    context = {"part": {"id": found.id, "lines": lines, "later": told.later}}
    return render(request, "runs/run.html", context, fragment="part")


def where_in(request: HttpRequest) -> Where:
    """Read which part of a long run is asked for. Raises Malformed."""
    at = request.GET.get("at", "")
    try:
        event_id = UUID(at) if at else None
    except ValueError as error:
        raise Malformed("This page address was not made here.") from error
    return Where(
        after=_stamp(request, "after"), before=_stamp(request, "before"), at=event_id
    )


def _stamp(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "")[:STAMP_LENGTH_MAX]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _shown(page: RunPage) -> dict[str, object]:
    crumbs = [
        ("Runs", reverse("runs")),
        (page.workflow, _of(page)),
        (page.agent_run_id, ""),
    ]
    return {"crumbs": crumbs, "run": page}


def _of(page: RunPage) -> str:
    return f"{reverse('runs')}?workflow={page.workflow_slug}"
