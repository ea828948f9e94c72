"""The acceptable-use statement: published in versions, acknowledged by each person."""

import pytest
from django.db import DatabaseError, connection

from portal.accounts.actors import SYSTEM, Actor, actor_for
from portal.accounts.models import Person
from portal.accounts.operations.people import add_person
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from registry.models import PhaseSignature, Signature, UseAcknowledgement, UseStatement
from registry.operations.acceptable_use import acknowledge_statement, publish_statement
from registry.operations.gates import sign_gate
from registry.operations.packets import sign_packet, submit_version
from registry.queries.acceptable_use import use_waits
from tests.approvals.asking import make_portal
from tests.people import NOW, draft_workflow, make_company

TEXT = "AI prepares and proposes. People decide, and answer for what they decide."


def publish(
    text: str = TEXT, *, after: int = 0, asks_anew: bool = True, actor: Actor = SYSTEM
) -> UseStatement:
    return publish_statement(
        actor=actor, text=text, change="New.", asks_anew=asks_anew, after=after
    )


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def administrator(company) -> Actor:
    return actor_for(
        add_person(
            actor=SYSTEM,
            email="ada@tests.example",
            name="Ada Lindgren",
            department=None,
            password=None,
            is_administrator=True,
        )
    )


def test_while_no_statement_is_published_nobody_is_asked(company):
    assert not use_waits(person_id=company.people["dana"].id)


def test_a_new_version_asks_again_and_a_correction_does_not(company):
    dana = company.actor("dana")
    publish()
    assert use_waits(person_id=dana.id) == 1
    acknowledge_statement(actor=dana, number=1)
    assert not use_waits(person_id=dana.id)

    publish(TEXT + " Typo.", after=1, asks_anew=False)
    assert not use_waits(person_id=dana.id)
    assert use_waits(person_id=company.people["tom"].id) == 2

    publish(TEXT + " And never type secrets.", after=2)
    assert use_waits(person_id=dana.id) == 3
    acknowledge_statement(actor=dana, number=3)
    assert not use_waits(person_id=dana.id)
    with pytest.raises(AlreadyDone):
        acknowledge_statement(actor=dana, number=3)


def test_a_version_that_is_not_in_force_any_more_is_not_acknowledged(company):
    publish()
    publish(TEXT + " More.", after=1)

    with pytest.raises(Conflict, match="Another version"):
        acknowledge_statement(actor=company.actor("dana"), number=1)

    assert not UseAcknowledgement.objects.exists()


def test_only_who_holds_the_right_publishes_and_never_over_an_unread_version(
    company, administrator
):
    with pytest.raises(Forbidden):
        publish(actor=company.actor("maya"))
    publish(actor=administrator)
    with pytest.raises(Conflict, match="Another version"):
        publish(TEXT + " Mine.", actor=administrator)
    with pytest.raises(AlreadyDone):
        publish(after=1)
    with pytest.raises(Invalid):
        publish("Short.", after=1)

    assert UseStatement.objects.count() == 1


def test_the_first_version_is_never_only_a_correction(company):
    with pytest.raises(Invalid):
        publish(asks_anew=False)


@pytest.mark.parametrize(
    "table", ["registry_usestatement", "registry_useacknowledgement"]
)
def test_what_was_published_and_acknowledged_never_changes(company, table):
    publish()
    acknowledge_statement(actor=company.actor("dana"), number=1)

    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - ours


def test_a_packet_is_not_signed_before_the_statement_is_acknowledged(company):
    workflow = draft_workflow(company)
    packet = submit_version(
        actor=company.actor("maya"),
        workflow_id=workflow.id,
        revision=1,
        reason="It is ready.",
        now=NOW,
    )
    publish()
    sign = {
        "actor": company.actor("rosa"),
        "workflow_id": workflow.id,
        "role": "risk_owner",
        "digest": packet.digest,
        "now": NOW,
    }

    with pytest.raises(Conflict) as refused:
        sign_packet(**sign)

    assert refused.value.code == "use.not_acknowledged"
    assert not Signature.objects.exists()
    acknowledge_statement(actor=company.actor("rosa"), number=1)
    assert sign_packet(**sign).role == "risk_owner"


def test_a_gate_is_not_signed_before_the_statement_is_acknowledged(db):
    portal = make_portal()
    publish()

    with pytest.raises(Conflict) as refused:
        sign_gate(
            actor=portal.people.actor("maya"),
            workflow_id=portal.workflow.id,
            role="business_owner",
            evidence=(),
            seen="",
            now=NOW,
        )

    assert refused.value.code == "use.not_acknowledged"
    assert not PhaseSignature.objects.exists()


def test_the_page_asks_takes_the_acknowledgement_and_leads_back(db):
    portal = make_portal()
    publish()
    browser = portal.signed_in("dana")
    address = "/programme/acceptable-use/"

    assert "Read how AI may be used here" in browser.get("/").content.decode()
    page = browser.get(address, {"next": "/inbox/"}).content.decode()
    assert TEXT in page
    assert "Acknowledge version 1" in page
    assert "Tom Okafor" not in page
    assert "Publish it" not in page

    done = browser.post(f"{address}acknowledge/", {"number": "1", "next": "/inbox/"})

    assert (done.status_code, done["Location"]) == (302, "/inbox/")
    assert "You acknowledged version 1" in browser.get(address).content.decode()
    assert "Read how AI may be used here" not in browser.get("/").content.decode()
    publish(TEXT + " More.", after=1)
    earlier = browser.get(address, {"version": "1", "next": "/"}).content.decode()
    assert "This is an earlier version" in earlier
    back = browser.post(f"{address}acknowledge/", {"number": "2", "next": "/"})
    assert back["Location"] == "/"
    elsewhere = browser.post(
        f"{address}acknowledge/", {"number": "2", "next": "https://elsewhere.example/"}
    )
    assert elsewhere["Location"] == address


def test_an_administrator_publishes_by_the_page_and_sees_who_has_not(
    client, company, administrator
):
    client.force_login(
        Person.objects.get(id=administrator.id),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    address = "/programme/acceptable-use/"
    assert "No statement is published" in client.get(address).content.decode()

    wrong = client.post(address, {"text": "", "change": "", "after": "0"})
    made = client.post(
        address, {"text": TEXT, "change": "New.", "after": "0", "asks_anew": "on"}
    )

    assert wrong.status_code == 422
    assert made.status_code == 302
    page = client.get(address).content.decode()
    assert "0 of " in page
    assert "Tom Okafor" in page
    assert client.get(address, {"version": "2"}).status_code == 404
