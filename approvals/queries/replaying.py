"""Ruling on past requests twice: by the rulebook in force, and by another one.

Both answers come from the rulebook's own `rule`, in standings that differ in nothing but
the rulebook and what each has used of its caps so far. Nothing is kept here, and nothing
is asked of this moment: a replay gives the same whenever it is made.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from approvals.queries.envelope import mapping_of, request_of
from approvals.queries.history import Asked, read_again
from approvals.rules.backtests import (
    OTHERS,
    Change,
    Tally,
    Verdict,
    cause_of,
    change_of,
    has_room,
    kind_of,
    verdict_of,
    went_ahead,
)
from approvals.rules.ledgers import Ledger, Take, micros
from portal.core.errors import Problem
from registry.queries.expressions import expression_results
from registry.queries.rulebooks import RulebookInForce
from registry.rules.answers import Answer, Authority, Ruling
from registry.rules.authority import rule
from registry.rules.rulebook import (
    Ceiling,
    Level,
    Request,
    Rulebook,
    RunFacts,
    Standing,
    StopKind,
    Waiver,
)
from registry.rules.verbs import verb_of
from runs.queries.facts import run_facts_then

NOTHING_TOLD = RunFacts()


@dataclass(frozen=True)
class Replayed:
    """One request with both rulings."""

    asked: Asked
    request: Request
    before: Ruling
    after: Ruling
    change: Change
    verdict: Verdict
    cause: str


@dataclass
class Stretch:
    """What a stretch of requests came to."""

    tally: Tally = field(default_factory=Tally)
    rows: list[Replayed] = field(default_factory=list)
    takes: tuple[list[Take], list[Take]] = field(default_factory=lambda: ([], []))


def frozen_facts(facts: RulebookInForce) -> dict[str, Any]:
    """Give what both rulebooks stand on, as JSON that can be kept: the catalogue of now."""
    models = facts.approved_models
    return {
        "approved_systems": sorted(facts.approved_systems),
        "known_systems": sorted(facts.known_systems),
        "approved_models": None if models is None else sorted(models),
        "retired_tools": sorted(list(each) for each in facts.retired_tools),
        "ceilings": [
            {
                "level": each.level.value,
                "name": each.name,
                "systems": list(each.systems),
                "verbs": list(each.verbs),
                "tiers": [str(tier) for tier in each.tiers],
                "authority": each.authority.value,
                "amount_max": None if each.amount_max is None else str(each.amount_max),
                "currency": each.currency,
                "sentence": each.sentence,
                "ai_models": list(each.ai_models),
                "data_classes": list(each.data_classes),
                "waivers": [
                    {
                        "system": waiver.system,
                        "verb": waiver.verb,
                        "amount_max": None
                        if waiver.amount_max is None
                        else str(waiver.amount_max),
                        "currency": waiver.currency,
                        "under_review": waiver.under_review,
                    }
                    for waiver in each.waivers
                ],
            }
            for each in facts.ceilings
        ],
        "system_data": {
            system: sorted(classes)
            for system, classes in sorted(facts.system_data.items())
        },
    }


class Replay:
    """Rules on requests in their order; remembers what each rulebook has used so far."""

    def __init__(
        self,
        *,
        live: Rulebook | None,
        draft: Rulebook,
        facts: Mapping[str, Any],
        since: datetime | None,
        until: datetime,
    ) -> None:
        self.books = (live, draft)
        self.ledgers = (Ledger(live), Ledger(draft))
        self.since, self.until = since, until
        # How many rows of each kind are kept already.
        self.kept = Counter[str]()
        self._known = frozenset(facts["known_systems"])
        self._same_standing = _standing_of(facts)
        self._reads_runs = any(map(_reads_runs, self.books))

    def stretch(self, asked: Iterable[Asked]) -> Stretch:
        """Rule on the next requests. No query, or one where a rule reads what runs told."""
        asked = tuple(asked)
        told: Mapping = {}
        if self._reads_runs:
            told = run_facts_then((each.run_id, each.ruled_at) for each in asked)
        found = Stretch()
        for each in asked:
            is_counted = self.since is None or each.asked_at >= self.since
            facts = told.get((each.run_id, each.ruled_at), NOTHING_TOLD)
            try:
                body = read_again(each.received)
                request = request_of(body, mapping_of(body.get("action")))
            except (Problem, KeyError, ValueError):
                found.tally.unreadable += is_counted
                continue
            replayed = self._rule(each, request, facts, found)
            if is_counted:
                self._count(replayed, found)
        return found

    def _rule(
        self, asked: Asked, request: Request, run_facts: RunFacts, found: Stretch
    ) -> Replayed:
        at = micros(asked.asked_at)
        verdict = verdict_of(
            then=asked.answer,
            resolution=asked.resolution,
            resolved_at=asked.resolved_at,
            until=self.until,
        )
        before = self._answer(0, request, at, run_facts)
        after = self._answer(1, request, at, run_facts)
        for side, ruling in enumerate((before, after)):
            if self.ledgers[side].is_needed and _is_taken(
                ruling, asked.answer, verdict
            ):
                taken = self.ledgers[side].take(at, request, ruling)
                found.takes[side].append(taken)
        return Replayed(
            asked=asked,
            request=request,
            before=before,
            after=after,
            change=change_of(before.answer, after.answer),
            verdict=verdict,
            cause=cause_of(before, after).code,
        )

    def _answer(
        self, side: int, request: Request, at: int, run_facts: RunFacts
    ) -> Ruling:
        book, ledger = self.books[side], self.ledgers[side]
        standing = Standing(
            rulebook=book,
            is_live=book is not None,
            used=ledger.used(at),
            day_counts=ledger.day_counts(at),
            expressions=expression_results(rulebook=book, request=request)
            if book
            else {},
            run_facts=run_facts,
            **self._same_standing,
        )
        return rule(request, standing)

    def _count(self, replayed: Replayed, found: Stretch) -> None:
        before, after = replayed.before, replayed.after
        request = replayed.request
        found.tally.count(
            change=replayed.change,
            verb=request.verb if verb_of(request.verb) else OTHERS,
            system=request.system if request.system in self._known else OTHERS,
            cause=replayed.cause,
            verdict=replayed.verdict,
            money=after.amount or before.amount,
            path=(replayed.asked.answer, before.answer.value, after.answer.value),
        )
        if replayed.change == Change.SAME:
            found.tally.other_people += _goes_to(before) != _goes_to(after)
            found.tally.other_reason += _why(before) != _why(after)
        if has_room(self.kept, replayed.change, replayed.verdict):
            kind = kind_of(replayed.change, replayed.verdict)
            self.kept[kind] += 1
            found.tally.kept[kind] += 1
            found.rows.append(replayed)


def _standing_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Give the standing that both rulebooks share; what was only of a day is left out."""
    models = facts["approved_models"]
    return {
        "is_paused": False,
        "agent_is_active": True,
        "approved_systems": frozenset(facts["approved_systems"]),
        "known_systems": frozenset(facts["known_systems"]),
        "approved_models": None if models is None else frozenset(models),
        "retired_tools": frozenset(
            (system, name) for system, name in facts.get("retired_tools", ())
        ),
        "ceilings": tuple(_ceiling(each) for each in facts["ceilings"]),
        # A backtest from before systems said what they hold kept nothing of it.
        "system_data": {
            system: frozenset(classes)
            for system, classes in facts.get("system_data", {}).items()
        },
    }


