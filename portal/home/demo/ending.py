"""A workflow of the demo that ended well: its questions said that it needs no AI."""

from datetime import datetime

from portal.home.demo.company import Company
from registry.operations.drafts import set_basics, set_part
from registry.operations.ending import end_without_ai
from registry.operations.registering import register_workflow
from registry.queries.drafts import draft_of


def end_one_without_ai(company: Company, *, now: datetime) -> None:
    """Let Maya register the passing on of complaints, and stop at the first question."""
    maya = company.actor("maya")
    workflow = register_workflow(
        actor=maya,
        name="Complaint hand-over",
        department=company.departments["customer-care"],
        slug="complaint-hand-over",
        roles={"business_owner": company.people["maya"]},
        now=now,
    )
    said = set_basics(
        actor=maya,
        workflow_id=workflow.id,
        revision=draft_of(workflow_id=workflow.id).revision,
        changes={
            "purpose": "Pass complaints on to the department that they are about."
        },
        now=now,
    )
    saved = set_part(
        actor=maya,
        workflow_id=workflow.id,
        revision=said.revision,
        part="technique",
        value={"steps": "yes"},
        now=now,
    )
    end_without_ai(
        actor=maya, workflow_id=workflow.id, revision=saved.revision, now=now
    )
