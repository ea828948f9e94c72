"""Which level decides a cell of the matrix, and why: asked of the rulebook's own ceilings.

Each level is asked by itself with a request about the cell, by the same function that
rules on requests, so that what a page explains is what a ruling says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from registry.rules.amounts import ActionAmount, carries_money, money_text
from registry.rules.answers import (
    Answer,
    Authority,
    Money,
    Reason,
    authority_rank,
    most_severe,
)
from registry.rules.ceilings import SystemData, in_cell
from registry.rules.limits import ceiling_reasons
from registry.rules.rulebook import (
    NO_DATA,
    ActionGroup,
    Allowance,
    Ceiling,
    Level,
    Request,
    Rulebook,
    Standing,
)
from registry.rules.verbs import name_of

WORKFLOW = "workflow"
_SILENT_PHASE = 4


class _Anything(frozenset[tuple[str, str]]):
    """Every action there is."""

    def __contains__(self, item: object) -> bool:
        return True


_EVERYTHING = ActionGroup("everything", _Anything())
_A_BIT_MORE = Decimal("0.01")
_NO_AMOUNT = ActionAmount()


@dataclass(frozen=True)
class Voice:
    """One ceiling, or the phase, with the standing in which it alone is heard."""

    level: str
    name: str
    sentence: str
    rulebook: Rulebook
    standing: Standing
    above: Money | None = None
    ceiling: Ceiling | None = None


@dataclass(frozen=True)
class Said:
    """What one level says about a cell. With `above` it binds past that amount only.

    With `only` it is about some AI models, and the others are as free as they were.
    """

    level: str
    authority: Authority
    above: Money | None
    text: str
    name: str = ""
    only: str = ""


@dataclass(frozen=True)
class Decided:
    """What holds for a cell in the end: who decides it, and all that was said.

    `limit` is the amount from which the deciding level of the limit steps in.
    """

    authority: Authority | None
    level: str
    limit: Money | None
    limit_level: str
    said: tuple[Said, ...]
    why: str


def voices_over(
    rulebook: Rulebook,
    ceilings: Sequence[Ceiling],
    data: SystemData = NO_DATA,
    *,
    phase: int | None = None,
) -> tuple[Voice, ...]:
    """Return every level above a rulebook, the phase last; asked once for many cells.

    `phase` is the one that the workflow is in, where the page may be written for another.
    """
    quiet = replace(rulebook, phase=_SILENT_PHASE, action_groups=(_EVERYTHING,))
    found = [_voice_of(ceiling, quiet, data) for ceiling in ceilings]
    standing = Standing(rulebook=rulebook, phase=phase)
    return (*found, Voice(Level.PHASE.value, "", "", rulebook, standing))


def _voice_of(ceiling: Ceiling, quiet: Rulebook, data: SystemData) -> Voice:
    return Voice(
        level=ceiling.level.value,
        name=ceiling.name,
        sentence=ceiling.sentence.strip(),
        rulebook=quiet,
        standing=Standing(rulebook=quiet, ceilings=(ceiling,), system_data=data),
        above=Money(ceiling.amount_max, ceiling.currency or quiet.currency)
        if ceiling.amount_max is not None
        else None,
        ceiling=ceiling,
    )


def decide(
    allowance: Allowance | None, system: str, verb: str, voices: Sequence[Voice]
) -> Decided:
    """Return which level decides a cell. A level as strict as the workflow leaves it to it."""
    said = tuple(_said(allowance, system, verb, voices))
    if allowance is None:
        return Decided(None, WORKFLOW, None, WORKFLOW, said, "")
    authority, level, why = allowance.authority, WORKFLOW, ""
    for each in said:
        if each.only:
            continue
        if each.above is None and _is_stricter(each.authority, authority):
            authority, level, why = each.authority, each.level, each.text
    limit, limit_level = None, WORKFLOW
    if allowance.amount_max is not None and authority == Authority.ALLOWED:
        currency = allowance.currency or (voices[-1].rulebook.currency)
        limit = Money(allowance.amount_max, currency)
    for each in said:
        if (
            each.only
            or each.above is None
            or not _is_stricter(each.authority, authority)
        ):
            continue
        if limit is None or (
            each.above.currency == limit.currency and each.above.value < limit.value
        ):
            limit, limit_level = each.above, each.level
            why = each.text if level == WORKFLOW else why
    return Decided(authority, level, limit, limit_level, said, why)


def _said(allowance: Allowance | None, system: str, verb: str, voices: Sequence[Voice]):
    for voice in voices:
        for part in _parts_of(voice, system, verb):
            models = part.ceiling.ai_models if part.ceiling else ()
            request = Request(
                verb=verb, system=system, model=models[0] if models else None
            )
            amount = _NO_AMOUNT
            if part.above is not None:
                amount = ActionAmount(
                    money=Money(part.above.value + _A_BIT_MORE, part.above.currency),
                    is_expected=carries_money(request, allowance),
                    is_mapped=True,
                )
            reasons = tuple(
                ceiling_reasons(request, part.standing, part.rulebook, amount)
            )
            if reasons:
                yield _spoken(part, reasons, verb)


def _parts_of(voice: Voice, system: str, verb: str) -> tuple[Voice, ...]:
    """Return a voice as it is heard in one cell, where part of it may be waived."""
    if voice.ceiling is None or not voice.ceiling.waivers:
        return (voice,)
    left = in_cell(voice.ceiling, system, verb)
    return tuple(
        _voice_of(each, voice.rulebook, voice.standing.system_data) for each in left
    )


def _spoken(voice: Voice, reasons: tuple[Reason, ...], verb: str) -> Said:
    answer = most_severe(reason.answer for reason in reasons)
    authority = Authority.NEVER if answer == Answer.REFUSE else Authority.REVIEW
    past = f" above {money_text(voice.above)}" if voice.above else ""
    models = voice.ceiling.ai_models if voice.ceiling else ()
    only = " or ".join(models)
    by = f" by {only}" if only else ""
    sentence = voice.sentence or reasons[0].text
    if voice.ceiling and _is_stricter(voice.ceiling.authority, authority):
        sentence = reasons[0].text
    level = voice.level.capitalize()
    return Said(
        level=voice.level,
        authority=authority,
        above=voice.above,
        text=f"{level} says {authority.value} for every {name_of(verb)}{past}{by}: {sentence}",
        name=voice.name,
        only=only,
    )


def _is_stricter(one: Authority, other: Authority) -> bool:
    return authority_rank(one) > authority_rank(other)
