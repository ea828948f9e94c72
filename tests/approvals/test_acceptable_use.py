"""Nobody decides before they acknowledged how AI may be used here."""

import time
from functools import partial
from urllib.parse import quote

import pytest

from approvals.models import Decision, Proposal
from approvals.operations import sitting
from approvals.operations.break_glass import break_glass
from approvals.operations.decide import Decided
from approvals.queries.invariants import CHECKS
from portal.accounts.actors import SYSTEM
from portal.audit.models import Entry
from portal.core.clock import wall_clock
from portal.core.errors import Conflict
from portal.core.invariants import first_wrong
from registry.models import UseStatement
from registry.operations.acceptable_use import acknowledge_statement, publish_statement
from registry.queries.acceptable_use import must_have_acknowledged
from tests.approvals.asking import digest_of_proposal, make_portal
from tests.approvals.racing import approver, open_proposal, racers, roomy_portal

TEXT = "AI prepares and proposes. People decide, and answer for what they decide."
FEW_ROUNDS = 6
UNASKED = next(each for each in CHECKS if "had not acknowledged" in each.says)


@pytest.fixture
def portal(db):
    return make_portal()


def publish(after: int = 0, *, asks_anew: bool = True) -> UseStatement:
    return publish_statement(
        actor=SYSTEM,
        text=f"{TEXT} {after}",
        change="New.",
        asks_anew=asks_anew,
        after=after,
    )


@pytest.mark.parametrize(
    ("verb", "form"),
    [
        ("approve", {}),
        ("edit", {"arg-0": "80.00"}),
        ("reject", {"reason_code": "duplicate", "message": ""}),
        ("respond", {"message": "Ask again tomorrow."}),
    ],
)
def test_no_decision_counts_before_the_statement_is_acknowledged(portal, verb, form):
    asked = portal.ask()
    publish()

    refused = portal.decide("dana", asked, verb, **form)

    assert refused.status_code == 409
    page = refused.content.decode()
    assert "/programme/acceptable-use/?next=" in page
    assert Proposal.objects.get(id=asked["proposal"]["id"]).state == "OPEN"
    assert not Decision.objects.exists()

    acknowledge_statement(actor=portal.people.actor("dana"), number=1)

    assert portal.decide("dana", asked, verb, **form).status_code == 302
    assert Decision.objects.count() == 1


def test_nobody_walks_around_the_statement_in_an_emergency(portal):
    asked = portal.ask()
    publish()

    with pytest.raises(Conflict) as refused:
        break_glass(
            actor=portal.people.actor("maya"),
            proposal_id=asked["proposal"]["id"],
            digest=digest_of_proposal(asked["proposal"]["id"]),
            why="The customer waits at the counter and nobody else is here today.",
            now=wall_clock(),
        )

    assert refused.value.code == "use.not_acknowledged"


def test_the_card_says_so_before_anybody_tries_and_lets_them_ask(portal):
    asked = portal.ask()
    address = f"/inbox/{asked['proposal']['id']}/"
    browser = portal.signed_in("dana")
    assert "use-waits" not in browser.get(address).content.decode()

    publish()
    page = browser.get(address).content.decode()

    assert 'id="use-waits"' in page
    assert f"?next={quote(address, safe='')}" in page
    assert "approve-form" not in page
    assert "/reject/" not in page
    assert "/ask/" in page


def test_a_correction_stops_nobody_who_acknowledged_before(portal):
    publish()
    acknowledge_statement(actor=portal.people.actor("dana"), number=1)
    publish(1, asks_anew=False)

    assert portal.decide("dana", portal.ask()).status_code == 302


@pytest.mark.race
def test_a_decision_ends_before_a_new_statement_or_is_refused_by_it(
    committed_db, monkeypatch
):
    """The moment after the check is made long: what publishes then would slip in."""
    portal = roomy_portal()
    dana = portal.people.actor("dana")
    publish()
    acknowledge_statement(actor=dana, number=1)

    def slowly(actor) -> None:
        must_have_acknowledged(actor)
        time.sleep(0.02)

    monkeypatch.setattr(sitting, "must_have_acknowledged", slowly)
    with racers(2) as field:
        for n in range(1, FEW_ROUNDS + 1):
            proposal = open_proposal(portal, f"use-{n}")
            decided, made = field.race(
                approver(portal, "dana", proposal), partial(publish, n)
            )
            if isinstance(decided, Decided):
                entry = Entry.objects.get(
                    name="proposal.decided", subject_id=str(proposal.id)
                )
                assert entry.at < made.published_at
            else:
                assert decided.code == "use.not_acknowledged"
            acknowledge_statement(actor=dana, number=n + 1)
    assert first_wrong(UNASKED) is None


def test_a_decision_of_somebody_who_never_acknowledged_is_named_at_rest(
    portal, monkeypatch
):
    asked = portal.ask()
    publish()
    monkeypatch.setattr(sitting, "must_have_acknowledged", lambda actor: None)
    assert first_wrong(UNASKED) is None

    assert portal.decide("dana", asked).status_code == 302

    assert first_wrong(UNASKED)
