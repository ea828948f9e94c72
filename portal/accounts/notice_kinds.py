"""The closed list of notices: what each says, to whom it matters, how it is told unless chosen.

A sentence is made of the kind and of names alone: the workflow's, a person's, a role's.
Nothing that an agent sent stands in one.
"""

from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    """How a person is told of one kind of notice."""

    OFF = "off"
    PORTAL = "portal"
    DIGEST = "digest"
    NOW = "now"


WAY_LABELS = {
    Way.NOW: "Here, and by e-mail at once",
    Way.DIGEST: "Here, and in the digest",
    Way.PORTAL: "Here only",
    Way.OFF: "Not at all",
}


@dataclass(frozen=True)
class Kind:
    """One kind of notice. `must_show`: it cannot be turned off here in the portal."""

    key: str
    group: str
    label: str
    sentence: str
    way: Way = Way.DIGEST
    must_show: bool = False
    # It asks for something that ends: told no more, and closed, once that is done.
    waits: bool = False
    # It closes whatever its subject asked for.
    settles: bool = False
    # While the person is away, whoever stands in is told in their place.
    can_be_stood_in: bool = False
    # More of them than this, unread in one workflow, become one line with a number.
    alone_max: int = 0
    many: str = ""
    # Who says that nothing in a workflow of what the line stands for waits any more.
    many_of: str = "many"