def _ceiling(said: Mapping[str, Any]) -> Ceiling:
    amount = said["amount_max"]
    return Ceiling(
        level=Level(said["level"]),
        name=said["name"],
        systems=tuple(said["systems"]),
        verbs=tuple(said["verbs"]),
        tiers=tuple(said["tiers"]),
        authority=Authority(said["authority"]),
        amount_max=None if amount is None else Decimal(amount),
        currency=said["currency"],
        sentence=said["sentence"],
        ai_models=tuple(said.get("ai_models", ())),
        data_classes=tuple(said.get("data_classes", ())),
        waivers=tuple(_waiver(each) for each in said.get("waivers", ())),
    )


def _waiver(said: Mapping[str, Any]) -> Waiver:
    amount = said["amount_max"]
    return Waiver(
        system=said["system"],
        verb=said["verb"],
        amount_max=None if amount is None else Decimal(amount),
        currency=said["currency"],
        under_review=said["under_review"],
    )


def _reads_runs(rulebook: Rulebook | None) -> bool:
    rules = rulebook.stop_rules if rulebook else ()
    return any(each.kind == StopKind.TOOL_FAILURE for each in rules)


def _is_taken(ruling: Ruling, then: str, verdict: Verdict) -> bool:
    """Say whether a request goes ahead in the replay, and so takes from the caps.

    What the rulebook allows does. What it sends to people does if it really went ahead;
    what they would have said otherwise nobody knows.
    """
    if ruling.answer == Answer.ALLOW:
        return True
    return ruling.answer != Answer.REFUSE and went_ahead(then, verdict)


def _goes_to(ruling: Ruling) -> tuple[Any, ...]:
    if ruling.answer in (Answer.ALLOW, Answer.REFUSE):
        return ()
    return ruling.decided_by, ruling.quorum, ruling.turns


def _why(ruling: Ruling) -> tuple[str, str | None]:
    return ruling.reasons[0].code, ruling.reasons[0].rule
