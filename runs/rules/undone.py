"""What was asked and never done, by our own records alone: whatever the agent says of it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from registry.rules.verbs import verb_of
from runs.rules import folding
from runs.rules.phrases import bare, count

NAMED_MAX = 6
_ENDINGS = {
    "rejected": "rejected",
    "expired": "not decided in time",
    "withdrawn": "withdrawn",
}


def words(state: Mapping[str, Any]) -> list[str]:
    """Say of each verb that its last request came to nothing, where none was done later.

    Silent where the records are not whole, or something was done without a grant.
    """
    asks = state.get("asks", {})
    if "beyond" in asks or folding.unauthorised(state):
        return []
    by_verb: dict[str, list[Mapping[str, Any]]] = {}
    for ask in sorted((a for a in asks.values() if "asked" in a), key=_asked_at):
        by_verb.setdefault(str(ask["asked"][2]), []).append(ask)
    return [
        text
        for verb, each in by_verb.items()
        if (text := _of_verb(verb, each, state)) is not None
    ]


def asked_more(
    told: Sequence[Mapping[str, Any]], others: Iterable[Mapping[str, Any]]
) -> list[str]:
    """Fold like requests together, and name those that are like none before them."""
    known = [_like(ask) for ask in told]
    again: Counter[tuple] = Counter()
    named: list[str] = []
    beyond: Counter[str] = Counter()
    for ask in others:
        like = _like(ask)
        if like in known:
            again[like] += 1
        elif len(named) < NAMED_MAX:
            known.append(like)
            named.append(f"It also asked to {_lower(bare(ask['asked'][1]))}")
        else:
            beyond[f"{like[0]} in {like[1]}"] += 1
    more = [
        f"It asked {count(number, 'more time')} to {like[0]} {like[2] or ''}".rstrip()
        + f" in {like[1]}"
        for like, number in again.items()
    ]
    rest = [
        f"It also asked to {what}, {count(n, 'time')}" for what, n in beyond.items()
    ]
    return [*named, *more, *rest]


def _of_verb(
    verb: str, asks: Sequence[Mapping[str, Any]], state: Mapping[str, Any]
) -> str | None:
    last = asks[-1]
    ended = None if last.get("redeemed") else _ended(last)
    waiting = [a for a in asks if folding.is_open(a) or _may_run(a)]
    if ended is None or waiting:
        return None
    done = [ask for ask in asks if ask.get("redeemed")]
    at = _asked_at(last)
    if any(ask.get("outcome", (at,))[0] >= at for ask in done):
        # Done, or not told whether, after it was refused: nothing certain can be said.
        return None
    nothing = "nothing more was" if done else "nothing was"
    what = _lower(bare(last["asked"][1])) or verb
    return f"It asked to {what} and was {ended}; {nothing} {_done(verb)}"


def _ended(ask: Mapping[str, Any]) -> str | None:
    endings = [ask[name] for name in ("resolved", "ended") if name in ask]
    if endings:
        return _ENDINGS.get(max(endings, key=lambda entry: entry[0])[1])
    return "refused" if ask.get("ruled", ("", ""))[1] == "refuse" else None


def _may_run(ask: Mapping[str, Any]) -> bool:
    left = set(ask.get("granted", {})) - set(ask.get("ran_out", {}))
    is_taken_back = ask.get("ended", ("", ""))[1] == "revoked"
    return bool(left - set(ask.get("redeemed", {}))) and not is_taken_back


def _done(verb: str) -> str:
    known = verb_of(verb)
    return known.past if known else f"done of “{verb.replace('_', ' ')}”"


def _like(ask: Mapping[str, Any]) -> tuple:
    asked = ask["asked"]
    return asked[2], asked[3], asked[6]


def _asked_at(ask: Mapping[str, Any]) -> str:
    return str(ask["asked"][0])


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
