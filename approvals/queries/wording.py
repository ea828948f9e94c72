"""The sentences about an action, made by the server from its stored bytes."""

from collections.abc import Mapping
from dataclasses import replace

from approvals.queries.envelope import request_of
from registry.rules.amounts import money_text
from registry.rules.answers import Money
from registry.rules.sentences import headline
from registry.rules.verbs import verb_of

HEADLINE_LENGTH_MAX = 400
LABEL_LENGTH_MAX = 70


def headline_of(
    body: Mapping[str, object], action: Mapping[str, object], amount: Money | None
) -> str:
    """Say what would happen, in words that the agent does not choose."""
    request = replace(request_of(body, action, is_edited=True), reversibility=None)
    return headline(request, amount).strip().rstrip(".")[:HEADLINE_LENGTH_MAX]


def doing(*, verb: str, said: str, amount: Money | None) -> str:
    """Name the deed for a button: "refund of EUR 84.20", "cancel booking 8XK2 …"."""
    known = verb_of(verb)
    if known and known.moves_money and amount is not None:
        return f"{known.label.lower()} of {money_text(amount).strip()}"
    short = said[:1].lower() + said[1:]
    if len(short) <= LABEL_LENGTH_MAX:
        return short
    return short[: LABEL_LENGTH_MAX - 1].rstrip() + "…"
