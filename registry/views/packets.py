"""The launch packet: submit, sign, take back, put live."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid
from registry.operations.launching import launch_version
from registry.operations.packets import (
    sign_packet,
    submit_version,
    withdraw_signature,
    withdraw_version,
)
from registry.operations.rollout import go_over_focus
from registry.queries.drafts import draft_page
from registry.queries.packets import packet_page
from registry.queries.readiness import first_launch
from registry.queries.rollout import focus_before
from registry.views.common import errors_of, go, head_of, number_in, show


@require_GET
def workflow_packet(request: HttpRequest, slug: str) -> HttpResponse:
    return _packet(request, slug)


@require_POST
def draft_submit(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    try:
        submit_version(
            actor=actor_of(request),
            workflow_id=head.id,
            revision=number_in(request, "revision"),
            reason=request.POST.get("reason", ""),
            now=wall_clock(),
        )
    except (Invalid, Conflict) as problem:
        page = draft_page(workflow_id=head.id) if head.has_draft else None
        return show(
            request,
            head,
            "registry/draft.html",
            {
                "draft_page": page,
                "errors": errors_of(problem),
                "reason": request.POST.get("reason", ""),
            },
            current="draft",
            title="Draft",
            status=problem.status,
        )
    return go(request, "workflow_packet", slug, said="Frozen and ready to be signed.")


@require_POST
def packet_sign(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    try:
        sign_packet(
            actor=actor_of(request),
            workflow_id=head.id,
            role=request.POST.get("role", ""),
            digest=request.POST.get("digest", ""),
            now=wall_clock(),
        )
    except (Invalid, Conflict) as problem:
        return _packet(request, slug, problem)
    return go(request, "workflow_packet", slug, said="Your signature is on the packet.")


@require_POST
def signature_withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    try:
        withdraw_signature(
            actor=actor_of(request),
            workflow_id=head.id,
            number=number_in(request, "number"),
            now=wall_clock(),
        )
    except Conflict as problem:
        return _packet(request, slug, problem)
    return go(request, "workflow_packet", slug, said="Your signature is withdrawn.")


@require_POST
def version_withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    try:
        draft = withdraw_version(
            actor=actor_of(request), workflow_id=head.id, now=wall_clock()
        )
    except Conflict as problem:
        return _packet(request, slug, problem)
    return go(
        request,
        "workflow_draft",
        slug,
        said=f"Taken back. Version {draft.number} goes on from it.",
    )


@require_POST
def version_launch(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    try:
        version = launch_version(
            actor=actor_of(request),
            workflow_id=head.id,
            digest=request.POST.get("digest", ""),
            now=wall_clock(),
        )
    except Conflict as problem:
        return _packet(request, slug, problem)
    return go(request, "workflow", slug, said=f"Version {version.number} is live.")


def _packet(
    request: HttpRequest, slug: str, problem: Invalid | Conflict | None = None
) -> HttpResponse:
    head = head_of(request, slug)
    page = packet_page(actor=actor_of(request), workflow_id=head.id)
    return show(
        request,
        head,
        "registry/packet.html",
        {
            "packet": page,
            "problem": problem,
            "first_launch": first_launch(
                actor=actor_of(request),
                workflow_id=head.id,
                department_id=head.department_id,
                now=wall_clock(),
            )
            if page
            else None,
            "focus": focus_before(
                actor=actor_of(request),
                workflow_id=head.id,
                department_id=head.department_id,
            )
            if page
            else None,
        },
        current="packet",
        title="Launch packet",
        status=problem.status if problem else 200,
    )


@require_POST
def focus_pass(request: HttpRequest, slug: str) -> HttpResponse:
    """Let one more workflow launch than its department has proven, with a reason."""
    head = head_of(request, slug)
    try:
        go_over_focus(
            actor=actor_of(request),
            workflow_id=head.id,
            reason=request.POST.get("reason", ""),
            now=wall_clock(),
        )
    except (Invalid, Conflict) as problem:
        said = " ".join(errors_of(problem).values())
        return go(request, "workflow_packet", slug, said=said)
    return go(request, "workflow_packet", slug, said="Your reason is on record.")
