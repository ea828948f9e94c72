"""Where notices are posted, as administrators see it."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.models import NoticeHook
from portal.accounts.notice_kinds import KINDS
from portal.accounts.queries import must_administrate
from portal.core.webhooks import secrets_of

HOOKS_MAX = 200


@dataclass(frozen=True)
class HookLine:
    """One address. Chat addresses are secrets by themselves, so only the host is shown."""

    id: UUID
    name: str
    host: str
    whom: str
    kinds: tuple[str, ...]
    is_on: bool
    last_at: datetime | None
    last_error: str
    secret: str


def hooks_for(actor: Actor) -> tuple[HookLine, ...]:
    """Give the addresses, by name. Raises Forbidden for who is no administrator."""
    must_administrate(actor)
    rows = NoticeHook.objects.filter(removed_at=None).select_related("department")
    return tuple(
        HookLine(
            id=row.id,
            name=row.name,
            host=urlsplit(row.url).hostname or "",
            whom=row.department.name if row.department else "The organisation",
            kinds=tuple(KINDS[key].label for key in row.kinds if key in KINDS),
            is_on=row.is_on,
            last_at=row.last_at,
            last_error=row.last_error,
            secret=secrets_of(row.id, 1)[0],
        )
        for row in rows.order_by("name", "id")[:HOOKS_MAX]
    )
