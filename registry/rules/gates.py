"""A gate between two phases: the evidence it needs, and when signed evidence is stale.

What is signed is the lines as they were read. A line's `mark` is what must not change: the
weeks that were signed and not how many runs there are by now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

GOOD_FOR = timedelta(days=14)


@dataclass(frozen=True)
class Evidence:
    """One thing that a gate needs: whether it is so now, in words, and where it is mended."""

    key: str
    label: str
    is_met: bool
    says: str
    mark: str
    href: str = ""
    mend: str = ""


def stored(lines: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Return the lines as a signed document holds them: addresses are no evidence."""
    return [
        {
            "key": each.key,
            "label": each.label,
            "is_met": each.is_met,
            "says": each.says,
            "mark": each.mark,
        }
        for each in lines
    ]


def substance(lines: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """Return what of the lines must stay as it is between reading, signing and moving."""
    return sorted([each["key"], each["is_met"], each["mark"]] for each in lines)


def unmet(lines: Sequence[Evidence]) -> tuple[Evidence, ...]:
    return tuple(each for each in lines if not each.is_met)


def stale(
    signed: Sequence[Mapping[str, Any]],
    current: Sequence[Evidence],
    *,
    gathered_at: datetime,
    now: datetime,
) -> tuple[str, ...]:
    """Say in sentences what of signed evidence no longer stands; nothing is fresh."""
    found = []
    before = {each["key"]: each for each in signed}
    if now - gathered_at > GOOD_FOR:
        found.append(f"The evidence was read more than {GOOD_FOR.days} days ago.")
    for line in current:
        was = before.pop(line.key, None)
        if was is None:
            found.append(f"{line.label}: it is asked for now, and nobody signed it.")
        elif was["mark"] != line.mark or was["is_met"] != line.is_met:
            found.append(
                f"{line.label}: signed was “{was['says']}”, now it is “{line.says}”."
            )
        elif not line.is_met:
            found.append(f"{line.label}: {line.says}")
    found += [f"{each['label']}: it can no longer be read." for each in before.values()]
    return tuple(found)
