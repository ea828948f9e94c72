"""Pause and resume: a dialog, and a page that does the same without script."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Invalid
from registry.operations.pausing import pause_workflow, resume_workflow
from registry.views.common import errors_of, go, head_of, show


@require_http_methods(["GET", "POST"])
def workflow_pause(request: HttpRequest, slug: str) -> HttpResponse:
    return _switch(request, slug, is_pause=True)


@require_http_methods(["GET", "POST"])
def workflow_resume(request: HttpRequest, slug: str) -> HttpResponse:
    return _switch(request, slug, is_pause=False)


def _switch(request: HttpRequest, slug: str, *, is_pause: bool) -> HttpResponse:
    head = head_of(request, slug)
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        change = pause_workflow if is_pause else resume_workflow
        reason = request.POST.get("reason", "")
        try:
            change(
                actor=actor_of(request),
                workflow_id=head.id,
                reason=reason,
                now=wall_clock(),
            )
        except AlreadyDone as problem:
            return go(request, "workflow", slug, said=problem.detail)
        except (Invalid, Conflict) as problem:
            errors, status = errors_of(problem), problem.status
        else:
            verb = "Paused" if is_pause else "Resumed"
            return go(request, "workflow", slug, said=f"{verb} {head.name}.")
    return show(
        request,
        head,
        "registry/pause.html",
        {
            "is_pause": is_pause,
            # The page is the form; its dialog twin would repeat every id.
            "is_asking": True,
            "errors": errors,
            "reason": request.POST.get("reason", ""),
        },
        current="overview",
        title="Pause" if is_pause else "Resume",
        status=status,
    )
