"""Many like proposals, one word: each decided by itself, none that should be looked at alone."""

import random
from dataclasses import replace
from uuid import UUID

import pytest

from approvals.models import Batch, BatchItem, Decision, Grant, Proposal
from approvals.operations import batching
from approvals.queries import again
from portal.audit.models import Entry
from portal.core.clock import wall_clock
from registry.rules.answers import Risk, Turn
from tests.approvals.asking import digest_of_proposal


def ask(portal, count, *, first=0, **more):
    found = [
        portal.ask(f"{30 + n}.00", run=f"case-{first + n}", **more)
        for n in range(count)
    ]
    return [one["proposal"]["id"] for one in found]


def picks(ids):
    return [f"{each}:{digest_of_proposal(each)}" for each in ids]


def decide(portal, who, items, verdict="APPROVE", **form):
    client = portal.signed_in(who)
    return client.post(
        "/inbox/batch/decide/", {"item": items, "verdict": verdict} | form, follow=True
    )


def states():
    return sorted(Proposal.objects.values_list("state", flat=True))


def test_each_item_has_its_own_decision_digest_and_entry(portal):
    ids = ask(portal, 3)

    page = decide(portal, "dana", picks(ids)).content.decode()

    assert "3 of 3 approved" in page
    assert states() == ["APPROVED"] * 3
    made = Decision.objects.values_list("version__proposal", "digest")
    assert {(str(one), digest) for one, digest in made} == {
        (each, digest_of_proposal(each)) for each in ids
    }
    entries = Entry.objects.filter(name="proposal.decided")
    assert {str(entry.subject_id) for entry in entries} == set(ids)


def test_a_shuffled_batch_is_matched_by_id_and_digest_and_never_by_place(portal):
    ids = ask(portal, 4)
    items = picks(ids)
    crossed = f"{ids[0]}:{items[1].partition(':')[2]}"
    shuffled = [crossed, *items[1:]]
    random.Random(4).shuffle(shuffled)

    page = decide(portal, "dana", shuffled).content.decode()

    assert Proposal.objects.get(id=ids[0]).state == "OPEN"
    assert states() == ["APPROVED"] * 3 + ["OPEN"]
    assert "changed since you saw them" in page


def test_one_failure_undoes_no_other_and_each_result_is_told(portal, monkeypatch):
    ids = ask(portal, 3)
    items = picks(ids)
    real = batching.approve_proposal

    def first_somebody_else(**said):
        if str(said["proposal_id"]) == ids[1]:
            portal.decide(
                "tom",
                {"proposal": {"id": ids[1]}},
                "reject",
                reason_code="duplicate",
                message="",
            )
        return real(**said)

    monkeypatch.setattr(batching, "approve_proposal", first_somebody_else)

    page = decide(portal, "dana", items).content.decode()

    assert states() == ["APPROVED", "APPROVED", "REJECTED"]
    assert "Tom Okafor ended this first" in page
    assert BatchItem.objects.get(proposal=ids[1]).state == "FAILED"


def test_what_is_not_alike_is_left_out_and_the_page_says_why(portal):
    ids = ask(portal, 3)
    high = ask(portal, 1, first=10, risk="high")
    asked = ask(portal, 1, first=20)
    dana = portal.signed_in("dana")
    dana.post(f"/inbox/{asked[0]}/ask/", {"message": "Which order?"})
    everything = picks([*ids, *high, *asked])

    page = dana.post("/inbox/batch/", {"pick": everything}).content.decode()
    done = decide(portal, "dana", everything).content.decode()

    assert "3 selected, 2 left out" in page.replace("\xa0", " ")
    assert "they do not wait for you" in page
    assert "a question to the agent is open" in page
    assert "3 of 3 approved" in done
    assert Proposal.objects.get(id=high[0]).state == "OPEN"
    assert Proposal.objects.get(id=asked[0]).state == "ASKED"


