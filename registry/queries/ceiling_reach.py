"""What a ceiling would change in what live workflows may do, before anybody sets it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Department, Team
from registry.models import RoleHolding
from registry.models.workflow import Role
from registry.queries.authority import (
    Above,
    CeilingOver,
    above_all,
    cells_in_force,
    narrowed_by,
)
from registry.queries.live_mark import LiveMark, live_mark
from registry.rules.answers import Authority
from registry.rules.data import DATA_CLASSES
from registry.rules.rulebook import Ceiling, Level
from registry.rules.verbs import VERBS, Tier

WORKFLOWS_SHOWN_MAX = 50
NOBODY = UUID(int=0)
# Eighteen digits, two of them behind the point, as the form and the column hold.
AMOUNT_MAX = Decimal("9999999999999999.99")
_NEVER = 2
_TOLD = (Role.BUSINESS_OWNER, Role.IT_OWNER)


@dataclass(frozen=True)
class CeilingSaid:
    """A ceiling as somebody wants it. Empty lists mean all there are."""

    level: str
    name: str
    sentence: str
    authority: str
    department: Department | None = None
    team: Team | None = None
    systems: Sequence[str] = ()
    verbs: Sequence[str] = ()
    tiers: Sequence[str] = ()
    ai_models: Sequence[str] = ()
    data_classes: Sequence[str] = ()
    amount_max: Decimal | None = None
    currency: str = ""
    accepted_because: str = field(default="", compare=False)

    @property
    def is_about_everything(self) -> bool:
        """Say whether it refuses whatever anybody asks, with no exception."""
        narrows = (
            *self.systems,
            *self.verbs,
            *self.tiers,
            *self.ai_models,
            *self.data_classes,
        )
        return self.authority == "never" and not narrows and self.amount_max is None

    @property
    def shape(self) -> Ceiling:
        """Give it as the rulebook reads it."""
        return Ceiling(
            level=Level(self.level),
            name=self.name,
            systems=tuple(self.systems),
            verbs=tuple(self.verbs),
            tiers=tuple(self.tiers),
            authority=Authority(self.authority),
            amount_max=self.amount_max,
            currency=self.currency or None,
            sentence=self.sentence,
            ai_models=tuple(self.ai_models),
            data_classes=tuple(self.data_classes),
        )

    @property
    def over(self) -> CeilingOver:
        return CeilingOver(
            department_id=self.department.id if self.department else None,
            team_id=self.team.id if self.team else None,
            ceiling=self.shape,
            waivers={},
        )


def said_in(sent: Mapping[str, Sequence[str]]) -> CeilingSaid | None:
    """Read a ceiling out of an address, as its form writes it; None for none. Two queries."""

    def one(name: str) -> str:
        values = sent.get(name) or [""]
        return values[-1].replace("\x00", "")[:300]

    def many(name: str) -> tuple[str, ...]:
        return tuple(each.replace("\x00", "")[:120] for each in sent.get(name) or ())

    level, _, identity = one("where").partition(":")
    try:
        place = UUID(identity) if identity else None
        amount = Decimal(one("amount_max")) if one("amount_max") else None
        authority = Authority(one("authority"))
    except (ValueError, InvalidOperation):
        return None
    team = Team.objects.select_related("department").filter(id=place or NOBODY).first()
    department = Department.objects.filter(id=place or NOBODY).first()
    found = {"enterprise": True, "department": department, "team": team}.get(level)
    if not found or amount is not None and not _is_amount(amount):
        return None
    return CeilingSaid(
        level=level,
        name=one("name"),
        sentence=one("sentence"),
        authority=authority.value,
        department=team.department if level == "team" and team else department,
        team=team if level == "team" else None,
        systems=many("systems"),
        verbs=tuple(each for each in many("verbs") if each in VERBS),
        tiers=tuple(each for each in many("tiers") if each in tuple(Tier)),
        ai_models=many("ai_models"),
        data_classes=tuple(
            each for each in many("data_classes") if each in DATA_CLASSES
        ),
        amount_max=amount,
        currency=one("currency")[:3],
    )


def _is_amount(amount: Decimal) -> bool:
    """Say whether a form would take it: an exponent is written out in every sentence."""
    if not amount.is_finite() or amount < 0:
        return False
    return amount <= AMOUNT_MAX and amount == round(amount, 2)


@dataclass(frozen=True)
class Touched:
    """One live workflow whose cells a ceiling would narrow."""

    slug: str
    name: str
    refused: int
    reviewed: int
    limited: int
    is_emptied: bool


@dataclass(frozen=True)
class CeilingReach:
    """What a ceiling would narrow: workflows that may be seen, and how many there are."""

    workflows: tuple[Touched, ...]
    count: int
    emptied: str


def ceiling_reach(
    *, actor: Actor, said: CeilingSaid, replaces: UUID | None = None
) -> CeilingReach:
    """Give what a ceiling would change in live workflows. Eight queries."""
    touched = _touched(said, replaces).order_by("workflow__name", "workflow_id")
    seen = access.visible(touched, actor=actor, workflow_path="workflow_id")
    return CeilingReach(
        workflows=tuple(
            Touched(
                slug=row["workflow__slug"],
                name=row["workflow__name"],
                refused=row["refused"],
                reviewed=row["reviewed"],
                limited=row["limited"],
                is_emptied=row["open_before"] > 0 and row["open_after"] == 0,
            )
            for row in seen[:WORKFLOWS_SHOWN_MAX]
        ),
        count=touched.count(),
        emptied=left_with_nothing(said, actor=actor, replaces=replaces) or "",
    )


@dataclass(frozen=True)
class Ground:
    """Everything that a ceiling's reach is read from: the same ground, the same answers."""

    above: Above
    live: LiveMark


