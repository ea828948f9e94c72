"""Ask, escalate, take on, comment, open evidence: moves, not decisions."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from approvals.forms import MessageForm
from approvals.operations import moves
from approvals.operations.looking import note_first_look
from approvals.queries.card import card_for
from approvals.views.answers import answer
from approvals.views.frame import CRUMB, place_of, query_of
from portal.accounts.actors import Actor, actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone
from portal.core.htmx import is_htmx, render

INVALID = 422
HERE = {"ask": "Ask the agent", "escalate": "Escalate", "comment": "Comment"}


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Ask the agent; the clock stands still until it answers."""
    return _with_text(
        request,
        proposal_id,
        "ask",
        lambda actor, text: moves.ask_question(
            actor=actor, proposal_id=proposal_id, message=text, now=wall_clock()
        ),
        said="The question was sent; the clock stands still until the agent answers.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def escalate(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Hand it to the escalation owner."""
    return _with_text(
        request,
        proposal_id,
        "escalate",
        lambda actor, text: moves.escalate_proposal(
            actor=actor, proposal_id=proposal_id, reason=text, now=wall_clock()
        ),
        said="Escalated; the escalation owner decides now.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def comment(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Say something to colleagues."""
    return _with_text(
        request,
        proposal_id,
        "comment",
        lambda actor, text: moves.comment_on_proposal(
            actor=actor, proposal_id=proposal_id, message=text, now=wall_clock()
        ),
    )


@require_POST
def claim(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Take a proposal on for a while, so that two people do not read it at once."""
    return answer(
        request,
        proposal_id,
        lambda actor: moves.claim_proposal(
            actor=actor, proposal_id=proposal_id, now=wall_clock()
        ),
        said="You have taken this on for 15 minutes.",
    )


@require_POST
def evidence(request: HttpRequest, proposal_id: UUID, position: int) -> HttpResponse:
    """Open one piece of evidence; that it was opened is recorded."""
    actor = actor_of(request)
    response = answer(
        request,
        proposal_id,
        lambda person: moves.open_evidence(
            actor=person, proposal_id=proposal_id, position=position, now=wall_clock()
        ),
    )
    if not is_htmx(request):
        response["Location"] = f"{response['Location']}#evidence-{position}"
        return response
    now = wall_clock()
    shown = card_for(actor, proposal_id, now=now)
    context = {"card": shown}
    return render(request, "approvals/inbox.html", context, fragment="evidence")


def _with_text(
    request: HttpRequest,
    proposal_id: UUID,
    kind: str,
    call: Callable[[Actor, str], object],
    *,
    said: str = "",
) -> HttpResponse:
    if request.method != "POST":
        return _page(request, proposal_id, kind, {})
    form = MessageForm(request.POST)
    if not form.is_valid():
        errors = {
            name: " ".join(map(str, texts)) for name, texts in form.errors.items()
        }
        return _page(request, proposal_id, kind, errors, status=INVALID)
    text = form.cleaned_data["message"]
    return answer(
        request,
        proposal_id,
        lambda actor: call(actor, text),
        said=said,
        again=lambda errors: _page(request, proposal_id, kind, errors, status=INVALID),
    )


def _page(
    request: HttpRequest,
    proposal_id: UUID,
    kind: str,
    errors: Mapping[str, str],
    *,
    status: int = 200,
) -> HttpResponse:
    card = card_for(actor_of(request), proposal_id, now=wall_clock())
    context = {
        "crumbs": [
            (CRUMB, reverse("inbox")),
            (card.headline[:80], reverse("inbox_card", args=[card.id])),
            (HERE[kind], ""),
        ],
        "card": card,
        "kind": kind,
        "errors": errors,
        "message": request.POST.get("message", ""),
        "reason_code": "",
        "reject_reasons": [],
        "place": query_of(place_of(request)).removeprefix("?"),
    }
    return render(request, "approvals/say.html", context, status=status)


@require_POST
def looked(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Note that a card is before somebody; a second time says nothing new."""
    with suppress(AlreadyDone):
        note_first_look(
            actor=actor_of(request), proposal_id=proposal_id, now=wall_clock()
        )
    return HttpResponse(status=204)
