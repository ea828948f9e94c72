"""What levels above refused, as a part of the pages of a workflow and of a run."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from approvals.queries.refused_above import refused_above, refused_above_of_run
from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.htmx import render

_PART = "approvals/refused_above.html"


@require_safe
def of_workflow(request: HttpRequest, slug: str) -> HttpResponse:
    page = refused_above(actor_of(request), slug, now=wall_clock())
    return render(request, _PART, {"page": page})


@require_safe
def of_run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    page = refused_above_of_run(actor_of(request), run_id)
    return render(request, _PART, {"page": page, "is_run": True})
