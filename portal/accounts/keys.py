"""How an agent proves who it is: `Authorization: Bearer cs_<prefix>_<secret>`.

The secret has 256 random bits, is shown once and kept as SHA-256, so a slow hash
would protect nothing and would cost every request.
"""

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from portal.accounts.actors import Actor, agent_actor
from portal.accounts.models import AgentKey
from portal.core.clock import database_now
from portal.core.errors import Forbidden, Unauthenticated

SCOPES = ("actions", "events", "read", "changes")
DEFAULT_SCOPES = ("actions", "events", "read")
WRONG_KEY = "The key is not valid, has expired or was revoked."
_MARK = "cs"
_USED_EVERY = timedelta(minutes=1)
_KEY_LENGTH_MAX = 200


@dataclass(frozen=True)
class NewKey:
    """A key as it is shown once."""

    text: str
    prefix: str
    secret_hash: bytes
    hint: str


@dataclass(frozen=True)
class AgentPrincipal:
    """Who a valid key speaks for."""

    agent_id: UUID
    agent_slug: str
    agent_name: str
    kind: str
    key_id: UUID
    scopes: frozenset[str]
    operator_id: UUID | None
    key_owner_id: UUID | None

    @property
    def actor(self) -> Actor:
        return agent_actor(agent_id=self.agent_id, name=self.agent_name)

    def needs(self, scope: str) -> None:
        """Raise Forbidden unless the key has this scope."""
        if scope not in self.scopes:
            raise Forbidden(
                f"This key may not use {scope}; it may use {', '.join(sorted(self.scopes))}.",
                code="key.scope",
                who_can_help="The owner of the agent can issue a key with this scope.",
            )


def make_key() -> NewKey:
    """Mint a key; nothing is stored."""
    prefix = secrets.token_hex(6)
    secret = secrets.token_urlsafe(32)
    return NewKey(
        text=f"{_MARK}_{prefix}_{secret}",
        prefix=prefix,
        secret_hash=_hash(secret),
        hint=secret[-4:],
    )


class DeadKey(Unauthenticated):
    """A key with the right secret that lives no more: its agent may be told on its page.

    Whoever sent it hears the same sentence as for any wrong key.
    """

    def __init__(self, detail: str, *, agent_id: UUID, why: str) -> None:
        super().__init__(detail)
        self.agent_id = agent_id
        self.why = why


def authenticate(header: str | None, *, address: str = "") -> AgentPrincipal:
    """Find whom a header speaks for. One query, and one more a minute.

    Raises Unauthenticated for anything but a live key, with one sentence for all, so
    that guessing learns nothing.
    """
    prefix, secret = _split(header)
    key = AgentKey.objects.select_related("agent").filter(prefix=prefix).first()
    expected = bytes(key.secret_hash) if key else bytes(32)
    is_right = hmac.compare_digest(expected, _hash(secret))
    now = database_now()
    if key is None or not is_right:
        raise Unauthenticated(WRONG_KEY)
    if key.revoked_at or key.expires_at <= now:
        why = "key.revoked" if key.revoked_at else "key.expired"
        raise DeadKey(WRONG_KEY, agent_id=key.agent_id, why=why)
    if key.last_used_at is None or now - key.last_used_at > _USED_EVERY:
        AgentKey.objects.filter(
            Q(last_used_at=None) | Q(last_used_at__lt=now - _USED_EVERY), id=key.id
        ).update(last_used_at=now, last_used_from=_plain_address(address))
    return AgentPrincipal(
        agent_id=key.agent_id,
        agent_slug=key.agent.slug,
        agent_name=key.agent.name,
        kind=key.agent.kind,
        key_id=key.id,
        scopes=frozenset(key.scopes),
        operator_id=key.agent.operator_id,
        key_owner_id=key.created_by_id,
    )


def _plain_address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _split(header: str | None) -> tuple[str, str]:
    scheme, _, text = (header or "").partition(" ")
    parts = text.strip().split("_", 2)
    if (
        scheme.lower() != "bearer"
        or len(parts) != 3
        or parts[0] != _MARK
        or len(text) > _KEY_LENGTH_MAX
        or "\x00" in text
    ):
        raise Unauthenticated("Send your key as: Authorization: Bearer cs_…")
    return parts[1], parts[2]


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
