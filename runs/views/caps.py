"""What is used now of a workflow's caps; the page of its caps loads it."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.accounts.actors import actor_of
from portal.core.htmx import render
from runs.queries.caps import caps_used


@require_safe
def caps(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how much of each cap is used in its window."""
    found = caps_used(actor=actor_of(request), slug=slug)
    shown = {
        "found": found,
        "crumbs": [
            ("Workflows", reverse("workflows")),
            (found.head.name, reverse("workflow", args=[slug])),
            ("Caps used now", ""),
        ],
    }
    return render(request, "runs/caps.html", shown, fragment="used")
