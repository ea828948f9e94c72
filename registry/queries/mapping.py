"""Which tools of agents a workflow's page maps to verbs: what is live, and what is drafted."""

from uuid import UUID

from registry.models import OperatingModelVersion, Workflow
from registry.models.version import VersionState
from registry.queries.rulebooks import live_rulebook


def tools_mapped_live(workflow_id: UUID) -> frozenset[str]:
    """Give the tools that the live version maps. At most two queries."""
    version_id = (
        Workflow.objects.filter(id=workflow_id)
        .values_list("live_version_id", flat=True)
        .first()
    )
    if version_id is None:
        return frozenset()
    return frozenset(tool.name for tool in live_rulebook(version_id).tools)


def tools_mapped_next(workflow_id: UUID) -> frozenset[str]:
    """Give the tools that the next version maps, written or submitted. One query."""
    documents = OperatingModelVersion.objects.filter(
        workflow_id=workflow_id,
        state__in=(VersionState.DRAFT, VersionState.SUBMITTED),
    ).values_list("document", flat=True)
    return frozenset(
        str(tool.get("name"))
        for document in documents
        for tool in (document or {}).get("tools") or ()
    )


def stop_rules_live(workflow_id: UUID) -> tuple[tuple[str, str], ...]:
    """Give the stop rules of the live version, each with its sentence. At most two queries."""
    version_id = (
        Workflow.objects.filter(id=workflow_id)
        .values_list("live_version_id", flat=True)
        .first()
    )
    if version_id is None:
        return ()
    rules = live_rulebook(version_id).stop_rules
    return tuple((rule.key, rule.sentence) for rule in rules)