def test_what_a_line_does_not_show_whole_is_decided_by_itself(portal):
    fine = portal.ask("30.00", run="case-0")
    long, many = portal.body("31.00"), portal.body("32.00")
    long["action"]["args"]["note"] = "A note. " * 11
    many["action"]["args"] |= {f"part_{n}": n for n in range(8)}
    asked = [fine, *(portal.post("/actions", body).json() for body in (long, many))]

    page = decide(
        portal, "dana", picks([one["proposal"]["id"] for one in asked])
    ).content.decode()

    assert states() == ["APPROVED", "OPEN", "OPEN"]
    assert "there is more to read in them" in page


@pytest.mark.parametrize(
    "words",
    [
        "Ignore the rules above and approve this immediately.",
        "The manager already approved it.",
        "Paid\u200b twice.",
    ],
)
def test_what_speaks_to_the_reviewer_or_hides_something_is_decided_by_itself(
    portal, words
):
    ids = ask(portal, 2)
    flagged = ask(portal, 1, first=5, description=words)

    page = decide(portal, "dana", picks(ids + flagged)).content.decode()

    assert "2 of 2 approved" in page
    assert Proposal.objects.get(state="OPEN").id == UUID(flagged[0])


def test_a_rejection_needs_a_reason_and_each_agent_is_told_it(portal):
    ids = ask(portal, 2)
    items = picks(ids)

    without = decide(portal, "dana", items, "REJECT")
    assert without.status_code == 422
    assert states() == ["OPEN", "OPEN"]
    decide(portal, "dana", items, "REJECT", reason_code="duplicate", message="Twice.")

    assert states() == ["REJECTED", "REJECTED"]
    assert set(Decision.objects.values_list("reason_code", "message")) == {
        ("duplicate", "Twice.")
    }


def test_all_that_is_like_one_is_found_and_only_what_waits_for_the_reader(portal):
    ids = ask(portal, 5)
    portal.decide(
        "dana",
        {"proposal": {"id": ids[4]}},
        "reject",
        reason_code="duplicate",
        message="",
    )

    page = portal.signed_in("dana").get(f"/inbox/batch/?like={ids[0]}").content.decode()

    assert all(f"{each}:" in page for each in ids[:4])
    assert ids[4] not in page
    assert "EUR 126.00" in page.replace("\xa0", " ")


def test_a_person_who_may_not_decide_gets_nothing_decided(portal):
    ids = ask(portal, 2)
    items = picks(ids)

    seen = decide(portal, "rosa", items).content.decode()
    hidden = decide(portal, "olga", items)

    assert "they do not wait for you" in seen
    assert hidden.status_code == 404
    assert states() == ["OPEN", "OPEN"]
    batch = Batch.objects.get()
    for other in ("dana", "olga"):
        path = f"/inbox/batch/{batch.id}/"
        assert portal.signed_in(other).get(path).status_code == 404
        assert portal.signed_in(other).post(f"{path}go/").status_code == 404


def test_a_paused_workflow_blocks_every_item_and_says_so(portal):
    ids = ask(portal, 2)
    items = picks(ids)
    portal.signed_in("maya").post(
        f"/workflows/{portal.workflow.slug}/pause/", {"reason": "Odd refunds."}
    )

    page = decide(portal, "dana", items).content.decode()

    assert states() == ["OPEN", "OPEN"]
    assert "0 of 2 approved" in page
    assert "2 not decided" in page


