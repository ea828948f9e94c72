"""The overview of one workflow and its one page."""

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET

from portal.accounts.actors import actor_of
from portal.accounts.queries import is_administrator
from registry.queries.importing import inventory_source_of
from registry.queries.pages import one_page, shown_version
from registry.queries.people import people_of
from registry.views.common import head_of, show

RECENT_RUNS = "runs_recent"
ACTIONS = "workflow_actions"


@require_GET
def workflow(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    version = shown_version(workflow_id=head.id, live_version_id=head.live_version_id)
    page = one_page(
        version=version,
        live_version_id=head.live_version_id,
    )
    return show(
        request,
        head,
        "registry/workflow.html",
        {
            "page": page,
            "people": people_of(workflow_id=head.id),
            "inventory": inventory_source_of(head.id),
            "recent_runs_href": _elsewhere(RECENT_RUNS, slug),
            "runs_href": _elsewhere("runs"),
            "reveals_href": _elsewhere("reveals", slug),
            "times_href": reverse("times_of", args=["workflow", slug])
            if is_administrator(actor_of(request))
            else None,
        },
        current="overview",
    )


@require_GET
def workflow_page(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    version = shown_version(workflow_id=head.id, live_version_id=head.live_version_id)
    page = one_page(
        version=version,
        live_version_id=head.live_version_id,
    )
    return show(
        request,
        head,
        "registry/page.html",
        {"page": page},
        current="page",
        title="One page",
    )


def _elsewhere(name: str, *args: object) -> str | None:
    """Give the address of another room's page, or None while it has none."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return None
