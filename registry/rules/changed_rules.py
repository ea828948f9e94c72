"""Differences in stop rules, caps, checks, tools and approved categories."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from registry.rules.amounts import decimal_of
from registry.rules.narrowing import (
    Change,
    Label,
    covers,
    is_higher,
    is_lower,
    label_when,
)
from registry.rules.rulebook import Cap, CapKind, Effect, Rulebook, StopRule
from registry.rules.sentences import (
    cap_sentence,
    check_sentence,
    listed,
    stop_rule_sentence,
)
from registry.rules.things import place_of
from registry.rules.verbs import name_of

_EFFECT_RANK = {effect: rank for rank, effect in enumerate(Effect)}


def stop_rule_changes(old: Rulebook, new: Rulebook) -> Iterator[Change]:
    before, after = (
        {rule.key: rule for rule in book.stop_rules} for book in (old, new)
    )
    yield from _keyed("stop_rules", "Stop rule", before, after, stop_rule_sentence)
    for key in sorted(before.keys() & after.keys()):
        yield from _stop_rule(before[key], after[key], old, new)


def cap_changes(old: Rulebook, new: Rulebook) -> Iterator[Change]:
    before, after = ({cap.key: cap for cap in book.caps} for book in (old, new))
    yield from _keyed(
        "caps",
        "Cap",
        before,
        after,
        lambda cap: cap_sentence(cap, currency=new.currency),
    )
    for key in sorted(before.keys() & after.keys()):
        if before[key] != after[key]:
            yield _cap(before[key], after[key], new)


def check_changes(old: Rulebook, new: Rulebook) -> Iterator[Change]:
    before, after = (
        {check.name: check for check in book.checks} for book in (old, new)
    )
    yield from _keyed("checks", "Check", before, after, check_sentence)
    for name in sorted(before.keys() & after.keys()):
        was, becomes = before[name].required_for, after[name].required_for
        if set(was) != set(becomes):
            text = f"Check changed. {check_sentence(after[name])}"
            yield Change(f"checks.{name}", text, label_when(covers(was, becomes)))


def tool_changes(old: Rulebook, new: Rulebook) -> Iterator[Change]:
    before, after = ({tool.name: tool for tool in book.tools} for book in (old, new))
    for name in sorted(before.keys() | after.keys()):
        was, becomes = before.get(name), after.get(name)
        if was == becomes:
            continue
        if becomes is None:
            text, is_narrower = f"Tool “{name}” is no longer mapped.", True
        else:
            text = f"Tool “{name}” now stands for {name_of(becomes.verb)} in {becomes.system}."
            is_narrower = False
        yield Change(f"tools.{name}", text, label_when(is_narrower))


def group_changes(old: Rulebook, new: Rulebook) -> Iterator[Change]:
    """Compare what may be written at all in phase 4; how it is called changes nothing."""
    before, after = (
        {action: group.name for group in book.action_groups for action in group.actions}
        for book in (old, new)
    )
    for system, verb in sorted(before.keys() | after.keys()):
        was, becomes = before.get((system, verb)), after.get((system, verb))
        if was == becomes:
            continue
        named = f"{name_of(verb)} in {place_of(system)}"
        if becomes is None:
            text, label = f"{named} is in no action group any more.", Label.NARROWING
        elif was is None:
            text, label = (
                f"{named} is now in the action group “{becomes}”.",
                Label.WIDENING,
            )
        else:
            text = f"{named} moved from the action group “{was}” to “{becomes}”."
            label = Label.NEUTRAL
        yield Change(f"action_groups.{system}.{verb}", text, label)


def category_changes(old: Rulebook, new: Rulebook) -> Iterator[Change]:
    before, after = set(old.categories), set(new.categories)
    if before == after:
        return
    # A rule without its own categories reads these; fewer of them means that it fires more often.
    text = (
        f"Approved categories are now {listed(tuple(sorted(after)), 'and') or 'none'}."
    )
    yield Change("categories", text, label_when(after < before))


def _keyed(
    part: str,
    named: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    sentence: Callable[[Any], str],
) -> Iterator[Change]:
    for key in sorted(after.keys() - before.keys()):
        text = f"{named} “{key}” added. {sentence(after[key])}"
        yield Change(f"{part}.{key}", text, Label.NARROWING)
    for key in sorted(before.keys() - after.keys()):
        text = f"{named} “{key}” removed. It said: {sentence(before[key])}"
        yield Change(f"{part}.{key}", text, Label.WIDENING)


def _stop_rule(
    before: StopRule, after: StopRule, old: Rulebook, new: Rulebook
) -> Iterator[Change]:
    path, named = f"stop_rules.{before.key}", f"Stop rule “{before.key}”"
    if before.kind != after.kind:
        text = (
            f"{named}: kind changed from {_words(before.kind)} to {_words(after.kind)}."
        )
        yield Change(f"{path}.kind", text, Label.WIDENING)
    if before.effect != after.effect:
        is_narrower = _EFFECT_RANK[after.effect] > _EFFECT_RANK[before.effect]
        text = f"{named}: effect changed from {before.effect} to {after.effect}."
        yield Change(f"{path}.effect", text, label_when(is_narrower))
    if set(before.applies_to) != set(after.applies_to):
        verbs = listed(tuple(map(name_of, after.applies_to)), "and") or "every verb"
        is_narrower = covers(before.applies_to, after.applies_to)
        yield Change(
            f"{path}.applies_to", f"{named}: now for {verbs}.", label_when(is_narrower)
        )
    if before.sentence != after.sentence:
        yield Change(
            f"{path}.sentence", f"{named}: its sentence was rewritten.", Label.NEUTRAL
        )
    if before.kind == after.kind:
        yield from _params(before, after, old, new, path, named)


def _params(
    before: StopRule,
    after: StopRule,
    old: Rulebook,
    new: Rulebook,
    path: str,
    named: str,
) -> Iterator[Change]:
    for key in sorted({*before.params, *after.params}):
        was, becomes = before.params.get(key), after.params.get(key)
        if was == becomes:
            continue
        if key == "categories":
            is_narrower = set(becomes or new.categories) <= set(was or old.categories)
        else:
            is_narrower = _is_narrower(before, key, was, becomes)
        text = f"{named}: {_words(key)} changed from {_said(was)} to {_said(becomes)}."
        yield Change(f"{path}.params.{key}", text, label_when(is_narrower))


def _is_narrower(before: StopRule, key: str, was: Any, becomes: Any) -> bool:
    """Return whether a stop rule with this parameter provably fires at least as often."""
    if key == "fields":
        return bool(was) and set(was) <= set(becomes or ())
    if key in ("signals", "pairs", "topics", "words"):
        return set(was or ()) <= set(becomes or ())
    if key == "amount_above":
        return is_lower(decimal_of(was), decimal_of(becomes))
    if key == "currency":
        return was is None and before.params.get("amount_above") is None
    if key == "below":
        return is_higher(decimal_of(was), decimal_of(becomes)) and was is not None
    if key == "failures":
        return is_lower(1 if was is None else was, 1 if becomes is None else becomes)
    if key == "within_steps":
        return was is not None and (becomes is None or becomes > was)
    return False


def _cap(before: Cap, after: Cap, new: Rulebook) -> Change:
    is_counted_alike = covers(before.verbs, after.verbs)
    if before.kind == CapKind.SPEND and before.verbs and not after.verbs:
        # A verb that a spend cap names needs an amount; among "every verb" it may have none.
        is_counted_alike = False
    is_narrower = (
        before.kind == after.kind
        and before.currency == after.currency
        and is_counted_alike
        and (after.limit == before.limit or is_lower(before.limit, after.limit))
        and after.window_hours >= before.window_hours
    )
    text = f"Cap “{before.key}” changed. {cap_sentence(after, currency=new.currency)}"
    return Change(f"caps.{before.key}", text, label_when(is_narrower))


def _words(name: str) -> str:
    return str(name).replace("_", " ")


def _said(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, tuple):
        parts = (
            " with ".join(part) if isinstance(part, tuple) else str(part)
            for part in value
        )
        return listed(tuple(parts), "and")
    return str(value)