DECIDE, FOLLOW, LOOK_AFTER, WORKFLOWS = (
    "What waits for your decision",
    "What you follow",
    "What you look after",
    "Workflows and your part in them",
)
_ALL = (
    Kind(
        "needs_you_high",
        DECIDE,
        "A high-risk proposal needs you",
        "{workflow}: a high-risk proposal needs your decision.",
        Way.NOW,
        must_show=True,
        waits=True,
        can_be_stood_in=True,
        alone_max=20,
        many="{workflow}: {count} high-risk proposals need your decision.",
    ),
    Kind(
        "needs_you",
        DECIDE,
        "A proposal needs you",
        "{workflow}: a proposal needs your decision.",
        must_show=True,
        waits=True,
        can_be_stood_in=True,
        alone_max=5,
        many="{workflow}: {count} new proposals need your decision.",
    ),
    Kind(
        "assigned",
        DECIDE,
        "A proposal is assigned to you",
        "{workflow}: {by} assigned a proposal to you.",
        must_show=True,
        waits=True,
        can_be_stood_in=True,
        alone_max=20,
        many="{workflow}: {count} proposals were assigned to you.",
    ),
    Kind(
        "reminder",
        DECIDE,
        "Half of the time is over",
        "{workflow}: half of the time for a proposal is over.",
        Way.PORTAL,
        waits=True,
        can_be_stood_in=True,
        alone_max=5,
        many="{workflow}: half of the time is over for {count} proposals.",
    ),
    Kind(
        "last_reminder",
        DECIDE,
        "Little time is left",
        "{workflow}: little time is left for a proposal.",
        Way.NOW,
        must_show=True,
        waits=True,
        can_be_stood_in=True,
        alone_max=10,
        many="{workflow}: little time is left for {count} proposals.",
    ),
    Kind(
        "escalated",
        DECIDE,
        "A proposal is escalated to you",
        "{workflow}: a proposal was escalated to you.",
        Way.NOW,
        must_show=True,
        waits=True,
        can_be_stood_in=True,
        alone_max=10,
        many="{workflow}: {count} proposals were escalated to you.",
    ),
    Kind(
        "answered",
        DECIDE,
        "The agent answered a question",
        "{workflow}: the agent answered a question about a proposal.",
        waits=True,
        alone_max=10,
        many="{workflow}: the agent answered questions about {count} proposals.",
    ),
    Kind(
        "mentioned",
        FOLLOW,
        "Somebody mentions you",
        "{workflow}: {by} mentioned you in a comment.",
        alone_max=20,
        many="{workflow}: you were mentioned in {count} comments.",
    ),
    Kind(
        "decided",
        FOLLOW,
        "What you took part in was decided",
        "{workflow}: a proposal that you took part in {outcome}.",
        Way.PORTAL,
        settles=True,
        alone_max=10,
        many="{workflow}: {count} proposals that you took part in are over.",
    ),
    Kind(
        "undone",
        FOLLOW,
        "An approval was taken back",
        "{workflow}: {by} took an approval back; the proposal waits again.",
        alone_max=10,
        many="{workflow}: {count} approvals were taken back.",
    ),
    Kind(
        "break_glass",
        LOOK_AFTER,
        "Somebody broke the glass",
        "{workflow}: {by} broke the glass. It waits for your review.",
        Way.NOW,
        must_show=True,
    ),
    Kind(
        "unauthorised_change",
        LOOK_AFTER,
        "A change that nobody allowed",
        "{workflow}: a system reports a change that no grant covers.",
        Way.NOW,
        must_show=True,
        alone_max=10,
        many="{workflow}: systems report {count} changes that no grant covers.",
    ),
    Kind(
        "cap_passed",
        LOOK_AFTER,
        "Reported costs passed a cap",
        "{workflow}: what agents report that it cost passed a cap; no further grant is given.",
        Way.NOW,
        must_show=True,
    ),
    Kind(
        "run_held",
        LOOK_AFTER,
        "A run is held",
        "{workflow}: a stop rule holds a run until you let it go on.",
        Way.NOW,
        waits=True,
        alone_max=10,
        many="{workflow}: stop rules hold {count} runs.",
        many_of="many_holds",
    ),
    Kind(
        "unmapped_tool",
        LOOK_AFTER,
        "An agent used a tool that no rule maps",
        "{workflow}: an agent used a tool that stands for no verb yet.",
        waits=True,
        alone_max=3,
        many="{workflow}: agents used {count} tools that stand for no verb yet.",
    ),
    Kind(
        "no_outcome",
        LOOK_AFTER,
        "Nobody knows what became of a grant",
        "{workflow}: a grant was used and nobody knows what happened.",
        alone_max=5,
        many="{workflow}: {count} grants were used and nobody knows what happened.",
    ),
    Kind(
        "delivery_given_up",
        LOOK_AFTER,
        "A receiver cannot be reached",
        "{workflow}: a message to a receiver was given up.",
        alone_max=3,
        many="{workflow}: {count} messages to receivers were given up.",
    ),
    Kind(
        "exception",
        LOOK_AFTER,
        "Somebody takes over an exception of yours",
        "{workflow}: {by} took over an exception that you looked into.",
        Way.PORTAL,
        alone_max=10,
        many="{workflow}: {count} exceptions that you looked into were taken over.",
    ),
    Kind(
        "finding_assigned",
        LOOK_AFTER,
        "A finding is yours to look after",
        "{workflow}: {by} gave you a finding of the weekly review.",
        must_show=True,
        waits=True,
        alone_max=10,
        many="{workflow}: you were given {count} findings of the weekly review.",
        many_of="many_findings",
    ),
    Kind(
        "finding_due",
        LOOK_AFTER,
        "A finding of yours is due",
        "{workflow}: a finding that you look after is due.",
        must_show=True,
        waits=True,
        alone_max=10,
        many="{workflow}: {count} findings that you look after are due.",
        many_of="many_findings",
    ),
    Kind(
        "readiness_asked",
        LOOK_AFTER,
        "You are asked how ready your department is",
        "{workflow}: {by} asks you how ready the department is.",
        must_show=True,
        waits=True,
    ),
    Kind(
        "priority_given",
        LOOK_AFTER,
        "A priority of your department is yours",
        "{workflow}: {by} gave you a priority of the next ninety days.",
        must_show=True,
        waits=True,
    ),
    Kind(
        "priority_overdue",
        LOOK_AFTER,
        "A priority of your department is overdue",
        "{workflow}: a priority of the department is overdue.",
        must_show=True,
        waits=True,
    ),
    Kind(
        "reading_taken",
        LOOK_AFTER,
        "A run that you were to read is handed on",
        "{workflow}: {by} took over a run of the weekly review that was yours to read.",
        Way.PORTAL,
        alone_max=3,
        many="{workflow}: {count} runs that were yours to read were handed on.",
    ),
    Kind(
        "week_reopened",
        LOOK_AFTER,
        "A week that you signed is open again",
        "{workflow}: {by} opened a signed week of review again.",
    ),
    Kind(
        "feedback_said",
        LOOK_AFTER,
        "Something got in somebody's way",
        "{by} said that a page got in the way.",
        waits=True,
    ),
    Kind(
        "feedback_answered",
        FOLLOW,
        "What got in your way is answered",
        "{by} answered what you said about a page.",
    ),
    Kind(
        "ceiling_set",
        WORKFLOWS,
        "A ceiling narrows a workflow of yours",
        "{by} set a ceiling that narrows what workflows of yours may do.",
        Way.NOW,
    ),
    Kind(
        "phase_taken_back",
        WORKFLOWS,
        "A workflow is taken back to a lower phase",
        "{workflow}: {by} took it back to a lower phase.",
        Way.NOW,
    ),
    Kind(
        "paused",
        WORKFLOWS,
        "A workflow is paused",
        "{workflow}: {by} paused it.",
        Way.NOW,
    ),
    Kind(
        "packet_to_sign",
        WORKFLOWS,
        "A launch packet waits for your signature",
        "{workflow}: a launch packet waits for your signature.",
        must_show=True,
        waits=True,
    ),
    Kind(
        "training_ends",
        WORKFLOWS,
        "Your training ends soon",
        "Your training for what you do here ends soon. Do the course again in time.",
        Way.NOW,
        must_show=True,
    ),
    Kind(
        "training_lapsed",
        WORKFLOWS,
        "Your training has lapsed",
        "Your training has lapsed: what needs it is not yours to do until it is recorded anew.",
        Way.NOW,
        must_show=True,
    ),
    Kind(
        "holder_lapsed",
        WORKFLOWS,
        "A workflow stands still because training has lapsed",
        "{workflow}: the training of {by}, who holds a role, has lapsed, so nothing runs.",
        Way.NOW,
        must_show=True,
    ),
    Kind(
        "use_refused",
        LOOK_AFTER,
        "A system, AI model or tool that a workflow uses is approved no more",
        "{workflow}: {by} is approved no more, so what uses it is refused.",
        Way.NOW,
        must_show=True,
    ),
    Kind(
        "more_asked",
        DECIDE,
        "A team asks for more than stands above it",
        "{workflow}: {by} asks for more than stands above it.",
        must_show=True,
        waits=True,
    ),
    Kind(
        "more_answered",
        WORKFLOWS,
        "What you asked for is answered",
        "{workflow}: what you asked for {outcome}.",
    ),
    Kind(
        "role_offered",
        WORKFLOWS,
        "A role is offered to you",
        "{workflow}: {by} offers you a role.",
        must_show=True,
    ),
    Kind(
        "stand_in_asked",
        WORKFLOWS,
        "Somebody asks you to stand in",
        "{by} asks you to stand in while they are away.",
        must_show=True,
    ),
    Kind(
        "stand_in_answered",
        WORKFLOWS,
        "Your stand-in answered",
        "{by} {outcome} to stand in for you.",
    ),
)
KINDS: dict[str, Kind] = {kind.key: kind for kind in _ALL}
GROUPS = (DECIDE, FOLLOW, LOOK_AFTER, WORKFLOWS)


def ways_for(kind: Kind) -> tuple[Way, ...]:
    """Give the ways a person may choose for a kind."""
    return tuple(way for way in WAY_LABELS if way != Way.OFF or not kind.must_show)
