"""Who belongs to a workflow: roles, reviewers and agents, changed one at a time."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from portal.accounts.actors import actor_of
from portal.accounts.models import Agent, Person
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid
from registry.forms.duties import BelongingForm
from registry.operations.pausers import add_pauser, remove_pauser
from registry.operations.people import (
    add_reviewer,
    assign_agent,
    assign_role,
    remove_agent,
    remove_reviewer,
    vacate_role,
)
from registry.operations.positions import assign_role_to_position
from registry.queries.duties import duties_of
from registry.queries.people import people_of, people_to_pick
from registry.views.common import errors_of, go, head_of, show


@require_http_methods(["GET", "POST"])
def workflow_people(request: HttpRequest, slug: str) -> HttpResponse:
    head = head_of(request, slug)
    actor = actor_of(request)
    errors: dict[str, str] = {}
    form = BelongingForm(_picked(request) or None)
    if request.method == "POST":
        if not form.is_valid():
            errors = {"": "Pick somebody from the list."}
        else:
            try:
                said = _change(actor, head.id, form.cleaned_data)
            except (Invalid, Conflict) as problem:
                errors = errors_of(problem)
            else:
                return go(request, "workflow_people", slug, said=said)
    people = people_of(workflow_id=head.id)
    return show(
        request,
        head,
        "registry/people.html",
        {
            "people": people,
            "duties": duties_of(
                actor=actor, workflow_id=head.id, people=people, is_live=head.is_live
            ),
            "choices": people_to_pick(actor=actor),
            "errors": errors,
        },
        current="people",
        title="People and agents",
        status=422 if errors else 200,
    )


def _picked(request: HttpRequest) -> dict[str, str]:
    """Read the form; a list of people may also offer positions."""
    said = request.POST.dict()
    kind, _, identity = said.get("person", "").partition(":")
    if kind == "position":
        said |= {"change": "assign_position", "position": identity, "person": ""}
    return said


def _change(actor, workflow_id, said: dict) -> str:
    common = {"actor": actor, "workflow_id": workflow_id, "now": wall_clock()}
    person: Person | None = said["person"]
    agent: Agent | None = said["agent"]
    match said["change"]:
        case "assign" if person:
            assign_role(role=said["role"], person=person, **common)
            return f"{person.name} holds the role now."
        case "assign_position" if said["position"]:
            assign_role_to_position(
                role=said["role"], position_id=said["position"], **common
            )
            return "Whoever fills the position holds the role now."
        case "add_pauser" if person:
            add_pauser(person=person, **common)
            return f"{person.name} may pause this workflow now."
        case "remove_pauser" if person:
            remove_pauser(person=person, **common)
            return f"{person.name} may no longer pause it by name."
        case "vacate":
            vacate_role(role=said["role"], **common)
            return "The role is vacant: nothing is executed until somebody holds it."
        case "add_reviewer" if person:
            add_reviewer(person=person, **common)
            return f"{person.name} decides proposals of this workflow now."
        case "remove_reviewer" if person:
            remove_reviewer(person=person, **common)
            return f"{person.name} no longer decides proposals here."
        case "assign_agent" if agent:
            assign_agent(agent=agent, **common)
            return f"{agent.name} serves this workflow now."
        case "remove_agent" if agent:
            remove_agent(agent=agent, **common)
            return f"{agent.name} no longer serves this workflow."
    raise Invalid({"": "Pick somebody from the list."})
