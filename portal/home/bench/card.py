"""What one card costs among a hundred proposals and among a hundred thousand.

One in fifty of the many is open; the rest is decided, for the card tells how the like of
it was decided before.
"""

from functools import partial
from typing import Any

from portal.home.bench.acts import Bench
from portal.home.bench.crowd import OPEN_ONE_IN, make_crowd
from portal.home.bench.measuring import milliseconds, ratio, timed

FEW = 100
MANY = 100_000
LOADS = 40
CARDS = 5


def card(bench: Bench, *, many: int = MANY) -> dict[str, Any]:
    """Measure the card of a few proposals, before and after the crowd came."""
    while len(bench.reviewed) < FEW:
        bench.ask("84.20")
    cards = [f"/inbox/{each['proposal']}/" for each in bench.reviewed[:CARDS]]
    few = milliseconds(_load(bench, cards))
    make_crowd(bench.stage.superuser_url, count=many)
    crowded = milliseconds(_load(bench, cards))
    return {
        "proposals_few": FEW,
        "proposals_many": FEW + many,
        "open_one_in": OPEN_ONE_IN,
        "few": few,
        "many": crowded,
        "many_over_few": ratio(crowded["p50_ms"], few["p50_ms"]),
    }


def _load(bench: Bench, paths: list[str]) -> list[float]:
    seconds = []
    for path in paths:
        seconds += timed(partial(_get, bench, path), times=LOADS // CARDS, warm=1)
    return seconds


def _get(bench: Bench, path: str) -> None:
    answer = bench.person.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"GET {path} gave {answer.status_code}")
