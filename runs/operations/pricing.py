"""Pricing model calls from their tokens, offline, by the list of a maintained library."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from genai_prices import Usage, __version__, calc_price

LIST = f"genai-prices {__version__}"
TOKENS_MAX = 10**9
_KEPT_NAMES = 1_000


def priced(facts: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    """Give the facts of a model call with its price, unless the agent told one.

    No query and no network: the list comes with the library. A model that is not in it
    is left without a price, which is said wherever the cost is shown.
    """
    tokens = {
        name: facts[name]
        for name in ("input_tokens", "output_tokens")
        if isinstance(facts.get(name), int) and 0 <= facts[name] <= TOKENS_MAX
    }
    if facts.get("cost") or not tokens:
        return dict(facts)
    names = _known(str(facts.get("model") or ""))
    if names is None:
        return dict(facts)
    model, provider = names
    try:
        found = calc_price(
            Usage(**tokens),
            model,
            provider_id=provider,
            genai_request_timestamp=at,
        )
    except (LookupError, ValueError):
        return dict(facts)
    price = {
        "value": f"{found.total_price:f}",
        "currency": "USD",
        "list": LIST,
        "model": f"{found.provider.id}/{found.model.id}",
    }
    return {**facts, "priced": price}


@lru_cache(maxsize=_KEPT_NAMES)
def _known(name: str) -> tuple[str, str | None] | None:
    """Find under which name the list knows a model: as told, or "provider/model"."""
    provider, slash, rest = name.partition("/")
    tries: list[tuple[str, str | None]] = [(name, None)]
    if slash:
        tries += [(rest, provider), (rest, None)]
    for model, owner in tries:
        try:
            calc_price(Usage(input_tokens=1), model, provider_id=owner)
        except (LookupError, ValueError):
            continue
        return model, owner
    return None
