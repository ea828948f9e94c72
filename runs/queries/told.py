"""What runs knows about news of its own: where it leads. Whom it concerns the registry says."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from uuid import UUID

from django.urls import reverse

from portal.accounts.operations.telling import News, completes, knows_what_is_over
from registry.queries.people import role_holder_ids
from registry.queries.rulebooks import standing_facts
from runs.models import Finding, ReviewWeek, UnmappedTool
from runs.queries.incidents import risk_team_ids


def give_to_notices() -> None:
    """Let notices know where a run is; called once, when the room starts."""
    completes("run", _of_run)
    completes("incident", _of_incident)
    completes("caps", _of_caps)
    completes("unmapped_tool", _of_tool)
    completes("finding", _of_finding)
    completes("week", _of_week)
    knows_what_is_over("unmapped_tool", over_tools)
    knows_what_is_over("finding", over_findings)
    knows_what_is_over("many_findings", over_workflows_of_findings)


def _of_incident(news: News) -> News:
    """Lead to the incident; what belongs to no workflow is told to the risk team."""
    incident_id = UUID(news.subject.partition(":")[2])
    people = news.people if news.workflow_id else news.people or risk_team_ids()
    return replace(
        news,
        people=people,
        href=reverse("incident", args=[incident_id]),
        many_href=reverse("incidents"),
    )


def _of_caps(news: News) -> News:
    facts = standing_facts(UUID(news.subject.partition(":")[2]), agent_id=None)
    href = reverse("runs_caps", args=[facts.slug])
    return replace(news, href=href, many_href=href)


def _of_tool(news: News) -> News:
    row = (
        UnmappedTool.objects.filter(id=UUID(news.subject.partition(":")[2]))
        .values_list("workflow_id", "workflow__slug", "state")
        .first()
    )
    if row is None:
        return replace(news, is_over=True)
    href = reverse("runs_tasks", args=[row[1]])
    return replace(
        news,
        people=news.people or role_holder_ids(row[0], "business_owner", "it_owner"),
        href=href,
        many_href=href,
        is_over=row[2] != UnmappedTool.State.OPEN,
    )


def over_tools(ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Say which unregistered tools ask for nothing any more, and why. One query."""
    rows = UnmappedTool.objects.filter(id__in=ids).exclude(
        state=UnmappedTool.State.OPEN
    )
    return {
        row_id: "It is mapped now."
        if state == UnmappedTool.State.MAPPED
        else "It was dismissed."
        for row_id, state in rows.values_list("id", "state")
    }


def _of_run(news: News) -> News:
    run_id = UUID(news.subject.partition(":")[2])
    return replace(news, href=reverse("run", args=[run_id]), many_href=reverse("runs"))


def _of_finding(news: News) -> News:
    """Lead to the finding; it is told to who looks after it at that moment."""
    finding_id = UUID(news.subject.partition(":")[2])
    row = (
        Finding.objects.filter(id=finding_id)
        .values_list("workflow_id", "owner_id", "closed_at")
        .first()
    )
    if row is None:
        return replace(news, is_over=True)
    return replace(
        news,
        workflow_id=row[0],
        people=frozenset({row[1]}),
        href=reverse("finding", args=[finding_id]),
        many_href=f"{reverse('findings')}?whose=mine",
        is_over=row[2] is not None,
    )


def over_findings(ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Say which findings ask for nothing any more. One query."""
    closed = Finding.objects.filter(id__in=ids, closed_at__isnull=False)
    return dict.fromkeys(closed.values_list("id", flat=True), "It is closed.")


def over_workflows_of_findings(ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Say in which workflows no finding is open. One query."""
    still = set(
        Finding.objects.filter(workflow__in=ids, closed_at=None).values_list(
            "workflow_id", flat=True
        )
    )
    return {each: "No finding is open." for each in ids if each not in still}


def _of_week(news: News) -> News:
    week_id = UUID(news.subject.partition(":")[2])
    row = ReviewWeek.objects.filter(id=week_id).values_list("workflow_id").first()
    if row is None:
        return replace(news, is_over=True)
    href = reverse("week", args=[week_id])
    return replace(news, workflow_id=row[0], href=href, many_href=href)
