"""A callback of the demo. Its host is reserved for examples, and it is off: nothing is sent."""

from datetime import datetime

from approvals.operations.endpoints import register_endpoint, turn_off
from approvals.queries.endpoints import endpoints_for
from portal.home.demo.company import Company

HOOK = "helpdesk-hook"
URL = "https://helpdesk.alderpike.example/countersign"


def add_hook(company: Company, *, now: datetime) -> None:
    """Register the helpdesk's receiver, as the owner of refunds did."""
    register_endpoint(
        actor=company.actor("maya"),
        place="workflow:refund-management",
        name=HOOK,
        url=URL,
        now=now,
    )


def turn_hook_off(company: Company, *, now: datetime) -> None:
    """Turn it off before anything is sent; what waited is given up and can be sent again."""
    actor = company.actor("maya")
    for line in endpoints_for(actor).lines:
        if line.name == HOOK and line.is_on:
            turn_off(
                actor=actor,
                endpoint_id=line.id,
                reason="The helpdesk moves to another address on Monday.",
                now=now,
            )
