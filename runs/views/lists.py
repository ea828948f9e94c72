"""The runs list, and the recent runs of a workflow for its page."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.accounts.actors import actor_of
from portal.core.htmx import render
from runs.queries.lists import RunState, filter_in, recent_runs_of, runs_for

ONLY_CHOICES = (
    ("held", "On hold"),
    ("unauthorised", "With an unauthorised change"),
    ("flagged", "Flagged"),
    ("amended", "Amended after the end"),
    ("retried", "With retries"),
    ("ended", "Ended"),
)
ANSWER_CHOICES = (
    ("all", "All seven"),
    ("some", "Not all seven"),
    ("few", "Fewer than five"),
)
FIELDS = ("workflow", "agent", "state", "since", "until", "q", "answers", "only")


@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """Show one page of runs, newest first."""
    asked = filter_in(request.GET.dict())
    page = runs_for(actor=actor_of(request), asked=asked, cursor=request.GET.get("at"))
    kept = {name: request.GET[name] for name in FIELDS if request.GET.get(name)}
    shown = {
        "crumbs": [("Runs", "")],
        "page": page,
        "asked": asked,
        "states": RunState.choices,
        "only_choices": ONLY_CHOICES,
        "answer_choices": ANSWER_CHOICES,
        "next_href": _at(kept, page.next_cursor),
        "previous_href": _at(kept, page.previous_cursor),
    }
    return render(request, "runs/runs.html", shown)


@require_safe
def recent_runs(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the newest runs of one workflow; its page loads this as a fragment."""
    rows = recent_runs_of(actor=actor_of(request), slug=slug)
    shown = {
        "crumbs": [("Runs", reverse("runs")), ("Recent", "")],
        "rows": rows,
        "slug": slug,
    }
    return render(request, "runs/recent.html", shown, fragment="recent")


def _at(kept: dict[str, str], cursor: str | None) -> str:
    return f"{reverse('runs')}?{urlencode(kept | {'at': cursor})}" if cursor else ""
