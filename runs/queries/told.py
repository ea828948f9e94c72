"""What runs knows about news of its own: where it leads. Whom it concerns the registry says."""

from dataclasses import replace
from uuid import UUID

from django.urls import reverse

from portal.accounts.operations.telling import News, completes
from registry.queries.rulebooks import standing_facts
from runs.queries.incidents import risk_team_ids


def give_to_notices() -> None:
    """Let notices know where a run is; called once, when the room starts."""
    completes("run", _of_run)
    completes("incident", _of_incident)
    completes("caps", _of_caps)


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


def _of_run(news: News) -> News:
    run_id = UUID(news.subject.partition(":")[2])
    return replace(news, href=reverse("run", args=[run_id]), many_href=reverse("runs"))
