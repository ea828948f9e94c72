"""Search across rooms; also the twin of the command palette."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.htmx import render
from portal.home.queries.search import found_for

RESULTS = "results"


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show what contains the words, by kind."""
    page = found_for(
        actor=actor_of(request), text=request.GET.get("q", ""), now=wall_clock()
    )
    shown = {"crumbs": [("Search", "")], "page": page}
    return render(request, "home/search.html", shown, fragment=RESULTS)
