"""Backtests: what another rulebook would have answered, and that running one is safe."""

import pytest

from approvals.models import (
    Backtest,
    BacktestRow,
)
from approvals.operations import backtest_runs
from approvals.operations.backtesting import (
    ask_backtest,
)
from approvals.queries.backtest_summary import summary_of
from portal.core.clock import wall_clock
from registry.models import OperatingModelVersion
from registry.operations.packets import new_version
from tests.people import NOW, REFUNDS

pytestmark = pytest.mark.django_db
SLUG = "refund-management"


def change_draft(**changes) -> None:
    """Write into the open draft what an editor would have written."""
    draft = OperatingModelVersion.objects.get(state="DRAFT")
    draft.document = draft.document | changes
    draft.save()


def refunds_up_to(amount: str) -> list[dict]:
    """Give the matrix with another limit for refunds."""
    return [
        row | {"amount_max": amount} if row["verb"] == "refund" else row
        for row in REFUNDS["allowances"]
    ]


@pytest.fixture
def drafted(portal):
    new_version(
        actor=portal.people.actor("maya"), workflow_id=portal.workflow.id, now=NOW
    )
    return portal


def ask(portal, who="maya", days=30):
    return ask_backtest(
        actor=portal.people.actor(who), slug=SLUG, days=days, now=wall_clock()
    )


def run(backtest_id) -> Backtest:
    """Run a backtest to its end, as the worker does."""
    for _ in range(100):
        claimed = backtest_runs.claim_backtest(backtest_id=backtest_id)
        if claimed is None or backtest_runs.run_slice(
            backtest_id=claimed, now=wall_clock()
        ):
            break
    return Backtest.objects.get(id=backtest_id)


def numbers(backtest: Backtest) -> dict[str, int]:
    return {
        tile.change: tile.number for tile in summary_of(backtest).tiles if tile.number
    }


def test_a_wider_draft_newly_allows_and_says_what_people_had_decided(drafted):
    drafted.ask("5.00", run="small")
    for number, verb in enumerate(("approve", "approve", "reject")):
        asked = drafted.ask("40.00", run=f"mid-{number}")
        more = {"reason_code": "against_policy"} if verb == "reject" else {}
        answer = drafted.decide("dana", asked, verb, **more)
        assert answer.status_code in (200, 302), answer.content
    drafted.ask("90.00", run="large")
    change_draft(allowances=refunds_up_to("50.00"))

    found = run(ask(drafted))

    assert found.state == "DONE"
    assert numbers(found) == {"allow": 3, "same": 2}
    summary = summary_of(found)
    assert summary.sentence == (
        "Of 5 requests in 30 days, 3 would run without a person that people decided"
        " before; 1 of them people had rejected."
    )
    assert summary.tiles[0].telling == (
        "Of the 3 newly allowed, people had approved 2 and rejected 1."
    )
    assert [(name, str(sum_)) for name, sum_ in summary.exposed] == [("EUR", "120.00")]
    row = BacktestRow.objects.filter(backtest=found, change="allow").first()
    assert (row.code_before, row.cause) == ("limit.amount", "limit.amount")
    assert row.code_after == "allowance.allowed"
    assert row.answer_then == "review"
