"""What follows a decision: the next card, a lost race told with who and when, a form again."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from approvals.operations.blocking import Blocked
from approvals.operations.decide import REASON_CODES, Decided
from approvals.operations.edit import EditWaits
from approvals.queries.card import Card, card_for
from approvals.queries.inbox import InboxPage, next_for
from portal.accounts.actors import Actor, actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from portal.core.htmx import render

WORDS = {
    "approved": "Approved",
    "edited": "Edited and approved",
    "rejected": "Rejected",
    "responded": "Answered instead",
}
CRUMB = "Inbox"


def inbox_context(
    request: HttpRequest, *, page: InboxPage, now: datetime, card: Card | None = None
) -> dict[str, Any]:
    """Give what the inbox page shows, with or without an open card."""
    home = reverse("inbox")
    return {
        "page": page,
        "card": card,
        "now": now,
        # The card changes without the page, so the crumbs do not name it.
        "crumbs": [(CRUMB, home)],
        "tabs": [
            {"key": "mine", "label": "Needs me", "href": home},
            {"key": "team", "label": "My team", "href": f"{home}?tab=team"},
            {"key": "free", "label": "Unassigned", "href": f"{home}?tab=free"},
            {"key": "taken", "label": "Mine", "href": f"{home}?tab=taken"},
            {"key": "decided", "label": "Decided", "href": f"{home}?tab=decided"},
        ],
        "undo": _undo_offer(request, now),
        "query": _query(page),
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
        return _to_next(actor, proposal_id)
    if said:
        messages.success(request, said)
    return HttpResponseRedirect(reverse("inbox_card", args=[proposal_id]))


def _after_decision(
    request: HttpRequest, actor: Actor, decided: Decided
) -> HttpResponse:
    if decided.resolution is None and decided.said:
        messages.info(
            request, f"Your approval counts. {decided.said} {decided.headline}."
        )
        return _to_next(actor, decided.proposal_id)
    if decided.resolution is None:
        missing = decided.votes.missing
        messages.info(
            request,
            f"Your approval counts: {decided.votes.counted} of {decided.votes.needed}."
            f" {missing} more {'person has' if missing == 1 else 'people have'} to approve"
            f" {decided.headline}.",
        )
        return _to_next(actor, decided.proposal_id)
    if decided.undo_until is not None:
        # The offer to take it back says what was approved, so no second message does.
        return _to_next(actor, decided.proposal_id, undo=decided.proposal_id)
    messages.success(request, f"{WORDS[decided.resolution]}: {decided.headline}.")
    return _to_next(actor, decided.proposal_id)


def _to_next(actor: Actor, done: UUID, *, undo: UUID | None = None) -> HttpResponse:
    following = next_for(actor, after=done)
    where = reverse("inbox_card", args=[following]) if following else reverse("inbox")
    query = f"?{urlencode({'undo': undo})}" if undo else ""
    return HttpResponseRedirect(where + query)


def lost(request: HttpRequest, proposal_id: UUID, problem: Problem) -> HttpResponse:
    """Tell who was faster and when, or who may decide; keeps what had been typed."""
    actor = actor_of(request)
    context = {
        "crumbs": [(CRUMB, reverse("inbox")), (problem.title, "")],
        "problem": problem,
        "who": problem.extra.get("who"),
        "at": problem.extra.get("at"),
        "who_can_help": problem.extra.get("who_can_help"),
        "typed": request.POST.get("message", "")[:4000],
        "proposal_id": proposal_id,
        "next_id": next_for(actor, after=proposal_id),
    }
    return render(request, "approvals/conflict.html", context, status=problem.status)


def _undo_offer(request: HttpRequest, now: datetime) -> dict[str, Any] | None:
    """Offer to take an approval back while its grant is not usable yet."""
    try:
        proposal_id = UUID(request.GET.get("undo", ""))
        decided = card_for(actor_of(request), proposal_id, now=now)
    except (ValueError, NotFound):
        return None
    if decided.undo_until is None:
        return None
    return {
        "id": decided.id,
        "deed": decided.deed,
        "headline": decided.headline,
        "seconds": max(1, round((decided.undo_until - wall_clock()).total_seconds())),
    }


def _query(page: InboxPage) -> str:
    kept = {"tab": page.tab} if page.tab != "mine" else {}
    if page.text:
        kept["q"] = page.text
    return f"?{urlencode(kept)}" if kept else ""
