"""Redeeming over HTTP by one agent and by sixteen, against a durable commit."""

from functools import partial
from typing import Any
from uuid import uuid4

from portal.home.bench.acts import AGENTS, RULINGS, Bench, commits
from portal.home.bench.measuring import milliseconds, ratio, rush

WARM = 5


def redeem(bench: Bench, *, times: int = RULINGS) -> dict[str, Any]:
    """Measure the use of grants, each once; what they stand on is asked before."""
    commit = milliseconds(commits(bench.stage))
    grants = [bench.ask("0.01") for _ in range(times * 2 + WARM)]
    for told in grants[:WARM]:
        _use(bench, told)
    told_by = {}
    for place, agents in enumerate((1, AGENTS)):
        first = WARM + place * times
        mine = grants[first : first + times]
        done = rush(partial(_use_nth, bench, mine), times=times, at_once=agents)
        spent = milliseconds(done.seconds)
        told_by[f"{agents}_agents"] = {
            **spent,
            "a_second": round(done.a_second, 1),
            "over_commit": ratio(spent["p50_ms"], commit["p50_ms"]),
        }
    return {"durable_commit": commit, **told_by}


def _use_nth(bench: Bench, grants: list[dict[str, Any]], number: int) -> None:
    _use(bench, grants[number])


def _use(bench: Bench, told: dict[str, Any]) -> None:
    if not told["grant"]:
        raise RuntimeError(f"asking gave no grant but {told['status']}")
    answer = bench.agent.post(
        "/api/v1/grants/redeem",
        json={
            "token": told["grant"]["token"],
            "action_digest": told["action_digest"],
        },
        headers={"Idempotency-Key": str(uuid4())},
    )
    if answer.status_code != 200:
        raise RuntimeError(f"redeeming gave {answer.status_code}: {answer.text[:300]}")
