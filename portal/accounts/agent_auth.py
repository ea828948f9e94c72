"""The door for agents: a valid key, within the rate limit, becomes a principal."""

from django.conf import settings
from django.http import HttpRequest  # noqa: TID251 - it is the door itself
from ninja.security import HttpBearer

from portal.accounts.keys import AgentPrincipal, authenticate
from portal.core.errors import Unauthenticated
from portal.core.rate_limit import RateLimit

_CALLS = RateLimit(
    per_second=getattr(settings, "AGENT_CALLS_PER_SECOND", 200),
    burst=getattr(settings, "AGENT_CALLS_BURST", 400),
)
# Guessing keys is slow for the guesser: ten wrong keys at once, then one a second.
_WRONG_KEYS = RateLimit(per_second=1, burst=10)


class AgentKeyAuth(HttpBearer):
    """`Authorization: Bearer cs_…`; sets `request.principal`, an AgentPrincipal."""

    openapi_bearerFormat = "cs_<prefix>_<secret>"

    def authenticate(self, request: HttpRequest, token: str) -> AgentPrincipal:
        try:
            principal = authenticate(f"Bearer {token}")
        except Unauthenticated:
            _WRONG_KEYS.spend(request.META.get("REMOTE_ADDR") or "unknown")
            raise
        _CALLS.spend(str(principal.agent_id))
        request.principal = principal  # type: ignore[attr-defined]
        return principal


agent_auth = AgentKeyAuth()


def principal_of(request: HttpRequest) -> AgentPrincipal:
    """Give whom a request speaks for, once `agent_auth` let it in."""
    principal = getattr(request, "principal", None)
    if not isinstance(principal, AgentPrincipal):
        raise Unauthenticated("Send your key as: Authorization: Bearer cs_…")
    return principal
