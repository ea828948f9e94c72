"""Lines of the one page that print and plain text share."""

from datetime import UTC, datetime

from registry.queries.pages import OnePage


def kind_line(page: OnePage) -> str:
    """Say which version of the operating model it is, and where it stands."""
    state = "Live" if page.is_live else page.state_word
    return f"Operating model · version {page.number} · {state}"


def facts_line(page: OnePage) -> str:
    """Say phase, risk and what amounts are counted in."""
    facts = [
        f"Phase {page.phase}",
        f"{page.risk} risk",
        f"amounts in {page.currency}",
    ]
    if page.units:
        facts.append(f"counts {page.units}")
    return " · ".join(facts)


def moment_text(moment: datetime | None) -> str:
    """Write a moment so that it needs no clock of the reader: 21 Nov 2026, 08:00 UTC."""
    if moment is None:
        return ""
    at = moment.astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def iso_time(value: object) -> str:
    """Write a moment as files do; refuse anything else that JSON does not know."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"{type(value).__name__} does not go into a file")
