"""How a company rolls AI out: few workflows at a time, and what makes one of them proven.

A department has three to five workflows that are not proven yet; the sixth needs a reason
on record. Proven is what four signed weeks have shown, and no late finding or open
incident speaks against.
"""

from dataclasses import dataclass

FOCUS_MIN, FOCUS_MAX = 3, 5
LIVE_DAYS = 28
SIGNED_WEEKS = 4
WEEKS_BACK = 8
PROVEN_WORDS = (
    f"Proven means: live for {LIVE_DAYS} days, {SIGNED_WEEKS} of the last {WEEKS_BACK} weeks"
    " of review signed, no finding late and no incident open."
)


@dataclass(frozen=True)
class ProofFacts:
    """What is true of a workflow today, as the portal counts it."""

    live_days: int
    signed_weeks: int
    findings_late: int
    incidents_open: int


@dataclass(frozen=True)
class ProofLine:
    text: str
    holds: bool


def proof_lines(facts: ProofFacts) -> tuple[ProofLine, ...]:
    """Say of each condition whether it holds, with the count that says so."""
    return (
        ProofLine(
            f"live for {facts.live_days} days, {LIVE_DAYS} are needed",
            facts.live_days >= LIVE_DAYS,
        ),
        ProofLine(
            f"{facts.signed_weeks} of the last {WEEKS_BACK} weeks signed,"
            f" {SIGNED_WEEKS} are needed",
            facts.signed_weeks >= SIGNED_WEEKS,
        ),
        ProofLine(f"{facts.findings_late} findings late", facts.findings_late == 0),
        ProofLine(f"{facts.incidents_open} incidents open", facts.incidents_open == 0),
    )


def is_proven_by(facts: ProofFacts) -> bool:
    """Say whether every condition holds."""
    return all(line.holds for line in proof_lines(facts))
