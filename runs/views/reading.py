"""Reading what a form of ours sent: an id, a day; None when it is none."""

from datetime import date
from uuid import UUID


def id_in(text: str | None) -> UUID | None:
    """Read an id that a form of ours sent; None when it is none."""
    try:
        return UUID(text or "")
    except ValueError:
        return None


def day_in(text: str | None) -> date | None:
    """Read a day that a form of ours sent; None when it is none."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
