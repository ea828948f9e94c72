"""What is behind the lines of a run: one step in full, all steps, its spans, two runs."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Malformed
from portal.core.htmx import render
from runs.queries.comparing import comparison
from runs.queries.spans import SpanPage, span_page
from runs.queries.steps import StepList, StepPage, step_list, step_page

NAMES = (
    "args",
    "result",
    "error",
    "before",
    "after",
    "changes",
    "reasons",
    "attributes",
)
OTHERS_MAX = 20


@require_safe
def run_step(request: HttpRequest, run_id: UUID, event_id: UUID) -> HttpResponse:
    """Show one step in full; as a drawer when the run's page asks, else as a page."""
    only = request.GET.get("only", "")
    page = step_page(
        actor=actor_of(request),
        run_id=run_id,
        event_id=event_id,
        others=_ids(request.GET.get("with", "")),
        only=only if only in NAMES else "",
        start=_number(request.GET.get("from", "")),
    )
    context = {"crumbs": _crumbs(page, "One step"), "page": page}
    return render(request, "runs/step.html", context, fragment="step")


@require_safe
def run_steps(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """List every step as it was recorded, or the technical ones alone."""
    only = request.GET.get("only", "")
    page = step_list(
        actor=actor_of(request),
        run_id=run_id,
        only=only if only == "technical" else "",
        cursor=request.GET.get("at") or None,
    )
    context = {"crumbs": _crumbs(page, "Steps as recorded"), "page": page}
    return render(request, "runs/steps.html", context, fragment="steps")


def _crumbs(page: StepPage | StepList | SpanPage, last: str) -> list[tuple[str, str]]:
    return [
        ("Runs", reverse("runs")),
        (page.agent_run_id, reverse("run", args=[page.run_id])),
        (last, ""),
    ]


def _ids(text: str) -> tuple[UUID, ...]:
    try:
        return tuple(UUID(each) for each in text.split(",")[:OTHERS_MAX] if each)
    except ValueError as error:
        raise Malformed("This page address was not made here.") from error


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


@require_safe
def run_spans(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Show the spans of a run as trees, for engineers."""
    page = span_page(
        actor=actor_of(request),
        run_id=run_id,
        start=_number(request.GET.get("from", "")),
    )
    context = {"crumbs": _crumbs(page, "Spans"), "page": page}
    return render(request, "runs/spans.html", context)


@require_safe
def run_compare(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Put a run beside another of its workflow, the previous one unless told."""
    return _compare(request, run_id, _id(request.GET.get("with", "")))


@require_safe
def runs_compare(request: HttpRequest) -> HttpResponse:
    """Put two runs that were picked in the list beside each other."""
    actor_of(request)
    picked = [_id(request.GET.get(name, "")) for name in ("a", "b")]
    picked += [_id(each) for each in request.GET.getlist("run")[:2]]
    chosen = [each for each in picked if each is not None]
    if not chosen:
        return redirect("runs")
    return _compare(request, chosen[0], chosen[1] if len(chosen) > 1 else None)


def _compare(request: HttpRequest, run_id: UUID, other_id: UUID | None) -> HttpResponse:
    found = comparison(
        actor=actor_of(request), run_id=run_id, other_id=other_id, now=wall_clock()
    )
    crumbs = [
        ("Runs", reverse("runs")),
        (found.one.agent_run_id, reverse("run", args=[run_id])),
        ("Compare", ""),
    ]
    return render(request, "runs/compare.html", {"crumbs": crumbs, "page": found})


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise Malformed("This page address was not made here.") from error
