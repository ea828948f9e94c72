"""The parts of a card: arguments, evidence, checks, words and moves, as finished values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from approvals.models import Decision, EvidenceOpening, Move, Proposal
from approvals.queries.mentioning import names_of
from approvals.rules.diff import shown
from approvals.rules.paths import LEAVES_MAX, Step, leaves
from approvals.rules.totals import totals_of
from portal.accounts.actors import Actor
from registry.rules.amounts import money_text
from registry.rules.answers import Money
from registry.rules.things import place_of
from registry.rules.verbs import verb_of
from runs.rules.phrases import rough

VALUE_SHOWN_MAX = 600
MOVES_SHOWN_MAX = 200
STALE_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class EvidenceShown:
    position: int
    label: str
    source: str
    url: str
    excerpt: str
    retrieved_at: datetime | None
    is_stale: bool
    is_opened: bool
    # How old it was when somebody decided; "" while nobody has.
    age_then: str = ""


@dataclass(frozen=True)
class CheckShown:
    label: str
    passed: bool | None
    note: str


@dataclass(frozen=True)
class MoveShown:
    """One line of what people and the agent did and said here."""

    who: str
    did: str
    text: str
    at: datetime
    is_agent: bool
    evidence: tuple[EvidenceShown, ...] = ()
    mentioned: tuple[str, ...] = ()


def facts_of(
    action: Mapping[str, object],
    amount: Money | None,
    literals: Mapping[tuple[Step, ...], str] | None = None,
) -> tuple[tuple[str, str], ...]:
    """Give the deed, its thing, its amount, and every argument as a line, from stored bytes.

    A long value is cut here and whole in the bytes.
    """
    verb = verb_of(str(action["verb"]))
    label = verb.label if verb else str(action["verb"])
    found = [("Action", f"{label} in {place_of(str(action['system']))}")]
    resource = action.get("resource")
    if isinstance(resource, Mapping):
        kind = text_of(resource.get("type")).replace("_", " ")
        found.append(("On", f"{kind} {text_of(resource.get('id'))}".strip()))
    args = action.get("args")
    is_said = isinstance(args, Mapping) and "amount" in args
    if amount is not None and not is_said:
        found.append(("Amount", money_text(amount).strip()))
    for position, leaf in enumerate(leaves(action.get("args") or {})):
        if position >= LEAVES_MAX or not leaf.steps:
            break
        # A number as it was sent: 1e2 is not shown as 100.
        text = (literals or {}).get(leaf.steps, shown(leaf.value))
        if len(text) > VALUE_SHOWN_MAX:
            text = text[:VALUE_SHOWN_MAX] + "… (cut here; see the bytes)"
        found.append((leaf.path, text))
    return tuple(found)


def totals_shown(
    action: Mapping[str, object], body: Mapping[str, object], amount: Money | None
) -> tuple[tuple[str, str], ...]:
    """Say how much and how many the action is about, and what was not told."""
    verb = verb_of(str(action["verb"]))
    return totals_of(
        action.get("args"),
        body.get("before"),
        has_amount=amount is not None,
        moves_money=verb is not None and verb.moves_money,
    )


def words_of(body: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    named = (
        ("", "description"),
        ("Why", "rationale"),
        ("If it goes wrong", "rollback_plan"),
    )
    return tuple(
        (label, text_of(body.get(name))) for label, name in named if body.get(name)
    )


def evidence_of(
    actor: Actor, proposal: Proposal, body: Mapping[str, object], now: datetime
) -> tuple[EvidenceShown, ...]:
    items = body.get("evidence")
    if not isinstance(items, list) or not items:
        return ()
    opened = set(
        EvidenceOpening.objects.filter(
            proposal=proposal, person_id=actor.id
        ).values_list("position", flat=True)
    )
    return tuple(
        _one_evidence(position, item, position in opened, proposal.resolved_at, now)
        for position, item in enumerate(items)
        if isinstance(item, Mapping)
    )


def _one_evidence(
    position: int,
    item: Mapping[str, object],
    is_opened: bool,
    decided_at: datetime | None,
    now: datetime,
) -> EvidenceShown:
    retrieved_at = _moment(item.get("retrieved_at"))
    age = (decided_at or now) - retrieved_at if retrieved_at else None
    url = _safe(text_of(item.get("url")))
    return EvidenceShown(
        position=position,
        label=text_of(item.get("label")),
        source=text_of(item.get("source")),
        # An excerpt and its link are shown once they are opened, so that opening counts.
        url=url if is_opened else "",
        excerpt=text_of(item.get("excerpt")) if is_opened else "",
        retrieved_at=retrieved_at,
        is_stale=age is not None and age > STALE_AFTER,
        is_opened=is_opened,
        age_then=rough(age.total_seconds()) if age is not None and decided_at else "",
    )


def checks_of(body: Mapping[str, object]) -> tuple[CheckShown, ...]:
    known = {"pass": True, "fail": False}
    items = body.get("checks")
    return tuple(
        CheckShown(
            label=text_of(check.get("name")),
            passed=known.get(text_of(check.get("status"))),
            note=text_of(check.get("detail")),
        )
        for check in (items if isinstance(items, list) else [])
        if isinstance(check, Mapping)
    )


def moves_of(
    proposal: Proposal, decisions: Sequence[Decision]
) -> tuple[MoveShown, ...]:
    rows = list(
        Move.objects.filter(proposal=proposal)
        .select_related("concerned")
        .order_by("moved_at", "id")[:MOVES_SHOWN_MAX]
    )
    names = names_of(identity for move in rows for identity in move.mentions)
    found = [
        MoveShown(
            who=move.actor_name,
            did=_deed(move),
            text=move.text,
            at=move.moved_at,
            is_agent=move.actor_kind == "agent",
            evidence=_answered_with(move.evidence),
            mentioned=tuple(names[one] for one in move.mentions if one in names),
        )
        for move in rows
    ]
    found += [
        MoveShown(
            who=decision.person.name,
            did=_verdict(decision),
            text=decision.message,
            at=decision.decided_at,
            is_agent=False,
        )
        for decision in decisions
    ]
    return tuple(sorted(found, key=lambda move: move.at))


def _deed(move: Move) -> str:
    said = move.get_kind_display()
    return f"{said} to {move.concerned.name}" if move.concerned else said


def _verdict(decision: Decision) -> str:
    said = decision.get_verdict_display()
    absent = decision.acting_for
    return f"{said} for {absent.name}" if absent else said


def _answered_with(items: Sequence[Mapping[str, object]]) -> tuple[EvidenceShown, ...]:
    """Show what an answer came with: whoever reads the answer reads it too."""
    return tuple(
        EvidenceShown(
            position=position,
            label=text_of(item.get("label")),
            source=text_of(item.get("source")),
            url=_safe(text_of(item.get("url"))),
            excerpt=text_of(item.get("excerpt")),
            retrieved_at=_moment(item.get("retrieved_at")),
            is_stale=False,
            is_opened=True,
        )
        for position, item in enumerate(items)
        if isinstance(item, Mapping)
    )


def _safe(url: str) -> str:
    return url if url.startswith(("https://", "http://")) else ""


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo else None


def text_of(value: object) -> str:
    return "" if value is None else str(value)
