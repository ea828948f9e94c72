"""Reports of replays: the list, and one report with every writing call."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.accounts.actors import actor_of
from portal.core.htmx import render
from portal.home.queries.replays import report_for, reports_for


@require_safe
def replays(request: HttpRequest) -> HttpResponse:
    """Show the reports, newest first."""
    page = reports_for(actor=actor_of(request), cursor=request.GET.get("at"))
    shown = {
        "crumbs": [("Replays", "")],
        "page": page,
        "next_href": _href(page.next_cursor),
        "previous_href": _href(page.previous_cursor),
    }
    return render(request, "home/replays.html", shown)


@require_safe
def replay(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Show one report."""
    report = report_for(actor=actor_of(request), report_id=report_id)
    crumbs = [("Replays", reverse("replays")), (report.line.source, "")]
    return render(request, "home/replay.html", {"crumbs": crumbs, "report": report})


def _href(cursor: str | None) -> str:
    return f"{reverse('replays')}?at={cursor}" if cursor else ""
