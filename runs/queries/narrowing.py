"""What the runs list is narrowed to: read from an address, told as chips.

What cannot be read is left out, never an error: an address may be typed by hand.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.models import Agent, Person
from registry.queries.across import workflow_names
from registry.rules.verbs import VERBS
from runs.models import RunState
from runs.rules.finding import UNANSWERED

TEXT_LENGTH_MAX = 100
ROLES = (
    ("approved", "Approved it"),
    ("decided", "Decided on it"),
    ("asked", "Asked a question about it"),
    ("owner", "Owns the workflow"),
)
HOLDS = (("now", "On hold now"), ("was", "Held at some time"))
ONLY = (
    ("unauthorised", "With an unauthorised change"),
    ("flagged", "Flagged"),
    ("amended", "Told late: amended after the end"),
    ("retried", "With retries"),
    ("ended", "Ended"),
)
QUESTIONS = tuple(
    zip(
        UNANSWERED,
        (
            "What triggered it",
            "What it looked at",
            "Which tools it used",
            "What it decided",
            "What it changed",
            "What it escalated",
            "Who approved",
        ),
        strict=True,
    )
)
COUNTS = tuple((str(number), f"{number} of 7") for number in range(8))
# Addresses of an earlier make, still in bookmarks and in links of other pages.
_ANSWERS = {"all": ("7", ""), "some": ("", "6"), "few": ("", "4")}
_SLUG = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_AMOUNT_MAX = Decimal(10) ** 15
_AMOUNT_DIGITS_MAX = 20
_LABELS = {
    "q": "Words",
    "workflow": "Workflow",
    "agent": "Agent",
    "state": "State",
    "person": "Person",
    "role": "Who",
    "verb": "Verb",
    "system": "System",
    "amount_from": "At least",
    "amount_to": "At most",
    "currency": "In",
    "hold": "Hold",
    "only": "Only",
    "answered_from": "Answers at least",
    "answered_to": "Answers at most",
    "unanswered": "Cannot answer",
    "since": "From",
    "until": "Until",
}
_LISTS = {
    "state": tuple(RunState.choices),
    "role": ROLES,
    "hold": HOLDS,
    "only": ONLY,
    "answered_from": COUNTS,
    "answered_to": COUNTS,
    "unanswered": QUESTIONS,
}
# Always in the first row of the form; the others hide behind "More filters".
FIRST = frozenset({"q", "workflow", "state", "since", "until"})


@dataclass(frozen=True)
class RunAsked:
    """What the list is narrowed to, as texts of its address. Empty means everything."""

    q: str = ""
    workflow: str = ""
    agent: str = ""
    state: str = ""
    person: str = ""
    role: str = ""
    verb: str = ""
    system: str = ""
    amount_from: str = ""
    amount_to: str = ""
    currency: str = ""
    hold: str = ""
    only: str = ""
    answered_from: str = ""
    answered_to: str = ""
    unanswered: str = ""
    since: str = ""
    until: str = ""

    @property
    def is_empty(self) -> bool:
        return self == RunAsked()

    @property
    def has_more(self) -> bool:
        return bool(set(self.pairs()) - FIRST)

    def pairs(self) -> dict[str, str]:
        """Give what the address carries, without what says nothing."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in said.items() if value}

    def of_days(self, since: date | None, until: date | None) -> "RunAsked":
        return replace(
            self,
            since=since.isoformat() if since else "",
            until=until.isoformat() if until else "",
        )


@dataclass(frozen=True)
class Chip:
    """One filter in words, and the pairs that are left without it."""

    label: str
    value: str
    without: dict[str, str]


def asked_in(said: Mapping[str, str]) -> RunAsked:
    """Read the filters out of an address."""
    text = {name: str(said.get(name, "")).replace("\x00", "") for name in _LABELS}
    plain = {name: _one_of(text[name], known) for name, known in _LISTS.items()}
    answers = _ANSWERS.get(str(said.get("answers", "")), ("", ""))
    if text["only"] == "held":
        plain["hold"] = "now"
    person = _identity(text["person"])
    has_amount = bool(_amount(text["amount_from"]) or _amount(text["amount_to"]))
    return RunAsked(
        q=" ".join(text["q"].split())[:TEXT_LENGTH_MAX],
        workflow=_slug(text["workflow"]),
        agent=_slug(text["agent"]),
        state=plain["state"],
        person=person,
        role=plain["role"] if person else "",
        verb=text["verb"] if text["verb"] in VERBS else "",
        system=_slug(text["system"]),
        amount_from=_amount(text["amount_from"]),
        amount_to=_amount(text["amount_to"]),
        currency=_currency(text["currency"]) if has_amount else "",
        hold=plain["hold"],
        only=plain["only"],
        answered_from=plain["answered_from"] or answers[0],
        answered_to=plain["answered_to"] or answers[1],
        unanswered=plain["unanswered"],
        since=_day(text["since"]),
        until=_day(text["until"]),
    )


def chips_of(actor: Actor, asked: RunAsked) -> tuple[Chip, ...]:
    """Tell the filters in words. A query each for the name of what is named by id."""
    pairs = asked.pairs()
    return tuple(
        Chip(
            _LABELS[name],
            _words(actor, name, value),
            {other: pairs[other] for other in pairs if other not in _with(name)},
        )
        for name, value in pairs.items()
    )


def _with(name: str) -> set[str]:
    """What falls away together: a person's role says nothing without the person."""
    return {"person", "role"} if name == "person" else {name}


def _words(actor: Actor, name: str, value: str) -> str:
    if name in _LISTS:
        return dict(_LISTS[name])[value]
    if name == "workflow":
        known = {line.slug: line.name for line in workflow_names(actor=actor)}
        return known.get(value, value)
    if name == "verb":
        return VERBS[value].label
    found: str | None = value
    if name == "agent":
        found = Agent.objects.filter(slug=value).values_list("name", flat=True).first()
    elif name == "person":
        found = Person.objects.filter(id=value).values_list("name", flat=True).first()
    elif name in ("amount_from", "amount_to"):
        found = f"{Decimal(value):,}"
    return found or "unknown"


def _one_of(text: str, known: tuple[tuple[str, str], ...]) -> str:
    return text if text in dict(known) else ""


def _slug(text: str) -> str:
    return text if _SLUG.fullmatch(text) else ""


def _currency(text: str) -> str:
    upper = text.strip().upper()
    return upper if _CURRENCY.fullmatch(upper) else ""


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
    exponent = amount.as_tuple().exponent
    is_plain = isinstance(exponent, int) and abs(exponent) <= _AMOUNT_DIGITS_MAX
    if not is_plain or not 0 <= amount < _AMOUNT_MAX:
        return ""
    return format(amount.normalize(), "f")


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return ""
    return day.isoformat() if 2000 <= day.year <= 2200 else ""
