"""GET /workflows/{slug}: the rulebook in force for the calling agent."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from portal.accounts.agent_auth import agent_auth
from portal.core.http import json_response
from registry.api.shapes import WorkflowAnswer
from registry.queries.boundaries import boundaries_for

router = Router(auth=agent_auth, tags=["Workflows"])


@router.get(
    "/workflows/{slug}",
    operation_id="get_workflow",
    summary="Read the rulebook in force",
    description=(
        "What the calling agent may do in this workflow now: every row of the matrix with"
        " its limits, the guardrail, the stop rules, the caps and the checks, each with a"
        " sentence. A pair of system and verb without a row is refused. A workflow that"
        " the agent is not assigned to answers 404."
    ),
    response={200: WorkflowAnswer},
)
def get_workflow(request: HttpRequest, slug: str) -> HttpResponse:
    principal = request.principal  # type: ignore[attr-defined]
    principal.needs("read")
    return json_response(boundaries_for(actor=principal.actor, slug=slug))
