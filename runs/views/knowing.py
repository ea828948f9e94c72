"""Known cases: which were given and found, and which runs are kept for later weeks."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Invalid
from portal.core.htmx import render
from runs.operations.knowing import add_known_case, withdraw_known_case
from runs.queries.week_page.known import known_list
from runs.views.known_words import wrong_in
from runs.views.reading import id_in
from runs.views.weeks import INVALID, week_shown

TWELVE = "12"


@require_safe
def week_known(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """List the known cases that a rate counts: of a week or of twelve, of all or of one."""
    found = known_list(
        actor=actor_of(request),
        week_id=week_id,
        is_lately=request.GET.get("over") == TWELVE,
        reader_id=id_in(request.GET.get("by")),
    )
    crumbs = [
        ("Weekly review", reverse("weeks")),
        (found.workflow, reverse("week", args=[week_id])),
        ("Known cases", ""),
    ]
    shown = {"found": found, "crumbs": crumbs, "wrong_in": wrong_in}
    return render(request, "runs/week_known.html", shown)


@require_POST
def known_add(request: HttpRequest, week_id: UUID, run_id: UUID) -> HttpResponse:
    """Keep a run as a known case."""
    try:
        add_known_case(
            actor=actor_of(request),
            week_id=week_id,
            run_id=run_id,
            reason=request.POST.get("reason", ""),
            now=wall_clock(),
        )
    except Invalid as wrong:
        return week_shown(request, week_id, problems=wrong.fields, status=INVALID)
    except AlreadyDone as done:
        messages.info(request, done.detail)
    else:
        messages.info(request, "Kept. Later weeks put it among what others read.")
    return redirect("week", week_id)


@require_POST
def known_withdraw(request: HttpRequest, week_id: UUID, run_id: UUID) -> HttpResponse:
    """Use a known case no more."""
    withdraw_known_case(
        actor=actor_of(request), week_id=week_id, run_id=run_id, now=wall_clock()
    )
    messages.info(request, "Withdrawn. No later week gets it.")
    return redirect("week", week_id)
