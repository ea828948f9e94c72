"""Pause, resume, and the stages of a resume: pages that do the same without script.

A form may name the page it was opened from (`back`); one of ours, or it is ignored.
"""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Invalid, Malformed
from registry.operations.pausing import pause_workflow, resume_workflow
from registry.operations.staging import StageAsked, end_stage, go_to_next_stage
from registry.queries.duties import who_may_pause
from registry.queries.pauses import STAGES_TO_PICK, stages_of, verbs_to_open
from registry.queries.workflows import WorkflowHead
from registry.rules.rulebook import Stage
from registry.views.common import errors_of, head_of, in_flight_href, show

HOURS_TO_PICK = (
    ("", "Until somebody ends it"),
    ("1", "For one hour"),
    ("4", "For four hours"),
    ("24", "For a day"),
    ("168", "For a week"),
)


@require_http_methods(["GET", "POST"])
def workflow_pause(request: HttpRequest, slug: str) -> HttpResponse:
    """Stop a workflow, with the reason that everybody reads."""
    head = head_of(request, slug)
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            pause_workflow(
                actor=actor_of(request),
                workflow_id=head.id,
                reason=request.POST.get("reason", ""),
                now=wall_clock(),
            )
        except AlreadyDone as problem:
            return _return(request, slug, problem.detail)
        except (Invalid, Conflict) as problem:
            errors, status = errors_of(problem), problem.status
        else:
            return _return(request, slug, f"Paused {head.name}.")
    return _page(request, head, errors, status, is_pause=True)


@require_http_methods(["GET", "POST"])
def workflow_resume(request: HttpRequest, slug: str) -> HttpResponse:
    """Let a workflow go on, at once or in stages."""
    head = head_of(request, slug)
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            resume_workflow(
                actor=actor_of(request),
                workflow_id=head.id,
                reason=request.POST.get("reason", ""),
                stage=_stage_in(request),
                now=wall_clock(),
            )
        except AlreadyDone as problem:
            return _return(request, slug, problem.detail)
        except (Invalid, Conflict) as problem:
            errors, status = errors_of(problem), problem.status
        else:
            return _return(request, slug, f"Resumed {head.name}.")
    return _page(request, head, errors, status, is_pause=False)


@require_POST
def workflow_stage(request: HttpRequest, slug: str) -> HttpResponse:
    """Go to the next stage of a resume, or let everything run."""
    head = head_of(request, slug)
    try:
        stage_id = UUID(request.POST.get("stage", ""))
    except ValueError as error:
        raise Malformed("This form is not one of ours. Open the page again.") from error
    change = go_to_next_stage if request.POST.get("change") == "next" else end_stage
    try:
        following = change(
            actor=actor_of(request),
            workflow_id=head.id,
            stage_id=stage_id,
            now=wall_clock(),
        )
    except Conflict as problem:
        return _return(request, slug, problem.detail)
    said = "is in its next stage" if following else "runs by its rulebook alone again"
    return _return(request, slug, f"{head.name} {said}.")


def back_to(request: HttpRequest) -> str:
    """Give the page that a form was opened from, when it is one of ours."""
    wanted = request.POST.get("back", request.GET.get("back", ""))
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else ""


def _return(request: HttpRequest, slug: str, said: str) -> HttpResponse:
    messages.info(request, said)
    return redirect(back_to(request) or reverse("workflow", args=[slug]))


def _page(
    request: HttpRequest,
    head: WorkflowHead,
    errors: dict[str, str],
    status: int,
    *,
    is_pause: bool,
) -> HttpResponse:
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
            "back": back_to(request),
            "who_may_pause": who_may_pause(workflow_id=head.id),
            "verbs": verbs_to_open(live_version_id=head.live_version_id),
            "picked": request.POST.get("stage", "everything"),
            "picked_verbs": request.POST.getlist("verbs"),
            "hours": HOURS_TO_PICK,
            "picked_hours": request.POST.get("hours", ""),
            "past_stages": stages_of(workflow_id=head.id),
            "in_flight_href": in_flight_href(head.slug) if head.is_live else None,
        },
        current="overview",
        title="Pause" if is_pause else "Resume",
        status=status,
    )


def _stage_in(request: HttpRequest) -> StageAsked | None:
    """Read which stage was picked; whatever is not a choice of ours is refused."""
    picked = request.POST.get("stage", "everything")
    if picked == "everything":
        return None
    hours = request.POST.get("hours", "")
    if hours not in dict(HOURS_TO_PICK):
        raise Invalid({"hours": "Choose for how long."})
    for_hours = int(hours) if hours else None
    if picked in STAGES_TO_PICK:
        return StageAsked(STAGES_TO_PICK[picked], for_hours)
    verbs = frozenset(request.POST.getlist("verbs"))
    if picked != "verbs":
        raise Invalid({"stage": "Choose how it resumes."})
    if not verbs:
        raise Invalid({"verbs": "Choose at least one verb, or let people decide all."})
    return StageAsked(Stage(verbs=verbs), for_hours)
