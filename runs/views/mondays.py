"""The weeks of one Monday as one report, and one queue over all its workflows."""

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict
from portal.core.htmx import render
from runs.operations.reviewing import reserve_run
from runs.queries.mondays import monday_page, next_of_monday
from runs.rules.questions import ANSWERS, QUESTIONS
from runs.rules.sampling import LABELS

ROWS = "rows"


@require_safe
def monday(request: HttpRequest, starts_on: str) -> HttpResponse:
    """All workflows' weeks of one Monday; htmx gets the rows behind a number alone."""
    show = request.GET.get("show", "")[:60]
    page = monday_page(
        actor=actor_of(request), monday=_day(starts_on), show=show, now=wall_clock()
    )
    context = {
        "crumbs": [("Weekly review", reverse("weeks")), ("All workflows", "")],
        "page": page,
        "answers": ANSWERS,
        "show": show,
        "show_word": _word(show),
    }
    return render(request, "runs/monday.html", context, fragment=ROWS)


@require_POST
def monday_next(request: HttpRequest, starts_on: str) -> HttpResponse:
    """Take the next run to read, in whichever workflow it is."""
    actor, day, now = actor_of(request), _day(starts_on), wall_clock()
    found = next_of_monday(actor=actor, monday=day)
    if found is None:
        messages.info(
            request,
            "You have read all that is yours in these weeks. To read more, open a workflow's week and take over a run of somebody else.",
        )
        return redirect("monday", starts_on)
    week_id, run_id = found
    try:
        reserve_run(actor=actor, week_id=week_id, run_id=run_id, now=now)
    except (AlreadyDone, Conflict) as lost:
        messages.info(request, lost.detail)
        return redirect("monday", starts_on)
    return redirect("review", week_id, run_id)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Http404 from None


def _word(show: str) -> str:
    """Say in words what the rows are narrowed to."""
    name, _, value = show.partition(":")
    for question in QUESTIONS:
        if question.key == name and value in ANSWERS:
            return f"{question.short}: {ANSWERS[value][0].lower()}"
    if name == "layer":
        return dict(LABELS).get(value, "")  # type: ignore[call-overload]
    return {"read": "Read", "unread": "Not read yet"}.get(show, "")
