"""The review screen: the sample at the left, the run in the middle, the five questions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
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
from runs.operations.findings import add_finding
from runs.operations.reviewing import Kept, keep_draft, reserve_run, save_review
from runs.operations.seeing_again import see_finding_again
from runs.queries.finding_lists import KINDS, usual_due_day
from runs.queries.knowing import told_of
from runs.queries.review_screen import review_screen
from runs.queries.reviewing import next_of_others, next_to_read
from runs.queries.week_page.access import week_to_assess
from runs.queries.week_page.sample import SampleRow, sample_rows
from runs.rules.questions import (
    ANSWERS,
    QUESTIONS,
    Given,
    codes_for,
    given_in,
    numbered,
)
from runs.views.known_words import known_words
from runs.views.reading import day_in, id_in
from runs.views.stories import where_in

INVALID, CONFLICT = 422, 409
KEPT, FOUND = "kept", "found"
OTHERS = "others"


@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, week_id: UUID, run_id: UUID) -> HttpResponse:
    """Show a run beside the questions; keep what was answered, whole or in part."""
    if request.method != "POST":
        return screen(request, week_id, run_id)
    actor, given = actor_of(request), given_in(request.POST)
    if request.POST.get("go") in ("draft", "later"):
        return _keep(request, actor, week_id, run_id, given)
    now = wall_clock()
    try:
        save_review(actor=actor, week_id=week_id, run_id=run_id, given=given, now=now)
    except Invalid as wrong:
        return screen(
            request, week_id, run_id, given=given, problems=wrong.fields, status=INVALID
        )
    except Conflict as lost:
        _rescue(actor, week_id, run_id, given)
        return screen(request, week_id, run_id, given=given, lost=lost, status=CONFLICT)
    known = told_of(actor, week_id=week_id, run_id=run_id)
    if known is not None:
        messages.info(request, known_words(known))
    return _to_next(request, actor, week_id, after=run_id)


@require_POST
def week_next(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """Take the next run that is mine and go to it, or one of somebody else's if asked."""
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


@require_POST
def review_finding(request: HttpRequest, week_id: UUID, run_id: UUID) -> HttpResponse:
    """Add a finding about the run without leaving it; htmx gets the findings alone."""
    problems: dict[str, str] = {}
    if request.POST.get("again"):
        return _seen_again(request, week_id, run_id)
    try:
        add_finding(
            actor=actor_of(request),
            week_id=week_id,
            run_id=run_id,
            kind=request.POST.get("kind", ""),
            text=request.POST.get("text", ""),
            owner_id=id_in(request.POST.get("owner")),
            due_on=day_in(request.POST.get("due_on")),
            about=request.POST.get("about", ""),
            now=wall_clock(),
        )
    except Invalid as wrong:
        problems = dict(wrong.fields)
    if not problems and not is_htmx(request):
        messages.info(request, "The finding is kept until it is closed.")
        return redirect("review", week_id, run_id)
    more: dict[str, Any] = {"finding_problems": problems}
    if problems:
        more["typed"] = request.POST
    return screen(
        request,
        week_id,
        run_id,
        more=more,
        fragment=FOUND,
        status=INVALID if problems else 200,
    )


def _seen_again(request: HttpRequest, week_id: UUID, run_id: UUID) -> HttpResponse:
    """Add this run to a finding that is open already."""
    found = id_in(request.POST.get("again"))
    if found is None:
        raise NotFound("There is no such finding.")
    try:
        see_finding_again(
            actor=actor_of(request),
            week_id=week_id,
            run_id=run_id,
            finding_id=found,
            now=wall_clock(),
        )
    except AlreadyDone as done:
        messages.info(request, done.detail)
    if is_htmx(request):
        return screen(request, week_id, run_id, fragment=FOUND)
    return redirect("review", week_id, run_id)