def ground_of_reach() -> Ground:
    """Give what reaches would be read from at this moment. Four queries, no page read."""
    return Ground(above_all(), live_mark())


def owners_narrowed(
    said: CeilingSaid, *, replaces: UUID | None = None
) -> frozenset[UUID]:
    """Give who owns, in business or IT, a live workflow that a ceiling narrows. Four queries."""
    ids = _touched(said, replaces).values_list("workflow_id", flat=True)
    rows = RoleHolding.objects.filter(
        workflow__in=list(ids), role__in=_TOLD, person__is_active=True
    )
    return frozenset(rows.values_list("person_id", flat=True))


def left_with_nothing(
    said: CeilingSaid, *, actor: Actor, replaces: UUID | None = None
) -> str | None:
    """Name whom a ceiling would leave nothing at all; None for nobody. Six queries.

    What one may not see is counted and not named.
    """
    if said.authority != Authority.NEVER:
        return None
    if said.is_about_everything:
        return "every workflow below it"
    rows = _grouped(said, above_all(without=replaces))
    emptied = rows.filter(open_before__gt=0, open_after=0).order_by("workflow__name")
    count = emptied.count()
    if not count:
        return None
    seen = emptied
    if not actor.is_system:
        seen = access.visible(emptied, actor=actor, workflow_path="workflow_id")
    names = list(seen.values_list("workflow__name", flat=True)[:3])
    more = count - len(names)
    if not names:
        return f"{more} {'workflow' if more == 1 else 'workflows'} of others"
    return ", ".join(names) + (f" and {more} more" if more else "")


def _touched(said: CeilingSaid, replaces: UUID | None) -> QuerySet:
    rows = _grouped(said, above_all(without=replaces))
    return rows.filter(Q(refused__gt=0) | Q(reviewed__gt=0) | Q(limited__gt=0))


def _grouped(said: CeilingSaid, above: Above) -> QuerySet:
    """Count cells by workflow: newly refused, newly reviewed, newly limited, and left."""
    cells = narrowed_by(cells_in_force(above=above), above, said.over)
    return (
        cells.order_by()
        .values("workflow_id", "workflow__slug", "workflow__name")
        .annotate(
            refused=Count("id", filter=Q(then=_NEVER, answer__lt=_NEVER)),
            reviewed=Count("id", filter=Q(then=1, answer=0)),
            limited=Count(
                "id",
                filter=Q(then=0, answer=0, limit_then__isnull=False)
                & (Q(limit__isnull=True) | Q(limit_then__lt=F("limit"))),
            ),
            open_before=Count("id", filter=Q(answer__lt=_NEVER)),
            open_after=Count("id", filter=Q(then__lt=_NEVER)),
        )
    )
