"""The registry list."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from portal.accounts.actors import actor_of
from portal.core.htmx import render
from registry.queries.workflows import STATES, workflows_for
from registry.rules.verbs import VERBS

LINES = "workflow_lines"
FILTERS = ("q", "state", "department", "verb")


@require_GET
def workflows(request: HttpRequest) -> HttpResponse:
    chosen = {name: request.GET.get(name, "") for name in FILTERS}
    found = workflows_for(
        actor=actor_of(request),
        search=chosen["q"],
        state=chosen["state"],
        department=chosen["department"],
        verb=chosen["verb"],
        cursor=request.GET.get("cursor"),
    )
    kept = {name: value for name, value in chosen.items() if value}
    return render(
        request,
        "registry/workflows.html",
        {
            "crumbs": [("Workflows", "")],
            "found": found,
            "chosen": chosen,
            "states": STATES,
            "verbs": [(verb.slug, verb.label) for verb in VERBS.values()],
            "next_href": _page(kept, found.next_cursor),
            "previous_href": _page(kept, found.previous_cursor),
        },
        fragment=LINES,
    )


def _page(kept: dict[str, str], cursor: str | None) -> str:
    return f"?{urlencode({**kept, 'cursor': cursor})}" if cursor else ""
