"""Generated rulebooks, requests and standings, small enough to meet each other often."""

from dataclasses import replace
from decimal import Decimal
from functools import cache

from hypothesis import strategies as st

from registry.rules.answers import Authority, Money, Reversibility, Risk, Turn
from registry.rules.rulebook import (
    ActionGroup,
    Allowance,
    Cap,
    CapKind,
    Ceiling,
    Check,
    DecidedBy,
    Effect,
    Guardrail,
    Level,
    Request,
    Rulebook,
    RunFacts,
    Stage,
    Standing,
    StopKind,
    StopRule,
    Tool,
    Waiver,
)
from registry.rules.verbs import Tier

SYSTEMS = ("billing", "orders")
VERBS = ("refund", "tag", "read", "send", "update")
PAIRS = [(system, verb) for system in SYSTEMS for verb in VERBS]
CATEGORIES = ("late", "damaged")
SIGNALS = ("conflicting_records", "legal", "emotion")
KEYS = ("first", "second", "third")
CHECKS = ("exists", "paid")

amounts = st.sampled_from(
    [Decimal(text) for text in ("0", "10", "25.00", "25.01", "60", "500")]
)
odd_numbers = st.sampled_from(
    [Decimal("NaN"), Decimal("Infinity"), Decimal("-1"), Decimal("-Infinity")]
)
confidences = st.sampled_from(
    [Decimal(text) for text in ("0", "0.4", "0.7", "0.9", "1")]
)
currencies = st.sampled_from(["EUR", "USD"])
risks = st.sampled_from(Risk)
reversibilities = st.sampled_from(Reversibility)
counts = st.integers(0, 3)
quorums = st.integers(-1, 3)


# Making a strategy takes longer than drawing from it, so each is made once.
@cache
def one_of(*values):
    return st.sampled_from(values)


@cache
def maybe(strategy):
    return st.none() | strategy


def asks_everyone(before, after):
    """Say whether a ruling asks for all the people that another one asked for."""
    asked = {turn.decided_by: turn.quorum for turn in after.turns[1:]}
    return all(
        asked.get(turn.decided_by, 0) >= turn.quorum for turn in before.turns[1:]
    )


@cache
def some(names):
    return st.lists(st.sampled_from(names), unique=True, max_size=3).map(tuple)


thens = st.lists(
    st.builds(Turn, st.sampled_from(list(DecidedBy)), st.integers(-1, 3)),
    unique_by=lambda turn: turn.decided_by,
    max_size=2,
).map(tuple)


@st.composite
def allowances(draw, system=None, verb=None):
    return Allowance(
        system=system or draw(one_of(*SYSTEMS)),
        verb=verb or draw(one_of(*VERBS)),
        authority=draw(one_of(Authority.ALLOWED, *Authority)),
        amount_max=draw(maybe(amounts)),
        currency=draw(maybe(currencies)),
        count_per_day=draw(maybe(counts)),
        quorum=draw(quorums),
        decided_by=draw(one_of(*DecidedBy)),
        reversibility=draw(maybe(reversibilities)),
        risk=draw(maybe(risks)),
        data_classes=draw(some(("personal", "payment"))),
        amount_field=draw(one_of("amount", "amount", "parts[].amount", None)),
        currency_field=draw(one_of("currency", None)),
        then=draw(thens),
    )


guardrails = st.builds(
    Guardrail,
    confidence_min=maybe(confidences),
    confidence_escalate=maybe(confidences),
    risk_review=maybe(risks),
    risk_escalate=maybe(risks),
    amount_review=maybe(amounts),
    amount_escalate=maybe(amounts),
    currency=maybe(currencies),
)
FACTS = (
    "args.reason",
    "args.amount",
    "category",
    "evidence",
    "resource_id",
    "before.total",
)


