"""The verb catalogue: what an agent may be allowed to do, in four tiers of rising consequence.

A verb that is not here is unknown, and unknown is refused. `link` is the word between the verb
and the thing in a sentence; `moves_money` says that an amount is to be expected.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Tier(StrEnum):
    READ = "read"
    PREPARE = "prepare"
    STAGE = "stage"
    CHANGE = "change"


@dataclass(frozen=True)
class Verb:
    slug: str
    label: str
    past: str
    tier: Tier
    summary: str
    link: str = ""
    moves_money: bool = False


_READ = (
    Verb("read", "Read", "read", Tier.READ, "Look at one record."),
    Verb(
        "search",
        "Search",
        "searched",
        Tier.READ,
        "Find records by their content.",
        "for",
    ),
    Verb("list", "List", "listed", Tier.READ, "See which records there are."),
    Verb(
        "check",
        "Check",
        "checked",
        Tier.READ,
        "Test a fact against a system of record.",
    ),
    Verb("monitor", "Monitor", "monitored", Tier.READ, "Follow a signal over time."),
)
_PREPARE = (
    Verb(
        "calculate",
        "Calculate",
        "calculated",
        Tier.PREPARE,
        "Work out a figure.",
        "for",
    ),
    Verb(
        "summarize",
        "Summarize",
        "summarized",
        Tier.PREPARE,
        "Say the same in fewer words.",
    ),
    Verb(
        "classify",
        "Classify",
        "classified",
        Tier.PREPARE,
        "Sort into an approved category.",
    ),
    Verb("score", "Score", "scored", Tier.PREPARE, "Rate against a rubric."),
    Verb(
        "extract",
        "Extract",
        "extracted",
        Tier.PREPARE,
        "Take fields from text.",
        "from",
    ),
    Verb(
        "translate", "Translate", "translated", Tier.PREPARE, "Say in another language."
    ),
    Verb(
        "draft", "Draft", "drafted", Tier.PREPARE, "Write a text that nobody has sent."
    ),
    Verb(
        "recommend", "Recommend", "recommended", Tier.PREPARE, "Advise a person.", "on"
    ),
    Verb(
        "answer", "Answer", "answered", Tier.PREPARE, "Answer a colleague from sources."
    ),
)
_STAGE = (
    Verb(
        "create_task",
        "Create task",
        "task created",
        Tier.STAGE,
        "Put work before a person.",
        "for",
    ),
    Verb(
        "comment", "Comment", "commented", Tier.STAGE, "Leave an internal note.", "on"
    ),
    Verb("tag", "Tag", "tagged", Tier.STAGE, "Set a label that changes no record."),
    Verb(
        "assign", "Assign", "assigned", Tier.STAGE, "Give work to a person or a queue."
    ),
    Verb(
        "stage_update",
        "Stage update",
        "update staged",
        Tier.STAGE,
        "Prepare a change that a person applies.",
        "of",
    ),
    Verb(
        "open_case",
        "Open case",
        "case opened",
        Tier.STAGE,
        "Start a case that people work on.",
        "for",
    ),
    Verb(
        "notify_internal",
        "Notify internally",
        "notified internally",
        Tier.STAGE,
        "Tell a colleague.",
        "about",
    ),
    Verb(
        "hand_over",
        "Hand over",
        "handed over",
        Tier.STAGE,
        "Pass the conversation to a person.",
    ),
    Verb(
        "schedule",
        "Schedule",
        "scheduled",
        Tier.STAGE,
        "Put a date in an internal calendar.",
    ),
    Verb(
        "snapshot",
        "Take snapshot",
        "snapshot taken",
        Tier.STAGE,
        "Keep a copy for later.",
        "of",
    ),
)
_CHANGE = (
    Verb("send", "Send", "sent", Tier.CHANGE, "Send a message out of the house."),
    Verb("reply", "Reply", "replied", Tier.CHANGE, "Answer a customer.", "to"),
    Verb("publish", "Publish", "published", Tier.CHANGE, "Make public."),
    Verb(
        "unpublish",
        "Unpublish",
        "unpublished",
        Tier.CHANGE,
        "Take back from the public.",
    ),
    Verb("create", "Create", "created", Tier.CHANGE, "Make a new record."),
    Verb("update", "Update", "updated", Tier.CHANGE, "Change a field of a record."),
    Verb("merge", "Merge", "merged", Tier.CHANGE, "Make one record of several."),
    Verb("close", "Close", "closed", Tier.CHANGE, "End a case."),
    Verb("reopen", "Reopen", "reopened", Tier.CHANGE, "Take up an ended case again."),
    Verb("archive", "Archive", "archived", Tier.CHANGE, "Put out of use and keep."),
    Verb("delete", "Delete", "deleted", Tier.CHANGE, "Remove a record."),
    Verb("refund", "Refund", "refunded", Tier.CHANGE, "Pay money back.", "for", True),
    Verb("credit", "Credit", "credited", Tier.CHANGE, "Give credit.", "to", True),
    Verb("charge", "Charge", "charged", Tier.CHANGE, "Take money.", "to", True),
    Verb("pay", "Pay", "paid", Tier.CHANGE, "Pay money out.", "for", True),
    Verb(
        "transfer",
        "Transfer",
        "transferred",
        Tier.CHANGE,
        "Move money between accounts.",
        "for",
        True,
    ),
    Verb(
        "issue_certificate",
        "Issue certificate",
        "certificate issued",
        Tier.CHANGE,
        "Give a voucher worth money.",
        "to",
        True,
    ),
    Verb("book", "Book", "booked", Tier.CHANGE, "Make a booking."),
    Verb("rebook", "Rebook", "rebooked", Tier.CHANGE, "Change what was booked."),
    Verb(
        "cancel", "Cancel", "cancelled", Tier.CHANGE, "Call off a booking or an order."
    ),
    Verb(
        "approve",
        "Approve",
        "approved",
        Tier.CHANGE,
        "Give an approval in another system.",
    ),
    Verb(
        "reject",
        "Reject",
        "rejected",
        Tier.CHANGE,
        "Turn something down in another system.",
    ),
    Verb("invite", "Invite", "invited", Tier.CHANGE, "Let somebody in."),
    Verb(
        "grant_access",
        "Grant access",
        "access granted",
        Tier.CHANGE,
        "Give a right.",
        "to",
    ),
    Verb(
        "revoke_access",
        "Revoke access",
        "access revoked",
        Tier.CHANGE,
        "Take a right away.",
        "of",
    ),
    Verb(
        "suspend", "Suspend", "suspended", Tier.CHANGE, "Stop an account for a while."
    ),
    Verb(
        "reset_credentials",
        "Reset credentials",
        "credentials reset",
        Tier.CHANGE,
        "Make somebody sign in anew.",
        "of",
    ),
    Verb("block", "Block", "blocked", Tier.CHANGE, "Keep a party or an address out."),
    Verb(
        "unblock",
        "Unblock",
        "unblocked",
        Tier.CHANGE,
        "Let a party or an address in again.",
    ),
    Verb(
        "isolate", "Isolate", "isolated", Tier.CHANGE, "Cut a machine off the network."
    ),
    Verb("restart", "Restart", "restarted", Tier.CHANGE, "Stop and start a service."),
    Verb("scale", "Scale", "scaled", Tier.CHANGE, "Change how much capacity runs."),
    Verb("deploy", "Deploy", "deployed", Tier.CHANGE, "Put a new version into use."),
    Verb(
        "roll_back",
        "Roll back",
        "rolled back",
        Tier.CHANGE,
        "Return to an earlier version.",
    ),
)

VERBS: Mapping[str, Verb] = MappingProxyType(
    {verb.slug: verb for verb in (*_READ, *_PREPARE, *_STAGE, *_CHANGE)}
)
# What writes: the tiers that guardrails and phases bind.
CONSEQUENCE = frozenset({Tier.STAGE, Tier.CHANGE})
CONVERSATION = frozenset({"send", "reply", "book", "rebook", "close", "reopen"})


def verbs_of_tier(tier: Tier) -> tuple[Verb, ...]:
    """Return the verbs of one tier in the catalogue's order."""
    return tuple(verb for verb in VERBS.values() if verb.tier == tier)


def verb_of(slug: str) -> Verb | None:
    """Return the verb of this slug, or None when it is unknown."""
    return VERBS.get(slug) if isinstance(slug, str) else None


def tier_of(slug: str) -> Tier:
    """Return the tier of a verb; an unknown verb counts as change."""
    verb = verb_of(slug)
    return verb.tier if verb else Tier.CHANGE


def name_of(slug: str) -> str:
    """Return a verb as it reads inside a sentence."""
    verb = verb_of(slug)
    return verb.label.lower() if verb else str(slug)
