"""What every live workflow may do in the end, as SQL over the rows kept beside versions.

A row says how far its cell reaches by its own page; ceilings and the catalogue of systems
are put on top here, so that one statement answers for thousands of workflows. The same
is said by `rules.reach` for one cell; a test holds the two together.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    DecimalField,
    F,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Greatest, Least

from portal.accounts import access
from portal.accounts.actors import Actor
from registry.models import AllowanceRow, System, Workflow
from registry.models import Ceiling as CeilingRow
from registry.rules.answers import Authority
from registry.rules.phases import GROUPED, PHASES
from registry.rules.reach import Reach, binds, reach_under
from registry.rules.rulebook import Ceiling, Level
from registry.rules.verbs import CONSEQUENCE, VERBS, Tier, tier_of, verbs_of_tier

# The answers in rising strictness; a page sorts and filters by the number.
ANSWERS = (Authority.ALLOWED, Authority.REVIEW, Authority.NEVER)
RANK = {authority: rank for rank, authority in enumerate(ANSWERS)}
UNGROUPED = "In phase 4 an agent acts only inside its action groups."
NOT_APPROVED = "The system is not approved, so every request is refused."
_EVERY = Q(pk__isnull=False)
_AMOUNT = DecimalField(max_digits=24, decimal_places=6)


@dataclass(frozen=True)
class Above:
    """The ceilings in force, each with the department it binds (None: every one)."""

    ceilings: tuple[tuple[UUID | None, Ceiling], ...]
    approved: frozenset[str]

    def over(self, department_id: UUID) -> tuple[Ceiling, ...]:
        return tuple(
            ceiling
            for owner, ceiling in self.ceilings
            if owner is None or owner == department_id
        )


@dataclass
class _Conditions:
    """What the ceilings come to as conditions on a row."""

    never: Q = field(default_factory=Q)
    review: Q = field(default_factory=Q)
    limits: dict[str, list[tuple[Q, Decimal]]] = field(default_factory=dict)

    def any_in(self, currency: str) -> Q:
        return _any(condition for condition, _ in self.limits[currency])


def above_all() -> Above:
    """Read the ceilings in force and the approved systems. Two queries."""
    rows = CeilingRow.objects.filter(is_active=True).order_by("created_at", "id")
    return Above(
        ceilings=tuple((row.department_id, _shape(row)) for row in rows),
        approved=frozenset(
            System.objects.filter(is_approved=True).values_list("slug", flat=True)
        ),
    )


def cells_in_force(*, above: Above) -> QuerySet:
    """Give the rows of live versions with their `answer`, `limit` and its `currency_in`.

    Not run yet, and of every workflow: the caller keeps what may be seen.
    """
    conditions = _conditions(above)
    own = Case(
        When(reach=Authority.ALLOWED, then=Value(0)),
        When(reach=Authority.REVIEW, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    # By the version alone: joined by workflow and version, ten rows were expected where
    # a hundred thousand came, and they were sorted on disk.
    live = Workflow.objects.filter(live_version__isnull=False).values("live_version")
    return AllowanceRow.objects.filter(version__in=live).annotate(
        answer=Greatest(own, _from_above(conditions)),
        limit=_limit(conditions),
        currency_in=_currency(conditions),
    )


def visible_cells(*, actor: Actor, above: Above) -> QuerySet:
    """Give the rows in force of the workflows that this person may see."""
    return access.visible(
        cells_in_force(above=above), actor=actor, workflow_path="workflow_id"
    )


def verbs_in(tier: str) -> list[str]:
    """Give the verbs of one tier by its word."""
    return [verb.slug for verb in verbs_of_tier(Tier(tier))]


def reach_in_force(
    row: AllowanceRow, above: Above, department_id: UUID, phase: int
) -> Reach:
    """Say of one row what `cells_in_force` says, with the level that decides and why.

    `phase` is the one that the workflow is in.
    """
    reach = Reach(
        authority=Authority(row.reach),
        amount_max=row.reach_amount,
        currency=row.reach_currency,
        money=row.reach_money,  # type: ignore[arg-type]
        decided_by=row.decided_by,
        quorum=row.quorum,
        level=row.reach_level,
        sentence=row.reach_sentence,
    )
    if row.system not in above.approved:
        return reach.stricter(Authority.NEVER, "catalogue", NOT_APPROVED)
    if phase == GROUPED and tier_of(row.verb) in CONSEQUENCE and not row.action_group:
        return reach.stricter(Authority.NEVER, "phase", UNGROUPED)
    ceilings = (*above.over(department_id), *PHASES[phase].ceilings)
    return reach_under(reach, row.system, row.verb, ceilings)


def _conditions(above: Above) -> _Conditions:
    found = _Conditions(never=~Q(system__in=sorted(above.approved)))
    writes = [slug for slug, verb in VERBS.items() if verb.tier in CONSEQUENCE]
    found.never |= Q(workflow__phase=GROUPED, action_group="", verb__in=writes)
    for phase in PHASES.values():
        for ceiling in phase.ceilings:
            bound = Q(workflow__phase=phase.number) & _bound(None, ceiling)
            if ceiling.authority == Authority.NEVER:
                found.never |= bound
            else:
                found.review |= bound
    for department_id, ceiling in above.ceilings:
        bound = _bound(department_id, ceiling)
        if ceiling.amount_max is None:
            if ceiling.authority == Authority.NEVER:
                found.never |= bound
            else:
                found.review |= bound
            continue
        named = Q(verb__in=ceiling.verbs)
        found.review |= bound & (
            Q(reach_money="unread") | Q(reach_money="none") & named
        )
        counted = bound & Q(reach_money="read")
        limits = found.limits.setdefault(ceiling.currency or "", [])
        limits.append((counted, ceiling.amount_max))
    for currency in found.limits:
        here = found.any_in(currency)
        own = Q(reach_amount__isnull=False) & ~Q(reach_currency=currency)
        found.review |= here & own
        for other in found.limits:
            if other < currency:
                found.review |= here & found.any_in(other)
    return found


def _bound(department_id: UUID | None, ceiling: Ceiling) -> Q:
    bound = _EVERY
    if department_id is not None:
        bound &= Q(workflow__department=department_id)
    if ceiling.systems:
        bound &= Q(system__in=ceiling.systems)
    if ceiling.verbs or ceiling.tiers:
        anywhere = ceiling.systems[0] if ceiling.systems else ""
        verbs = [verb for verb in VERBS if binds(ceiling, anywhere, verb)]
        bound &= Q(verb__in=verbs)
    return bound


def _any(conditions: Iterable[Q]) -> Q:
    found = Q()
    for condition in conditions:
        found |= condition
    return found


def _from_above(conditions: _Conditions) -> Case:
    whens = [When(conditions.never, then=Value(2))]
    if conditions.review:
        whens.append(When(conditions.review, then=Value(1)))
    return Case(*whens, default=Value(0), output_field=IntegerField())


def _limit(conditions: _Conditions) -> F | Least:
    bounds = [
        Case(When(condition, then=Value(amount)), default=None, output_field=_AMOUNT)
        for limits in conditions.limits.values()
        for condition, amount in limits
    ]
    # LEAST of PostgreSQL leaves out what is null.
    return Least(F("reach_amount"), *bounds) if bounds else F("reach_amount")


def _currency(conditions: _Conditions) -> Case:
    whens = [When(reach_amount__isnull=False, then=F("reach_currency"))]
    whens += [
        When(conditions.any_in(currency), then=Value(currency))
        for currency in conditions.limits
    ]
    return Case(*whens, default=F("reach_currency"), output_field=CharField())


def _shape(row: CeilingRow) -> Ceiling:
    return Ceiling(
        level=Level(row.level),
        name=row.name,
        systems=tuple(row.systems),
        verbs=tuple(row.verbs),
        tiers=tuple(row.tiers),
        authority=Authority(row.authority),
        amount_max=row.amount_max,
        currency=row.currency or None,
        sentence=row.sentence,
    )
