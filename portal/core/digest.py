"""Digests: SHA-256 over length-prefixed parts, and one canonical form of JSON.

The length prefix keeps fields apart: joining them by a separator lets one field
forge its neighbour.
"""

import hashlib
import json
from decimal import Decimal
from uuid import UUID

_ENVELOPE_VERSION = b"\x01"


def sha256_bytes(*parts: bytes | str) -> bytes:
    """Hash the parts, each behind its length in four bytes, as 32 raw bytes."""
    hasher = hashlib.sha256(_ENVELOPE_VERSION)
    for part in parts:
        raw = part.encode() if isinstance(part, str) else bytes(part)
        hasher.update(len(raw).to_bytes(4, "big"))
        hasher.update(raw)
    return hasher.digest()


def sha256_of(*parts: bytes | str) -> str:
    """Hash the parts as `sha256:<hex>`, the form shown and sent everywhere."""
    return "sha256:" + sha256_bytes(*parts).hex()


def canonical(value: object) -> bytes:
    """Write JSON in the one form that is hashed: sorted keys, no spaces, UTF-8.

    Decimals and ids become strings. Not-a-number is refused (ValueError).
    """
    return json.dumps(
        value,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
        default=_plain,
    ).encode()


def _plain(value: object) -> object:
    if isinstance(value, Decimal | UUID):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")
