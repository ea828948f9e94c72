"""What is in flight of one workflow, for the pages that pause it and tell a pause."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from approvals.queries.in_flight import in_flight
from portal.accounts.actors import actor_of
from portal.core.htmx import render

FRAGMENT = "flights"


@require_GET
def grants_in_flight(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the grants that are not over: a page by itself, or its list alone."""
    flight = in_flight(actor=actor_of(request), slug=slug)
    crumbs = [
        ("Workflows", reverse("workflows")),
        (flight.workflow, reverse("workflow", args=[slug])),
        ("In flight", ""),
    ]
    context = {"crumbs": crumbs, "flight": flight}
    return render(request, "approvals/in_flight.html", context, fragment=FRAGMENT)
