"""Backtests: what another rulebook would have answered, who may ask, and what is kept."""

from html import unescape

import pytest

from approvals.models import (
    ActionRequest,
    AuthorityRecord,
    Backtest,
    BacktestChunk,
    BacktestRow,
)
from approvals.operations import backtest_runs, backtesting
from approvals.operations.backtesting import (
    ask_backtest,
    attach_backtest,
    cancel_backtest,
)
from approvals.queries.backtest_summary import summary_of
from portal.accounts.actors import SYSTEM
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from registry.models import Evidence, LaunchPacket, OperatingModelVersion, Signature
from registry.operations.drafts import save_draft
from registry.operations.packets import new_version, sign_packet, submit_version
from runs.models import SpendEntry
from tests.people import NOW, REFUNDS

pytestmark = pytest.mark.django_db
SLUG = "refund-management"
HTMX = {"HX-Request": "true"}


def change_draft(**changes) -> None:
    """Save into the open draft what an editor would have written."""
    draft = OperatingModelVersion.objects.get(state="DRAFT")
    save_draft(
        actor=SYSTEM,
        workflow_id=draft.workflow_id,
        revision=draft.revision,
        document=draft.document | changes,
        what="what a test wants",
        now=wall_clock(),
    )


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
    tiles = summary_of(backtest).tiles
    return {tile.change: tile.number for tile in tiles if tile.number}


def decided_history(portal) -> None:
    """Ask for five refunds: one alone, two approved, one rejected, one that waits."""
    portal.ask("5.00", run="small")
    for number, verb in enumerate(("approve", "approve", "reject")):
        asked = portal.ask("40.00", run=f"mid-{number}")
        more = {"reason_code": "against_policy"} if verb == "reject" else {}
        answer = portal.decide("dana", asked, verb, **more)
        assert answer.status_code in (200, 302), answer.content
    portal.ask("90.00", run="large")


def test_a_wider_draft_newly_allows_and_says_what_people_had_decided(drafted):
    decided_history(drafted)
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
    assert [(name, str(value)) for name, value in summary.exposed] == [
        ("EUR", "120.00")
    ]
    row = BacktestRow.objects.filter(backtest=found, change="allow").first()
    assert (row.code_before, row.cause) == ("limit.amount", "limit.amount")
    assert (row.code_after, row.answer_then) == ("allowance.allowed", "review")
    assert not BacktestChunk.objects.exists()


def test_a_narrower_draft_newly_asks_people_and_newly_refuses(drafted):
    for amount in ("5.00", "20.00", "24.00"):
        drafted.ask(amount, run=amount)
    change_draft(
        allowances=refunds_up_to("22.00"),
        caps=[REFUNDS["caps"][0] | {"limit": "21.00"}],
    )

    found = run(ask(drafted))

    # 5 fits; 5 + 20 passes the cap of 21; 24 passes it too, and refusing is severer.
    assert numbers(found) == {"refuse": 2, "same": 1}
    row = BacktestRow.objects.get(backtest=found, headline__contains="20.00")
    assert row.code_after == "cap.spend"
    assert "EUR 5.00" in row.text_after
    assert row.verdict == "alone"


def test_what_is_unchanged_says_that_every_answer_stays(drafted):
    decided_history(drafted)

    found = run(ask(drafted))

    assert numbers(found) == {"same": 5}
    assert "every one would be answered as it is now" in summary_of(found).sentence


def test_only_requests_of_the_time_are_counted_and_earlier_ones_fill_the_caps(drafted):
    for amount in ("20.00", "5.00", "4.00"):
        drafted.ask(amount, run=amount)
    change_draft(caps=[REFUNDS["caps"][0] | {"limit": "24.00"}])
    begun = ask(drafted)
    second = ActionRequest.objects.order_by("created_at", "id")[1]
    Backtest.objects.filter(id=begun).update(since=second.created_at)

    found = run(begun)

    # The 20 before count for the cap of 24 and for nothing else: 5 passes it, 4 does not.
    assert summary_of(found).rows == 2
    assert numbers(found) == {"refuse": 1, "same": 1}
    assert BacktestRow.objects.filter(backtest=found).count() == 2


def test_a_backtest_rules_on_nothing_and_reserves_nothing(drafted):
    decided_history(drafted)
    kept = (ActionRequest, AuthorityRecord, SpendEntry)
    before = [model.objects.count() for model in kept]

    run(ask(drafted))

    assert [model.objects.count() for model in kept] == before


