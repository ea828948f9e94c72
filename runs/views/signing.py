"""A signed week: one of its versions to read, and opening it again."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Invalid
from portal.core.htmx import render
from runs.operations.signing import reopen_week
from runs.queries.signed_weeks import reasons_of, week_told
from runs.queries.week_page.access import week_to_assess
from runs.rules.questions import ANSWERS, KEYS, QUESTIONS

INVALID = 422


@require_safe
def week_version(request: HttpRequest, week_id: UUID, number: int) -> HttpResponse:
    """Show one signed version of a week as it was signed, and how it differs."""
    told = week_told(
        actor=actor_of(request), week_id=week_id, number=number, now=wall_clock()
    )
    context = {
        "crumbs": [
            ("Weekly review", reverse("weeks")),
            (told.workflow, reverse("week", args=[week_id])),
            (f"Version {number}", ""),
        ],
        "told": told,
        "reasons_of": reasons_of,
        "answers": ANSWERS,
        "keys": KEYS,
        "questions": {question.key: question.short for question in QUESTIONS},
    }
    return render(request, "runs/week_version.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def week_reopen(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """Open a signed week again as its next version, with a reason."""
    actor = actor_of(request)
    week = week_to_assess(actor=actor, week_id=week_id)
    problems: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            number = reopen_week(
                actor=actor,
                week_id=week_id,
                reason=request.POST.get("reason", ""),
                now=wall_clock(),
            )
        except Invalid as wrong:
            problems, status = dict(wrong.fields), INVALID
        except AlreadyDone as done:
            messages.info(request, done.detail)
            return redirect("week", week_id)
        except Conflict as conflict:
            problems, status = {"reason": conflict.detail}, 409
        else:
            messages.info(request, f"The week is open again, as version {number}.")
            return redirect("week", week_id)
    context = {
        "crumbs": [
            ("Weekly review", reverse("weeks")),
            (week.workflow.name, reverse("week", args=[week_id])),
            ("Open it again", ""),
        ],
        "week": week,
        "typed": request.POST.get("reason", ""),
        "problems": problems,
    }
    return render(request, "runs/week_reopen.html", context, status=status)
