"""Bytes that rest in the database and that a copy of the database does not open.

AES-256-GCM under keys of the settings, the newest first. What is sealed names its key, so
older keys go on opening what they sealed for as long as they are kept; it is bound to
what it belongs to, so that one row's bytes open in no other row.
"""

import functools
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

# No batch of an agent begins with a NUL, so what is sealed is told from what is not.
MARK = b"\x00cs1"
_NAME_LENGTH, _NONCE_LENGTH = 8, 12


class CannotOpen(Exception):  # noqa: N818 - a state that the caller says in words
    """The key is not in the settings any more, or the bytes were changed or moved."""


def seal(data: bytes, *, purpose: str, bound_to: bytes) -> bytes:
    """Encrypt under the newest key. No query."""
    key = settings.REDACTION_KEYS[0]
    nonce = os.urandom(_NONCE_LENGTH)
    sealed = AESGCM(_derived(key, purpose)).encrypt(nonce, data, bound_to)
    return MARK + _name_of(key) + nonce + sealed


def unseal(sealed: bytes, *, purpose: str, bound_to: bytes) -> bytes:
    """Decrypt what `seal` gave for the same purpose and thing. Raises CannotOpen."""
    name_at = len(MARK)
    nonce_at = name_at + _NAME_LENGTH
    data_at = nonce_at + _NONCE_LENGTH
    name = sealed[name_at:nonce_at]
    key = next(
        (each for each in settings.REDACTION_KEYS if _name_of(each) == name), None
    )
    if not is_sealed(sealed) or key is None:
        raise CannotOpen("The key that sealed this is not in the settings any more.")
    try:
        return AESGCM(_derived(key, purpose)).decrypt(
            sealed[nonce_at:data_at], sealed[data_at:], bound_to
        )
    except InvalidTag as error:
        raise CannotOpen(
            "What was sealed was changed, or belongs elsewhere."
        ) from error


def is_sealed(data: bytes) -> bool:
    """Say whether bytes have the form that `seal` gives."""
    return (
        data.startswith(MARK) and len(data) > len(MARK) + _NAME_LENGTH + _NONCE_LENGTH
    )


def hashing_keys(purpose: str) -> tuple[bytes, ...]:
    """Give the keys of a keyed hash, the newest first."""
    return tuple(_derived(key, purpose) for key in settings.REDACTION_KEYS)


@functools.lru_cache(maxsize=64)
def _derived(key: str, purpose: str) -> bytes:
    return HKDF(
        hashes.SHA256(), length=32, salt=None, info=f"countersign.{purpose}".encode()
    ).derive(key.encode())


@functools.lru_cache(maxsize=64)
def _name_of(key: str) -> bytes:
    """Name a key without telling anything of it."""
    digest = hmac.digest(key.encode(), b"countersign.key-name", hashlib.sha256)
    return digest[:_NAME_LENGTH]
