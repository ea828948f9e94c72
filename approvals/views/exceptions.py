"""Exceptions: the queue, one case with its precedents, and settling it."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from approvals.operations.exceptions import (
    comment_on_exception,
    settle_hold,
    take_exception,
)
from approvals.queries.exception_case import case_for
from approvals.queries.exceptions import (
    COUNT_MAX,
    ExceptionsAsked,
    exceptions_waiting,
    queue_for,
)
from approvals.queries.untold import grants_to_look_at
from approvals.rules.consistency import REASONS, RESUMED
from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Invalid
from portal.core.htmx import render

CRUMB = "Exceptions"
TABS = (("mine", "Waits for me"), ("all", "Everything I may see"))


@require_safe
def exceptions(request: HttpRequest) -> HttpResponse:
    """Show what waits to be settled, alike together, oldest first."""
    actor, asked = actor_of(request), _asked(request)
    queue = queue_for(actor, asked, cursor=request.GET.get("from"), now=wall_clock())
    context = {
        "crumbs": [(CRUMB, "")],
        "queue": queue,
        "untold": grants_to_look_at(actor),
        "tabs": [
            {"key": key, "label": label, "href": _address(queue.asked, tab=key)}
            for key, label in TABS
        ],
        "groups": [
            (group, _address(queue.asked, like=group.signature))
            for group in queue.groups
        ],
        "everything": _address(queue.asked, like=""),
        "next_href": _address(queue.asked, **{"from": queue.next_cursor or ""}),
        "previous_href": _address(queue.asked, **{"from": queue.previous_cursor or ""}),
    }
    return render(request, "approvals/exceptions.html", context)


@require_safe
def count(request: HttpRequest) -> HttpResponse:
    """The number beside Exceptions in the rail; empty for none."""
    waiting = exceptions_waiting(actor_of(request))
    text = f"{COUNT_MAX:,}+" if waiting > COUNT_MAX else str(waiting or "")
    return HttpResponse(text, content_type="text/html; charset=utf-8")


@require_safe
def exception(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    """Show one exception: what happened, the precedents, and how to settle it."""
    return _page(request, exception_id)


@require_POST
def settle(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    """Let the run go on, or stop it for good, with a reason."""
    disposition = request.POST.get("disposition", "")
    # One form for both ways, so each way has its own group of reasons.
    code = request.POST.get(f"reason_{disposition.lower()}", "")[:40]
    try:
        ended = settle_hold(
            actor=actor_of(request),
            hold_id=exception_id,
            disposition=disposition,
            reason_code=code or request.POST.get("reason_code", "")[:40],
            text=request.POST.get("text", ""),
            now=wall_clock(),
        )
    except Invalid as problem:
        return _page(request, exception_id, errors=problem.fields, status=422)
    except Conflict as problem:
        return _page(request, exception_id, lost=problem, status=409)
    messages.info(
        request,
        "The run goes on." if ended == RESUMED else "The run is stopped for good.",
    )
    return redirect("exceptions")


@require_POST
def take(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    """Take an exception on."""
    try:
        take_exception(actor=actor_of(request), hold_id=exception_id, now=wall_clock())
    except AlreadyDone as done:
        messages.info(request, done.detail)
    except Conflict as problem:
        return _page(request, exception_id, lost=problem, status=409)
    else:
        messages.info(request, "You look into this now. Others may still settle it.")
    return redirect("exception", exception_id)


@require_POST
def comment(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    """Say something to colleagues about an exception."""
    try:
        comment_on_exception(
            actor=actor_of(request),
            hold_id=exception_id,
            text=request.POST.get("text", ""),
            now=wall_clock(),
        )
    except Invalid as problem:
        errors = {"comment": problem.fields["text"]}
        return _page(request, exception_id, errors=errors, status=422)
    return redirect(reverse("exception", args=[exception_id]) + "#notes")


def _page(
    request: HttpRequest,
    exception_id: UUID,
    *,
    errors: dict[str, str] | None = None,
    lost: Conflict | None = None,
    status: int = 200,
) -> HttpResponse:
    case = case_for(actor_of(request), exception_id)
    chosen = request.POST.get("disposition", "")
    context: dict[str, Any] = {
        "crumbs": [
            (CRUMB, reverse("exceptions")),
            (case.workflow, f"{reverse('exceptions')}?tab=all&like={case.signature}"),
            (case.headline[:80], ""),
        ],
        "case": case,
        "errors": errors or {},
        "lost": lost,
        "reasons": REASONS,
        "said": {
            "disposition": chosen,
            "reason": request.POST.get(f"reason_{chosen.lower()}", ""),
            "text": request.POST.get("text", ""),
        },
    }
    return render(request, "approvals/exception.html", context, status=status)


def _asked(request: HttpRequest) -> ExceptionsAsked:
    said = {name: str(text).replace("\x00", "") for name, text in request.GET.items()}
    try:
        owner = UUID(said["owner"]) if said.get("owner") else None
    except ValueError:
        owner = None
    tab = said.get("tab", "")
    return ExceptionsAsked(
        tab=tab if tab in dict(TABS) else "",
        workflow=said.get("workflow", "")[:80],
        like=said.get("like", "")[:400],
        owner=owner,
    )


def _address(asked: ExceptionsAsked, **other: str) -> str:
    return f"{reverse('exceptions')}?{urlencode(asked.pairs(**other))}"
