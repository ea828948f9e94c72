"""The pages of a week: the list, the report that one reads top to bottom, signing it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Invalid
from portal.core.htmx import render
from runs.operations.signing import sign_week
from runs.queries.week_page.page import week_page
from runs.queries.week_page.sample import chosen_rows
from runs.queries.week_page.summary import lines_of, todos_of
from runs.queries.weeks import COUNT_MAX, left_to_answer, weeks_for
from runs.rules.questions import ANSWERS
from runs.views.known_words import wrong_in

ROWS = "rows"
INVALID = 422


@require_safe
def weeks(request: HttpRequest) -> HttpResponse:
    """List the weeks, newest first."""
    page = weeks_for(actor=actor_of(request), cursor=request.GET.get("at"))
    home = reverse("weeks")
    shown = {
        "crumbs": [("Weekly review", "")],
        "page": page,
        "next_href": f"{home}?at={page.next_cursor}" if page.next_cursor else "",
        "previous_href": (
            f"{home}?at={page.previous_cursor}" if page.previous_cursor else ""
        ),
    }
    return render(request, "runs/weeks.html", shown)


@require_safe
def weeks_count(request: HttpRequest) -> HttpResponse:
    """The number beside Weekly review in the rail; empty for none."""
    left = left_to_answer(actor=actor_of(request))
    text = f"{COUNT_MAX}+" if left > COUNT_MAX else str(left or "")
    return HttpResponse(text, content_type="text/html; charset=utf-8")


@require_safe
def week(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """One week; htmx gets the rows behind a number alone."""
    return week_shown(request, week_id, fragment=ROWS)


@require_POST
def week_sign(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """Sign a week that is read."""
    summary = request.POST.get("summary", "")
    try:
        sign_week(
            actor=actor_of(request),
            week_id=week_id,
            summary=summary,
            released=request.POST.get("released", ""),
            now=wall_clock(),
        )
    except Invalid as wrong:
        return week_shown(request, week_id, problems=wrong.fields, status=INVALID)
    except AlreadyDone as done:
        messages.info(request, done.detail)
    except Conflict as conflict:
        problems = {"summary": conflict.detail}
        return week_shown(request, week_id, problems=problems, status=409)
    else:
        messages.info(request, "The week is signed. Nothing in it changes any more.")
    return redirect("week", week_id)


def week_shown(
    request: HttpRequest,
    week_id: UUID,
    *,
    problems: dict[str, str] | None = None,
    fragment: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the page of a week, or one of its fragments."""
    page = week_page(actor=actor_of(request), week_id=week_id, now=wall_clock())
    show = request.GET.get("show", "")[:60]
    context: dict[str, Any] = {
        "crumbs": _crumbs(page.workflow, week_id)[:1] + [(page.workflow, "")],
        "week": page,
        "lines": lines_of(page),
        "todos": todos_of(page),
        "answers": ANSWERS,
        "wrong_in": wrong_in,
        "show": show,
        "shown_rows": chosen_rows(page.rows, show),
        "show_word": _show_word(page, show),
        "problems": problems or {},
        "typed": request.POST.get("summary", ""),
        "released": request.POST.get("released", ""),
    }
    return render(request, "runs/week.html", context, fragment=fragment, status=status)


def _show_word(page, show: str) -> str:
    """Say in words what the rows are narrowed to."""
    name, _, value = show.partition(":")
    for result in page.estimates.results:
        if result.key == name and value in ANSWERS:
            return f"{result.short}: {ANSWERS[value][0].lower()}"
    for layer in page.looked_at.layers:
        if name == "layer" and layer.key == value:
            return layer.label
    if name == "why":
        return value
    return {"read": "Read", "unread": "Not read yet"}.get(show, "")


def _crumbs(workflow: str, week_id: UUID) -> list[tuple[str, str]]:
    return [
        ("Weekly review", reverse("weeks")),
        (workflow, reverse("week", args=[week_id])),
    ]
