"""Approve, edit and approve, reject, respond, undo: one form each, GET shows it alone."""

from collections.abc import Mapping
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from approvals.forms import ApproveForm, RejectForm, RespondForm
from approvals.operations.decide import (
    approve_proposal,
    reject_proposal,
    respond_to_proposal,
)
from approvals.operations.edit import edit_and_approve
from approvals.operations.undo import undo_approval
from approvals.queries.card import Card, card_for
from approvals.queries.preview import EditPreview, preview_edit
from approvals.views.answers import answer, lost, reject_reasons
from approvals.views.frame import CRUMB, card_address, place_of, query_of
from portal.accounts.actors import Actor, actor_of
from portal.accounts.confirming import typed_before
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Forbidden, Invalid
from portal.core.htmx import render

CONFLICT = 409
INVALID = 422


@require_POST
def approve(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Approve what the page showed."""
    form = ApproveForm(request.POST)
    if not form.is_valid():
        return _stale(request, proposal_id)
    return answer(
        request,
        proposal_id,
        lambda actor: approve_proposal(
            actor=actor,
            proposal_id=proposal_id,
            digest=form.cleaned_data["digest"],
            message=form.cleaned_data["message"],
            now=wall_clock(),
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Change arguments, each in its own type, and approve what comes out."""
    if request.method != "POST":
        return _edit_page(request, proposal_id, typed_before(request), {})
    form = ApproveForm(request.POST)
    if not form.is_valid():
        return _stale(request, proposal_id)
    edits = _edits_of(request)
    is_stale = False

    def save(actor: Actor) -> object:
        nonlocal is_stale
        try:
            return edit_and_approve(
                actor=actor,
                proposal_id=proposal_id,
                digest=form.cleaned_data["digest"],
                edits=edits,
                message=form.cleaned_data["message"],
                now=wall_clock(),
            )
        except Conflict as problem:
            if problem.code != "digest.mismatch":
                raise
            # Two people edited at once: the second keeps what they typed.
            is_stale = True
            who = problem.extra.get("who") or "Somebody"
            said = f"{who} changed this while you were editing. What you typed is kept: look at both, and save again."
            raise Invalid({"": said}) from problem

    return answer(
        request,
        proposal_id,
        save,
        again=lambda errors: _edit_page(
            request,
            proposal_id,
            edits,
            errors,
            status=CONFLICT if is_stale else INVALID,
        ),
    )


@require_POST
def edit_preview(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Say what the edit as typed would come to; nothing is saved."""
    edits = _edits_of(request)
    preview = preview_edit(
        actor=actor_of(request),
        proposal_id=proposal_id,
        digest=request.POST.get("digest", ""),
        edits=edits,
    )
    return _edit_page(
        request, proposal_id, edits, preview.errors, preview=preview, fragment="preview"
    )


def _edits_of(request: HttpRequest) -> dict[str, str]:
    return {
        name: str(value)
        for name, value in request.POST.items()
        if name.startswith("arg-")
    }


@require_http_methods(["GET", "HEAD", "POST"])
def reject(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Reject with a reason."""
    if request.method != "POST":
        return _form_page(request, proposal_id, "reject", {})
    form = RejectForm(request.POST)
    if not form.is_valid():
        if "digest" in form.errors:
            return _stale(request, proposal_id)
        return _form_page(request, proposal_id, "reject", _flat(form), status=INVALID)
    return answer(
        request,
        proposal_id,
        lambda actor: reject_proposal(
            actor=actor,
            proposal_id=proposal_id,
            digest=form.cleaned_data["digest"],
            reason_code=form.cleaned_data["reason_code"],
            message=form.cleaned_data["message"],
            now=wall_clock(),
        ),
        again=lambda errors: _form_page(
            request, proposal_id, "reject", errors, status=INVALID
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def answer_instead(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Answer the agent in words; nothing runs."""
    if request.method != "POST":
        return _form_page(request, proposal_id, "respond", {})
    form = RespondForm(request.POST)
    if not form.is_valid():
        if "digest" in form.errors:
            return _stale(request, proposal_id)
        return _form_page(request, proposal_id, "respond", _flat(form), status=INVALID)
    return answer(
        request,
        proposal_id,
        lambda actor: respond_to_proposal(
            actor=actor,
            proposal_id=proposal_id,
            digest=form.cleaned_data["digest"],
            message=form.cleaned_data["message"],
            now=wall_clock(),
        ),
        again=lambda errors: _form_page(
            request, proposal_id, "respond", errors, status=INVALID
        ),
    )


@require_POST
def undo(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Take an approval back and go to the proposal that opens in its stead."""
    actor = actor_of(request)
    try:
        reopened = undo_approval(actor=actor, proposal_id=proposal_id, now=wall_clock())
    except (Conflict, Forbidden) as problem:
        return lost(request, proposal_id, problem)
    messages.success(request, "The approval was taken back; nothing ran.")
    return HttpResponseRedirect(card_address(reopened.id, place_of(request)))


def _stale(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """A decision without a digest is about nothing that was seen."""
    card_for(actor_of(request), proposal_id, now=wall_clock())
    problem = Conflict(
        "digest.missing", "Open the proposal again and decide on what it shows."
    )
    return lost(request, proposal_id, problem)


def _flat(form) -> dict[str, str]:
    return {name: " ".join(map(str, texts)) for name, texts in form.errors.items()}


def _edit_page(
    request: HttpRequest,
    proposal_id: UUID,
    given: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    status: int = 200,
    preview: EditPreview | None = None,
    fragment: str | None = None,
) -> HttpResponse:
    card = _open_card(request, proposal_id)
    context = {
        "crumbs": _crumbs(card, "Edit"),
        "preview": preview,
        "card": card,
        "given": given,
        "message": request.POST.get("message") or given.get("message", ""),
        "errors": errors,
    }
    return render(
        request, "approvals/edit.html", context, status=status, fragment=fragment
    )


def _form_page(
    request: HttpRequest,
    proposal_id: UUID,
    kind: str,
    errors: Mapping[str, str],
    *,
    status: int = 200,
) -> HttpResponse:
    card = _open_card(request, proposal_id)
    context = {
        "crumbs": _crumbs(
            card, {"reject": "Reject", "respond": "Answer instead"}[kind]
        ),
        "card": card,
        "kind": kind,
        "errors": errors,
        "message": request.POST.get("message", ""),
        "reason_code": request.POST.get("reason_code", ""),
        "reject_reasons": reject_reasons(),
        "place": query_of(place_of(request)).removeprefix("?"),
    }
    return render(request, "approvals/say.html", context, status=status)


def _open_card(request: HttpRequest, proposal_id: UUID) -> Card:
    return card_for(actor_of(request), proposal_id, now=wall_clock())


def _crumbs(card: Card, here: str) -> list[tuple[str, str]]:
    return [
        (CRUMB, reverse("inbox")),
        (card.headline[:80], reverse("inbox_card", args=[card.id])),
        (here, ""),
    ]
