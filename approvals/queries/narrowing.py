"""What the inbox is narrowed to: read from an address, told as chips, put to SQL.

What cannot be read is left out, never an error: an address may be typed by hand.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.db.models import Q, QuerySet

from approvals.models import Proposal
from approvals.rules.moves import ProposalState
from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Agent
from registry.queries.listing import choices_for as registry_choices
from registry.rules.answers import Risk
from registry.rules.verbs import VERBS

TABS = {
    "mine": "Needs me",
    "team": "My team",
    "free": "Unassigned",
    "taken": "Mine",
    "decided": "Decided",
}
STATES = (
    ("overdue", "Overdue"),
    ("waiting", "Waiting for the agent"),
    ("snoozed", "Put away for later"),
)
RISKS = tuple((risk.value, risk.value.capitalize()) for risk in reversed(Risk))
TEXT_LENGTH_MAX = 100
CHOICES_MAX = 500
_SLUG = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}", re.ASCII)
_AMOUNT_MAX = Decimal(10) ** 20
_AMOUNT_DIGITS_MAX = 20
_LABELS = {
    "q": "Words",
    "workflow": "Workflow",
    "risk": "Risk",
    "verb": "Verb",
    "system": "System",
    "agent": "Agent",
    "amount_min": "At least",
    "amount_max": "At most",
    "state": "State",
}

# Reached through our own foreign key: the registry's tables are behind its door.
_WORKFLOWS = Proposal._meta.get_field("workflow").related_model._default_manager


@dataclass(frozen=True)
class InboxAsked:
    """One tab, and what it is narrowed to. Empty means everything."""

    tab: str = "mine"
    q: str = ""
    workflow: str = ""
    risk: str = ""
    verb: str = ""
    system: str = ""
    agent: str = ""
    amount_min: str = ""
    amount_max: str = ""
    state: str = ""

    @property
    def is_narrowed(self) -> bool:
        return replace(self, tab="mine") != InboxAsked()

    def pairs(self) -> dict[str, str]:
        """Give what the address carries, without what says nothing."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        plain = InboxAsked()
        return {n: value for n, value in said.items() if value != getattr(plain, n)}


@dataclass(frozen=True)
class Chip:
    """One filter in words, and the pairs that are left without it."""

    label: str
    value: str
    without: dict[str, str]


@dataclass(frozen=True)
class Choices:
    """What a person's inbox can be narrowed by: values with their words."""

    workflows: tuple[tuple[str, str], ...]
    agents: tuple[tuple[str, str], ...]
    systems: tuple[tuple[str, str], ...]
    verbs: tuple[tuple[str, str], ...]


def asked_in(said: Mapping[str, str]) -> InboxAsked:
    """Read a tab and its filters out of an address."""
    text = {name: str(said.get(name, "")).replace("\x00", "") for name in _LABELS}
    tab = said.get("tab", "mine")
    return InboxAsked(
        tab=tab if tab in TABS else "mine",
        q=text["q"].strip()[:TEXT_LENGTH_MAX],
        workflow=_slug(text["workflow"]),
        risk=_one_of(text["risk"], RISKS),
        verb=_slug(text["verb"]),
        system=_slug(text["system"]),
        agent=_identity(text["agent"]),
        amount_min=_amount(text["amount_min"]),
        amount_max=_amount(text["amount_max"]),
        state=_one_of(text["state"], STATES),
    )


def narrowed(
    rows: QuerySet[Proposal], asked: InboxAsked, *, now: datetime
) -> QuerySet[Proposal]:
    """Keep the proposals that are asked for. No query of its own."""
    if asked.q:
        has = Q(headline__icontains=asked.q) | Q(workflow__name__icontains=asked.q)
        rows = rows.filter(has)
    plain = {
        "workflow__slug": asked.workflow,
        "risk": asked.risk,
        "verb": asked.verb,
        "system": asked.system,
        "agent": asked.agent,
        "amount__gte": asked.amount_min,
        "amount__lte": asked.amount_max,
    }
    rows = rows.filter(**{name: value for name, value in plain.items() if value})
    if asked.tab == "decided":
        return rows
    if asked.state == "overdue":
        rows = rows.filter(state=ProposalState.OPEN, due_at__lt=now)
    elif asked.state == "waiting":
        rows = rows.filter(state=ProposalState.ASKED)
    return rows


def chips_of(actor: Actor, asked: InboxAsked) -> tuple[Chip, ...]:
    """Tell the filters in words. A query each for a workflow's and an agent's name."""
    pairs = asked.pairs()
    return tuple(
        Chip(
            label=_LABELS[name],
            value=_words(actor, name, value),
            without={other: pairs[other] for other in pairs if other != name},
        )
        for name, value in pairs.items()
        if name != "tab"
    )


def choices_for(actor: Actor) -> Choices:
    """Give what this person's inbox can be narrowed by. About eight queries."""
    seen = access.visible(_WORKFLOWS.all(), actor=actor).order_by("name", "id")
    workflows = tuple(seen.values_list("slug", "name")[:CHOICES_MAX])
    agents = _agents_seen(actor).order_by("name", "id").values_list("id", "name")
    return Choices(
        workflows=workflows,
        agents=tuple((str(one), name) for one, name in agents[:CHOICES_MAX]),
        systems=tuple(
            (one.value, one.label) for one in registry_choices(actor=actor).systems
        ),
        verbs=tuple((verb.slug, verb.label) for verb in VERBS.values()),
    )


def _agents_seen(actor: Actor) -> QuerySet[Agent]:
    seen = access.visible(_WORKFLOWS.all(), actor=actor)
    return Agent.objects.filter(serves__workflow__in=seen.values("id")).distinct()


def _words(actor: Actor, name: str, value: str) -> str:
    if name == "workflow":
        seen = access.visible(_WORKFLOWS.filter(slug=value), actor=actor)
        return seen.values_list("name", flat=True).first() or value
    if name == "agent":
        seen = _agents_seen(actor).filter(id=value)
        return seen.values_list("name", flat=True).first() or "an agent"
    if name == "verb":
        return VERBS[value].label if value in VERBS else value
    return dict((*RISKS, *STATES)).get(value, value)


def _slug(text: str) -> str:
    return text if _SLUG.fullmatch(text) else ""


def _one_of(text: str, known: tuple[tuple[str, str], ...]) -> str:
    return text if text in dict(known) else ""


def _identity(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def _amount(text: str) -> str:
    try:
        amount = Decimal(text.strip()[:TEXT_LENGTH_MAX].replace(",", ""))
    except InvalidOperation:
        return ""
    is_usual = is_plain(amount) and 0 <= amount < _AMOUNT_MAX
    return format(amount.normalize(), "f") if is_usual else ""


def is_plain(amount: Decimal) -> bool:
    """Say whether a typed number is one that money can be: 1e-999999 is a million signs."""
    exponent = amount.as_tuple().exponent
    return isinstance(exponent, int) and abs(exponent) <= _AMOUNT_DIGITS_MAX
