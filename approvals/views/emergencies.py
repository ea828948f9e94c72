"""Break-glass: the form before it, the list of what waits to be looked at, and the look."""

from collections.abc import Mapping
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from approvals.forms import DIGEST_PATTERN
from approvals.operations.break_glass import break_glass, review_break_glass
from approvals.queries.blocking import Blocked
from approvals.queries.break_glass import (
    glass_band,
    glass_form,
    glass_line,
    glass_page,
    review_count,
)
from approvals.queries.card import card_for
from approvals.views.answers import confirm_first, lost
from approvals.views.frame import CRUMB
from portal.accounts.actors import actor_of
from portal.accounts.confirming import is_fresh, typed_before
from portal.core.clock import wall_clock
from portal.core.errors import ConfirmFirst, Conflict, Forbidden, Invalid
from portal.core.htmx import render
from registry.queries.workflows import workflow_head

INVALID = 422
LIST_NAME = "Emergencies"


@require_http_methods(["GET", "HEAD", "POST"])
def break_one(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Ask why, say what it means, and let one proposal run without the missing votes."""
    if request.method != "POST":
        return _break_page(request, proposal_id, typed_before(request).get("why", ""))
    why, digest = request.POST.get("why", ""), request.POST.get("digest", "")
    try:
        found = break_glass(
            actor=actor_of(request),
            proposal_id=proposal_id,
            digest=digest if DIGEST_PATTERN.fullmatch(digest) else "",
            why=why,
            now=wall_clock(),
        )
    except ConfirmFirst:
        return confirm_first(request, proposal_id, stays=True)
    except Invalid as problem:
        return _break_page(request, proposal_id, why, problem.fields, status=INVALID)
    except (Conflict, Forbidden) as problem:
        return lost(request, proposal_id, problem)
    if isinstance(found, Blocked):
        blocked = Conflict(found.code, found.text, who_can_help=found.who_can_help)
        blocked.title = "No emergency overrides this"
        return lost(request, proposal_id, blocked)
    messages.warning(
        request,
        f"It runs without the missing approvals: {found.headline}. Another person looks"
        " at it afterwards.",
    )
    return HttpResponseRedirect(reverse("break_glass", args=[found.id]))


@require_safe
def emergencies(request: HttpRequest) -> HttpResponse:
    """List what waits to be looked at, and what was."""
    shown = {
        "page": glass_page(actor_of(request), now=wall_clock()),
        "crumbs": [(LIST_NAME, "")],
    }
    return render(request, "approvals/emergencies.html", shown)


@require_safe
def count(request: HttpRequest) -> HttpResponse:
    """The number of emergencies that this person is asked to look at; empty for none."""
    waiting = review_count(actor_of(request))
    return HttpResponse(str(waiting or ""), content_type="text/html; charset=utf-8")


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, glass_id: UUID) -> HttpResponse:
    """Show one emergency; another person says here whether it was right."""
    if request.method != "POST":
        return _review_page(request, glass_id, {})
    try:
        review_break_glass(
            actor=actor_of(request),
            glass_id=glass_id,
            verdict=request.POST.get("verdict", ""),
            text=request.POST.get("text", ""),
            now=wall_clock(),
        )
    except Invalid as problem:
        return _review_page(request, glass_id, problem.fields, status=INVALID)
    except Conflict as problem:
        messages.error(request, problem.detail)
        return HttpResponseRedirect(reverse("break_glass", args=[glass_id]))
    messages.success(request, "Your review is on record.")
    return HttpResponseRedirect(reverse("break_glass_list"))


@require_safe
def band(request: HttpRequest, slug: str) -> HttpResponse:
    """What a workflow's page says about emergencies that nobody looked at yet."""
    actor = actor_of(request)
    workflow_head(actor=actor, slug=slug)
    lines = glass_band(actor, slug=slug, now=wall_clock())
    return render(request, "approvals/glass_band.html", {"lines": lines})


@require_safe
def band_of_run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """What a run's page says about emergencies in it."""
    lines = glass_band(actor_of(request), run_id=run_id, now=wall_clock())
    return render(request, "approvals/glass_band.html", {"lines": lines})


def _break_page(
    request: HttpRequest,
    proposal_id: UUID,
    why: str,
    errors: Mapping[str, str] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    actor, now = actor_of(request), wall_clock()
    asked = glass_form(actor, proposal_id, now=now)
    if not asked.may:
        raise Forbidden(
            "Only who answers for this workflow may let something run in an emergency.",
            code="break_glass.not_yours",
            who_can_help=asked.who_may,
        )
    card = card_for(actor, proposal_id, now=now)
    shown = {
        "card": card,
        "asked": asked,
        "why": why,
        "errors": errors or {},
        "is_confirmed": is_fresh(actor.confirmed_at, now=now),
        "crumbs": [
            (CRUMB, reverse("inbox")),
            (card.headline[:80], reverse("inbox_card", args=[card.id])),
            ("Emergency", ""),
        ],
    }
    return render(request, "approvals/break_glass.html", shown, status=status)


def _review_page(
    request: HttpRequest,
    glass_id: UUID,
    errors: Mapping[str, str],
    *,
    status: int = 200,
) -> HttpResponse:
    line = glass_line(actor_of(request), glass_id, now=wall_clock())
    shown = {
        "line": line,
        "errors": errors,
        "verdict": request.POST.get("verdict", ""),
        "text": request.POST.get("text", ""),
        "crumbs": [
            (LIST_NAME, reverse("break_glass_list")),
            (line.headline[:80], ""),
        ],
    }
    return render(request, "approvals/glass_review.html", shown, status=status)
