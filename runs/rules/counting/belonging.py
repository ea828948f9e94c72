"""Which case a run belongs to and who asked, as its agent told; fingerprints, not names."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from runs.rules.events import Event, stamp_of
from runs.rules.values import short

TYPE_LENGTH_MAX = 80


@dataclass(frozen=True)
class Belonging:
    """A case, its type and its requester; each empty when the agent does not tell it."""

    case_hash: str = ""
    case_type: str = ""
    requester_hash: str = ""


@dataclass(frozen=True)
class Around:
    """What other settled runs of the same case, or for the same requester, say of this one."""

    is_newest_of_case: bool = True
    was_handed_before: bool = False
    is_reopened: bool = False
    came_back: bool = False


def belonging_of(events: Iterable[Event]) -> Belonging:
    """Read what the first event that names a case, a type or a requester says of it.

    Needs the events `run.started` and `asked` only.
    """
    events = list(events)
    found: dict[str, str] = {}
    started = (e for e in events if e.kind == "run.started" and not e.is_moment)
    for event in sorted(started, key=stamp_of):
        for name in ("case", "case_type", "requester"):
            value = event.facts.get(name)
            if isinstance(value, str) and value.strip():
                found.setdefault(name, value.strip())
    asked = (e for e in events if e.kind == "asked" and e.is_moment)
    for event in sorted(asked, key=stamp_of):
        category = event.facts.get("category")
        if isinstance(category, str) and category.strip():
            # Who tells no type of case tells what kind of action was asked for.
            found.setdefault("case_type", category.strip())
    return Belonging(
        case_hash=fingerprint(found.get("case", "")),
        case_type=short(found.get("case_type", ""), TYPE_LENGTH_MAX),
        requester_hash=fingerprint(found.get("requester", "")),
    )


def fingerprint(name: str) -> str:
    """Give what tells one name from another without keeping it; "" for no name."""
    return blake2b(name.encode(), digest_size=16).hexdigest() if name else ""
