"""`agent_key WORKFLOW_SLUG AGENT_NAME`: a new key, alone on its line.

The agent is made if need be and let serve the workflow; the key is shown once.
"""

from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify

from portal.accounts.actors import SYSTEM
from portal.accounts.keys import DEFAULT_SCOPES, SCOPES
from portal.accounts.models import Agent
from portal.accounts.operations.agents import issue_key, register_agent
from portal.core.clock import wall_clock
from portal.core.errors import Problem
from registry.operations.people import assign_agent
from registry.queries.people import people_of
from registry.queries.workflows import WorkflowRef, workflow_named


class Command(BaseCommand):
    help = "Print a new key of an agent that serves a workflow."

    def add_arguments(self, parser) -> None:
        parser.add_argument("workflow", help="the workflow's slug")
        parser.add_argument("agent", help="the agent's name")
        parser.add_argument(
            "--scopes",
            default=",".join(DEFAULT_SCOPES),
            help=f"what the key may do, from {', '.join(SCOPES)}",
        )

    def handle(self, *args, **options) -> None:
        workflow = workflow_named(options["workflow"])
        if workflow is None:
            raise CommandError(f"There is no workflow {options['workflow']}.")
        try:
            agent = self._agent(options["agent"], workflow)
            key = issue_key(
                actor=SYSTEM,
                agent=agent,
                scopes=tuple(part.strip() for part in options["scopes"].split(",")),
                label="made on the command line",
                now=wall_clock(),
            )
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        self.stdout.write(key.text)

    def _agent(self, name: str, workflow: WorkflowRef) -> Agent:
        agent = (
            Agent.objects.filter(name=name).first()
            or Agent.objects.filter(slug=slugify(name)).first()
        )
        if agent is None:
            agent = register_agent(
                actor=SYSTEM,
                name=name,
                department=workflow.department,
                operator=None,
                now=wall_clock(),
            )
        serving = {each.id for each in people_of(workflow_id=workflow.id).agents}
        if agent.id not in serving:
            assign_agent(
                actor=SYSTEM, workflow_id=workflow.id, agent=agent, now=wall_clock()
            )
        return agent