@st.composite
def params(draw, kind):
    match kind:
        case StopKind.MISSING_DATA:
            return {"fields": draw(some(FACTS))}
        case StopKind.CONFLICTING_RECORDS:
            pairs = draw(st.sampled_from([(), (("args.amount", "before.total"),)]))
            return {"signals": draw(some(SIGNALS)), "pairs": pairs}
        case StopKind.SENSITIVE_TOPIC:
            read = {
                "topics": draw(some(SIGNALS)),
                "words": draw(some(("lawyer", "refund"))),
            }
            limit = draw(maybe(amounts))
            if limit is not None:
                read |= {"amount_above": str(limit), "currency": draw(currencies)}
            return read
        case StopKind.LOW_CONFIDENCE:
            return {"below": str(draw(confidences))}
        case StopKind.OUTSIDE_CATEGORY:
            return draw(
                st.sampled_from(
                    [{}, {"categories": ("late",)}, {"categories": CATEGORIES}]
                )
            )
        case StopKind.TOOL_FAILURE:
            return draw(
                st.sampled_from(
                    [
                        {},
                        {"failures": 2},
                        {"within_steps": 3},
                        {"failures": 1, "within_steps": 5},
                    ]
                )
            )
        case _:
            return {"source": draw(st.sampled_from(["a", "b"]))}


@st.composite
def stop_rules(draw, key=None):
    kind = draw(one_of(*StopKind))
    return StopRule(
        key=key or draw(one_of(*KEYS)),
        kind=kind,
        effect=draw(one_of(*Effect)),
        sentence=draw(one_of("It says so.", "", "Or so.")),
        params=draw(params(kind)),
        applies_to=draw(some(VERBS)),
    )


@st.composite
def caps(draw, key=None):
    return Cap(
        key=key or draw(one_of(*KEYS)),
        kind=draw(one_of(*CapKind)),
        limit=draw(amounts),
        currency=draw(maybe(currencies)),
        window_hours=draw(one_of(1, 24)),
        verbs=draw(some(VERBS)),
    )


checks = st.builds(Check, name=st.sampled_from(CHECKS), required_for=some(VERBS))
waivers = st.builds(
    Waiver,
    system=st.sampled_from(SYSTEMS),
    verb=st.sampled_from(VERBS),
    amount_max=maybe(amounts),
    currency=currencies,
    under_review=st.booleans(),
)
DATA = ("personal", "payment")
ceilings = st.builds(
    Ceiling,
    level=st.sampled_from(Level),
    name=st.sampled_from(["north", "south"]),
    systems=some(SYSTEMS),
    verbs=some(VERBS),
    tiers=some(tuple(Tier)),
    authority=st.sampled_from([Authority.NEVER, Authority.REVIEW]),
    amount_max=maybe(amounts),
    currency=maybe(currencies),
    ai_models=st.sampled_from([(), (), ("small",)]),
    data_classes=st.sampled_from([(), (), ("payment",), DATA]),
    waivers=st.lists(waivers, max_size=2).map(tuple),
)


def keyed(strategy, key, size):
    return st.lists(strategy, max_size=size, unique_by=key).map(tuple)


tools = st.builds(
    lambda name, pair: Tool(name, *pair),
    st.sampled_from(KEYS),
    st.sampled_from(PAIRS),
)
retired = st.frozensets(st.tuples(st.sampled_from(SYSTEMS), st.sampled_from(KEYS)))


rows = st.lists(
    allowances(), max_size=8, unique_by=lambda row: (row.system, row.verb)
).map(lambda rows: {(row.system, row.verb): row for row in rows})
# Each part of a rulebook by its name, but for the groups of its rows.
parts = {
    "phase": one_of(4, 4, 4, 1, 2, 3, 5),
    "risk": risks,
    "currency": currencies,
    "allowances": rows,
    "guardrail": guardrails,
    "stop_rules": keyed(stop_rules(), lambda rule: rule.key, 2),
    "caps": keyed(caps(), lambda cap: cap.key, 2),
    "checks": keyed(checks, lambda check: check.name, 1),
    "categories": some(CATEGORIES),
    "tools": keyed(tools, lambda tool: tool.name, 2),
    "is_fixed": st.booleans(),
}


@st.composite
def action_groups(draw, actions=None):
    """Most of the time every row is in a group, sometimes not all of them."""
    actions = list(draw(rows)) if actions is None else actions
    kept = draw(st.sampled_from([actions, actions, actions, actions[1:], []]))
    return tuple(
        ActionGroup(name, frozenset(part))
        for name, part in (("first", kept[:2]), ("second", kept[2:]))
        if part
    )


@cache
def part_of_a_rulebook(name):
    """Give what one part of a rulebook may be, without the rest of it."""
    return action_groups() if name == "action_groups" else parts[name]


