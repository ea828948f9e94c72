"""Reported changes as matching sees them, and what they have used of grants."""

from collections.abc import Collection
from uuid import UUID

from runs.models import ReportedChange
from runs.rules.matching import Change, Used


def change_of(row: ReportedChange) -> Change:
    """Read a stored change into what the rule sees."""
    return Change(
        id=row.id,
        at=row.at,
        system=row.system,
        resource=row.resource,
        field=row.field,
        verb=row.verb,
        before=row.facts.get("before"),
        after=row.facts.get("after"),
        named_grant=row.named_grant,
        named_run=row.named_run,
        named_workflow=row.named_workflow,
        workflow_id=row.workflow_id,
        run_id=row.run_id,
    )


def used_of(grant_ids: Collection[UUID]) -> frozenset[Used]:
    """Give what changes have used of these grants. One query."""
    rows = ReportedChange.objects.filter(
        grant_id__in=grant_ids, state=ReportedChange.State.MATCHED
    )
    found = rows.values_list("grant_id", "resource", "field")
    return frozenset((grant, thing, name) for grant, thing, name in found if grant)
