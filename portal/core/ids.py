"""Identifiers. UUIDv7 is minted here, so that ids sort by when they were made."""

import os
import time
import uuid

_MILLISECONDS_SHIFT = 80


def new_id(*, unix_ms: int | None = None) -> uuid.UUID:
    """Mint a UUIDv7 (RFC 9562 section 5.7) for now, or for a given millisecond.

    `unix_ms` is for loaders of history and for partition bounds; requests never
    pass it, so nothing outside can choose its own place in time.
    """
    milliseconds = time.time_ns() // 1_000_000 if unix_ms is None else unix_ms
    random_bits = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (2**48 - 1)) << _MILLISECONDS_SHIFT | random_bits
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def first_id_of(*, unix_ms: int) -> uuid.UUID:
    """Give the smallest UUID of a millisecond: the lower bound of a partition."""
    return uuid.UUID(int=(unix_ms & (2**48 - 1)) << _MILLISECONDS_SHIFT)
