"""Known cases: how many each assessor gets, which ones, and whether a fault was caught."""

import hmac
from collections.abc import Iterable, Mapping
from hashlib import sha256

# A known case for every fifty runs, and at least one: two to five per cent of twenty or more.
EVERY = 50
NO = "no"


def how_many(queue: int) -> int:
    """Give how many known cases belong among so many runs of one assessor."""
    return -(-queue // EVERY) if queue > 0 else 0


def share_known(
    *, secret: bytes, queues: Mapping[str, int], pools: Mapping[str, Iterable[str]]
) -> dict[str, str]:
    """Give each assessor known cases that they have not read; the week's key chooses.

    A case goes to one assessor. Gives who reads each case that was chosen.
    """
    given: dict[str, str] = {}
    # The key also says who comes first, so that few cases do not always test the same person.
    for person in sorted(queues, key=lambda one: _rank(secret, one, "")):
        wanted = how_many(queues[person])
        free = [case for case in pools.get(person, ()) if case not in given]
        for case in sorted(free, key=lambda one: _rank(secret, person, one))[:wanted]:
            given[case] = person
    return given


def is_catch(known: Mapping[str, str]) -> bool:
    """Say whether a case has a fault to catch: one of its answers is "no"."""
    return NO in known.values()


def is_caught(known: Mapping[str, str], given: Mapping[str, str]) -> bool:
    """Say whether a reader said "no" where the known answer is "no"."""
    return any(answer == NO and given.get(key) == NO for key, answer in known.items())


def _rank(secret: bytes, person: str, case: str) -> bytes:
    return hmac.new(secret, f"known|{person}|{case}".encode(), sha256).digest()
