"""The pages of a week: the list, the report that one reads top to bottom, signing it."""

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Invalid
from portal.core.htmx import render
from runs.operations.findings import add_finding, close_finding
from runs.operations.signing import sign_week
from runs.queries.reviewing import owners_for
from runs.queries.week_page.access import week_to_assess
from runs.queries.week_page.findings import KINDS, finding_to_close
from runs.queries.week_page.page import week_page
from runs.queries.week_page.sample import chosen_rows
from runs.queries.weeks import COUNT_MAX, left_to_read, weeks_for
from runs.rules.questions import ANSWERS

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
    left = left_to_read(actor=actor_of(request))
    text = f"{COUNT_MAX}+" if left > COUNT_MAX else str(left or "")
    return HttpResponse(text, content_type="text/html; charset=utf-8")


@require_safe
def week(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """One week; htmx gets the rows behind a number alone."""
    return _week_page(request, week_id, fragment=ROWS)


@require_POST
def week_sign(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """Sign a week that is read."""
    summary = request.POST.get("summary", "")
    try:
        sign_week(
            actor=actor_of(request), week_id=week_id, summary=summary, now=wall_clock()
        )
    except Invalid as wrong:
        return _week_page(request, week_id, problems=wrong.fields, status=INVALID)
    except AlreadyDone as done:
        messages.info(request, done.detail)
    except Conflict as conflict:
        problems = {"summary": conflict.detail}
        return _week_page(request, week_id, problems=problems, status=409)
    else:
        messages.info(request, "The week is signed. Nothing in it changes any more.")
    return redirect("week", week_id)


@require_http_methods(["GET", "HEAD", "POST"])
def week_finding(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """Add a finding about the whole week, or about the run that the form names."""
    actor = actor_of(request)
    seen = week_to_assess(actor=actor, week_id=week_id)
    problems: dict[str, str] = {}
    run_id = id_in(request.POST.get("run") or request.GET.get("run"))
    if request.method == "POST":
        try:
            add_finding(
                actor=actor,
                week_id=week_id,
                run_id=run_id,
                kind=request.POST.get("kind", ""),
                text=request.POST.get("text", ""),
                owner_id=id_in(request.POST.get("owner")),
                due_on=day_in(request.POST.get("due_on")),
                now=wall_clock(),
            )
        except Invalid as wrong:
            problems = dict(wrong.fields)
        else:
            messages.info(request, "The finding is kept until it is closed.")
            if run_id is not None:
                return redirect("review", week_id, run_id)
            return redirect(f"{reverse('week', args=[week_id])}#findings")
    context = {
        "crumbs": [*_crumbs(seen.workflow.name, week_id), ("Add a finding", "")],
        "week_id": week_id,
        "run_id": run_id,
        "workflow": seen.workflow.name,
        "kinds": KINDS,
        "owners": owners_for(workflow_id=seen.workflow_id),
        "typed": request.POST,
        "problems": problems,
    }
    status = INVALID if problems else 200
    return render(request, "runs/week_finding.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def finding_close(request: HttpRequest, finding_id: UUID) -> HttpResponse:
    """Close a finding with what shows that it is done."""
    actor = actor_of(request)
    problems: dict[str, str] = {}
    if request.method == "POST":
        try:
            week_id = close_finding(
                actor=actor,
                finding_id=finding_id,
                evidence=request.POST.get("evidence", ""),
                now=wall_clock(),
            )
        except Invalid as wrong:
            problems = dict(wrong.fields)
        else:
            messages.info(request, "The finding is closed.")
            return redirect(f"{reverse('week', args=[week_id])}#findings")
    finding = finding_to_close(actor=actor, finding_id=finding_id, now=wall_clock())
    context = {
        "crumbs": [("Weekly review", reverse("weeks")), ("Close a finding", "")],
        "finding": finding,
        "typed": request.POST.get("evidence", ""),
        "problems": problems,
    }
    status = INVALID if problems else 200
    return render(request, "runs/week_finding_close.html", context, status=status)


def _week_page(
    request: HttpRequest,
    week_id: UUID,
    *,
    problems: dict[str, str] | None = None,
    fragment: str | None = None,
    status: int = 200,
) -> HttpResponse:
    page = week_page(actor=actor_of(request), week_id=week_id, now=wall_clock())
    show = request.GET.get("show", "")[:60]
    context: dict[str, Any] = {
        "crumbs": _crumbs(page.workflow, week_id)[:1] + [(page.workflow, "")],
        "week": page,
        "answers": ANSWERS,
        "show": show,
        "shown_rows": chosen_rows(page.rows, show),
        "show_word": _show_word(page, show),
        "problems": problems or {},
        "typed": request.POST.get("summary", ""),
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
    return {"read": "Read", "unread": "Not read yet"}.get(show, "")


def _crumbs(workflow: str, week_id: UUID) -> list[tuple[str, str]]:
    return [
        ("Weekly review", reverse("weeks")),
        (workflow, reverse("week", args=[week_id])),
    ]


def id_in(text: str | None) -> UUID | None:
    """Read an id that a form of ours sent; None when it is none."""
    try:
        return UUID(text or "")
    except ValueError:
        return None


def day_in(text: str | None) -> date | None:
    """Read a day that a form of ours sent; None when it is none."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
