"""Incidents: the list, one with what was said and what was granted, and settling it."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Invalid
from portal.core.htmx import render
from registry.queries.workflows import workflow_head
from runs.operations.incidents import (
    reopen_incident,
    settle_incident,
    take_incident,
)
from runs.queries.incident_page import incident_page
from runs.queries.incidents import (
    BAND_MAX,
    STATE_CHOICES,
    IncidentFilter,
    incidents_for,
    open_incidents_of,
    run_seen_by,
)
from runs.rules.incidents import REASONS

CRUMB = "Incidents"
FIELDS = ("workflow", "state", "system", "mine")


@require_safe
def incidents(request: HttpRequest) -> HttpResponse:
    """Show one page of incidents, newest first."""
    said = {
        name: str(request.GET[name]).replace("\x00", "")[:200]
        for name in FIELDS
        if request.GET.get(name)
    }
    asked = IncidentFilter(
        workflow=said.get("workflow", ""),
        state=said.get("state", "") if said.get("state") in STATE_CHOICES else "",
        system=said.get("system", ""),
        mine=said.get("mine") == "1",
    )
    page = incidents_for(
        actor=actor_of(request), asked=asked, cursor=request.GET.get("at")
    )
    shown = {
        "crumbs": [("Runs", reverse("runs")), (CRUMB, "")],
        "page": page,
        "asked": asked,
        "states": list(STATE_CHOICES.items()),
        "next_href": _at(said, page.next_cursor),
        "previous_href": _at(said, page.previous_cursor),
    }
    return render(request, "runs/incidents.html", shown)


@require_safe
def incident(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """Show one incident: what was said, why nothing covers it, what became of it."""
    return _page(request, incident_id)


@require_POST
def incident_take(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """Take an incident on."""
    try:
        take_incident(
            actor=actor_of(request), incident_id=incident_id, now=wall_clock()
        )
    except AlreadyDone as done:
        messages.info(request, done.detail)
    except Conflict as problem:
        return _page(request, incident_id, lost=problem, status=409)
    else:
        messages.info(request, "You look into this now. Others may still settle it.")
    return redirect("incident", incident_id)


@require_POST
def incident_settle(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """Explain an incident, or confirm that nobody allowed what was done."""
    try:
        way = settle_incident(
            actor=actor_of(request),
            incident_id=incident_id,
            way=request.POST.get("way", ""),
            reason_code=request.POST.get("reason_code", "")[:40],
            text=request.POST.get("text", ""),
            evidence=request.POST.get("evidence", ""),
            now=wall_clock(),
        )
    except Invalid as problem:
        return _page(request, incident_id, errors=problem.fields, status=422)
    except Conflict as problem:
        return _page(request, incident_id, lost=problem, status=409)
    messages.info(
        request,
        "Explained: it no longer counts as unauthorised."
        if way == "EXPLAINED"
        else "Confirmed: it stays in the number of unauthorised actions.",
    )
    return redirect("incident", incident_id)


@require_POST
def incident_reopen(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """Open a settled incident again."""
    try:
        reopen_incident(
            actor=actor_of(request),
            incident_id=incident_id,
            text=request.POST.get("text", ""),
            now=wall_clock(),
        )
    except AlreadyDone as done:
        messages.info(request, done.detail)
    except Invalid as problem:
        errors = {"again": problem.fields["text"]}
        return _page(request, incident_id, errors=errors, status=422)
    except Conflict as problem:
        return _page(request, incident_id, lost=problem, status=409)
    else:
        messages.info(request, "Open again: it counts as unauthorised.")
    return redirect("incident", incident_id)


@require_safe
def incident_band(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the open incidents of a workflow; its page loads this."""
    workflow_head(actor=actor_of(request), slug=slug)
    rows = open_incidents_of(actor=actor_of(request), workflow=slug)
    return _band(request, rows, f"{reverse('incidents')}?workflow={slug}&state=OPEN")


@require_safe
def incident_band_of_run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Show the open incidents of a run; its page loads this."""
    run_seen_by(actor_of(request), run_id)
    rows = open_incidents_of(actor=actor_of(request), run_id=run_id)
    return _band(request, rows, reverse("incidents"))


def _band(request: HttpRequest, rows: tuple, all_href: str) -> HttpResponse:
    shown = {
        "rows": rows[:BAND_MAX],
        "has_more": len(rows) > BAND_MAX,
        "all_href": all_href,
        "crumbs": [(CRUMB, reverse("incidents")), ("Open", "")],
    }
    return render(request, "runs/incident_band.html", shown, fragment="band")


def _page(
    request: HttpRequest,
    incident_id: UUID,
    *,
    errors: dict[str, str] | None = None,
    lost: Conflict | None = None,
    status: int = 200,
) -> HttpResponse:
    page = incident_page(actor=actor_of(request), incident_id=incident_id)
    shown = {
        "crumbs": [
            ("Runs", reverse("runs")),
            (CRUMB, reverse("incidents")),
            (page.row.headline[:80], ""),
        ],
        "page": page,
        "errors": errors or {},
        "lost": lost,
        "reasons": REASONS,
        "said": {
            name: request.POST.get(name, "")
            for name in ("text", "reason_code", "evidence")
        },
    }
    return render(request, "runs/incident.html", shown, status=status)


def _at(kept: dict[str, str], cursor: str | None) -> str:
    return (
        f"{reverse('incidents')}?{urlencode(kept | {'at': cursor})}" if cursor else ""
    )
