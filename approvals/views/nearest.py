"""What was granted about the time of an incident; the incident's page loads it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from approvals.queries.nearest import grants_near
from portal.accounts.actors import actor_of
from portal.core.htmx import render


@require_safe
def incident_grants(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """Show the grants that come nearest to what an incident is about."""
    shown = {
        "rows": grants_near(actor=actor_of(request), incident_id=incident_id),
        "crumbs": [
            ("Incidents", reverse("incidents")),
            ("The incident", reverse("incident", args=[incident_id])),
            ("Grants of that time", ""),
        ],
    }
    return render(request, "approvals/nearest.html", shown, fragment="grants")
