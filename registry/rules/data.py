"""The classes of data that a system may hold: a short, closed list, mildest first."""

from collections.abc import Mapping
from types import MappingProxyType

DATA_CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "public": "Public: anybody may read it",
        "internal": "Internal: for people of the company",
        "personal": "Personal: about somebody who can be named",
        "sensitive_personal": "Sensitive personal: health, beliefs, origin and the like",
        "payment": "Payment: cards, accounts and what is paid",
        "secret": "Secret: keys, passwords and what must not leave",
    }
)


def data_words(classes: object) -> str:
    """Return the classes as they read inside a sentence: personal and payment."""
    known = [
        key.replace("_", " ")
        for key in DATA_CLASSES
        if key
        in (classes if isinstance(classes, (list, tuple, set, frozenset)) else ())
    ]
    return " and ".join([", ".join(known[:-1]), known[-1]] if known[1:] else known)
