"""Roles handed over, and the positions that hold them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.htmx import render
from registry.forms.duties import HandOverForm, PositionForm
from registry.operations.hand_overs import (
    accept_hand_over,
    end_hand_over_offer,
    offer_hand_over,
)
from registry.operations.positions import add_position, fill_position, vacate_position
from registry.queries.duties import (
    HandOverShown,
    hand_over_shown,
    moves_along,
    positions_page,
)
from registry.queries.people import departments_to_pick, people_of, people_to_pick
from registry.views.common import errors_of, head_of, in_flight_href, show


@require_http_methods(["GET", "POST"])
def role_hand_over(request: HttpRequest, slug: str, role: str) -> HttpResponse:
    """Offer a role to a named person, from now or from a day."""
    head = head_of(request, slug)
    people = people_of(workflow_id=head.id)
    held = next((each for each in people.roles if each.role == role), None)
    if held is None:
        raise NotFound("There is no such role.")
    form = HandOverForm(request.POST or None)
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            offered = _offer(request, head.id, role, form)
        except (Invalid, Conflict) as problem:
            errors, status = errors_of(problem), problem.status
        else:
            messages.info(
                request,
                f"{offered.receiver.name} is asked. Until they accept, everything stays.",
            )
            return redirect("hand_over", offered.id)
    return show(
        request,
        head,
        "registry/role_hand_over.html",
        {
            "held": held,
            "form": form,
            "errors": errors,
            "choices": people_to_pick(actor=actor_of(request)),
            "along": moves_along(workflow_id=head.id, role=role),
            "in_flight_href": in_flight_href(slug) if head.is_live else None,
        },
        current="people",
        title="Hand over",
        status=status,
    )


@require_http_methods(["GET", "POST"])
def hand_over(request: HttpRequest, hand_over_id: UUID) -> HttpResponse:
    """Read a role that is on its way; accept it, decline it, or take it back."""
    actor = actor_of(request)
    shown = hand_over_shown(actor=actor, hand_over_id=hand_over_id)
    problem: Conflict | None = None
    if request.method == "POST":
        try:
            said = _answer(request, shown)
        except Conflict as conflict:
            problem = conflict
            shown = hand_over_shown(actor=actor, hand_over_id=hand_over_id)
        else:
            messages.info(request, said)
            return redirect("hand_over", hand_over_id)
    return render(
        request,
        "registry/hand_over.html",
        {
            "crumbs": [("Workflows", "/workflows/"), (f"{shown.role_label}", "")],
            "shown": shown,
            "problem": problem,
            "along": moves_along(workflow_id=shown.workflow_id, role=shown.role),
        },
        status=problem.status if problem else 200,
    )


@require_http_methods(["GET", "POST"])
def positions(request: HttpRequest) -> HttpResponse:
    """The posts that hold roles: who fills each, and the roles that follow."""
    actor = actor_of(request)
    form = PositionForm(request.POST or None)
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            said = _change_position(request, form)
        except (Invalid, Conflict) as problem:
            errors, status = errors_of(problem), problem.status
        else:
            messages.info(request, said)
            return redirect("positions")
    return render(
        request,
        "registry/positions.html",
        {
            "crumbs": [("Workflows", "/workflows/"), ("Positions", "")],
            "page": positions_page(actor=actor),
            "form": form,
            "errors": errors,
            "choices": people_to_pick(actor=actor),
            "departments": departments_to_pick(actor=actor),
        },
        status=status,
    )


def _offer(request: HttpRequest, workflow_id: UUID, role: str, form: HandOverForm):
    if not form.is_valid():
        raise Invalid({name: str(texts[0]) for name, texts in form.errors.items()})
    return offer_hand_over(
        actor=actor_of(request),
        workflow_id=workflow_id,
        role=role,
        receiver=form.cleaned_data["receiver"],
        starts_on=form.cleaned_data["starts_on"],
        note=form.cleaned_data["note"],
        now=wall_clock(),
    )


def _answer(request: HttpRequest, shown: HandOverShown) -> str:
    common: dict[str, Any] = {
        "actor": actor_of(request),
        "hand_over_id": shown.id,
        "now": wall_clock(),
    }
    if request.POST.get("answer") == "accept":
        if accept_hand_over(**common):
            return f"You are the {shown.role_label} of {shown.workflow} from now on."
        return f"Accepted. {shown.giver} stays until that day."
    end_hand_over_offer(note=request.POST.get("note", ""), **common)
    return f"{shown.giver} stays the {shown.role_label} of {shown.workflow}."


def _change_position(request: HttpRequest, form: PositionForm) -> str:
    if not form.is_valid():
        raise Invalid({name: str(texts[0]) for name, texts in form.errors.items()})
    said = form.cleaned_data
    common: dict[str, Any] = {"actor": actor_of(request), "now": wall_clock()}
    person, position_id = said["person"], said["position"]
    match said["change"]:
        case "add" if person and said["department"]:
            made = add_position(
                name=said["name"],
                department=said["department"],
                holder=person,
                **common,
            )
            return f"{person.name} fills the position {made.name}."
        case "fill" if person and position_id:
            count = fill_position(
                position_id=position_id, person=person, note=said["note"], **common
            )
            return f"{person.name} fills it now; roles that followed: {count}."
        case "vacate" if position_id:
            count = vacate_position(
                position_id=position_id, note=said["note"], **common
            )
            return f"Nobody fills it now; roles that are vacant: {count}."
    raise Invalid({"person": "Pick a person and a department from the lists."})
