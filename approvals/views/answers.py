"""What follows a decision: the next card, a lost race told with who and when, a form again."""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from approvals.operations.decide import REASON_CODES, Decided
from approvals.operations.edit import EditWaits
from approvals.queries.blocking import Blocked
from approvals.queries.inbox import next_for
from approvals.views.frame import CRUMB, address_of, card_address, place_of
from portal.accounts.actors import Actor, actor_of
from portal.accounts.confirming import keep_typed
from portal.core.errors import ConfirmFirst, Conflict, Forbidden, Invalid, Problem
from portal.core.htmx import is_htmx, render
from registry.queries.acceptable_use import NOT_ACKNOWLEDGED

WORDS = {
    "approved": "Approved",
    "edited": "Edited and approved",
    "rejected": "Rejected",
    "responded": "Answered instead",
}


def reject_reasons() -> list[tuple[str, str]]:
    return list(REASON_CODES.items())


def answer(
    request: HttpRequest,
    proposal_id: UUID,
    call: Callable[[Actor], Decided | EditWaits | Blocked | object],
    *,
    said: str = "",
    again: Callable[[Mapping[str, str]], HttpResponse] | None = None,
) -> HttpResponse:
    """Do one thing and go on: to the next card, or to who was faster, or to the form again."""
    actor = actor_of(request)
    try:
        result = call(actor)
    except ConfirmFirst:
        return confirm_first(request, proposal_id, stays=again is not None)
    except (Conflict, Forbidden) as problem:
        return lost(request, proposal_id, problem)
    except Invalid as problem:
        if again is None:
            raise
        return again(problem.fields)
    if isinstance(result, Blocked):
        blocked = Conflict(result.code, result.text, who_can_help=result.who_can_help)
        blocked.title = "The rulebook does not allow this now"
        return lost(request, proposal_id, blocked)
    if isinstance(result, Decided):
        return _after_decision(request, actor, result)
    if isinstance(result, EditWaits):
        messages.info(
            request,
            f"{result.headline}: kept as version {result.version}. {result.text}",
        )
        return _to_next(request, actor, proposal_id)
    if said:
        messages.success(request, said)
    return HttpResponseRedirect(card_address(proposal_id, place_of(request)))


def _after_decision(
    request: HttpRequest, actor: Actor, decided: Decided
) -> HttpResponse:
    if decided.resolution is None and decided.said:
        messages.info(
            request, f"Your approval counts. {decided.said} {decided.headline}."
        )
        return _to_next(request, actor, decided.proposal_id)
    if decided.resolution is None:
        missing = decided.votes.missing
        messages.info(
            request,
            f"Your approval counts: {decided.votes.counted} of {decided.votes.needed}."
            f" {missing} more {'person has' if missing == 1 else 'people have'} to approve"
            f" {decided.headline}.",
        )
        return _to_next(request, actor, decided.proposal_id)
    if decided.undo_until is not None:
        # The offer to take it back says what was approved, so no second message does.
        return _to_next(
            request, actor, decided.proposal_id, undo=str(decided.proposal_id)
        )
    messages.success(request, f"{WORDS[decided.resolution]}: {decided.headline}.")
    return _to_next(request, actor, decided.proposal_id)


def _to_next(
    request: HttpRequest, actor: Actor, done: UUID, **more: str
) -> HttpResponse:
    """Go on where the person was: the next in their tab and filters, or the list itself."""
    place = place_of(request)
    following = next_for(actor, after=done, asked=place)
    if following is None:
        return HttpResponseRedirect(address_of(place, **more))
    return HttpResponseRedirect(card_address(following, place, **more))


def confirm_first(
    request: HttpRequest, proposal_id: UUID, *, stays: bool = False
) -> HttpResponse:
    """Lead to saying again who one is, and back: to the form, or to the card.

    What was typed is kept; nothing is decided by coming back.
    """
    back = card_address(proposal_id, place_of(request))
    if stays:
        back = request.path
    keep_typed(request, address=back.partition("?")[0])
    where = f"{reverse('confirm')}?{urlencode({'next': back})}"
    if not is_htmx(request):
        return HttpResponseRedirect(where)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = where
    return response


def lost(request: HttpRequest, proposal_id: UUID, problem: Problem) -> HttpResponse:
    """Tell who was faster and when, or who may decide; keeps what had been typed."""
    actor = actor_of(request)
    place = place_of(request)
    next_id = next_for(actor, after=proposal_id, asked=place)
    context = {
        "crumbs": [(CRUMB, reverse("inbox")), (problem.title, "")],
        "problem": problem,
        "who": problem.extra.get("who"),
        "is_me": problem.extra.get("who") == actor.name,
        "at": problem.extra.get("at"),
        "who_can_help": problem.extra.get("who_can_help"),
        "typed": request.POST.get("message", "")[:4000],
        "proposal_id": proposal_id,
        "card_href": card_address(proposal_id, place),
        "use_href": _use_href(problem, card_address(proposal_id, place)),
        "next_href": card_address(next_id, place) if next_id else "",
    }
    return render(request, "approvals/conflict.html", context, status=problem.status)


def _use_href(problem: Problem, back: str) -> str:
    """Lead to acknowledging how AI may be used, and from there back to the card."""
    if problem.code != NOT_ACKNOWLEDGED:
        return ""
    return f"{reverse('acceptable_use')}?{urlencode({'next': back})}"


def lost_batch(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Tell why a batch is not taken back."""
    context = {
        "crumbs": [(CRUMB, reverse("inbox")), (problem.title, "")],
        "problem": problem,
        "who": None,
        "at": None,
        "who_can_help": None,
        "typed": "",
        "card_href": "",
        "next_href": "",
    }
    return render(request, "approvals/conflict.html", context, status=problem.status)
