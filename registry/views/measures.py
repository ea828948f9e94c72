"""Targets and baselines of a draft."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid, NotFound
from registry.forms.measures import BaselineForm, TargetForm, indicator_choices
from registry.operations.measures import (
    remove_baseline,
    remove_target,
    set_baseline,
    set_target,
)
from registry.queries.draft_measures import measures_page
from registry.views.common import errors_of, go, head_of, number_in, show

TARGET, BASELINE = "target", "baseline"


@require_http_methods(["GET", "POST"])
def draft_measures(request: HttpRequest, slug: str) -> HttpResponse:
    """Show targets and baselines, and set one."""
    head = head_of(request, slug)
    page = measures_page(workflow_id=head.id)
    part = request.POST.get("part", "")
    target = TargetForm(request.POST if part == TARGET else None)
    baseline = BaselineForm(request.POST if part == BASELINE else None)
    form = target if part == TARGET else baseline
    errors: dict[str, str] = {}
    lost: Conflict | None = None
    if request.method == "POST" and form.is_valid():
        try:
            _save(request, head.id, part, form)
        except Invalid as problem:
            errors = errors_of(problem)
        except Conflict as problem:
            lost = problem
        else:
            return go(request, "draft_measures", slug)
    status = 409 if lost else 422 if request.method == "POST" else 200
    return show(
        request,
        head,
        "registry/draft_measures.html",
        {
            "measures": page,
            "target": target,
            "baseline": baseline,
            "indicators": indicator_choices(),
            "errors": errors,
            "lost": lost,
        },
        current="draft",
        title="Targets and baselines",
        step=(page.draft, "targets"),
        status=status,
    )


@require_POST
def draft_measure_remove(request: HttpRequest, slug: str, part: str) -> HttpResponse:
    """Take a target or a baseline out of the draft."""
    head = head_of(request, slug)
    removers = {TARGET: remove_target, BASELINE: remove_baseline}
    if part not in removers:
        raise NotFound("There is no such part.")
    removers[part](
        actor=actor_of(request),
        workflow_id=head.id,
        revision=number_in(request, "revision"),
        key=request.POST.get("key", "")[:120],
        now=wall_clock(),
    )
    return go(request, "draft_measures", slug)


def _save(request: HttpRequest, workflow_id, part: str, form) -> None:
    common = {
        "actor": actor_of(request),
        "workflow_id": workflow_id,
        "revision": number_in(request, "revision"),
        "now": wall_clock(),
    }
    if part == TARGET:
        said = form.cleaned_data
        set_target(
            key=said["key"],
            at_least=said["at_least"],
            at_most=said["at_most"],
            **common,
        )
    else:
        set_baseline(row=form.row(), **common)
