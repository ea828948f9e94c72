"""What a run, or an agent, cost: by model, with what each figure rests on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Agent
from portal.core.errors import NotFound
from registry.queries.across import workflow_names
from runs.models import RunEvent
from runs.queries.incidents import run_seen_by
from runs.rules.costing import basis_of, cost_of_call, is_model_cost, words_of
from runs.rules.phrases import money
from runs.rules.values import decimal_of, short

CALLS_MAX = 20_000
DAYS = 28
BASES = {
    "told": "told by the agent",
    "priced": "priced from tokens",
    "unknown": "no price is known for this model",
    "no_tokens": "came without tokens",
}


@dataclass(frozen=True)
class ModelCost:
    """The calls of one model that rest on the same thing."""

    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    cost: str
    basis: str
    list: str
    counts: bool


@dataclass(frozen=True)
class Told:
    """A cost that the agent told by itself."""

    what: str
    cost: str


@dataclass(frozen=True)
class CostPage:
    title: str
    id: UUID | None
    total: str
    basis: str
    models: tuple[ModelCost, ...]
    told: tuple[Told, ...]
    is_cut: bool


def run_cost(*, actor: Actor, run_id: UUID) -> CostPage:
    """Give what one run cost. Three queries. Raises NotFound."""
    run = run_seen_by(actor, run_id)
    rows = RunEvent.objects.filter(run_id=run.id, kind__in=("model.called", "cost"))
    return _page(run.title, run.id, rows, words_of(run.fold), basis_of(run.fold))


def agent_cost(*, actor: Actor, slug: str, now: datetime) -> CostPage:
    """Give what an agent's runs cost in four weeks, in the workflows this person sees.

    Four queries; served by runs_event_kind, one stretch of time a workflow.
    """
    agent = Agent.objects.filter(slug=slug).first()
    if agent is None or not actor.is_person:
        raise NotFound("There is no such agent.")
    seen = [each.id for each in workflow_names(actor=actor)]
    rows = RunEvent.objects.filter(
        workflow_id__in=seen,
        kind__in=("model.called", "cost"),
        at__gte=now - timedelta(days=DAYS),
        source_id=agent.id,
    )
    rows = access.visible(rows, actor=actor, workflow_path="workflow_id")
    return _page(agent.name, None, rows, None, "")


def _page(
    title: str, run_id: UUID | None, rows, total: str | None, basis: str
) -> CostPage:  # type: ignore[no-untyped-def]
    found = list(
        rows.order_by("-at", "-id").values_list("kind", "facts", "run_id")[
            : CALLS_MAX + 1
        ]
    )
    events = found[:CALLS_MAX]
    told_in = {
        run for kind, facts, run in events if kind == "cost" and is_model_cost(facts)
    }
    calls = [(facts, run) for kind, facts, run in events if kind == "model.called"]
    told = tuple(
        Told(
            short(facts.get("cost_kind"), 60) or "cost",
            money(facts.get("value"), facts.get("currency")),
        )
        for kind, facts, _ in events
        if kind == "cost"
    )
    return CostPage(
        title=title,
        id=run_id,
        total=total if total is not None else _total(events, told_in),
        basis=basis,
        models=_models(calls, told_in),
        told=told[:50],
        is_cut=len(found) > CALLS_MAX,
    )


def _models(
    calls: Iterable[tuple[dict, UUID]], told_in: set[UUID]
) -> tuple[ModelCost, ...]:
    groups: dict[tuple, list] = {}
    for facts, run in calls:
        cost = cost_of_call(facts)
        counts = not (cost.basis == "priced" and run in told_in)
        key = (
            short(facts.get("model"), 80),
            cost.basis,
            cost.currency,
            cost.source,
            counts,
        )
        sums = groups.setdefault(key, [0, 0, 0, Decimal(0)])
        sums[0] += 1
        for at, name in ((1, "input_tokens"), (2, "output_tokens")):
            sums[at] += facts[name] if isinstance(facts.get(name), int) else 0
        sums[3] += cost.value
    return tuple(
        ModelCost(
            model=model,
            calls=sums[0],
            input_tokens=sums[1],
            output_tokens=sums[2],
            cost=money(sums[3], currency) if currency else "",
            basis=BASES[basis],
            list=source,
            counts=counts,
        )
        for (model, basis, currency, source, counts), sums in sorted(
            groups.items(), key=lambda entry: (-entry[1][3], entry[0])
        )
    )


def _total(events: list, told_in: set[UUID]) -> str:
    sums: dict[str, Decimal] = {}
    for kind, facts, run in events:
        if kind == "cost":
            value, currency = decimal_of(facts.get("value")), facts.get("currency")
        else:
            cost = cost_of_call(facts)
            is_left = cost.basis == "priced" and run in told_in
            value, currency = cost.value, "" if is_left else cost.currency
        if value and currency:
            sums[currency] = sums.get(currency, Decimal(0)) + value
    return " and ".join(money(sums[name], name) for name in sorted(sums))
