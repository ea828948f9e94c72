"""Grant tokens: an HMAC of the grant's id under a key that changes every month.

So the same token can be told again to the agent that owns it, while the database keeps
only its hash. The key is derived from the portal's secret and never stored.
"""

import base64
import hashlib
import hmac
from datetime import datetime
from uuid import UUID

from django.conf import settings

_MARK = "csg"
TOKEN_LENGTH_MAX = 200


def key_id_at(moment: datetime) -> str:
    """Name the key of a month."""
    return f"{moment:%Y%m}"


def token_of(*, grant_id: UUID, key_id: str) -> str:
    """Give the token of a grant. No query."""
    secret = hmac.digest(
        settings.SECRET_KEY.encode(), f"countersign.grant.{key_id}".encode(), "sha256"
    )
    mac = hmac.digest(secret, grant_id.bytes, "sha256")
    return f"{_MARK}_{key_id}_{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def hash_of(token: str) -> bytes:
    """Give what is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
