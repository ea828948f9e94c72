"""One address by everybody who may knock, as a row.

The letters stand for anonymous, agent, outsider, reviewer, owner, risk team, auditor,
administrator, in this order:
    L  led to signing in (a page), or told 401 (a machine)
    H  hidden: 404, as if it were not there
    D  denied: 403, with who can help
    I  in: past the door, whatever the form then comes to
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OPEN = "IIIIIIII"
PERSONS = "LLIIIIII"
SEEN = "LLHIIIII"
EDITORS = "LLHDIDDI"
PAUSERS = "LLHDIIDI"
REVIEWERS = "LLHIDDDD"
BREAKERS = "LLHDIIDD"
SIGNERS = "LLHDIIDI"
ADMINISTRATORS = "LLDDDDDI"
ASSESSORS = "LLHDIIDD"
KEEPERS = "LLHDDDDI"
MACHINES = "LILLLLLL"
TRAINERS = "LLDDDIDI"
IMPORTERS = "LLHHIHHI"
LINKERS = "LLHHIHHI"
KEEPS_SOMETHING = "LLDDIDDI"


@dataclass(frozen=True)
class Door:
    """One address and method, what is sent, and how each is answered."""

    name: str
    letters: str
    method: str = "get"
    form: Mapping[str, Any] = field(default_factory=dict)
    slug: str | None = None
