"""What every live workflow may do in the end, as SQL over the rows kept beside versions.

A row says how far its cell reaches by its own page; ceilings and the catalogue of systems
are put on top here, so that one statement answers for thousands of workflows. The same
is said by `rules.reach` for one cell; a test holds the two together.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
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
from django.db.models.functions import Greatest, Least, Now

from portal.accounts import access
from portal.accounts.actors import Actor
from registry.models import AllowanceRow, CeilingWaiver, System, Workflow
from registry.models import Ceiling as CeilingRow
from registry.queries.retired_cells import retired_cells
from registry.rules.answers import Authority
from registry.rules.ceilings import in_cell, is_placed
from registry.rules.phases import GROUPED, PHASES
from registry.rules.reach import Reach, reach_under
from registry.rules.rulebook import Ceiling, Level, Waiver
from registry.rules.verbs import CONSEQUENCE, VERBS, Tier, tier_of, verbs_of_tier

# The answers in rising strictness; a page sorts and filters by the number.
ANSWERS = (Authority.ALLOWED, Authority.REVIEW, Authority.NEVER)
RANK = {authority: rank for rank, authority in enumerate(ANSWERS)}
UNGROUPED = "In phase 4 an agent acts only inside its action groups."
NOT_APPROVED = "The system is not approved, so every request is refused."
TOOL_RETIRED = "A tool that stands for it was retired, so every request is refused."
_EVERY = Q(pk__isnull=False)
_AMOUNT = DecimalField(max_digits=24, decimal_places=6)


@dataclass(frozen=True)
class CeilingOver:
    """A ceiling in force, whom it binds, and what is waived of it in which workflow."""

    department_id: UUID | None
    team_id: UUID | None
    ceiling: Ceiling
    waivers: Mapping[UUID, tuple[Waiver, ...]]

    def over(self, workflow: Workflow) -> bool:
        if self.team_id is not None:
            return self.team_id == workflow.team_id
        return self.department_id in (None, workflow.department_id)

    def of(self, workflow: Workflow) -> Ceiling:
        return replace(self.ceiling, waivers=self.waivers.get(workflow.id, ()))


@dataclass(frozen=True)
class Above:
    """The ceilings in force, what systems are approved, and what each of them holds."""

    ceilings: tuple[CeilingOver, ...]
    approved: frozenset[str]
    data: Mapping[str, frozenset[str]]
    # The rows of live pages that a retired tool stands for.
    retired: frozenset[UUID] = frozenset()

    def over(self, workflow: Workflow) -> tuple[Ceiling, ...]:
        return tuple(each.of(workflow) for each in self.ceilings if each.over(workflow))


@dataclass
class _Conditions:
    """What the ceilings come to as conditions on a row."""

    never: Q = field(default_factory=Q)
    review: Q = field(default_factory=Q)
    limits: dict[str, list[tuple[Q, Decimal]]] = field(default_factory=dict)

    def any_in(self, currency: str) -> Q:
        return _any(condition for condition, _ in self.limits[currency])


def above_all(*, without: UUID | None = None) -> Above:
    """Read the ceilings in force, their waivers, systems and retired tools. Four queries.

    `without` leaves one ceiling out, as where another takes its place.
    """
    rows = CeilingRow.objects.filter(is_active=True).order_by("created_at", "id")
    if without is not None:
        rows = rows.exclude(id=without)
    waived: dict[UUID, dict[UUID, tuple[Waiver, ...]]] = {}
    in_force = CeilingWaiver.objects.filter(
        ended_at=None, until_at__gt=Now(), ceiling__is_active=True
    )
    for each in in_force.order_by("id"):
        mine = waived.setdefault(each.ceiling_id, {})
        mine[each.workflow_id] = (*mine.get(each.workflow_id, ()), _waiver(each))
    systems = tuple(System.objects.values_list("slug", "is_approved", "data_classes"))
    return Above(
        ceilings=tuple(
            CeilingOver(
                row.department_id, row.team_id, shape_of(row), waived.get(row.id, {})
            )
            for row in rows
        ),
        approved=frozenset(slug for slug, is_approved, _ in systems if is_approved),
        data={slug: frozenset(classes) for slug, _, classes in systems if classes},
        retired=retired_cells(),
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


def narrowed_by(cells: QuerySet, above: Above, more: CeilingOver) -> QuerySet:
    """Add to rows in force what would hold under one more ceiling: `then`, `limit_then`."""
    conditions = _conditions(replace(above, ceilings=(*above.ceilings, more)))
    return cells.annotate(
        then=Greatest(F("answer"), _from_above(conditions)),
        limit_then=_limit(conditions),
    )


def visible_cells(*, actor: Actor, above: Above) -> QuerySet:
    """Give the rows in force of the workflows that this person may see."""
    return access.visible(
        cells_in_force(above=above), actor=actor, workflow_path="workflow_id"
    )


def verbs_in(tier: str) -> list[str]:
    """Give the verbs of one tier by its word."""
    return [verb.slug for verb in verbs_of_tier(Tier(tier))]


def reach_in_force(row: AllowanceRow, above: Above, workflow: Workflow) -> Reach:
    """Say of one row what `cells_in_force` says, with the level that decides and why."""
    phase = workflow.phase
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
    if row.id in above.retired:
        return reach.stricter(Authority.NEVER, "catalogue", TOOL_RETIRED)
    if phase == GROUPED and tier_of(row.verb) in CONSEQUENCE and not row.action_group:
        return reach.stricter(Authority.NEVER, "phase", UNGROUPED)
    of_phase = PHASES[phase].ceilings_for(is_fixed=row.is_fixed)
    ceilings = (*above.over(workflow), *of_phase)
    return reach_under(reach, row.system, row.verb, ceilings, above.data)


def _conditions(above: Above) -> _Conditions:
    found = _Conditions(never=_out_of_catalogue(above))
    writes = [slug for slug, verb in VERBS.items() if verb.tier in CONSEQUENCE]
    found.never |= Q(workflow__phase=GROUPED, action_group="", verb__in=writes)
    for phase in PHASES.values():
        here = Q(workflow__phase=phase.number)
        for ceiling in phase.ceilings:
            _put(found, ceiling, here & _bound(CeilingOver(None, None, ceiling, {})))
        for ceiling in phase.ceilings_on_reasoning:
            bound = _bound(CeilingOver(None, None, ceiling, {}))
            _put(found, ceiling, here & Q(is_fixed=False) & bound)
    for over in above.ceilings:
        for ceiling, bound in _parts(over):
            for known, more in _by_data(ceiling, bound, above.data):
                _put(found, replace(ceiling, authority=known), more)
    for currency in found.limits:
        here = found.any_in(currency)
        own = Q(reach_amount__isnull=False) & ~Q(reach_currency=currency)
        found.review |= here & own
        for other in found.limits:
            if other < currency:
                found.review |= here & found.any_in(other)
    return found


def _out_of_catalogue(above: Above) -> Q:
    refused = ~Q(system__in=sorted(above.approved))
    return refused | Q(id__in=sorted(above.retired)) if above.retired else refused


def _put(found: _Conditions, ceiling: Ceiling, bound: Q) -> None:
    if ceiling.amount_max is None:
        if ceiling.authority == Authority.NEVER:
            found.never |= bound
        else:
            found.review |= bound
        return
    named = Q(verb__in=ceiling.verbs)
    found.review |= bound & (Q(reach_money="unread") | Q(reach_money="none") & named)
    limits = found.limits.setdefault(ceiling.currency or "", [])
    limits.append((bound & Q(reach_money="read"), ceiling.amount_max))


def _parts(over: CeilingOver) -> Iterator[tuple[Ceiling, Q]]:
    """Yield a ceiling with the rows it binds; apart, what is left where it is waived."""
    if over.ceiling.ai_models:
        return
    bound = _bound(over)
    for workflow_id, waivers in over.waivers.items():
        for system, verb in sorted({(each.system, each.verb) for each in waivers}):
            cell = Q(workflow=workflow_id, system=system, verb=verb)
            for left in in_cell(replace(over.ceiling, waivers=waivers), system, verb):
                yield left, bound & cell
            bound &= ~cell
    yield over.ceiling, bound


def _by_data(
    ceiling: Ceiling, bound: Q, data: Mapping[str, frozenset[str]]
) -> Iterator[tuple[Authority, Q]]:
    """Yield the rows bound for certain, and those in systems of which nobody has told."""
    if not ceiling.data_classes:
        yield ceiling.authority, bound
        return
    wanted = set(ceiling.data_classes)
    holding = sorted(system for system, classes in data.items() if classes & wanted)
    yield ceiling.authority, bound & Q(system__in=holding)
    yield Authority.REVIEW, bound & ~Q(system__in=sorted(data))


def _bound(over: CeilingOver) -> Q:
    ceiling, bound = over.ceiling, _EVERY
    if over.team_id is not None:
        bound &= Q(workflow__team=over.team_id)
    elif over.department_id is not None:
        bound &= Q(workflow__department=over.department_id)
    if ceiling.systems:
        bound &= Q(system__in=ceiling.systems)
    if ceiling.verbs or ceiling.tiers:
        anywhere = ceiling.systems[0] if ceiling.systems else ""
        verbs = [verb for verb in VERBS if is_placed(ceiling, anywhere, verb)]
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


def shape_of(row: CeilingRow) -> Ceiling:
    """Give a ceiling as the rulebook reads it, without its waivers."""
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
        ai_models=tuple(row.ai_models),
        data_classes=tuple(row.data_classes),
    )


def _waiver(row: CeilingWaiver) -> Waiver:
    return Waiver(
        system=row.system,
        verb=row.verb,
        amount_max=row.amount_max,
        currency=row.currency or None,
        under_review=row.under_review,
    )
