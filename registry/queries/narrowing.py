"""What the registry list is narrowed to: read from an address, told as chips, put to SQL.

What cannot be read is left out, never an error: an address may be typed by hand.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from portal.accounts.models import Department, Person
from registry.models import OperatingModelVersion, RoleHolding, System, Workflow
from registry.models.version import VersionState
from registry.queries.authority import RANK, above_all, cells_in_force, verbs_in
from registry.queries.people import REQUIRED_ROLES
from registry.rules.answers import Authority
from registry.rules.gaps import ROLES
from registry.rules.verbs import VERBS, Tier

STATES = (
    ("live", "Live"),
    ("paused", "Paused"),
    ("waiting", "Waiting for signatures"),
    ("draft", "Draft"),
    ("ended", "Needs no AI"),
)
RISKS = (("high", "High"), ("medium", "Medium"), ("low", "Low"))
PHASES = tuple((str(phase), f"Phase {phase}") for phase in range(1, 6))
TIERS = tuple((tier.value, tier.value.capitalize()) for tier in Tier)
AUTHORITIES = (
    ("may", "May at all"),
    ("allowed", "Without a person"),
    ("review", "After review"),
    ("never", "Never"),
)
VACANCIES = (
    ("any", "Any role"),
    *((role.value, f"No {ROLES[role.value]}") for role in REQUIRED_ROLES),
)
SORTS = {
    "name": ("Name", ("name", "id")),
    "newest": ("Newest first", ("-created_at", "-id")),
    "department": ("Department", ("department__name", "name", "id")),
    "phase": ("Phase", ("phase", "name", "id")),
    "-phase": ("Highest phase", ("-phase", "name", "id")),
    "risk": ("Highest risk", ("-risk_rank", "name", "id")),
}
SEARCH_LENGTH_MAX = 100
WORDS_MAX = 6
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}", re.ASCII)
_RANKS = {
    "may": (0, 1),
    "allowed": (RANK[Authority.ALLOWED],),
    "review": (RANK[Authority.REVIEW],),
    "never": (RANK[Authority.NEVER],),
}
_KNOWN: Mapping[str, frozenset[str]] = {
    "state": frozenset(value for value, _ in STATES),
    "phase": frozenset(value for value, _ in PHASES),
    "risk": frozenset(value for value, _ in RISKS),
    "verb": frozenset(VERBS),
    "tier": frozenset(value for value, _ in TIERS),
    "authority": frozenset(_RANKS),
    "vacancy": frozenset(value for value, _ in VACANCIES),
    "sort": frozenset(SORTS) - {"name"},
}
_LABELS = {
    "q": "Words",
    "state": "State",
    "department": "Department",
    "owner": "Owner",
    "phase": "Phase",
    "risk": "Risk",
    "vacancy": "Vacant",
    "verb": "May",
    "tier": "Tier",
    "system": "In",
    "authority": "How",
}


@dataclass(frozen=True)
class ListFilter:
    """What the list is narrowed to and sorted by. Empty means everything, by name."""

    q: str = ""
    state: str = ""
    department: str = ""
    owner: str = ""
    phase: str = ""
    risk: str = ""
    vacancy: str = ""
    verb: str = ""
    tier: str = ""
    system: str = ""
    authority: str = ""
    sort: str = ""

    @property
    def is_filtered(self) -> bool:
        return replace(self, sort="") != ListFilter()

    @property
    def asks_authority(self) -> bool:
        return bool(self.verb or self.tier or self.system or self.authority)

    @property
    def order(self) -> tuple[str, ...]:
        return SORTS[self.sort or "name"][1]

    def pairs(self) -> dict[str, str]:
        """Give what the address carries, without what is empty."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True)
class Chip:
    """One filter in words, with the address's pairs that are left without it."""

    label: str
    value: str
    without: dict[str, str]


def filter_in(asked: Mapping[str, str]) -> ListFilter:
    """Read a filter out of an address; what cannot be read is left out."""
    said = {name: str(asked.get(name, "")) for name in _LABELS | {"sort": ""}}
    kept = {
        name: said[name] if said[name] in known else ""
        for name, known in _KNOWN.items()
    }
    for name in ("department", "system"):
        kept[name] = said[name] if _SLUG.fullmatch(said[name]) else ""
    kept["owner"] = _identity(said["owner"])
    kept["q"] = said["q"].replace("\x00", "").strip()[:SEARCH_LENGTH_MAX]
    return ListFilter(**kept)


