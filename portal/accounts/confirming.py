"""Saying again who one is: a mark in the session, good for ten minutes.

High-risk approvals need it. The mark is this session's and this person's, goes with the
session, and is read into the actor, so that no page can forget to hand it on.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest  # noqa: TID251 - the mark lives in the session

from portal.core.clock import database_now, wall_clock

CONFIRMED_FOR = timedelta(minutes=10)
# Two clocks may differ a little; a mark from further ahead is none.
AHEAD_MAX = timedelta(minutes=1)
PASSWORD = "password"  # noqa: S105 - the name of a way, not a secret
SESSION_KEY, TYPED_KEY = "confirmed", "typed"
TYPED_MAX, FIELDS_MAX = 8000, 60


def remember_confirmation(request: HttpRequest, *, by: str) -> None:
    """Mark the session: this person just said again who they are, in this way."""
    request.session[SESSION_KEY] = {
        "person": str(request.user.pk),
        "at": wall_clock().timestamp(),
        "by": by,
    }


def confirmation_in(request: HttpRequest) -> tuple[datetime | None, str]:
    """Read when and how the person of this session last said who they are."""
    session = getattr(request, "session", None)
    mark = session.get(SESSION_KEY) if session is not None else None
    if not isinstance(mark, dict) or mark.get("person") != str(request.user.pk):
        return None, ""
    at = mark.get("at")
    if not isinstance(at, int | float):
        return None, ""
    return datetime.fromtimestamp(at, UTC), str(mark.get("by", ""))


def is_fresh(confirmed_at: datetime | None, *, now: datetime | None = None) -> bool:
    """Say whether a confirmation still stands, by the database's clock."""
    if confirmed_at is None:
        return False
    age = (now or database_now()) - confirmed_at
    return -AHEAD_MAX <= age <= CONFIRMED_FOR


def keep_typed(request: HttpRequest, *, address: str) -> None:
    """Keep what was typed into a form while its person says who they are."""
    fields: dict[str, Any] = {
        name: str(value)[:TYPED_MAX]
        for name, value in list(request.POST.items())[:FIELDS_MAX]
        if name not in ("csrfmiddlewaretoken", "password")
    }
    request.session[TYPED_KEY] = {"address": address, "fields": fields}


def typed_before(request: HttpRequest) -> Mapping[str, str]:
    """Give back, once, what was typed into the form of this address."""
    kept = request.session.get(TYPED_KEY)
    if not isinstance(kept, dict) or kept.get("address") != request.path:
        return {}
    del request.session[TYPED_KEY]
    return kept["fields"]
