"""What the addresses of the programme point at."""

from datetime import datetime, timedelta
from typing import Any

from portal.accounts.actors import SYSTEM
from portal.home.operations.feedback import say_feedback
from portal.home.operations.office_hours import announce_office_hour
from portal.home.queries.quarters import quarter_of
from registry.operations.asking_more import Wanted, ask_for_more
from registry.operations.catalogue import add_system
from registry.operations.ceilings import set_ceiling
from registry.queries.tools import tool_id_of
from tests.approvals.asking import Portal
from tests.registry.assessing import assessed_twice


def programme_values(portal: Portal, now: datetime) -> dict[str, Any]:
    """Set up what stands above the workflow of the doors, by the names of addresses."""
    people = portal.people
    return {
        **assessed_twice(people, now=now),
        **_asked_for_more(portal, now),
        "mapped_id": tool_id_of("billing", "refund_order"),
        "proven_id": portal.workflow.id,
        "quarter": quarter_of(now.date()),
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


def _asked_for_more(portal: Portal, now: datetime) -> dict[str, Any]:
    """Let the owner ask past a ceiling that touches nothing that anybody does."""
    people = portal.people
    ceiling = set_ceiling(
        actor=people.actor("rosa"),
        level="enterprise",
        name="Nothing goes live at night",
        sentence="A person decides before anything is deployed.",
        authority="review",
        verbs=("deploy",),
        now=now,
    )
    wanted = Wanted(
        kind="waiver",
        why="The new version waits since Friday.",
        ceiling_id=ceiling.id,
        system="billing",
        verb="deploy",
        days=7,
    )
    add_system(actor=SYSTEM, slug="archive", name="Archive", now=now)
    made = ask_for_more(
        actor=people.actor("maya"),
        workflow_id=portal.workflow.id,
        wanted=wanted,
        now=now,
    )
    return {"ceiling_id": ceiling.id, "request_id": made.id}