def narrowed(rows: QuerySet, asked: ListFilter) -> QuerySet:
    """Keep the workflows that are asked for. Two queries where authority is asked."""
    rows = _in_words(rows, asked.q)
    if asked.department:
        rows = rows.filter(department__slug=asked.department)
    if asked.phase:
        rows = rows.filter(phase=int(asked.phase))
    if asked.risk:
        rows = rows.filter(risk=asked.risk)
    if asked.owner:
        owned = RoleHolding.objects.filter(
            person=UUID(asked.owner), role="business_owner"
        ).values("workflow")
        rows = rows.filter(id__in=owned)
    rows = _in_state(rows, asked.state)
    rows = _vacant(rows, asked.vacancy)
    return _that_may(rows, asked) if asked.asks_authority else rows


def in_words(rows: QuerySet, text: str) -> QuerySet:
    """Keep the workflows whose name or purpose holds every word of a text."""
    for word in text.split()[:WORDS_MAX]:
        rows = rows.filter(id__in=_named(word))
    return rows


def chips_of(asked: ListFilter) -> tuple[Chip, ...]:
    """Tell each filter in words. One query each for a department, owner or system."""
    pairs = asked.pairs()
    return tuple(
        Chip(
            _LABELS[name],
            _told(name, value),
            {key: other for key, other in pairs.items() if key != name},
        )
        for name, value in pairs.items()
        if name in _LABELS
    )


def _told(name: str, value: str) -> str:
    lists = {
        "state": STATES,
        "phase": PHASES,
        "risk": RISKS,
        "tier": TIERS,
        "authority": AUTHORITIES,
        "vacancy": VACANCIES,
    }
    if name in lists:
        return dict(lists[name])[value]
    if name == "verb":
        return VERBS[value].label
    found: str | None = value
    if name == "department":
        found = _name_of(Department.objects.filter(slug=value))
    elif name == "system":
        found = _name_of(System.objects.filter(slug=value))
    elif name == "owner":
        found = _name_of(Person.objects.filter(id=value))
    return found or "unknown"


def _name_of(rows: QuerySet) -> str | None:
    return rows.values_list("name", flat=True).first()


def _identity(text: str) -> str:
    try:
        return str(UUID(text)) if text else ""
    except ValueError:
        return ""


def _named(word: str) -> QuerySet:
    # Alone in a sub-select, so that the trigram indexes can answer it.
    return Workflow.objects.filter(
        Q(name__icontains=word) | Q(purpose__icontains=word)
    ).values("id")


def _in_words(rows: QuerySet, text: str) -> QuerySet:
    for word in text.split()[:WORDS_MAX]:
        people = Person.objects.filter(name__icontains=word).values("id")
        held = RoleHolding.objects.filter(person__in=people).values("workflow")
        rows = rows.filter(Q(id__in=_named(word)) | Q(id__in=held))
    return rows


def _in_state(rows: QuerySet, state: str) -> QuerySet:
    submitted = OperatingModelVersion.objects.filter(
        workflow=OuterRef("pk"), state=VersionState.SUBMITTED
    )
    if state == "paused":
        return rows.filter(paused_at__isnull=False)
    if state == "live":
        return rows.filter(paused_at=None, live_version__isnull=False)
    if state == "waiting":
        return rows.filter(Exists(submitted))
    if state == "draft":
        return rows.filter(~Exists(submitted), live_version=None, ended_as="")
    if state == "ended":
        return rows.exclude(ended_as="")
    return rows


def is_vacant(role: str = "any") -> Q:
    """Give the condition that nobody active holds a role, or one of the required ones.

    Who is complete is gathered once and hashed: a look for each role of each workflow
    took ten times as long over ten thousand of them.
    """
    roles = [each.value for each in REQUIRED_ROLES] if role == "any" else [role]
    complete = (
        RoleHolding.objects.filter(role__in=roles, person__is_active=True)
        .order_by()
        .values("workflow")
        .annotate(held=Count("id"))
        .filter(held=len(roles))
    )
    return ~Q(id__in=complete.values("workflow"))


def _vacant(rows: QuerySet, role: str) -> QuerySet:
    return rows.filter(is_vacant(role)) if role else rows


def _that_may(rows: QuerySet, asked: ListFilter) -> QuerySet:
    cells = cells_in_force(above=above_all())
    if asked.verb:
        cells = cells.filter(verb=asked.verb)
    if asked.tier:
        cells = cells.filter(verb__in=verbs_in(asked.tier))
    if asked.system:
        cells = cells.filter(system=asked.system)
    cells = cells.filter(answer__in=_RANKS[asked.authority or "may"])
    return rows.filter(id__in=cells.values("workflow"))
