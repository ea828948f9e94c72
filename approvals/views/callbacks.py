"""Callbacks and what was sent to them: register, try, rotate, turn off, send again."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from approvals.operations import endpoints
from approvals.queries import deliveries as sent
from approvals.queries.endpoints import endpoint_for, endpoints_for, places_for
from portal.accounts.actors import Actor, actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Forbidden, Invalid, Malformed
from portal.core.htmx import render

CRUMB = "Callbacks"
SENT = "Deliveries"
SHOWN_OF_ONE = 10


@require_GET
def callbacks(request: HttpRequest) -> HttpResponse:
    """Show every receiver that this person may see, and names that nobody registered."""
    slug = request.GET.get("workflow", "")[:80]
    found = endpoints_for(actor_of(request), slug=slug)
    context = {"crumbs": [(CRUMB, "")], "found": found, "slug": slug}
    return render(request, "approvals/callbacks.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Register a receiver; its secret is shown on the answer, once."""
    actor = actor_of(request)
    places = places_for(actor)
    if not places:
        raise Forbidden(
            "Callbacks are registered by whoever may change a workflow's rulebook.",
            who_can_help="The business owner of the workflow",
        )
    said = {
        name: request.POST.get(name, request.GET.get(name, ""))[:600]
        for name in ("place", "name", "url")
    }
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            made = endpoints.register_endpoint(actor=actor, **said, now=wall_clock())
        except (Invalid, Conflict) as problem:
            errors, status = _errors_of(problem), problem.status
        else:
            return _one(request, actor, made.endpoint_id, secret=made.secret)
    context = {
        "crumbs": [(CRUMB, reverse("callbacks")), ("Register", "")],
        "places": places,
        "said": said,
        "errors": errors,
    }
    return render(request, "approvals/callback_add.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def callback(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Show one receiver, or change it."""
    actor = actor_of(request)
    if request.method != "POST":
        return _one(request, actor, endpoint_id)
    endpoint_for(actor, endpoint_id)
    try:
        secret, said = _change(request, actor, endpoint_id)
    except (Invalid, Conflict) as problem:
        return _one(
            request,
            actor,
            endpoint_id,
            errors=_errors_of(problem),
            status=problem.status,
        )
    if secret:
        return _one(request, actor, endpoint_id, secret=secret)
    messages.info(request, said)
    return redirect("callback", endpoint_id)


def _change(request: HttpRequest, actor: Actor, endpoint_id: UUID) -> tuple[str, str]:
    common: dict[str, Any] = {
        "actor": actor,
        "endpoint_id": endpoint_id,
        "now": wall_clock(),
    }
    match request.POST.get("change", ""):
        case "rotate":
            return endpoints.rotate_secret(**common).secret, ""
        case "ping":
            endpoints.send_ping(**common)
            return (
                "",
                "A ping is on its way. Load the page again to see whether it arrived.",
            )
        case "move":
            endpoints.move_endpoint(url=request.POST.get("url", ""), **common)
            return "", "Everything is sent there from now on."
        case "off":
            endpoints.turn_off(reason=request.POST.get("reason", ""), **common)
            return "", "It is off. Nothing is sent there."
        case "on":
            endpoints.turn_on(**common)
            return "", "It is on. Changes from now on are sent there."
        case _:
            raise Invalid({"": "Choose what to change."})


def _one(
    request: HttpRequest,
    actor: Actor,
    endpoint_id: UUID,
    *,
    secret: str = "",
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = endpoint_for(actor, endpoint_id)
    lately = sent.deliveries_for(actor, endpoint_id=endpoint_id)
    context = {
        "crumbs": [(CRUMB, reverse("callbacks")), (shown.name, "")],
        "endpoint": shown,
        "lately": lately.items[:SHOWN_OF_ONE],
        "secret": secret,
        "errors": errors or {},
        "said": request.POST if errors else {},
    }
    response = render(request, "approvals/callback.html", context, status=status)
    if secret:
        response["Cache-Control"] = "no-store"
    return response


@require_GET
def deliveries(request: HttpRequest) -> HttpResponse:
    """Show what was sent, newest first, narrowed by state, workflow or receiver."""
    state = request.GET.get("state", "")[:20]
    slug = request.GET.get("workflow", "")[:80]
    page = sent.deliveries_for(
        actor_of(request),
        state=state,
        slug=slug,
        endpoint_id=_identity(request.GET.get("callback", "")),
        cursor=request.GET.get("at"),
    )
    context = {
        "crumbs": [(CRUMB, reverse("callbacks")), (SENT, "")],
        "page": page,
        "state": state,
        "states": [(word, label) for word, label, _ in sent.STATES],
        "kept": {
            name: request.GET[name]
            for name in ("workflow", "callback")
            if request.GET.get(name)
        },
    }
    return render(request, "approvals/deliveries.html", context)


@require_GET
def delivery(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Show one message, its words, and how each attempt went."""
    shown = sent.delivery_for(actor_of(request), delivery_id)
    context = {
        "crumbs": [
            (CRUMB, reverse("callbacks")),
            (SENT, reverse("deliveries")),
            (shown.line.event, ""),
        ],
        "delivery": shown,
    }
    return render(request, "approvals/delivery.html", context)


@require_POST
def resend(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Send a message again, with the id it always had."""
    try:
        endpoints.resend_delivery(
            actor=actor_of(request), delivery_id=delivery_id, now=wall_clock()
        )
    except Conflict as problem:
        messages.warning(request, problem.detail)
    else:
        messages.info(request, "It is sent again, with the same id.")
    return redirect("delivery", delivery_id)


def _identity(text: str) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise Malformed("This names no callback.") from None


def _errors_of(problem: Invalid | Conflict) -> dict[str, str]:
    if isinstance(problem, Invalid) and problem.fields:
        return dict(problem.fields)
    return {"": problem.detail}