def test_the_same_comes_out_however_small_the_chunks_are(drafted, monkeypatch):
    decided_history(drafted)
    change_draft(allowances=refunds_up_to("50.00"))
    at_once = run(ask(drafted))
    monkeypatch.setattr(backtest_runs, "CHUNK_ROWS", 2)
    in_parts = Backtest.objects.get(id=ask(drafted))
    # The digest is over the end of the time too, so let both look at the same.
    for name in ("since", "until", "warm_since"):
        setattr(in_parts, name, getattr(at_once, name))
    in_parts.save()

    in_parts = run(in_parts.id)

    assert in_parts.result == at_once.result
    rows = [
        BacktestRow.objects.filter(backtest=each)
        .order_by("place")
        .values_list("place", "action_request", "change", "text_before", "text_after")
        for each in (at_once, in_parts)
    ]
    assert list(rows[0]) == list(rows[1])


def test_who_edits_or_signs_may_run_one_and_nobody_else(drafted):
    drafted.ask("5.00")
    for who in ("maya", "ilan", "rosa"):
        cancel_backtest(
            actor=drafted.people.actor(who),
            backtest_id=ask(drafted, who),
            now=wall_clock(),
        )
    for who, refusal in (
        ("dana", Forbidden),
        ("audrey", Forbidden),
        ("olga", NotFound),
    ):
        with pytest.raises(refusal):
            ask(drafted, who)


def test_one_that_is_attached_is_read_by_whoever_reads_the_packet(drafted):
    drafted.ask("5.00")
    found = run(ask(drafted))
    dana, olga = drafted.signed_in("dana"), drafted.signed_in("olga")
    assert dana.get(f"/backtests/{found.id}/").status_code == 403
    attach_backtest(
        actor=drafted.people.actor("rosa"), backtest_id=found.id, now=wall_clock()
    )

    assert dana.get(f"/backtests/{found.id}/").status_code == 200
    assert dana.get(f"/backtests/{found.id}/rows.csv").status_code == 200
    assert dana.post(f"/backtests/{found.id}/stop/").status_code == 403
    assert olga.get(f"/backtests/{found.id}/").status_code == 404
    assert olga.get(f"/rulings/of/{SLUG}/backtest/").status_code == 404


def test_other_days_no_open_version_and_a_second_one_are_told(drafted):
    with pytest.raises(Invalid):
        ask(drafted, days=8)
    first = ask(drafted)
    with pytest.raises(Conflict) as told:
        ask(drafted, "rosa")
    assert told.value.code == "backtest.running"
    assert told.value.extra["who"] == "Maya Adler"
    cancel_backtest(
        actor=drafted.people.actor("rosa"), backtest_id=first, now=wall_clock()
    )
    OperatingModelVersion.objects.filter(state="DRAFT").delete()
    with pytest.raises(Conflict) as told:
        ask(drafted)
    assert told.value.code == "backtest.nothing_open"


def test_attaching_withdraws_signatures_and_stands_in_the_packet(drafted):
    decided_history(drafted)
    change_draft(allowances=refunds_up_to("50.00"))
    draft = OperatingModelVersion.objects.get(state="DRAFT")
    maya = drafted.people.actor("maya")
    submit_version(
        reason="It may begin here.",
        actor=maya,
        workflow_id=drafted.workflow.id,
        revision=draft.revision,
        now=wall_clock(),
    )
    packet = LaunchPacket.objects.get(version=draft.id)
    sign_packet(
        actor=maya,
        workflow_id=drafted.workflow.id,
        role="business_owner",
        digest=packet.digest,
        now=wall_clock(),
    )
    found = run(ask(drafted, "rosa"))

    page = drafted.signed_in("rosa").post(f"/backtests/{found.id}/attach/", follow=True)

    assert "Part of the launch packet" in page.content.decode()
    assert Signature.objects.get(packet=packet).withdrawn_at is not None
    evidence = Evidence.objects.get(version=draft.id, kind="backtest")
    assert found.result_digest in bytes(evidence.content).decode()
    shown = drafted.signed_in("maya").get(f"/workflows/{SLUG}/packet/")
    assert evidence.summary in unescape(shown.content.decode())
    with pytest.raises(AlreadyDone):
        attach_backtest(actor=maya, backtest_id=found.id, now=wall_clock())


