"""What a run was about, so that another run about the same thing is recognised."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SUBJECTS_MAX = 3


@dataclass(frozen=True, order=True)
class Subject:
    """A thing in a system, as requests name it."""

    system: str
    resource: str


def subjects_of(state: Mapping[str, Any]) -> tuple[Subject, ...]:
    """Give what the requests of a run were about, the earliest first, each once."""
    asks = sorted(
        (ask["asked"] for ask in state.get("asks", {}).values() if "asked" in ask),
        key=lambda asked: str(asked[0]),
    )
    found = dict.fromkeys(
        Subject(str(asked[3] or ""), str(asked[6] or "").strip())
        for asked in asks
        if str(asked[6] or "").strip()
    )
    return tuple(found)[:SUBJECTS_MAX]


def words_of_again(subject: Subject, days: int) -> str:
    """Say that another run was about the same thing, and how soon."""
    when = {0: "the same day", 1: "a day later"}.get(days, f"{days} days later")
    return f"Another run about {subject.resource} began {when}."
