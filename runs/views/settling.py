"""Two readings are settled, a second one given up, and the fifth question answered again."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Invalid
from portal.core.htmx import render
from runs.operations.asking_again import answer_again
from runs.operations.settling import (
    agree_settlement,
    release_reading,
    settle_readings,
)
from runs.queries.follow_ups import follow_ups_of
from runs.rules.questions import ANSWERS, LAST
from runs.views.reviewing import INVALID, screen


@require_POST
def review_settle(request: HttpRequest, week_id: UUID, run_id: UUID) -> HttpResponse:
    """Settle two readings, or propose how."""
    try:
        is_settled = settle_readings(
            actor=actor_of(request),
            week_id=week_id,
            run_id=run_id,
            answers=request.POST,
            note=request.POST.get("note", ""),
            now=wall_clock(),
        )
    except Invalid as wrong:
        more = {"settle_problems": wrong.fields, "settle_typed": request.POST}
        return screen(request, week_id, run_id, more=more, status=INVALID)
    except AlreadyDone as done:
        messages.info(request, done.detail)
    else:
        said = "Settled." if is_settled else "Proposed; the other reader can agree."
        messages.info(request, said)
    return redirect("review", week_id, run_id)


@require_POST
def review_agree(request: HttpRequest, week_id: UUID, run_id: UUID) -> HttpResponse:
    """Agree to what the other reader proposed."""
    try:
        agree_settlement(
            actor=actor_of(request), week_id=week_id, run_id=run_id, now=wall_clock()
        )
    except AlreadyDone as done:
        messages.info(request, done.detail)
    return redirect("review", week_id, run_id)


@require_POST
def review_release(request: HttpRequest, week_id: UUID, run_id: UUID) -> HttpResponse:
    """Give up a second reading."""
    try:
        release_reading(
            actor=actor_of(request),
            week_id=week_id,
            run_id=run_id,
            reason=request.POST.get("reason", ""),
            now=wall_clock(),
        )
    except Invalid as wrong:
        return screen(request, week_id, run_id, problems=wrong.fields, status=INVALID)
    except AlreadyDone as done:
        messages.info(request, done.detail)
    else:
        messages.info(request, "Given up. The first answers count now.")
    return redirect("review", week_id, run_id)


@require_http_methods(["GET", "HEAD"])
def follow_ups(request: HttpRequest) -> HttpResponse:
    """List what this person is asked again."""
    return _follow_ups(request)


@require_POST
def follow_up(request: HttpRequest, follow_up_id: UUID) -> HttpResponse:
    """Answer the fifth question again."""
    try:
        answer_again(
            actor=actor_of(request),
            follow_up_id=follow_up_id,
            answer=request.POST.get("answer", ""),
            reason=request.POST.get("reason", ""),
            now=wall_clock(),
        )
    except Invalid as wrong:
        more = {"wrong_id": follow_up_id, "problems": wrong.fields}
        return _follow_ups(request, status=INVALID, **more)
    except AlreadyDone as done:
        messages.info(request, done.detail)
    else:
        messages.info(request, "Kept beside the first answer.")
    return redirect("follow_ups")


def _follow_ups(
    request: HttpRequest, *, status: int = 200, **more: object
) -> HttpResponse:
    context: dict[str, object] = {
        "crumbs": [("Weekly review", reverse("weeks")), ("Asked again", "")],
        "found": follow_ups_of(actor=actor_of(request)),
        "answers": ANSWERS,
        "question": LAST,
        "problems": {},
        "wrong_id": None,
        "typed": request.POST,
    }
    return render(request, "runs/follow_ups.html", context | more, status=status)
