"""Keeping the report of a replay."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.home.models import ReplayReport
from registry.queries.rulebooks import standing_facts

SOURCE_LENGTH_MAX = 200


@operation(leaves="portal.replay_finished")
def keep_report(
    *, actor: Actor, workflow_slug: str, document: Mapping[str, Any], now: datetime
) -> UUID:
    """Keep what came of a replay and give the report's id. Raises NotFound."""
    workflow = standing_facts(workflow_slug, agent_id=None)
    sums = document["sums"]
    report = ReplayReport.objects.create(
        workflow_id=workflow.workflow_id,
        source=str(document["source"])[:SOURCE_LENGTH_MAX],
        conversation_count=sums["conversations"],
        document=dict(document),
        finished_at=now,
    )
    record(
        "portal.replay_finished",
        actor=actor,
        subject=("replay_report", report.id),
        workflow_id=workflow.workflow_id,
        workflow=workflow.name,
        count=sums["conversations"],
        asked=sums["asked"],
        executed=sums["executed"],
        refused=sums["refused_by_rulebook"],
        sent_to_people=sums["sent_to_people"],
    )
    return report.id
