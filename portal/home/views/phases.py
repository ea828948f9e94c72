"""The phase of one workflow: its gate, signing it, going through it, and being taken back."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid
from portal.core.htmx import render
from portal.home.queries.gates.page import evidence_of, gate_page
from registry.operations.gates import (
    go_through_gate,
    sign_gate,
    withdraw_gate_signature,
)
from registry.operations.phases import take_phase_back
from registry.queries.workflows import WorkflowHead, workflow_head


@require_GET
def workflow_phase(request: HttpRequest, slug: str) -> HttpResponse:
    return _shown(request, slug)


@require_POST
def gate_sign(request: HttpRequest, slug: str) -> HttpResponse:
    """Sign the evidence as it was on the page, in one role."""
    head = workflow_head(actor=actor_of(request), slug=slug)
    now = wall_clock()
    return _after(
        request,
        head,
        lambda: sign_gate(
            actor=actor_of(request),
            workflow_id=head.id,
            role=request.POST.get("role", ""),
            evidence=evidence_of(
                actor=actor_of(request),
                head=head,
                today=timezone.localdate(now),
                now=now,
            ),
            seen=request.POST.get("seen", ""),
            now=now,
        ),
        "Your signature is on the gate.",
    )


@require_POST
def gate_withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    """Take one's own signature off the gate again."""
    head = workflow_head(actor=actor_of(request), slug=slug)
    return _after(
        request,
        head,
        lambda: withdraw_gate_signature(
            actor=actor_of(request), workflow_id=head.id, now=wall_clock()
        ),
        "Your signature is withdrawn.",
    )


@require_POST
def gate_move(request: HttpRequest, slug: str) -> HttpResponse:
    """Go through the gate, with the evidence read again at this moment."""
    head = workflow_head(actor=actor_of(request), slug=slug)
    now = wall_clock()
    return _after(
        request,
        head,
        lambda: go_through_gate(
            actor=actor_of(request),
            workflow_id=head.id,
            digest=request.POST.get("digest", ""),
            evidence=evidence_of(
                actor=actor_of(request),
                head=head,
                today=timezone.localdate(now),
                now=now,
            ),
            now=now,
        ),
        f"{head.name} is in the next phase.",
    )


@require_POST
def phase_back(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the workflow back at once."""
    head = workflow_head(actor=actor_of(request), slug=slug)
    text = request.POST.get("to", "")
    return _after(
        request,
        head,
        lambda: take_phase_back(
            actor=actor_of(request),
            workflow_id=head.id,
            to_phase=int(text) if text in {"1", "2", "3", "4"} else 0,
            reason=request.POST.get("reason", ""),
            now=wall_clock(),
        ),
        f"{head.name} is back in phase {text}. What was granted before is void.",
    )


def _after(
    request: HttpRequest, head: WorkflowHead, act: Callable[[], object], said: str
) -> HttpResponse:
    try:
        act()
    except (Invalid, Conflict) as problem:
        errors = dict(getattr(problem, "fields", None) or {"": problem.detail})
        return _shown(request, head.slug, errors=errors, status=problem.status)
    messages.info(request, said)
    return redirect(reverse("workflow_phase", args=[head.slug]))


def _shown(
    request: HttpRequest,
    slug: str,
    *,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    now = wall_clock()
    page = gate_page(
        actor=actor_of(request), slug=slug, today=timezone.localdate(now), now=now
    )
    return render(
        request,
        "home/phase.html",
        {
            "crumbs": [
                ("Workflows", reverse("workflows")),
                (page.head.name, reverse("workflow", args=[slug])),
                ("Phase", ""),
            ],
            "page": page,
            "errors": errors or {},
            "reason": request.POST.get("reason", ""),
        },
        status=status,
    )
