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
    assign_agent,
    assign_role,
    remove_agent,
    vacate_role,
)
from registry.operations.positions import assign_role_to_position
from registry.operations.reviewing import (
    add_reviewer,
    remove_reviewer,
    set_assigning,
)
from registry.queries.duties import duties_of
from registry.queries.naming import Named, named_of
from registry.queries.people import people_of, people_to_pick
from registry.queries.reviewing import assigns_least_loaded, reviewer_choices
from registry.queries.rights_page import team_of_workflow
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
            "team": team_of_workflow(actor=actor, workflow_id=head.id),
            "choices": people_to_pick(actor=actor),
            "reviewing": reviewer_choices() if head.may_edit else None,
            "assigns_least_loaded": assigns_least_loaded(workflow_id=head.id),
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
        case "add_reviewer" | "remove_reviewer" | "assigning":
            return _change_reviewing(said, common)
        case "assign_agent" if agent:
            assign_agent(agent=agent, **common)
            return f"{agent.name} serves this workflow now."
        case "remove_agent" if agent:
            remove_agent(agent=agent, **common)
            return f"{agent.name} no longer serves this workflow."
    raise Invalid({"": "Pick somebody from the list."})


def _change_reviewing(said: dict, common: dict) -> str:
    if said["change"] == "assigning":
        is_on = said["assigning"]
        set_assigning(
            actor=common["actor"],
            workflow_id=common["workflow_id"],
            is_least_loaded=is_on,
        )
        if is_on:
            return "New proposals go to the reviewer who has least to do."
        return "New proposals wait for whoever takes them."
    named: Named = (
        {"person": said["person"]} if said["person"] else named_of(said["named"])
    )
    if said["change"] == "add_reviewer":
        add_reviewer(**named, **common)
        return "They decide proposals of this workflow now."
    remove_reviewer(**named, **common)
    return "They no longer decide proposals here."
