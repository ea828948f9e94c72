"""What telemetry asks of people: tools to map, traces to place, runs that are one."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Invalid
from portal.core.htmx import render
from runs.operations.merging import merge_by_hand
from runs.operations.quarantine import dismiss_trace, place_trace, try_again
from runs.operations.unmapped import dismiss_tool
from runs.queries.merging import merge_page, run_links
from runs.queries.tasks import tasks_of, tool_to_dismiss
from runs.queries.unplaced import unplaced_list, unplaced_page
from runs.views.reading import id_in

INVALID = 422
OWN_RUN = "own"


@require_safe
def tasks(request: HttpRequest, slug: str) -> HttpResponse:
    """What the telemetry of one workflow asks for; the workflow's page loads the band."""
    found = tasks_of(actor=actor_of(request), slug=slug)
    shown = {
        "tasks": found,
        "crumbs": [
            ("Workflows", reverse("workflows")),
            (found.head.name, reverse("workflow", args=[slug])),
            ("Telemetry tasks", ""),
        ],
    }
    return render(request, "runs/tasks.html", shown, fragment="band")


@require_http_methods(["GET", "HEAD", "POST"])
def tool_dismiss(request: HttpRequest, tool_id: UUID) -> HttpResponse:
    """Say why a tool needs no verb."""
    actor = actor_of(request)
    tool = tool_to_dismiss(actor=actor, tool_id=tool_id)
    reason, problems = request.POST.get("reason", ""), {}
    if request.method == "POST":
        try:
            dismiss_tool(actor=actor, tool_id=tool_id, reason=reason, now=wall_clock())
        except Invalid as wrong:
            problems = wrong.fields
        except AlreadyDone as done:
            messages.info(request, done.detail)
            return redirect("runs_tasks", tool.slug)
        else:
            messages.info(request, f"{tool.name} asks for no verb any more.")
            return redirect("runs_tasks", tool.slug)
    shown = {
        "tool": tool,
        "reason": reason,
        "problems": problems,
        "crumbs": [
            (tool.workflow, reverse("workflow", args=[tool.slug])),
            ("Telemetry tasks", reverse("runs_tasks", args=[tool.slug])),
            ("Dismiss a tool", ""),
        ],
    }
    status = INVALID if problems else 200
    return render(request, "runs/tool_dismiss.html", shown, status=status)


@require_safe
def unplaced(request: HttpRequest) -> HttpResponse:
    """List the traces that belong to no known run."""
    rows = unplaced_list(actor=actor_of(request))
    shown = {
        "rows": rows,
        "crumbs": [("Runs", reverse("runs")), ("Waiting for a place", "")],
    }
    return render(request, "runs/unplaced.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
def unplaced_trace(request: HttpRequest, trace_id: UUID) -> HttpResponse:
    """Place one trace in a run."""
    if request.method != "POST":
        return _trace_page(request, trace_id)
    actor = actor_of(request)
    chosen = request.POST.get("run", "")
    run_id = None if chosen == OWN_RUN else id_in(chosen)
    if chosen != OWN_RUN and run_id is None:
        return _trace_page(
            request, trace_id, {"run": "Choose a run, or a run of its own."}
        )
    try:
        placed = place_trace(
            actor=actor,
            trace_id=trace_id,
            workflow=request.POST.get("workflow", ""),
            run_id=run_id,
            reason=request.POST.get("reason", ""),
            now=wall_clock(),
        )
    except Invalid as wrong:
        return _trace_page(request, trace_id, wrong.fields)
    except Conflict as conflict:
        messages.error(request, conflict.detail)
        return redirect("unplaced")
    messages.info(request, "Placed. Its steps appear in this run in a moment.")
    return redirect("run", placed)


@require_POST
def unplaced_dismiss(request: HttpRequest, trace_id: UUID) -> HttpResponse:
    """Say that a trace belongs nowhere."""
    try:
        dismiss_trace(
            actor=actor_of(request),
            trace_id=trace_id,
            reason=request.POST.get("why", ""),
            now=wall_clock(),
        )
    except Invalid as wrong:
        return _trace_page(request, trace_id, {"why": wrong.fields["reason"]})
    except AlreadyDone as done:
        messages.info(request, done.detail)
    else:
        messages.info(request, "Dismissed. The reason is in the journal.")
    return redirect("unplaced")


@require_POST
def unplaced_again(request: HttpRequest, trace_id: UUID) -> HttpResponse:
    """Let what waits of this agent be placed anew."""
    try:
        try_again(actor=actor_of(request), trace_id=trace_id, now=wall_clock())
    except AlreadyDone as done:
        messages.info(request, done.detail)
    else:
        messages.info(request, "It is being read again; look here in a moment.")
    return redirect("unplaced")


@require_safe
def links(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Say how a run was put together; the run's page loads the part alone."""
    found = run_links(actor=actor_of(request), run_id=run_id)
    shown = {
        "links": found,
        "crumbs": [
            ("Runs", reverse("runs")),
            (found.agent_run_id, reverse("run", args=[run_id])),
            ("How it was put together", ""),
        ],
    }
    return render(request, "runs/links.html", shown, fragment="part")


@require_http_methods(["GET", "HEAD", "POST"])
def run_merge(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Say that this run is part of another."""
    problems: dict[str, str] = {}
    if request.method == "POST":
        into = id_in(request.POST.get("into"))
        try:
            if into is None:
                raise Invalid({"into": "Choose the run that it is part of."})
            left = merge_by_hand(
                actor=actor_of(request),
                run_id=run_id,
                into_id=into,
                reason=request.POST.get("reason", ""),
                now=wall_clock(),
            )
        except Invalid as wrong:
            problems = wrong.fields
        except Conflict as conflict:
            problems = {"into": conflict.detail}
        else:
            messages.info(request, "The two are one run now; both names lead here.")
            return redirect("run", left)
    asked = request.POST if request.method == "POST" else request.GET
    page = merge_page(
        actor=actor_of(request),
        run_id=run_id,
        text=asked.get("q", ""),
        into=id_in(asked.get("into")),
    )
    shown = {
        "page": page,
        "reason": asked.get("reason", ""),
        "problems": problems,
        "crumbs": [
            ("Runs", reverse("runs")),
            (page.run.agent_run_id, reverse("run", args=[run_id])),
            ("Merge", ""),
        ],
    }
    status = INVALID if problems else 200
    return render(request, "runs/merge.html", shown, status=status)


def _trace_page(
    request: HttpRequest, trace_id: UUID, problems: dict[str, str] | None = None
) -> HttpResponse:
    asked = request.POST if request.method == "POST" else request.GET
    page = unplaced_page(
        actor=actor_of(request),
        trace_id=trace_id,
        workflow=asked.get("workflow", ""),
        text=asked.get("q", ""),
    )
    shown = {
        "page": page,
        "reason": asked.get("reason", ""),
        "why": asked.get("why", ""),
        "run": asked.get("run", ""),
        "problems": problems or {},
        "crumbs": [
            ("Runs", reverse("runs")),
            ("Waiting for a place", reverse("unplaced")),
            (page.row.trace_id[:24], ""),
        ],
    }
    status = INVALID if problems else 200
    return render(request, "runs/unplaced_trace.html", shown, status=status)
