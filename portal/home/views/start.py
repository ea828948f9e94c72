"""The start page: what needs me."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.htmx import render
from portal.home.queries.start import start_for


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Show what this person is to decide, to look after and to read this week."""
    actor, now = actor_of(request), wall_clock()
    shown = {
        "crumbs": [("Start", "")],
        "start": start_for(actor=actor, now=now),
        "first_name": actor.name.split(" ")[0],
    }
    return render(request, "home/start.html", shown)
