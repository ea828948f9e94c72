"""The review screen: the sample at the left, the run in the middle, the five questions."""

from collections.abc import Mapping
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.actors import Actor, actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Invalid, NotFound
from portal.core.htmx import is_htmx, render
from runs.operations.reviewing import keep_draft, reserve_run, save_review
from runs.queries.finding_lists import KINDS
from runs.queries.reviewing import given_before, next_to_read, owners_for
from runs.queries.stories import whole_run
from runs.queries.week_page.access import week_to_assess
from runs.queries.week_page.sample import sample_rows
from runs.rules.questions import ANSWERS, QUESTIONS, Given, given_in

INVALID = 422


@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, week_id: UUID, run_id: UUID) -> HttpResponse:
    """Show a run beside the questions; keep what was answered, whole or in part."""
    actor = actor_of(request)
    if request.method != "POST":
        given, _ = given_before(actor=actor, week_id=week_id, run_id=run_id)
        return _screen(request, week_id, run_id, given)
    given = given_in(request.POST)
    is_draft = request.POST.get("go") == "draft"
    keep = keep_draft if is_draft else save_review
    try:
        keep(actor=actor, week_id=week_id, run_id=run_id, given=given, now=wall_clock())
    except Invalid as wrong:
        return _screen(
            request, week_id, run_id, given, problems=wrong.fields, status=INVALID
        )
    except AlreadyDone as done:
        if not is_htmx(request):
            messages.info(request, done.detail)
        return _after(request, week_id, run_id)
    if is_draft:
        if not is_htmx(request):
            messages.info(request, "Kept as it is. It counts once it is finished.")
        return _after(request, week_id, run_id)
    return _to_next(request, actor, week_id, after=run_id)


@require_POST
def week_next(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """Take the next unread run and go to it."""
    return _to_next(request, actor_of(request), week_id, after=None)


@require_POST
def review_take(request: HttpRequest, week_id: UUID, run_id: UUID) -> HttpResponse:
    """Take one run to read, also one that is somebody else's and not being read."""
    try:
        reserve_run(
            actor=actor_of(request), week_id=week_id, run_id=run_id, now=wall_clock()
        )
    except AlreadyDone as done:
        messages.info(request, done.detail)
    return redirect("review", week_id, run_id)


def _to_next(
    request: HttpRequest, actor: Actor, week_id: UUID, *, after: UUID | None
) -> HttpResponse:
    """Go to the next run that can be had, or to the week when everything is read."""
    week = week_to_assess(actor=actor, week_id=week_id)
    rows = sample_rows(week, actor)
    following = next_to_read(rows, after=after)
    if following is None:
        messages.info(request, "Every run of this week is read.")
        return redirect("week", week_id)
    try:
        reserve_run(actor=actor, week_id=week_id, run_id=following, now=wall_clock())
    except (AlreadyDone, Conflict) as lost:
        messages.info(request, lost.detail)
        if isinstance(lost, AlreadyDone):
            return redirect("week", week_id)
    return redirect("review", week_id, following)


def _after(request: HttpRequest, week_id: UUID, run_id: UUID) -> HttpResponse:
    if is_htmx(request):
        return HttpResponse(status=204)
    return redirect("review", week_id, run_id)


def _screen(
    request: HttpRequest,
    week_id: UUID,
    run_id: UUID,
    given: Given,
    *,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    actor = actor_of(request)
    week = week_to_assess(actor=actor, week_id=week_id)
    rows = sample_rows(week, actor)
    here = next((row for row in rows if row.run_id == run_id), None)
    if here is None:
        raise NotFound("This run is not in the week's sample.")
    context = {
        "crumbs": [
            ("Weekly review", reverse("weeks")),
            (week.workflow.name, reverse("week", args=[week_id])),
            (here.title[:80], ""),
        ],
        "week_id": week_id,
        "workflow": week.workflow.name,
        "starts_on": week.starts_on,
        "rows": rows,
        "here": here,
        "read": sum(row.is_read for row in rows),
        "run": whole_run(actor=actor, run_id=run_id, now=wall_clock()),
        "questions": QUESTIONS,
        "answers": ANSWERS,
        "given": given,
        "problems": problems or {},
        "kinds": KINDS,
        "owners": owners_for(workflow_id=week.workflow_id),
        "is_signed": week.state == "SIGNED",
    }
    return render(request, "runs/review.html", context, status=status)