@st.composite
def _rulebooks(draw):
    drawn = {name: draw(strategy) for name, strategy in parts.items()}
    groups = draw(action_groups(list(drawn["allowances"])))
    return Rulebook(workflow="generated", version=1, **drawn, action_groups=groups)


@cache
def rulebooks():
    return _rulebooks()


claims = st.builds(Money, amounts | odd_numbers, currencies)
confidences_told = maybe(confidences | odd_numbers)
checks_told = st.lists(
    st.tuples(st.sampled_from(CHECKS), st.sampled_from(["pass", "pass", "fail", ""])),
    max_size=2,
).map(tuple)


@st.composite
def requests(draw):
    value = draw(amounts)
    currency = draw(one_of("EUR", "EUR", "USD"))
    args = draw(
        st.sampled_from(
            [
                {"amount": str(value), "currency": currency, "reason": "late"},
                {
                    "parts": [{"amount": str(value)}, {"amount": "1.00"}],
                    "currency": currency,
                },
                {"amount": "NaN", "currency": currency},
                {"amount": str(value)},
                {},
            ]
        )
    )
    claimed = draw(one_of("nothing", "what is asked", "anything"))
    claim = draw(claims) if claimed == "anything" else None
    if claimed == "what is asked":
        claim = Money(value, currency)
    return Request(
        verb=draw(one_of(*VERBS, "teleport")),
        system=draw(one_of(*SYSTEMS, "moon")),
        resource_id=draw(one_of(None, "1182")),
        args=args,
        amount=claim,
        confidence=draw(confidences_told),
        risk=draw(maybe(risks)),
        category=draw(maybe(one_of(*CATEGORIES, "other"))),
        reversibility=draw(maybe(reversibilities)),
        evidence_count=draw(one_of(0, 1)),
        before=draw(st.sampled_from([{}, {"total": str(value)}, {"total": "3"}])),
        checks=draw(checks_told),
        signals=frozenset(draw(some(SIGNALS))),
        model=draw(maybe(one_of("small", "big"))),
        title=draw(one_of("Ask", "Ask the lawyer")),
    )  # fmt: skip


stages = st.builds(
    Stage,
    tiers=st.frozensets(st.sampled_from(Tier)),
    verbs=st.frozensets(st.sampled_from(["read", "refund", "credit"])),
)


mostly = one_of(*[True] * 12, False)
ceilings_above = st.lists(ceilings, max_size=1).map(tuple)
data_of_a_system = st.frozensets(st.sampled_from(DATA))
used = st.dictionaries(st.sampled_from(KEYS), amounts | odd_numbers)
counted = st.sampled_from([{}, {}, {("billing", "refund"): 2}, None])
expressions = st.dictionaries(
    st.sampled_from(KEYS), st.sampled_from([True, False, False, None])
)
run_facts = st.builds(
    RunFacts,
    st.integers(0, 2),
    st.integers(0, 9),
    st.lists(st.integers(1, 9), max_size=2).map(tuple),
)


@st.composite
def standings(draw):
    """A standing without its rulebook; mostly open, so that the rulebook decides."""
    return Standing(
        rulebook=None,
        is_live=draw(mostly),
        is_paused=not draw(mostly),
        agent_is_active=draw(mostly),
        agent_model=None if draw(mostly) else "small",
        approved_systems=frozenset(SYSTEMS if draw(mostly) else SYSTEMS[:1]),
        known_systems=frozenset(SYSTEMS),
        approved_models=draw(one_of(None, None, None, frozenset({"small"}))),
        ceilings=draw(ceilings_above),
        system_data={system: draw(data_of_a_system) for system in SYSTEMS},
        run_is_on_hold=not draw(mostly),
        vacant_roles=() if draw(mostly) else ("risk_owner",),
        lapsed_training=() if draw(mostly) else ("reviewer",),
        stage=None if draw(mostly) else draw(stages),
        used=draw(used) if not draw(mostly) else {key: draw(amounts) for key in KEYS},
        day_counts=draw(counted),
        expressions=draw(expressions),
        run_facts=draw(maybe(run_facts)),
    )  # fmt: skip


def with_rows(book, changed):
    return replace(
        book, allowances={**book.allowances, (changed.system, changed.verb): changed}
    )