def screen(
    request: HttpRequest,
    week_id: UUID,
    run_id: UUID,
    *,
    given: Given | None = None,
    problems: Mapping[str, str] | None = None,
    lost: Conflict | None = None,
    more: Mapping[str, Any] | None = None,
    fragment: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the review screen, with what was typed where it could not be kept."""
    page = review_screen(
        actor=actor_of(request),
        week_id=week_id,
        run_id=run_id,
        now=wall_clock(),
        where=where_in(request),
    )
    context = {
        "crumbs": [
            ("Weekly review", reverse("weeks")),
            (page.workflow, reverse("week", args=[week_id])),
            (page.run.agent_run_id[:80], ""),
        ],
        "page": page,
        "questions": QUESTIONS,
        "answers": ANSWERS,
        "codes_for": codes_for,
        "given": given or page.before.given,
        "problems": problems or {},
        "known_words": known_words(page.known) if page.known else "",
        "summed_up": numbered(problems or {}),
        "lost": lost,
        "lost_at": _moment_of(lost),
        "kinds": KINDS,
        "owners": page.owners,
        "typed": {},
        "usual_due": usual_due_day(wall_clock()),
        "finding_problems": {},
        "settle_problems": {},
        "settle_typed": {},
    }
    return render(
        request,
        "runs/review.html",
        context | dict(more or {}),
        fragment=fragment,
        status=status,
    )


def _keep(
    request: HttpRequest, actor: Actor, week_id: UUID, run_id: UUID, given: Given
) -> HttpResponse:
    """Keep a draft; an autosave is told when, and what is in the way of finishing."""
    is_leaving = request.POST.get("go") == "later"
    lost: Conflict | None = None
    kept: Kept | None = None
    problems: Mapping[str, str] = {}
    try:
        kept = keep_draft(
            actor=actor,
            week_id=week_id,
            run_id=run_id,
            given=given,
            now=wall_clock(),
            seen_at=_seen(request.POST.get("seen", "")),
            is_leaving=is_leaving,
        )
        lost = kept.lost
    except Invalid as wrong:
        problems = wrong.fields
    except Conflict as conflict:
        lost = conflict
    is_kept = kept is not None and not kept.is_newer_elsewhere
    if not is_htmx(request) and is_kept and lost is None:
        messages.info(request, "Kept as it is. It counts once it is finished.")
        target = redirect("week", week_id) if is_leaving else None
        return target or redirect("review", week_id, run_id)
    status = INVALID if problems else (200 if is_kept and lost is None else CONFLICT)
    told = {
        "kept": kept,
        "lost": lost,
        "lost_at": _moment_of(lost),
        "problems": problems,
    }
    if is_htmx(request):
        return render(
            request, "runs/review_kept.html", told, fragment=KEPT, status=status
        )
    return screen(
        request, week_id, run_id, given=given, problems=problems, lost=lost,
        more=told, status=status,
    )  # fmt: skip


def _rescue(actor: Actor, week_id: UUID, run_id: UUID, given: Given) -> None:
    """Keep the words of somebody who lost the run, where they can still be kept."""
    try:
        keep_draft(
            actor=actor, week_id=week_id, run_id=run_id, given=given, now=wall_clock()
        )
    except (Conflict, Invalid):
        return


def _to_next(
    request: HttpRequest, actor: Actor, week_id: UUID, *, after: UUID | None
) -> HttpResponse:
    """Go to the next run that is mine, or to the week when all of mine is read.

    A run of somebody else's is taken only where the form asks for one.
    """
    week = week_to_assess(actor=actor, week_id=week_id)
    now = wall_clock()
    rows = sample_rows(week, actor)
    if request.POST.get("of") == OTHERS:
        following = next_of_others(rows, actor=actor, now=now)
    else:
        following = next_to_read(rows, after=after)
    if following is None:
        messages.info(request, _all_read(rows))
        return redirect("week", week_id)
    try:
        reserve_run(actor=actor, week_id=week_id, run_id=following, now=now)
    except (AlreadyDone, Conflict) as lost:
        messages.info(request, lost.detail)
        if isinstance(lost, AlreadyDone):
            return redirect("week", week_id)
    return redirect("review", week_id, following)


def _all_read(rows: tuple[SampleRow, ...]) -> str:
    """Say that one's own share is read, and how much of the others' is not."""
    mine = sum(row.is_read_by_me for row in rows)
    others = sum(row.is_left_to_others for row in rows)
    left = sum(row.is_left_to_me for row in rows)
    if left:
        return "What is left of the others is being read just now."
    said = f"You have read all that is yours: {mine} {'run' if mine == 1 else 'runs'}."
    if not others:
        return said
    return f"{said} {others} of others {'is' if others == 1 else 'are'} not read."


def _moment_of(lost: Conflict | None) -> datetime | None:
    at = lost.extra.get("at") if lost is not None else None
    return at if isinstance(at, datetime) else None


def _seen(text: str) -> datetime | None:
    """Read when the draft was kept that this page began with."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
