"""What the registry knows about news: a workflow's name and people, where a subject leads."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from uuid import UUID

from django.urls import reverse

from portal.accounts.models import Person
from portal.accounts.notice_settings import (
    USUAL_DAYS,
    WorkingDays,
    knows_working_days,
)
from portal.accounts.operations.telling import News, completes, knows_what_is_over
from registry.models import (
    AiModel,
    CapabilityRequest,
    HandOver,
    LaunchPacket,
    ReadinessAssessment,
    ReadinessPriority,
    StandingReviewer,
    System,
    WorkCalendar,
    Workflow,
)
from registry.models.version import VersionState
from registry.queries.capability import over_requests, right_of
from registry.queries.people import SIGNING_ROLES, role_holder_ids
from registry.queries.rights import default_people, holders_of
from registry.queries.timing import closed_days


def give_to_notices() -> None:
    """Let notices know what the registry knows; called once, when the room starts."""
    completes("workflow", _of_workflow)
    completes("packet", _of_packet)
    completes("hand_over", _of_hand_over)
    completes("readiness", _of_readiness)
    completes("priority", _of_priority)
    completes("system", _of_system)
    completes("ai_model", _of_model)
    knows_what_is_over("packet", over_packets)
    knows_what_is_over("readiness", over_readiness)
    knows_what_is_over("priority", over_priorities)
    completes("capability_request", _of_request)
    completes("capability_answer", _of_answer)
    knows_what_is_over("capability_request", over_requests)
    knows_working_days(working_days)


def working_days(people: Collection[UUID]) -> Mapping[UUID, WorkingDays]:
    """Say on which days these people work: by their department's calendar. Two queries."""
    found = {row.department_id: _days_of(row) for row in WorkCalendar.objects.all()}
    rows = Person.objects.filter(id__in=people).values_list("id", "department_id")
    usual = found.get(None, USUAL_DAYS)
    return {row[0]: found.get(row[1], usual) for row in rows}


def _days_of(row: WorkCalendar) -> WorkingDays:
    is_closed = closed_days(row.country, row.subdivision, row.closed_days)
    return WorkingDays(
        time_zone=row.time_zone,
        is_working=lambda day: bool(row.week[day.weekday()]) and not is_closed(day),
    )


def over_packets(ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Say which launch packets wait for nobody's signature any more. One query."""
    rows = LaunchPacket.objects.filter(id__in=ids).exclude(
        version__state=VersionState.SUBMITTED, voided_at=None
    )
    return {
        row[0]: "It was taken back."
        if row[1] == VersionState.WITHDRAWN
        else "It is signed and live."
        for row in rows.values_list("id", "version__state")
    }


def over_readiness(ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Say which assessments ask nobody any more. One query."""
    rows = ReadinessAssessment.objects.filter(id__in=ids, closed_at__isnull=False)
    return dict.fromkeys(rows.values_list("id", flat=True), "It was closed.")


def over_priorities(ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Say which priorities of a department have ended. One query."""
    rows = ReadinessPriority.objects.filter(id__in=ids, ended_at__isnull=False)
    return {
        row[0]: "It is done." if row[1] == "DONE" else "It was dropped."
        for row in rows.values_list("id", "ended_how")
    }


def _of_workflow(news: News) -> News:
    if news.workflow_id is None:
        return news
    row = (
        Workflow.objects.filter(id=news.workflow_id)
        .values_list("name", "department_id", "slug")
        .first()
    )
    if row is None:
        return news
    name, department_id, slug = row
    people, href = news.people, news.href
    if news.subject == f"workflow:{news.workflow_id}":
        href = href or reverse("workflow", args=[slug])
    if news.kind == "paused" and not people:
        people = role_holder_ids(news.workflow_id) | frozenset(
            StandingReviewer.objects.filter(workflow=news.workflow_id).values_list(
                "person_id", flat=True
            )
        )
    if news.kind == "run_held" and not people:
        people = role_holder_ids(news.workflow_id, "escalation_owner", "business_owner")
    if news.kind in ("unauthorised_change", "cap_passed") and not people:
        people = role_holder_ids(news.workflow_id, "business_owner", "risk_owner")
    return replace(
        news, workflow=name, department_id=department_id, people=people, href=href
    )


def _of_packet(news: News) -> News:
    packet = (
        LaunchPacket.objects.filter(id=_id_of(news))
        .values_list("version__workflow_id", "version__workflow__slug")
        .first()
    )
    if packet is None:
        return replace(news, is_over=True)
    href = reverse("workflow_packet", args=[packet[1]])
    return replace(
        news,
        workflow_id=packet[0],
        people=news.people or role_holder_ids(packet[0], *SIGNING_ROLES),
        href=href,
        many_href=href,
        is_over=bool(over_packets([_id_of(news)])),
    )


def _of_hand_over(news: News) -> News:
    href = reverse("hand_over", args=[_id_of(news)])
    receiver = HandOver.objects.filter(id=_id_of(news)).values_list("receiver_id")
    people = news.people or frozenset(receiver.values_list("receiver_id", flat=True))
    return replace(news, people=people, href=href, many_href=href)


def _of_readiness(news: News) -> News:
    row = (
        ReadinessAssessment.objects.filter(id=_id_of(news))
        .values_list("department_id", "department__name")
        .first()
    )
    if row is None:
        return replace(news, is_over=True)
    is_over = bool(over_readiness([_id_of(news)]))
    return replace(news, department_id=row[0], workflow=row[1], is_over=is_over)


def _of_priority(news: News) -> News:
    row = (
        ReadinessPriority.objects.filter(id=_id_of(news))
        .values_list("assessment__department_id", "assessment__department__name")
        .first()
    )
    if row is None:
        return replace(news, is_over=True)
    is_over = bool(over_priorities([_id_of(news)]))
    return replace(news, department_id=row[0], workflow=row[1], is_over=is_over)


def _of_system(news: News) -> News:
    row = System.objects.filter(id=_id_of(news)).first()
    return replace(news, workflow=row.name) if row else replace(news, is_over=True)


def _of_model(news: News) -> News:
    row = AiModel.objects.filter(id=_id_of(news)).first()
    return replace(news, workflow=row.name) if row else replace(news, is_over=True)


def _of_request(news: News) -> News:
    """Whoever holds the right at its level is told, but for whoever asked."""
    asked = CapabilityRequest.objects.filter(id=_id_of(news)).first()
    if asked is None:
        return replace(news, is_over=True)
    kind, place = right_of(asked)
    found = holders_of(kind, asked.level, **place)
    people = default_people(found, asked.department_id) - {asked.asked_by_id}
    href = reverse("capability_request", args=[asked.id])
    many = reverse("capability_requests")
    is_over = bool(over_requests([asked.id]))
    return replace(news, people=people, href=href, many_href=many, is_over=is_over)


def _of_answer(news: News) -> News:
    href = reverse("capability_request", args=[_id_of(news)])
    return replace(news, href=href, many_href=href)


def _id_of(news: News) -> UUID:
    return UUID(news.subject.partition(":")[2])
