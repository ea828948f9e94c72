"""Deciding like proposals together: look at them side by side, say one word, read each result."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from approvals.operations.batching import carry_on, open_batch, undo_batch
from approvals.queries.batches import batch_shown
from approvals.queries.likeness import Selection, select, selection_like
from approvals.rules.likeness import BATCH_MAX
from approvals.views.answers import lost_batch, reject_reasons
from approvals.views.frame import CRUMB, address_of, place_of, query_of
from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid
from portal.core.htmx import is_htmx, render

INVALID = 422
PROGRESS = "progress"


@require_http_methods(["GET", "HEAD", "POST"])
def batch(request: HttpRequest) -> HttpResponse:
    """Show side by side what was picked, or all that is like one proposal. Decides nothing."""
    actor, now = actor_of(request), wall_clock()
    like_id = _identity(request.GET.get("like", ""))
    if like_id is not None:
        chosen = selection_like(actor, like_id, now=now)
    else:
        chosen = select(actor, _picked(request, "pick"), like_id=None, now=now)
    return _page(request, chosen, {})


@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Take one word for all that the page showed, by id and digest, and begin."""
    actor, now = actor_of(request), wall_clock()
    picked = _picked(request, "item")
    like_id = _identity(request.POST.get("like", ""))
    try:
        batch_id = open_batch(
            actor=actor,
            picked=picked,
            like_id=like_id,
            verdict=request.POST.get("verdict", ""),
            reason_code=request.POST.get("reason_code", ""),
            message=request.POST.get("message", ""),
            now=now,
        )
    except Invalid as problem:
        few = dict(list(picked.items())[:BATCH_MAX])
        chosen = select(actor, few, like_id=like_id, now=now)
        return _page(request, chosen, problem.fields, status=INVALID)
    carry_on(actor=actor, batch_id=batch_id, now=wall_clock())
    place = query_of(place_of(request))
    return HttpResponseRedirect(reverse("inbox_batch_result", args=[batch_id]) + place)


@require_safe
def result(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """What became of each item so far."""
    return _result(request, batch_id)


@require_POST
def go(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Decide the next few; htmx gets the progress, a form comes back to the page."""
    carry_on(actor=actor_of(request), batch_id=batch_id, now=wall_clock())
    if is_htmx(request):
        return _result(request, batch_id)
    return _back(request, batch_id)


@require_POST
def undo(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Take back what can still be taken back."""
    try:
        undo_batch(actor=actor_of(request), batch_id=batch_id, now=wall_clock())
    except Conflict as problem:
        return lost_batch(request, problem)
    return _back(request, batch_id)


def _page(
    request: HttpRequest, chosen: Selection, errors, *, status: int = 200
) -> HttpResponse:
    place = place_of(request)
    shown = {
        "crumbs": [(CRUMB, reverse("inbox")), ("Decide together", "")],
        "chosen": chosen,
        "place": query_of(place).removeprefix("?"),
        "back_href": address_of(place),
        "reject_reasons": reject_reasons(),
        "errors": errors,
        "message": request.POST.get("message", "")[:4000],
        "reason_code": request.POST.get("reason_code", ""),
        "batch_max": BATCH_MAX,
    }
    return render(request, "approvals/batch.html", shown, status=status)


def _result(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    now = wall_clock()
    shown = batch_shown(actor_of(request), batch_id, now=now)
    left = (shown.undo_until - now).total_seconds() if shown.undo_until else 0
    place = place_of(request) if request.method == "POST" else None
    context = {
        "crumbs": [(CRUMB, reverse("inbox")), ("Decided together", "")],
        "batch": shown,
        "undo_seconds": max(1, round(left)) if left > 0 else 0,
        "query": query_of(place) if place else f"?{request.GET.urlencode()}",
    }
    return render(request, "approvals/batch_result.html", context, fragment=PROGRESS)


def _back(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    place = query_of(place_of(request))
    return HttpResponseRedirect(reverse("inbox_batch_result", args=[batch_id]) + place)


def _picked(request: HttpRequest, name: str) -> dict[UUID, str]:
    """Read ids with the digests that were shown; each pair stands by itself."""
    found: dict[UUID, str] = {}
    for said in request.POST.getlist(name)[: BATCH_MAX + 1]:
        identity, _, digest = said.partition(":")
        proposal_id = _identity(identity)
        if proposal_id is not None:
            found[proposal_id] = digest
    return found


def _identity(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
