"""Known cases: how many each assessor gets, which ones, and what finding a fault is."""

import pytest

from runs.rules.knowing import how_many, is_catch, is_caught, share_known


@pytest.mark.parametrize(
    ("queue", "count"), [(0, 0), (1, 1), (50, 1), (51, 2), (100, 2)]
)
def test_an_assessor_gets_one_known_case_for_every_fifty_runs_and_at_least_one(
    queue, count
):
    assert how_many(queue) == count
    if queue >= 20:
        assert 0.02 <= count / queue <= 0.05


def test_the_key_shares_out_cases_and_nobody_gets_one_they_know():
    pools = {"a": ["1", "2", "3"], "b": ["1"], "c": []}
    asked = {"queues": {"a": 10, "b": 10, "c": 10, "d": 0}, "pools": pools}
    given = share_known(secret=b"k", **asked)

    assert given == share_known(secret=b"k", **asked)
    assert all(case in pools[person] for case, person in given.items())
    assert "c" not in given.values()
    assert "d" not in given.values()
    keys = [bytes([n]) for n in range(40)]
    assert len({tuple(share_known(secret=key, **asked)) for key in keys}) > 1
    scarce = {"queues": {"a": 10, "b": 10}, "pools": {"a": ["1"], "b": ["1"]}}
    got = {share_known(secret=key, **scarce)["1"] for key in keys}
    assert got == {"a", "b"}


def test_a_fault_is_caught_where_the_known_answer_is_no():
    known = {"right_data": "no", "escalated_in_time": "yes"}

    assert is_catch(known)
    assert not is_catch({"right_data": "yes"})
    assert is_caught(known, {"right_data": "no"})
    assert not is_caught(known, {"right_data": "yes", "escalated_in_time": "no"})
