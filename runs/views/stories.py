"""One run: its page, its story for other pages, its text and JSON, and what people do to it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, NotFound
from portal.core.htmx import render
from portal.core.http import json_response
from registry.queries.pauses import pause_shown
from runs.operations.holding import flag_run
from runs.queries.merging import whole_of
from runs.queries.stories import RunPage, as_document, as_markdown, run_page


@require_safe
def run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Show one run from its story down to its technical steps.

    A run that was merged into another leads there.
    """
    actor = actor_of(request)
    try:
        page = run_page(actor=actor, run_id=run_id, now=wall_clock())
    except NotFound:
        whole = whole_of(run_id)
        if whole is None:
            raise
        run_page(actor=actor, run_id=whole, now=wall_clock())
        return redirect("run", whole)
    return _page(request, page)


@require_safe
def run_story(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Show the run so far, as the proposal's card loads it."""
    page = run_page(actor=actor_of(request), run_id=run_id, now=wall_clock())
    shown = _shown(page)
    shown["pause"] = pause_shown(actor=actor_of(request), slug=page.workflow_slug)
    return render(request, "runs/run.html", shown, fragment="story")


@require_safe
def run_markdown(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Give the run as text."""
    page = run_page(actor=actor_of(request), run_id=run_id, now=wall_clock())
    return HttpResponse(as_markdown(page), content_type="text/markdown; charset=utf-8")


@require_safe
def run_json(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Give the run as data."""
    page = run_page(actor=actor_of(request), run_id=run_id, now=wall_clock())
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


def _page(request: HttpRequest, page: RunPage) -> HttpResponse:
    shown = _shown(page)
    shown["pause"] = pause_shown(actor=actor_of(request), slug=page.workflow_slug)
    return render(request, "runs/run.html", shown)


def _shown(page: RunPage) -> dict[str, object]:
    crumbs = [
        ("Runs", reverse("runs")),
        (page.workflow, _of(page)),
        (page.agent_run_id, ""),
    ]
    return {"crumbs": crumbs, "run": page}


def _of(page: RunPage) -> str:
    return f"{reverse('runs')}?workflow={page.workflow_slug}"
