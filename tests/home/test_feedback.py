"""This got in my way: from any page to whoever looks after it, and the answer back."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from portal.accounts.models import Notice
from portal.accounts.operations.telling import NEWS, SETTLED, settle, spread
from portal.audit.models import Entry
from portal.core.models import OutboxMessage
from portal.home.models import Feedback
from portal.home.operations.feedback import OPEN_MAX
from registry.models.workflow import Role
from registry.operations.people import vacate_role
from tests.people import NOW

LIST, SAY = "/feedback/", "/feedback/say/"


def say(
    client, about: str, text: str = "I could not find who signs.", called="Refunds"
):
    return client.post(SAY, {"about": about, "called": called, "text": text})


def told(person) -> list[str]:
    for topic, hear in ((NEWS, spread), (SETTLED, settle)):
        for message in OutboxMessage.objects.filter(topic=topic):
            hear(message.payload)
    kinds = ("feedback_said", "feedback_answered")
    rows = Notice.objects.filter(person=person, kind__in=kinds, closed_at=None)
    return list(rows.order_by("told_at", "id").values_list("kind", flat=True))


def test_every_page_leads_to_saying_it_with_its_address_and_name(signed_in, workflow):
    page = signed_in("dana").get(f"/workflows/{workflow.slug}/").content.decode()

    assert f"{SAY}?about=%2Fworkflows%2F{workflow.slug}%2F&amp;called=" in page


def test_it_reaches_the_product_owner_with_its_page_and_the_answer_comes_back(
    signed_in, workflow, company
):
    dana = signed_in("dana")
    answer = say(dana, f"/workflows/{workflow.slug}/")
    row = Feedback.objects.get()

    assert answer["Location"] == f"/workflows/{workflow.slug}/"
    assert row.workflow_id == workflow.id
    assert told(company.people["priya"]) == ["feedback_said"]

    priya = signed_in("priya")
    page = priya.get(LIST).content.decode()
    assert "I could not find who signs." in page
    assert "To answer" in page
    priya.post(
        reverse("feedback_answer", args=[row.id]), {"text": "On the packet tab."}
    )

    assert told(company.people["priya"]) == []
    assert told(company.people["dana"]) == ["feedback_answered"]
    assert (
        "On the packet tab."
        in dana.get(reverse("feedback_one", args=[row.id])).content.decode()
    )


def test_what_was_said_and_answered_stands_in_no_journal_that_others_read(
    signed_in, workflow
):
    dana, priya = signed_in("dana"), signed_in("priya")
    say(dana, f"/workflows/{workflow.slug}/?q=Jo+Doe", "Priya never tells us.")
    one = Feedback.objects.get().id
    priya.post(reverse("feedback_answer", args=[one]), {"text": "Dana never asked."})
    dana.post(reverse("feedback_reopen", args=[one]), {"text": "I did ask."})

    journal = signed_in("tom").get("/journal/?name=feedback.said").content.decode()
    assert "Dana Reyes said that Refunds got in the way." in journal
    bodies = b"".join(
        bytes(each.body) for each in Entry.objects.filter(name__startswith="feedback.")
    )
    for words in (b"never tells us", b"never asked", b"I did ask", b"Jo"):
        assert words not in bodies


def test_without_a_product_owner_it_reaches_the_business_owner(
    signed_in, workflow, company
):
    vacate_role(
        actor=company.actor("priya"),
        workflow_id=workflow.id,
        role=Role.AI_PRODUCT_OWNER,
        now=NOW,
    )
    say(signed_in("dana"), f"/workflows/{workflow.slug}/")

    assert told(company.people["maya"]) == ["feedback_said"]
    assert told(company.people["priya"]) == []


def test_who_still_stumbles_says_so_and_the_owner_is_told_again(
    signed_in, workflow, company
):
    dana, priya = signed_in("dana"), signed_in("priya")
    say(dana, f"/workflows/{workflow.slug}/")
    one = Feedback.objects.get().id
    priya.post(reverse("feedback_answer", args=[one]), {"text": "It is mended."})
    dana.post(reverse("feedback_reopen", args=[one]), {"text": "Not on my phone."})

    assert Feedback.objects.get().state == Feedback.State.OPEN
    assert (
        "Not on my phone."
        in priya.get(reverse("feedback_one", args=[one])).content.decode()
    )
    assert told(company.people["priya"]) == ["feedback_said"]


def test_somebody_else_neither_sees_nor_answers_it(signed_in, workflow):
    say(signed_in("dana"), f"/workflows/{workflow.slug}/")
    one = Feedback.objects.get().id

    for who in ("olga", "tom", "rosa"):
        client = signed_in(who)
        assert client.get(reverse("feedback_one", args=[one])).status_code == 404
        done = client.post(reverse("feedback_answer", args=[one]), {"text": "No."})
        assert done.status_code == 404
        assert b"I could not find" not in client.get(LIST).content


def test_a_workflow_one_may_not_see_is_not_told_by_its_address(signed_in, workflow):
    say(signed_in("olga"), f"/workflows/{workflow.slug}/")

    assert Feedback.objects.get().workflow_id is None


@pytest.mark.parametrize(
    "about", ["https://elsewhere.example/", "//elsewhere.example/", "\\\\x", ""]
)
def test_an_address_that_is_not_ours_leads_nowhere_else(signed_in, workflow, about):
    assert say(signed_in("dana"), about)["Location"] == "/"


@pytest.mark.parametrize("text", ["", "   ", "x" * 1001])
def test_without_words_or_with_too_many_nothing_is_sent_and_nothing_is_lost(
    signed_in, workflow, text
):
    answer = say(signed_in("dana"), "/inbox/", text)

    assert answer.status_code == 422
    assert not Feedback.objects.exists()
    assert text.strip() in answer.content.decode()


def test_very_many_open_ones_are_refused(signed_in, company):
    dana = company.people["dana"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("portal.home.operations.feedback.OPEN_MAX", 1)
        client = signed_in("dana")
        assert say(client, "/inbox/").status_code == 302
        assert say(client, "/inbox/").status_code == 409
    assert Feedback.objects.filter(person=dana).count() == 1 < OPEN_MAX


def test_what_was_said_cannot_be_changed(signed_in, workflow):
    say(signed_in("dana"), "/inbox/")
    with pytest.raises(IntegrityError), transaction.atomic():
        Feedback.objects.update(text="All is well.")
