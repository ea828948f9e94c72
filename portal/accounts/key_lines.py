"""Keys as pages may show them: never a secret, and with the state in one word."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from portal.accounts.models import AgentKey

KEYS_SHOWN_MAX = 50
EXPIRES_SOON = timedelta(days=14)
LIVE, EXPIRES_SOON_STATE = "live", "expires soon"


@dataclass(frozen=True)
class KeyLine:
    """A key as it may be shown: never its secret."""

    id: UUID
    agent_id: UUID
    label: str
    hint: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    last_used_from: str
    state: str

    @property
    def is_live(self) -> bool:
        return self.state in (LIVE, EXPIRES_SOON_STATE)


def key_lines(*, agent_ids: Iterable[UUID], now: datetime) -> tuple[KeyLine, ...]:
    """Give the keys of some agents, the newest first. One query."""
    keys = AgentKey.objects.filter(agent__in=list(agent_ids))
    rows = keys.order_by("-created_at", "-id")[:KEYS_SHOWN_MAX]
    return tuple(key_line(key, now) for key in rows)


def key_line(key: AgentKey, now: datetime) -> KeyLine:
    return KeyLine(
        id=key.id,
        agent_id=key.agent_id,
        label=key.label,
        hint=key.hint,
        scopes=tuple(key.scopes),
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        last_used_from=str(key.last_used_from or ""),
        state=_state(key, now),
    )


def _state(key: AgentKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at <= now:
        return "expired"
    return EXPIRES_SOON_STATE if key.expires_at <= now + EXPIRES_SOON else LIVE
