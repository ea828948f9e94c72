"""The registry list, and registering a workflow."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid
from portal.core.htmx import render
from registry.forms import RegisterForm
from registry.operations.registering import register_workflow
from registry.queries.people import departments_to_pick, people_to_pick
from registry.queries.templates import template_choices, template_document
from registry.queries.workflows import STATES, workflows_for
from registry.rules.verbs import VERBS
from registry.views.common import errors_of, go

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


@require_http_methods(["GET", "POST"])
def workflow_new(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = RegisterForm(
        request.POST or None,
        initial={
            "template": request.GET.get("template", ""),
            "department": _own(request),
            "business_owner": str(actor.id),
        },
    )
    errors: dict[str, str] = {}
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            workflow = register_workflow(
                actor=actor,
                name=said["name"],
                department=said["department"],
                document=template_document(said["template"]),
                roles=form.roles(),
                now=wall_clock(),
            )
        except (Invalid, Conflict) as problem:
            errors = errors_of(problem)
        else:
            return go(request, "workflow_draft", workflow.slug)
    return render(
        request,
        "registry/workflow_new.html",
        {
            "crumbs": [("Workflows", "/workflows/"), ("Register a workflow", "")],
            "form": form,
            "errors": errors,
            "templates": template_choices(),
            "people": [
                (each.value, each.shown) for each in people_to_pick(actor=actor)
            ],
            "departments": [
                (each.value, each.shown) for each in departments_to_pick(actor=actor)
            ],
        },
        status=422 if request.method == "POST" else 200,
    )


def _own(request: HttpRequest) -> str:
    department_id = getattr(request.user, "department_id", None)
    return str(department_id) if department_id else ""


def _page(kept: dict[str, str], cursor: str | None) -> str:
    return f"?{urlencode({**kept, 'cursor': cursor})}" if cursor else ""