def test_a_draft_changed_meanwhile_makes_the_backtest_one_of_an_older_draft(drafted):
    drafted.ask("5.00")
    found = run(ask(drafted))
    change_draft(purpose="Something else.")

    page = drafted.signed_in("maya").get(f"/backtests/{found.id}/").content.decode()

    assert "This is of an older draft" in page
    assert "Attach to the launch packet" not in page
    with pytest.raises(Conflict) as told:
        attach_backtest(
            actor=drafted.people.actor("maya"), backtest_id=found.id, now=wall_clock()
        )
    assert told.value.code == "evidence.other_words"


def test_a_draft_changed_while_it_runs_changes_nothing_of_it(drafted, monkeypatch):
    decided_history(drafted)
    change_draft(allowances=refunds_up_to("50.00"))
    monkeypatch.setattr(backtest_runs, "CHUNK_ROWS", 2)
    begun = ask(drafted)
    backtest_runs.claim_backtest(backtest_id=begun)
    assert not backtest_runs.run_slice(backtest_id=begun, now=wall_clock(), seconds=0)
    change_draft(allowances=refunds_up_to("1.00"))

    assert numbers(run(begun)) == {"allow": 3, "same": 2}


def test_the_oldest_make_room_and_those_of_a_packet_stay(drafted, monkeypatch):
    drafted.ask("5.00")
    monkeypatch.setattr(backtesting, "KEPT_MAX", 2)
    first = run(ask(drafted))
    attach_backtest(
        actor=drafted.people.actor("maya"), backtest_id=first.id, now=wall_clock()
    )
    rest = [run(ask(drafted)).id for _ in range(3)]

    left = set(Backtest.objects.values_list("id", flat=True))

    assert left == {first.id, *rest[1:]}


def test_the_pages_show_the_sentence_the_counts_and_the_rows_by_filter(drafted):
    maya = drafted.signed_in("maya")
    empty = maya.get(f"/workflows/{SLUG}/backtests/").content.decode()
    assert "No history yet" in empty
    decided_history(drafted)
    change_draft(allowances=refunds_up_to("50.00"))
    begun = maya.post(f"/workflows/{SLUG}/backtests/", {"days": "30"})
    address = begun["Location"]
    waiting = maya.get(address).content.decode()
    assert "Waiting for its turn" in waiting
    assert "Stop the backtest" in waiting
    assert maya.get(f"{address}?progress", headers=HTMX).status_code == 200
    run(Backtest.objects.get().id)

    assert maya.get(f"{address}?progress", headers=HTMX)["HX-Refresh"] == "true"
    page = unescape(maya.get(address).content.decode())
    assert "3 would run without a person that people decided before" in page
    assert "people had approved 2 and rejected 1" in page
    assert page.count("backtest-request") == 3
    same = maya.get(f"{address}?change=same").content.decode()
    assert same.count("backtest-request") == 2
    rejected = maya.get(f"{address}?change=allow&verdict=rejected", headers=HTMX)
    assert rejected.content.decode().count("backtest-request") == 1
    large = maya.get(f"{address}?change=same&amount=90").content.decode()
    assert large.count("backtest-request") == 1
    wrong = maya.get(f"{address}?amount=lots&verb=nothing").content.decode()
    assert "Write a number" in wrong
    lines = b"".join(maya.get(f"{address}rows.csv?change=allow").streaming_content)
    assert lines.decode().count("\n") == 4
    assert b"newly allowed" in lines
    part = maya.get(f"/rulings/of/{SLUG}/backtest/", headers=HTMX).content.decode()
    assert "Of 5 requests" in part
    assert "<html" not in part


def test_without_a_live_version_everything_was_refused_and_the_draft_opens(db):
    from tests.approvals.asking import Portal
    from tests.people import draft_workflow, make_company

    people = make_company()
    workflow = draft_workflow(people)
    portal = Portal(people=people, workflow=workflow, key=people.key_for())
    assert portal.ask("5.00")["status"] == "refused"

    found = run(ask(portal))

    assert numbers(found) == {"allow": 1}
    row = BacktestRow.objects.get(backtest=found)
    assert (row.code_before, row.verdict) == ("workflow.not_live", "refused")
