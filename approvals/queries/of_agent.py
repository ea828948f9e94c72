"""The latest rulings on what one agent asked, for whoever looks into its integration."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from approvals.models import AuthorityRecord
from portal.accounts import access
from portal.accounts.actors import Actor

RULINGS_SHOWN_MAX = 20
# The phase is no ceiling that somebody waives.
FROM_ABOVE = (
    "ceiling.enterprise",
    "ceiling.department",
    "ceiling.team",
    "system.not_approved",
    "model.not_approved",
    "tool.not_approved",
)


@dataclass(frozen=True)
class RuledCall:
    """One request of an agent and how the rulebook answered it."""

    at: datetime
    answer: str
    headline: str
    reasons: tuple[Mapping[str, str], ...]
    workflow: str
    run_id: UUID
    slug: str = ""
    system: str = ""
    verb: str = ""

    @property
    def is_from_above(self) -> bool:
        """Say whether what stands above the workflow stopped it: more can be asked for."""
        codes = {str(each.get("code")) for each in self.reasons[:2]}
        return any(code.startswith(FROM_ABOVE) for code in codes)


def rulings_of_agent(*, actor: Actor, agent_id: UUID) -> tuple[RuledCall, ...]:
    """Give an agent's newest rulings that this person may see. At most two queries."""
    rows = (
        access.visible(
            AuthorityRecord.objects.filter(
                action_request__agent=agent_id,
                occasion=AuthorityRecord.Occasion.ASK,
            ),
            actor=actor,
            workflow_path="workflow_id",
        )
        .order_by("-id")
        .values_list(
            "ruled_at",
            "answer",
            "action_request__headline",
            "reasons",
            "workflow__name",
            "action_request__run_id",
            "workflow__slug",
            "action_request__system",
            "action_request__verb",
        )
    )
    return tuple(
        RuledCall(at, answer, headline, tuple(reasons), *rest)
        for at, answer, headline, reasons, *rest in rows[:RULINGS_SHOWN_MAX]
    )
