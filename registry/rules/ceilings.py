"""Whether a ceiling binds: by place, by AI model, by class of data, and unless it is waived.

What is not known never lets an action past a ceiling: it sends it to a person.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import IntEnum

from registry.rules.amounts import ActionAmount, is_above, is_finite
from registry.rules.answers import Authority
from registry.rules.data import data_words
from registry.rules.rulebook import Allowance, Ceiling, Request, Waiver
from registry.rules.verbs import tier_of

SystemData = Mapping[str, frozenset[str]]
NOT_TOLD: frozenset[str] = frozenset()


class Binds(IntEnum):
    """A ceiling binds, does not, or nobody can tell."""

    NO = 0
    UNKNOWN = 1
    YES = 2


def is_placed(ceiling: Ceiling, system: str, verb: str) -> bool:
    """Return whether a ceiling is about this system, verb and its tier."""
    return (
        (not ceiling.systems or system in ceiling.systems)
        and (not ceiling.verbs or verb in ceiling.verbs)
        and (not ceiling.tiers or tier_of(verb) in ceiling.tiers)
    )


def binds_on_data(
    ceiling: Ceiling, of_system: frozenset[str], of_row: frozenset[str] = NOT_TOLD
) -> Binds:
    """Say whether the data touched is what a ceiling is about. A row can only add to it."""
    if not ceiling.data_classes:
        return Binds.YES
    if (of_system | of_row) & set(ceiling.data_classes):
        return Binds.YES
    return Binds.NO if of_system else Binds.UNKNOWN


def binds_on_model(ceiling: Ceiling, model: str | None) -> Binds:
    """Say whether the model named is one that a ceiling is about."""
    if not ceiling.ai_models:
        return Binds.YES
    named = (model or "").strip().casefold()
    if not named:
        return Binds.UNKNOWN
    return Binds(2 * (named in {each.strip().casefold() for each in ceiling.ai_models}))


def binds(
    ceiling: Ceiling, request: Request, row: Allowance | None, data: SystemData
) -> Binds:
    """Say whether a ceiling is about a request: as certain as its least certain part."""
    if not is_placed(ceiling, request.system, request.verb):
        return Binds.NO
    of_row = frozenset(row.data_classes) if row else NOT_TOLD
    return min(
        binds_on_data(ceiling, data.get(request.system, NOT_TOLD), of_row),
        binds_on_model(ceiling, request.model),
    )


def unknown_text(ceiling: Ceiling, request: Request, data: SystemData) -> str:
    """Say what is not known, so that a person decides."""
    named = f"The {ceiling.level} “{ceiling.name}” is about"
    if binds_on_data(ceiling, data.get(request.system, NOT_TOLD)) == Binds.UNKNOWN:
        words = data_words(ceiling.data_classes)
        return f"{named} {words} data, and nobody has said what data {request.system or 'the system'} holds."
    return f"{named} certain AI models, and the request does not name its model."


def waiver_for(
    ceiling: Ceiling, request: Request, amount: ActionAmount
) -> Waiver | None:
    """Return the mildest waiver that lets this request past a ceiling, if there is one."""
    found = [each for each in ceiling.waivers if _lets_past(each, request, amount)]
    return min(found, key=lambda each: each.under_review) if found else None


def _lets_past(waiver: Waiver, request: Request, amount: ActionAmount) -> bool:
    if (waiver.system, waiver.verb) != (request.system, request.verb):
        return False
    if waiver.amount_max is None:
        return True
    if not is_finite(waiver.amount_max) or amount.is_unreadable:
        return False
    money = amount.money
    return (
        money is not None
        and amount.is_mapped
        and not amount.has_unknown_currency
        and money.currency == waiver.currency
        and not is_above(money.value, waiver.amount_max)
    )


def in_cell(ceiling: Ceiling, system: str, verb: str) -> Iterator[Ceiling]:
    """Yield what is left of a ceiling in one cell of a workflow with waivers.

    It is never stricter than what the rulebook answers: for pages that say beforehand
    how far a cell reaches.
    """
    mine = [w for w in ceiling.waivers if (w.system, w.verb) == (system, verb)]
    left = replace(ceiling, waivers=())
    for waiver in sorted(mine, key=lambda each: each.under_review):
        if waiver.under_review and left.authority == Authority.NEVER:
            yield replace(left, authority=Authority.REVIEW)
        limit = left.amount_max
        if (
            waiver.amount_max is None
            or limit is not None
            and left.currency != waiver.currency
        ):
            return
        further = waiver.amount_max if limit is None else max(limit, waiver.amount_max)
        left = replace(left, amount_max=further, currency=waiver.currency)
    yield left
