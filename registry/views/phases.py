"""The five phases, how one workflow is taken back, and the action groups of a draft."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.crumbs import in_programme
from portal.core.errors import Conflict, Invalid
from portal.core.htmx import render
from registry.operations.drafts import set_part
from registry.queries.phases import PART, groups_of, groups_page, phase_lines
from registry.rules.fields import LINE_LENGTH_MAX
from registry.views.common import errors_of, go, head_of, number_in, show


@require_GET
def phases(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "registry/phases.html",
        {
            "crumbs": in_programme(("Phases", "")),
            "lines": phase_lines(actor=actor_of(request)),
        },
    )


@require_http_methods(["GET", "POST"])
def draft_groups(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    page = groups_page(workflow_id=head.id)
    errors: dict[str, str] = {}
    typed = {
        cell.field: request.POST.get(cell.field, cell.group)[:LINE_LENGTH_MAX]
        for cell in page.cells
    }
    if request.method == "POST":
        try:
            set_part(
                actor=actor_of(request),
                workflow_id=head.id,
                revision=number_in(request, "revision"),
                part=PART,
                value=groups_of(page, typed),
                seen=request.POST.get("seen", ""),
                now=wall_clock(),
            )
            return go(request, "draft_guardrail", slug)
        except (Invalid, Conflict) as problem:
            errors = errors_of(problem)
    return show(
        request,
        head,
        "registry/draft_groups.html",
        {"groups": page, "typed": typed, "errors": errors},
        current="draft",
        title="Action groups",
        step=(page.draft, "groups"),
        status=409 if errors else 200,
    )
