"""A token bucket for each principal, kept in this process.

It needs neither broker nor database, so it holds while both are away. With N web
processes a principal may reach N times the rate; the limit guards the portal against
a flood and is no quota.
"""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from portal.core.errors import TooMany

PRINCIPALS_MAX = 10_000


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


class RateLimit:
    """Lets `per_second` calls through for each principal, and `burst` at once."""

    def __init__(self, *, per_second: float, burst: int) -> None:
        self.per_second = per_second
        self.burst = burst
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def spend(self, principal: str, *, tokens: int = 1) -> None:
        """Take tokens for one call. Raises TooMany, which says when to come again."""
        now = time.monotonic()
        with self._lock:
            bucket = self._buckets.pop(principal, None) or _Bucket(self.burst, now)
            elapsed = now - bucket.filled_at
            bucket.tokens = min(self.burst, bucket.tokens + elapsed * self.per_second)
            bucket.filled_at = now
            self._buckets[principal] = bucket
            if len(self._buckets) > PRINCIPALS_MAX:
                self._buckets.popitem(last=False)
            if bucket.tokens < tokens:
                missing = tokens - bucket.tokens
                raise TooMany(max(1, round(missing / self.per_second)))
            bucket.tokens -= tokens

    def forget(self) -> None:
        """Let everybody call as if they never had."""
        with self._lock:
            self._buckets.clear()
