"""Grants as people see them: what nobody told, one grant, revoking it, settling it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from approvals.operations.outcomes import Report, settle_outcome
from approvals.operations.revoking import revoke_grant
from approvals.queries.granted import GrantShown, grant_for
from approvals.queries.untold import untold_for
from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid
from portal.core.htmx import render

CRUMB = "No outcome yet"
FIELDS = ("status", "checked", "external_ref", "evidence", "detail")


@require_GET
def untold(request: HttpRequest) -> HttpResponse:
    """Show used grants without an outcome, unknown ones, and approvals never used."""
    slug = request.GET.get("workflow", "")[:80]
    found = untold_for(actor_of(request), slug=slug)
    context = {"crumbs": [(CRUMB, "")], "found": found, "slug": slug}
    return render(request, "approvals/untold.html", context)


@require_GET
def grant(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """Show one grant and what can be done about it."""
    shown = grant_for(actor_of(request), grant_id)
    context = {"crumbs": _crumbs(shown), "grant": shown}
    return render(request, "approvals/grant.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """Take an unused grant back, with a reason that the agent is told."""
    actor = actor_of(request)
    reason, errors, status = request.POST.get("reason", ""), {}, 200
    if request.method == "POST":
        try:
            revoke_grant(
                actor=actor, grant_id=grant_id, reason=reason, now=wall_clock()
            )
        except Invalid as problem:
            errors, status = dict(problem.fields), problem.status
        except Conflict as problem:
            messages.warning(request, problem.detail)
            return redirect("grant", grant_id)
        else:
            messages.info(request, "Revoked. The agent can no longer use it.")
            return redirect("grant", grant_id)
    shown = grant_for(actor, grant_id)
    context = {
        "crumbs": [*_crumbs(shown, linked=True), ("Revoke", "")],
        "grant": shown,
        "reason": reason,
        "errors": errors,
    }
    return render(request, "approvals/grant_revoke.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def settle(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """Say what really happened, where the agent did not."""
    actor = actor_of(request)
    said = {name: request.POST.get(name, "") for name in FIELDS}
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        report = Report(
            status=said["status"].upper(),
            checked=said["checked"],
            external_ref=said["external_ref"],
            evidence=said["evidence"],
            detail=said["detail"],
        )
        try:
            settle_outcome(
                actor=actor, grant_id=grant_id, report=report, now=wall_clock()
            )
        except Invalid as problem:
            errors, status = dict(problem.fields), problem.status
        except Conflict as problem:
            messages.warning(request, problem.detail)
            return redirect("grant", grant_id)
        else:
            messages.info(request, "It is on record, and the agent is told.")
            return redirect("grant", grant_id)
    shown = grant_for(actor, grant_id)
    context = {
        "crumbs": [*_crumbs(shown, linked=True), ("Say what happened", "")],
        "grant": shown,
        "said": said,
        "errors": errors,
    }
    return render(request, "approvals/grant_settle.html", context, status=status)


def _crumbs(shown: GrantShown, *, linked: bool = False) -> list[tuple[str, str]]:
    here = reverse("grant", args=[shown.id]) if linked else ""
    return [(CRUMB, reverse("grants_untold")), (shown.headline[:80], here)]
