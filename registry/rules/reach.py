"""How far one cell of a matrix reaches: the most that any request about it can be answered.

`rule` decides each request; this says beforehand what the best of them would get, for
questions across workflows ("who may refund?"). It never says less than `rule` gives: a
property test ties the two. What a frozen version says by itself (`reach_within`) is kept
beside its rows; ceilings and the catalogue change and are put on top (`reach_under`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from registry.rules.answers import (
    Authority,
    Risk,
    authority_rank,
    highest_risk,
    risk_rank,
)
from registry.rules.ceilings import (
    NOT_TOLD,
    Binds,
    SystemData,
    binds_on_data,
    in_cell,
    is_placed,
)
from registry.rules.limits import is_ungrouped
from registry.rules.phases import PHASES
from registry.rules.rulebook import (
    NO_DATA,
    Allowance,
    Ceiling,
    DecidedBy,
    Guardrail,
    Rulebook,
)
from registry.rules.verbs import CONSEQUENCE, tier_of, verb_of


class MoneySeen(StrEnum):
    """Whether a request about a cell has an amount, and whether it can be read."""

    NONE = "none"
    UNREAD = "unread"
    READ = "read"


@dataclass(frozen=True)
class Reach:
    """The best answer of one cell. `amount_max` is what passes without a person."""

    authority: Authority
    amount_max: Decimal | None = None
    currency: str = ""
    money: MoneySeen = MoneySeen.NONE
    decided_by: str = DecidedBy.REVIEWERS
    quorum: int = 1
    level: str = "workflow"
    sentence: str = ""

    def stricter(self, authority: Authority, level: str, sentence: str) -> "Reach":
        """Return the reach with a stricter answer; a milder one changes nothing."""
        if authority_rank(authority) <= authority_rank(self.authority):
            return self
        return replace(self, authority=authority, level=level, sentence=sentence)

    def up_to(self, amount: Decimal, currency: str, level: str, why: str) -> "Reach":
        """Return the reach under one more limit of amount.

        A limit without an amount that can be read, or in another currency than a limit
        there is, lets nothing pass without a person.
        """
        if self.money != MoneySeen.READ:
            text = f"{why} No amount can be read, so a person decides."
            return self.stricter(Authority.REVIEW, level, text)
        if self.amount_max is None:
            return replace(self, amount_max=amount, currency=currency)
        if currency != self.currency:
            text = f"{why} It is in {currency}, another limit in {self.currency}."
            return self.stricter(Authority.REVIEW, level, text)
        return replace(self, amount_max=min(self.amount_max, amount))


def reach_within(row: Allowance, rulebook: Rulebook) -> Reach:
    """Return how far a cell reaches by its own page: row, guardrails and phase."""
    reach = Reach(
        authority=row.authority if verb_of(row.verb) else Authority.NEVER,
        currency=row.currency or rulebook.currency,
        money=_money(row),
        decided_by=str(row.decided_by),
        quorum=max(1, row.quorum),
    )
    if row.amount_max is not None:
        limit = row.currency or rulebook.currency
        reach = reach.up_to(row.amount_max, limit, "workflow", "The row has a limit.")
    if row.count_per_day is not None and row.count_per_day < 1:
        reach = reach.stricter(
            Authority.REVIEW, "workflow", "None a day pass without a person."
        )
    if tier_of(row.verb) in CONSEQUENCE:
        reach = _railed(reach, row, rulebook)
    if rulebook.phase not in PHASES:
        text = f"Phase {rulebook.phase} is unknown."
        return reach.stricter(Authority.NEVER, "phase", text)
    if is_ungrouped(rulebook, rulebook.phase, row.system, row.verb):
        text = "In phase 4 an agent acts only inside its action groups."
        reach = reach.stricter(Authority.NEVER, "phase", text)
    ceilings = PHASES[rulebook.phase].ceilings_for(is_fixed=rulebook.is_fixed)
    return reach_under(reach, row.system, row.verb, ceilings)


def reach_under(
    reach: Reach,
    system: str,
    verb: str,
    ceilings: Iterable[Ceiling],
    data: SystemData = NO_DATA,
) -> Reach:
    """Return what is left of a reach under ceilings, the strictest of them named.

    A ceiling over certain AI models leaves the others as far as they reached.
    """
    for whole in ceilings:
        how = binds_on_data(whole, data.get(system, NOT_TOLD))
        if whole.ai_models or how == Binds.NO or not is_placed(whole, system, verb):
            continue
        for ceiling in in_cell(whole, system, verb):
            level, why = str(ceiling.level), ceiling.sentence.strip()
            known = how == Binds.YES
            authority = ceiling.authority if known else Authority.REVIEW
            if ceiling.amount_max is None:
                reach = reach.stricter(authority, level, why)
            elif reach.money != MoneySeen.NONE or verb in ceiling.verbs:
                currency = ceiling.currency or reach.currency
                reach = reach.up_to(ceiling.amount_max, currency, level, why)
    return reach


def _money(row: Allowance) -> MoneySeen:
    if row.amount_field:
        return MoneySeen.READ
    verb = verb_of(row.verb)
    is_expected = row.amount_max is not None or (verb is not None and verb.moves_money)
    return MoneySeen.UNREAD if is_expected else MoneySeen.NONE


def _railed(reach: Reach, row: Allowance, rulebook: Rulebook) -> Reach:
    rail, risk = rulebook.guardrail, highest_risk(None, row.risk, rulebook.risk)
    if _rail_binds(rail.risk_escalate, risk) and reach.authority != Authority.NEVER:
        reach = replace(reach, decided_by=str(DecidedBy.ESCALATION_OWNER))
    for bound in (rail.risk_review, rail.risk_escalate):
        if _rail_binds(bound, risk):
            text = f"The guardrail sends every {risk}-risk action to a person."
            reach = reach.stricter(Authority.REVIEW, "guardrail", text)
    if reach.money == MoneySeen.NONE:
        return reach
    return _railed_amounts(reach, rail, rail.currency or rulebook.currency)


def _railed_amounts(reach: Reach, rail: Guardrail, currency: str) -> Reach:
    why = "The guardrail has a limit."
    for limit in (rail.amount_review, rail.amount_escalate):
        if limit is not None:
            reach = reach.up_to(limit, currency, "guardrail", why)
    return reach


def _rail_binds(bound: Risk | None, risk: Risk) -> bool:
    if bound is None:
        return False
    return bound not in tuple(Risk) or risk_rank(risk) >= risk_rank(bound)
