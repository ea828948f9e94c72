"""What the addresses of the programme point at."""

from datetime import datetime, timedelta
from typing import Any

from portal.home.operations.feedback import say_feedback
from portal.home.operations.office_hours import announce_office_hour
from tests.approvals.asking import Portal
from tests.registry.assessing import assessed_twice


def programme_values(portal: Portal, now: datetime) -> dict[str, Any]:
    """Set up what stands above the workflow of the doors, by the names of addresses."""
    people = portal.people
    return {
        **assessed_twice(people, now=now),
        "feedback_id": say_feedback(
            actor=people.actor("dana"),
            path=f"/workflows/{portal.workflow.slug}/",
            page=portal.workflow.name,
            text="I could not find who signs.",
            now=now,
        ),
        "hour_id": announce_office_hour(
            actor=people.actor("maya"),
            about="Refunds by agents",
            place="Room 4",
            starts_at=now + timedelta(days=1),
            ends_at=now + timedelta(days=1, hours=1),
            now=now,
        ),
    }
