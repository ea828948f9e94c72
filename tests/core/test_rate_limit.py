"""The rate limit lets a burst through, then says when to come again."""

import pytest

from portal.core.errors import TooMany
from portal.core.rate_limit import RateLimit


def test_one_call_past_the_burst_is_told_when_to_come_again():
    limit = RateLimit(per_second=0.5, burst=3)

    for _ in range(3):
        limit.spend("ana")
    with pytest.raises(TooMany) as caught:
        limit.spend("ana")

    assert caught.value.retry_after == 2


def test_a_flood_by_one_principal_leaves_another_alone():
    limit = RateLimit(per_second=0.5, burst=1)

    limit.spend("flood")
    with pytest.raises(TooMany):
        limit.spend("flood")

    limit.spend("quiet")
