"""How a week was drawn, drawn again for everybody; how much time its assessors have."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Invalid
from portal.core.htmx import render
from runs.operations.reading_plan import set_reading_plan
from runs.queries.draws import draw_page, population_file
from runs.queries.reading_plan import assessed_workflow

SHOWN_MAX = 20
INVALID = 422


@require_safe
def week_draw(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """Draw a signed week again, and say whether the sample is the same."""
    page = draw_page(actor=actor_of(request), week_id=week_id)
    context = {
        "crumbs": [
            ("Weekly review", reverse("weeks")),
            (page.workflow, reverse("week", args=[week_id])),
            ("The draw", ""),
        ],
        "page": page,
        "shown_max": SHOWN_MAX,
    }
    return render(request, "runs/week_draw.html", context)


@require_safe
def week_population(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """Give the sealed population of a signed week, as text."""
    text = population_file(actor=actor_of(request), week_id=week_id)
    answer = HttpResponse(text, content_type="text/tab-separated-values; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="population-{week_id}.tsv"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def reading_plan(request: HttpRequest, workflow_id: UUID) -> HttpResponse:
    """Say how many minutes an assessor of a workflow has in a week, and a run takes."""
    actor = actor_of(request)
    problems: dict[str, str] = {}
    if request.method == "POST":
        try:
            set_reading_plan(
                actor=actor,
                workflow_id=workflow_id,
                minutes_a_week=_whole(request.POST.get("minutes_a_week")),
                minutes_a_run=_whole(request.POST.get("minutes_a_run")),
                now=wall_clock(),
            )
        except Invalid as wrong:
            problems = dict(wrong.fields)
        else:
            messages.info(request, "Kept. It counts from the next week that opens.")
            return redirect("reading_plan", workflow_id)
    page = assessed_workflow(actor=actor, workflow_id=workflow_id)
    context = {
        "crumbs": [
            ("Weekly review", reverse("weeks")),
            (page.workflow, ""),
            ("Time to read", ""),
        ],
        "page": page,
        "typed": request.POST,
        "problems": problems,
    }
    status = INVALID if problems else 200
    return render(request, "runs/reading_plan.html", context, status=status)


def _whole(text: str | None) -> int | None:
    """Read whole minutes that a form of ours sent; None when they are none."""
    shown = (text or "").strip()
    return (
        int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 6 else None
    )
