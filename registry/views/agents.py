"""The agents of one workflow: which serve it, a new one, and taking one off."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from portal.accounts.actors import Actor, actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid, NotFound
from registry.forms.agents import AgentPickForm, NewAgentForm
from registry.operations.agents import register_serving_agent
from registry.operations.people import assign_agent, remove_agent
from registry.queries.agents import (
    agent_serving,
    agents_to_add,
    is_home,
    serving_agents,
)
from registry.queries.people import people_to_pick
from registry.views.common import errors_of, go, head_of, show


@require_http_methods(["GET", "HEAD", "POST"])
def workflow_agents(request: HttpRequest, slug: str) -> HttpResponse:
    """List the agents of a workflow; let one serve it, or register a new one."""
    head = head_of(request, slug)
    actor = actor_of(request)
    is_new = request.POST.get("change") == "register"
    pick = AgentPickForm(request.POST if request.POST and not is_new else None)
    new = NewAgentForm(request.POST if is_new else None)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            said = _change(actor, head.id, pick, new)
        except (Invalid, Conflict) as problem:
            errors = errors_of(problem)
        else:
            if said:
                return go(request, "workflow_agents", slug, said=said)
    removed = request.GET.get("removed", "")
    return show(
        request,
        head,
        "registry/agents.html",
        {
            "agents": serving_agents(workflow_id=head.id, now=wall_clock()),
            "choices": agents_to_add(actor=actor, workflow_id=head.id),
            "people": people_to_pick(actor=actor) if head.may_edit else (),
            "removed": _removed(actor, head.id, removed) if head.may_edit else None,
            "pick": pick,
            "new": new,
            "errors": errors,
        },
        current="agents",
        title="Agents",
        status=422 if request.method == "POST" else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def workflow_agent_remove(request: HttpRequest, slug: str, agent: str) -> HttpResponse:
    """Ask whether to take an agent off, then do it; the next page offers to undo it."""
    head = head_of(request, slug)
    found = agent_serving(workflow_id=head.id, slug=agent)
    if found is None:
        raise NotFound("This agent does not serve this workflow.")
    if request.method == "POST":
        remove_agent(
            actor=actor_of(request),
            workflow_id=head.id,
            agent=found,
            now=wall_clock(),
        )
        said = f"{found.name} no longer serves this workflow."
        response = go(request, "workflow_agents", slug, said=said)
        header = "HX-Redirect" if "HX-Redirect" in response else "Location"
        response[header] += f"?removed={found.id}"
        return response
    return show(
        request,
        head,
        "registry/agent_remove.html",
        {"agent": found, "is_home": is_home(workflow_id=head.id, agent=found)},
        current="agents",
        title=f"Take {found.name} off",
    )


def _change(
    actor: Actor, workflow_id: UUID, pick: AgentPickForm, new: NewAgentForm
) -> str:
    """Make one change and say it; nothing is said while a form is wrong."""
    common: dict[str, Any] = {
        "actor": actor,
        "workflow_id": workflow_id,
        "now": wall_clock(),
    }
    if new.is_bound:
        if not new.is_valid():
            return ""
        made = register_serving_agent(**common, **new.cleaned_data)
        return (
            f"{made.name} serves this workflow now. Make its first key to let it ask."
        )
    if not pick.is_valid():
        raise Invalid({"": "Pick an agent from the list."})
    agent = pick.cleaned_data["agent"]
    assign_agent(agent=agent, **common)
    return f"{agent.name} serves this workflow now."


def _removed(actor: Actor, workflow_id: UUID, text: str) -> object:
    """Give the agent that was just taken off, for the offer to undo it."""
    choices = agents_to_add(actor=actor, workflow_id=workflow_id) if text else ()
    return next((choice for choice in choices if choice.value == text), None)
