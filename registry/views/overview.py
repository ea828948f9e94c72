"""The overview of one workflow, its one page, and its file."""

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET

from registry.queries.comparisons import document_of
from registry.queries.pages import one_page, shown_version
from registry.queries.people import people_of
from registry.rules.document import to_toml
from registry.views.common import head_of, show

RECENT_RUNS = "runs_recent"
ACTIONS = "workflow_actions"


@require_GET
def workflow(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    version = shown_version(workflow_id=head.id, live_version_id=head.live_version_id)
    page = one_page(
        version=version,
        department_id=head.department_id,
        live_version_id=head.live_version_id,
    )
    return show(
        request,
        head,
        "registry/workflow.html",
        {
            "page": page,
            "people": people_of(workflow_id=head.id),
            "recent_runs_href": _elsewhere(RECENT_RUNS, slug),
            "runs_href": _elsewhere("runs"),
        },
        current="overview",
    )


@require_GET
def workflow_page(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    version = shown_version(workflow_id=head.id, live_version_id=head.live_version_id)
    page = one_page(
        version=version,
        department_id=head.department_id,
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


@require_GET
def workflow_page_toml(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    version = shown_version(workflow_id=head.id, live_version_id=head.live_version_id)
    response = HttpResponse(
        to_toml(document_of(version)), content_type="application/toml; charset=utf-8"
    )
    response["Content-Disposition"] = (
        f'attachment; filename="{slug}-v{version.number}.toml"'
    )
    return response


def _elsewhere(name: str, *args: object) -> str | None:
    """Give the address of another room's page, or None while it has none."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return None
