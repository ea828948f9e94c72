"""Putting a proposal away for oneself, the list of those, and taking one out again."""

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from approvals.operations.snooze import snooze_proposal, unsnooze_proposal
from approvals.queries.inbox import next_for
from approvals.queries.snoozing import SnoozeOffer, snooze_offer, snoozed_for
from approvals.views.answers import CRUMB, lost
from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from portal.core.htmx import render

INVALID = 422
OWN = "own"


@require_http_methods(["GET", "HEAD", "POST"])
def snooze(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Put a proposal away until a moment; only this person stops seeing it."""
    actor, now = actor_of(request), wall_clock()
    offer = snooze_offer(actor, proposal_id, now=now)
    if request.method != "POST":
        return _page(request, offer, {})
    try:
        until = _until(request, offer)
        snooze_proposal(actor=actor, proposal_id=proposal_id, until=until, now=now)
    except Invalid as problem:
        return _page(request, offer, problem.fields, status=INVALID)
    except (Conflict, Forbidden) as problem:
        return lost(request, proposal_id, problem)
    shown = timezone.localtime(until)
    messages.info(request, f"Put away until {shown:%a} {shown.day} {shown:%b, %H:%M}.")
    following = next_for(actor, after=proposal_id)
    return HttpResponseRedirect(
        reverse("inbox_card", args=[following]) if following else reverse("inbox")
    )


@require_POST
def unsnooze(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Take a proposal out again."""
    try:
        unsnooze_proposal(actor=actor_of(request), proposal_id=proposal_id)
    except AlreadyDone:
        messages.info(request, "It is in your inbox already.")
    return HttpResponseRedirect(reverse("inbox_card", args=[proposal_id]))


@require_safe
def snoozed(request: HttpRequest) -> HttpResponse:
    """List what this person put away."""
    shown = {
        "crumbs": [(CRUMB, reverse("inbox")), ("Put away", "")],
        "rows": snoozed_for(actor_of(request)),
    }
    return render(request, "approvals/snoozed.html", shown)


def _until(request: HttpRequest, offer: SnoozeOffer) -> datetime:
    chosen = request.POST.get("until", "")
    if chosen != OWN:
        found = next((c.until for c in offer.choices if c.key == chosen), None)
        if found is None:
            raise Invalid({"until": "Choose until when."})
        return found
    try:
        typed = datetime.fromisoformat(request.POST.get("at", ""))
    except ValueError:
        raise Invalid({"at": "Give a day and a time."}) from None
    return typed if typed.tzinfo else timezone.make_aware(typed)


def _page(
    request: HttpRequest, offer: SnoozeOffer, errors: dict, *, status: int = 200
) -> HttpResponse:
    card_href = reverse("inbox_card", args=[offer.proposal_id])
    shown = {
        "crumbs": [
            (CRUMB, reverse("inbox")),
            (offer.headline[:80], card_href),
            ("Put away", ""),
        ],
        "offer": offer,
        "errors": errors,
        "chosen": request.POST.get("until", ""),
        "at": request.POST.get("at", ""),
        "has_time": offer.latest > wall_clock(),
    }
    return render(request, "approvals/snooze.html", shown, status=status)