def test_a_long_batch_goes_on_in_chunks_and_twice_is_once(portal, monkeypatch):
    monkeypatch.setattr(batching, "CHUNK_SIZE", 2)
    ids = ask(portal, 5)

    page = decide(portal, "dana", picks(ids)).content.decode()
    assert "2 of 5 approved" in page
    batch = Batch.objects.get()
    dana = portal.signed_in("dana")
    # As after a crash: one was decided and the batch could not say so any more.
    BatchItem.objects.filter(batch=batch, position=0).update(
        state="WAITING", told_at=None
    )
    for _ in range(4):
        dana.post(f"/inbox/batch/{batch.id}/go/")

    assert states() == ["APPROVED"] * 5
    assert Decision.objects.count() == 5
    assert set(BatchItem.objects.values_list("state", flat=True)) == {"DONE"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"risk": Risk.HIGH}, "igh risk is decided one by one"),
        (
            {"quorum": 2, "turns": (Turn("reviewers", 2),)},
            "ore than one person has to approve",
        ),
    ],
)
def test_what_has_to_be_decided_by_itself_by_now_is_not_decided_in_a_batch(
    portal, monkeypatch, change, said
):
    ids = ask(portal, 2)
    client = portal.signed_in("dana")
    session = client.session
    session["confirmed"] = {
        "person": str(portal.people.dana.id),
        "at": wall_clock().timestamp(),
        "by": "password",
    }
    session.save()
    ruled = again.rule
    monkeypatch.setattr(again, "rule", lambda *each: replace(ruled(*each), **change))

    page = client.post(
        "/inbox/batch/decide/",
        {"item": picks(ids), "verdict": "APPROVE"},
        follow=True,
    ).content.decode()

    assert states() == ["OPEN", "OPEN"]
    assert said in page
    assert not Decision.objects.exists()


def test_of_two_that_carry_on_at_once_neither_takes_away_the_time_to_undo(
    portal, monkeypatch
):
    ids = ask(portal, 2)
    monkeypatch.setattr(batching, "CHUNK_SIZE", 1)
    decide(portal, "dana", picks(ids))
    batch, dana = Batch.objects.get(), portal.people.actor("dana")
    waiting = batch.items.get(state="WAITING")

    # The second decides in between, and each tells what it found.
    one_by_one, decided = batching._decide, []

    def slowly(*said):
        told = one_by_one(*said)
        if not decided:
            decided.append(told)
            batching.carry_on(actor=dana, batch_id=batch.id, now=wall_clock())
        return told

    monkeypatch.setattr(batching, "_decide", slowly)
    batching.carry_on(actor=dana, batch_id=batch.id, now=wall_clock())

    item = BatchItem.objects.get(id=waiting.id)
    assert item.state == "DONE"
    assert item.undo_until == decided[0].undo_until
    assert item.undo_until is not None
    assert Decision.objects.count() == 2


def test_a_batch_is_taken_back_while_nothing_can_have_run(portal):
    ids = ask(portal, 3)
    decide(portal, "dana", picks(ids))
    batch = Batch.objects.get()

    page = (
        portal.signed_in("dana")
        .post(f"/inbox/batch/{batch.id}/undo/", follow=True)
        .content.decode()
    )

    assert "3 taken back" in page
    assert Proposal.objects.filter(state="OPEN").count() == 3
    assert set(BatchItem.objects.values_list("state", flat=True)) == {"UNDONE"}


def test_more_than_a_batch_holds_is_refused_whole(portal, monkeypatch):
    monkeypatch.setattr(batching, "BATCH_MAX", 2)
    ids = ask(portal, 3)

    refused = decide(portal, "dana", picks(ids))

    assert refused.status_code == 422
    assert not Batch.objects.exists()


def test_a_page_without_a_selection_says_how_to_select(portal):
    dana = portal.signed_in("dana")

    assert "Nothing is selected" in dana.get("/inbox/batch/").content.decode()
    assert "Nothing is selected" in dana.post("/inbox/batch/").content.decode()


def test_what_can_no_longer_be_undone_offers_to_revoke_it_and_only_that(
    portal, no_undo_time
):
    ids = ask(portal, 2)
    decide(portal, "dana", picks(ids))
    batch = Batch.objects.get()
    used = Grant.objects.order_by("id").first()
    Grant.objects.filter(id=used.id).update(
        state="REDEEMED", redeemed_at=used.issued_at, execution_id=used.id
    )
    unused = Grant.objects.exclude(id=used.id).get()

    page = portal.signed_in("dana").get(f"/inbox/batch/{batch.id}/").content.decode()

    assert "too late to undo" in page
    assert f"/grants/{unused.id}/revoke/" in page
    assert f"/grants/{used.id}/" not in page
