"""The door for agents: a valid key, within the rate limit, becomes a principal."""

from django.conf import settings
from django.http import HttpRequest  # noqa: TID251 - it is the door itself
from ninja.security import HttpBearer

from portal.accounts.keys import AgentPrincipal, DeadKey, authenticate
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
        return let_in(request, token)


def let_in(request: HttpRequest, token: str) -> AgentPrincipal:
    """Find whom a key speaks for and note it on the request.

    Raises Unauthenticated for a wrong key and TooMany beyond the rate limit.
    """
    address = request.META.get("REMOTE_ADDR") or ""
    try:
        principal = authenticate(f"Bearer {token}", address=address)
    except Unauthenticated as problem:
        if isinstance(problem, DeadKey):
            # For the count of denials only: the page of its agent says why.
            request.denied = (f"agent:{problem.agent_id}", problem.why)  # type: ignore[attr-defined]
        _WRONG_KEYS.spend(address or "unknown")
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
