"""What the agent's words say that the action does not: numbers and recipients.

A word that is flagged is not a lie by itself; it is where a reviewer should look.
"""

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from approvals.rules.diff import shown
from approvals.rules.paths import leaves

FLAGS_MAX = 20
TEXT_READ_MAX = 20_000
_NUMBER = re.compile(r"(?<![\w.])\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_ACCOUNT = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}\b")


def unsupported(words: Iterable[str], facts: object) -> tuple[str, ...]:
    """Return numbers, addresses and accounts in `words` that are nowhere in `facts`."""
    known_numbers: set[str] = set()
    known_text = ""
    for leaf in leaves(facts):
        text = shown(leaf.value)
        known_text += "\n" + text.casefold()
        known_numbers |= {_plain(found) for found in _NUMBER.findall(text)}
    compact = known_text.replace(" ", "")
    flagged: dict[str, None] = {}
    for text in words:
        rest = text[:TEXT_READ_MAX]
        for pattern in (_ADDRESS, _ACCOUNT):
            for found in pattern.findall(rest):
                if found.casefold().replace(" ", "") not in compact:
                    flagged[found] = None
            rest = pattern.sub(" ", rest)
        for found in _NUMBER.findall(rest):
            if _plain(found) not in known_numbers:
                flagged[found] = None
    return tuple(flagged)[:FLAGS_MAX]


def _plain(number: str) -> str:
    bare = number.replace(",", "")
    try:
        return format(Decimal(bare).normalize(), "f")
    except InvalidOperation:
        return bare
