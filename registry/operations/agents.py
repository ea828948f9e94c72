"""A new agent for one workflow: registered and let to serve it in one go."""

from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Agent, AgentKind, Person
from portal.accounts.operations.agents import make_agent
from portal.audit.operation import operation, record
from portal.core.errors import Conflict
from registry.models import AgentAssignment
from registry.operations.guards import workflow_for
from registry.operations.people import AGENTS_MAX


@operation(leaves="workflow.agent_assigned")
def register_serving_agent(
    *,
    actor: Actor,
    workflow_id: UUID,
    name: str,
    operator: Person | None,
    model_name: str = "",
    kind: str = AgentKind.AGENT,
    now: datetime,
) -> Agent:
    """Register an agent of the workflow's department and let it serve the workflow.

    Its operator answers for it, and so never approves what it asks. The workflow is its
    home: whoever may change this one looks after its keys too. Raises Conflict for
    a name that is taken, and past the limit of agents.
    """
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    if workflow.assignments.count() >= AGENTS_MAX:
        raise Conflict("agents.many", f"At most {AGENTS_MAX} agents serve a workflow.")
    agent = make_agent(
        actor=actor,
        name=name,
        department=workflow.department,
        operator=operator,
        model_name=model_name,
        kind=kind,
        now=now,
    )
    AgentAssignment.objects.create(
        workflow=workflow, agent=agent, since=now, is_home=True
    )
    record(
        "workflow.agent_assigned",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        agent=agent.name,
    )
    return agent
