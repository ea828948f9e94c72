"""How an agent tells what it does, as its page shows it: what arrives, what is missing.

Everything is read from the last batches and the last runs, so that the page costs the
same after a year. Runs count only as far as the person may see their workflow.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Func, IntegerField, QuerySet

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Agent, AgentKind
from portal.audit.queries import denials_of
from registry.queries.across import assignments_seen_by
from registry.queries.agents import agents_seen_by, may_keep, who_keeps
from runs.models import InboxBatch, Run
from runs.rules.integrating import diagnosing, traits
from runs.rules.integrating.diagnosing import Answered, Gap
from runs.rules.integrating.fixes import Fix, fix_for
from runs.rules.integrating.recipes import (
    Place,
    Recipe,
    name_of,
    recipe_of,
    recipes_for,
)

BATCHES_MAX = 200
RUNS_MAX = 50
LISTED_MAX = 20
REASONS_MAX = 8
KEYS_LOOK_BACK = timedelta(days=7)
NO_WORKFLOW = "your-workflow"
_CONVENTIONS = {
    "openinference": "OpenInference",
    "openllmetry": "OpenLLMetry",
    "pydantic_ai": "Pydantic AI",
    "genai": "OpenTelemetry's GenAI",
    "plain": "no convention for AI agents",
}
_BAD_KEYS = {
    "key.revoked": "a revoked key",
    "key.expired": "an expired key",
    "key.scope": "a key that may not tell events",
}


@dataclass(frozen=True)
class Door:
    """What came through one door lately, in figures."""

    name: str
    convention: str
    first_at: datetime
    last_at: datetime
    batches: int
    events: int
    accepted: int
    rejected: int
    duplicate: int
    late: int
    quarantined: int


@dataclass(frozen=True)
class BadKey:
    """It knocks with a key that opens nothing."""

    what: str
    calls: int
    last_at: datetime
    is_mended: bool


@dataclass(frozen=True)
class Seen:
    """What was first and last heard of an agent; nothing yet if `first_at` is None."""

    agent_slug: str
    agent: str
    first_at: datetime | None
    last_at: datetime | None
    last_door: str
    waiting: int
    dead: int
    bad_key: BadKey | None


@dataclass(frozen=True)
class Reason:
    """Why events were not taken, with how many."""

    code: str
    detail: str
    count: int
    last_at: datetime
    batch_id: UUID


@dataclass(frozen=True)
class Mending:
    """A gap with its fix."""

    gap: Gap
    fix: Fix


@dataclass(frozen=True)
class Integration:
    """The whole diagnosis of one agent."""

    seen: Seen
    framework: str
    doors: tuple[Door, ...]
    answered: tuple[Answered, ...]
    runs: int
    mendings: tuple[Mending, ...]
    reasons: tuple[Reason, ...]
    recipes: tuple[Recipe, ...]
    recipe: Recipe
    workflow: str
    is_system_of_record: bool


def agent_seen_or_404(*, actor: Actor, slug: str) -> Agent:
    """Give an agent to somebody who may see it. At most four queries. Raises NotFound."""
    rows = agents_seen_by(actor).select_related("operator")
    return access.visible_or_404(rows, slug=slug)


def may_redrive(*, actor: Actor, agent: Agent) -> tuple[bool, str]:
    """Say whether somebody looks after an agent, and else who does."""
    if may_keep(actor, agent):
        return True, ""
    return False, who_keeps(agent)


def seen_of(agent: Agent, *, now: datetime) -> Seen:
    """Say when an agent was first and last heard of. Five queries."""
    rows = InboxBatch.objects.filter(agent=agent)
    first = rows.order_by("received_at", "id").values_list("received_at", flat=True)
    last = rows.order_by("-received_at", "-id").values_list("received_at", "form")
    newest = last.first()
    return Seen(
        agent_slug=agent.slug,
        agent=agent.name,
        first_at=first.first(),
        last_at=newest[0] if newest else None,
        last_door=InboxBatch.Form(newest[1]).label if newest else "",
        waiting=rows.filter(state=InboxBatch.State.PENDING).count(),
        dead=rows.filter(state=InboxBatch.State.DEAD).count(),
        bad_key=_bad_key(agent.id, newest[0] if newest else None, now),
    )


def integration_of(
    *, actor: Actor, slug: str, portal: str, way: str, now: datetime
) -> Integration:
    """Diagnose how an agent tells. About twenty queries, however much it sent.

    Raises NotFound for an agent that this person may not see.
    """
    agent = agent_seen_or_404(actor=actor, slug=slug)
    batches = list(_newest(agent))
    states = _states(actor, agent)
    carried = traits.together(batch.traits for batch in batches)
    forms = Counter(batch.form for batch in batches)
    framework = diagnosing.framework_of(forms, carried)
    place = Place(portal, agent.slug, _workflow(actor, agent))
    is_system = agent.kind == AgentKind.SYSTEM_OF_RECORD
    gaps = () if is_system else diagnosing.gaps_in(states, carried, now=now)
    recipes = recipes_for(place)
    wanted = way or recipe_of(framework) or "otel"
    return Integration(
        seen=seen_of(agent, now=now),
        framework="" if framework in ("native", "cloudevents") else name_of(framework),
        doors=_doors(agent, batches),
        answered=diagnosing.answered_in(states) if states else (),
        runs=len(states),
        mendings=tuple(
            Mending(gap, fix_for(gap.key, framework=framework, place=place))
            for gap in gaps
        ),
        reasons=_reasons(agent),
        recipes=recipes,
        recipe=next((each for each in recipes if each.key == wanted), recipes[0]),
        workflow=place.workflow if place.workflow != NO_WORKFLOW else "",
        is_system_of_record=is_system,
    )


def _newest(agent: Agent) -> QuerySet[InboxBatch]:
    length = Func(
        F("rejected"), function="jsonb_array_length", output_field=IntegerField()
    )
    return (
        InboxBatch.objects.filter(agent=agent)
        .defer("raw", "rejected")
        .annotate(rejected_count=length)
        .order_by("-received_at", "-id")[:BATCHES_MAX]
    )


def _states(actor: Actor, agent: Agent) -> list[dict[str, Any]]:
    rows = access.visible(
        Run.objects.filter(agent=agent), actor=actor, workflow_path="workflow_id"
    )
    folds = rows.order_by("-started_at", "-id").values_list("fold", flat=True)
    return [fold for fold in folds[:RUNS_MAX] if fold]


def _workflow(actor: Actor, agent: Agent) -> str:
    slugs = (
        assignments_seen_by(actor)
        .filter(agent=agent)
        .order_by("workflow__name", "id")
        .values_list("workflow__slug", flat=True)
    )
    return slugs.first() or NO_WORKFLOW


def _doors(agent: Agent, batches: Sequence[InboxBatch]) -> tuple[Door, ...]:
    by_form: dict[str, list[InboxBatch]] = {}
    for batch in batches:
        by_form.setdefault(batch.form, []).append(batch)
    return tuple(_door(agent, form, its) for form, its in by_form.items())


def _door(agent: Agent, form: str, batches: Sequence[InboxBatch]) -> Door:
    first = InboxBatch.objects.filter(agent=agent, form=form).order_by(
        "received_at", "id"
    )
    carried = traits.together(batch.traits for batch in batches)

    def total(name: str) -> int:
        return sum(getattr(batch, name) for batch in batches)

    return Door(
        name=str(InboxBatch.Form(form).label),
        convention=_conventions(carried),
        first_at=first.values_list("received_at", flat=True)[0],
        last_at=batches[0].received_at,
        batches=len(batches),
        events=total("event_count"),
        accepted=total("accepted"),
        rejected=total("rejected_count"),
        duplicate=total("duplicate"),
        late=total("late"),
        quarantined=total("quarantined"),
    )


def _conventions(carried: Mapping[str, Any]) -> str:
    counts = {name: carried.get(f"convention.{name}", 0) for name in _CONVENTIONS}
    known = sorted((name for name in counts if counts[name]), key=lambda n: -counts[n])
    # Spans around the agent follow none, and say nothing as long as others do.
    named = [name for name in known if name != "plain"] or known
    return ", ".join(_CONVENTIONS[name] for name in named)


def _reasons(agent: Agent) -> tuple[Reason, ...]:
    """Add up why events of the newest batches were not taken. One query."""
    rows = (
        InboxBatch.objects.filter(agent=agent)
        .exclude(rejected=[])
        .order_by("-received_at", "-id")
        .values_list("id", "received_at", "rejected")[:LISTED_MAX]
    )
    found: dict[tuple[str, str], list[Any]] = {}
    for batch_id, at, rejected in rows:
        for each in rejected:
            known = found.setdefault((each["code"], each["detail"]), [0, at, batch_id])
            known[0] += 1
    most = sorted(found.items(), key=lambda each: (-each[1][0], each[0]))
    return tuple(
        Reason(code, detail, count, at, batch_id)
        for (code, detail), (count, at, batch_id) in most[:REASONS_MAX]
    )


def _bad_key(agent_id: UUID, last_at: datetime | None, now: datetime) -> BadKey | None:
    found = denials_of(
        principal=f"agent:{agent_id}", since=now - KEYS_LOOK_BACK, at_most=200
    )
    bad = [each for each in found if each.code in _BAD_KEYS]
    if not bad:
        return None
    newest = bad[0]
    return BadKey(
        what=_BAD_KEYS[newest.code],
        calls=sum(each.count for each in bad if each.code == newest.code),
        last_at=newest.at,
        # Counted by the minute: what came in that very minute may have been before.
        is_mended=last_at is not None and last_at > newest.at + timedelta(minutes=1),
    )
