"""The page of what is hidden, and looking at an original: right, reason, record."""

import json

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.urls import reverse

from portal.audit.models import Entry
from portal.core.clock import wall_clock
from runs import tasks
from runs.models import RedactionRule, Reveal, Run, RunEvent, SealedText
from runs.operations import redaction_rules
from runs.views import redaction as views
from tests.people import live_workflow, make_company
from tests.runs.test_redaction import CARD, EMAIL, send, told

WHY = "The customer says that we wrote to the wrong address."


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


@pytest.fixture
def run(client, company, workflow):
    text = f"{EMAIL} paid with {CARD}"
    send(client, company, [told(1, "note", text=text)])
    tasks.fold_inbox()
    views.REVEALING._buckets.clear()
    return Run.objects.get()


def token_in(run, kind="email") -> str:
    text = RunEvent.objects.filter(run=run)[0].facts["text"]
    return next(part for part in text.split() if part.startswith(f"[{kind}:"))[1:-1]


def page_of(run, token=None) -> str:
    return reverse("token_reveal", args=[run.id, token or token_in(run)])


def confirm(client, person) -> None:
    """Mark the session as the page for the password does."""
    session = client.session
    mark = {"person": str(person.pk), "at": wall_clock().timestamp(), "by": "password"}
    session["confirmed"] = mark
    session.save()


def names() -> list[str]:
    return list(Entry.objects.order_by("id").values_list("name", flat=True))


def test_an_owner_with_a_reason_sees_the_original_once_and_it_is_on_record(
    client, company, run
):
    client.force_login(company.maya)
    address = page_of(run)
    asked = client.get(address)
    assert EMAIL not in asked.content.decode()
    assert "asked for your password" in asked.content.decode()

    to_confirm = client.post(address, {"reason": WHY})
    assert to_confirm.url.startswith(reverse("confirm"))
    confirm(client, company.maya)
    assert WHY in client.get(address).content.decode()
    shown = client.post(address, {"reason": WHY})

    assert EMAIL in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    assert EMAIL not in client.get(address).content.decode()
    looked = Reveal.objects.get()
    assert (looked.person, looked.run, looked.reason) == (company.maya, run, WHY)
    entry = Entry.objects.get(name="token.revealed")
    written = bytes(entry.body).decode()
    assert token_in(run) in written
    assert WHY in written
    assert EMAIL not in written
    for name in ("redaction", "reveals"):
        page = client.get(reverse(name, args=["refund-management"])).content.decode()
        assert WHY in page
        assert EMAIL not in page


@pytest.mark.parametrize("who", ["dana", "ilan", "priya", "erik", "audrey"])
def test_nobody_else_may_look_and_nothing_is_shown(client, company, run, who):
    client.force_login(getattr(company, who))
    confirm(client, getattr(company, who))

    for answer in (
        client.get(page_of(run)),
        client.post(page_of(run), {"reason": WHY}),
    ):
        page = answer.content.decode()
        assert answer.status_code == 403
        assert "Maya Adler" in page
        assert EMAIL not in page
    assert not Reveal.objects.exists()
    client.force_login(company.rosa)
    confirm(client, company.rosa)
    assert EMAIL in client.post(page_of(run), {"reason": WHY}).content.decode()


def test_an_outsider_hears_that_there_is_nothing(client, company, run):
    client.force_login(company.olga)
    assert client.get(page_of(run)).status_code == 404
    assert client.post(page_of(run), {"reason": WHY}).status_code == 404


def test_without_a_reason_or_a_fresh_confirmation_nothing_is_shown(
    client, company, run
):
    client.force_login(company.maya)
    confirm(client, company.maya)
    for reason in ("", "short", "x" * 501):
        answer = client.post(page_of(run), {"reason": reason})
        assert answer.status_code == 422
        assert EMAIL not in answer.content.decode()
    assert not Reveal.objects.exists()
    assert "token.revealed" not in names()


def test_a_token_opens_only_in_a_run_that_holds_it(client, company, workflow, run):
    send(client, company, [told(2, "note", text="nothing hidden") | {"run": "other"}])
    tasks.fold_inbox()
    other = Run.objects.get(agent_run_id="other")
    client.force_login(company.maya)
    confirm(client, company.maya)

    for address in (
        page_of(other, token_in(run)),
        page_of(run, "email:000000000000"),
        page_of(run, "nonsense"),
    ):
        assert client.post(address, {"reason": WHY}).status_code == 404
    assert EMAIL in client.post(page_of(run), {"reason": WHY}).content.decode()


def test_what_an_agent_wrote_as_a_token_opens_nothing(client, company, workflow, run):
    forged = f"[{token_in(run)}]"
    send(client, company, [told(2, "note", text=forged) | {"run": "forged"}])
    tasks.fold_inbox()
    other = Run.objects.get(agent_run_id="forged")
    client.force_login(company.maya)
    confirm(client, company.maya)

    assert (
        client.post(page_of(other, token_in(run)), {"reason": WHY}).status_code == 404
    )


def test_an_original_that_is_gone_or_whose_key_is_gone_is_said_so(
    client, company, run, settings
):
    client.force_login(company.maya)
    confirm(client, company.maya)
    keys = settings.REDACTION_KEYS
    settings.REDACTION_KEYS = ("z" * 40,)
    answer = client.post(page_of(run), {"reason": WHY})
    assert answer.status_code == 410
    assert "key that sealed it" in answer.content.decode()
    settings.REDACTION_KEYS = keys

    SealedText.objects.all().delete()
    answer = client.post(page_of(run), {"reason": WHY})
    assert answer.status_code == 410
    assert not Reveal.objects.exists()


def test_who_reads_originals_off_is_slowed_down(client, company, run):
    client.force_login(company.maya)
    confirm(client, company.maya)
    answers = {
        client.post(page_of(run), {"reason": WHY}).status_code for _ in range(12)
    }

    assert answers == {200, 429}
    assert Reveal.objects.count() == 10


def test_a_reveal_is_never_changed_or_removed(client, company, run):
    client.force_login(company.maya)
    confirm(client, company.maya)
    client.post(page_of(run), {"reason": WHY})

    for change in ("UPDATE runs_reveal SET reason = 'x'", "DELETE FROM runs_reveal"):
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(change)


def test_the_owner_names_a_field_and_what_is_told_from_then_on_is_hidden(
    client, company, workflow
):
    page = reverse("redaction", args=["refund-management"])
    call = {"tool": "x", "status": "ok", "args": {"customer": {"name": "Ana"}}}
    send(client, company, [told(1, "tool.called", **call)])
    tasks.fold_inbox()
    client.force_login(company.maya)

    client.post(page, {"change": "hide", "path": " args.customer.name "})
    send(client, company, [told(2, "tool.called", **call)])
    tasks.fold_inbox()

    first, second = RunEvent.objects.order_by("at")
    assert first.facts["args"]["customer"]["name"] == "Ana"
    assert second.facts["args"]["customer"]["name"].startswith("[field:")
    assert "args.customer.name" in client.get(page).content.decode()
    assert "redaction.field_added" in names()
    assert (
        "stands already"
        in client.post(
            page, {"change": "hide", "path": "args.customer.name"}, follow=True
        ).content.decode()
    )


def test_a_wrong_path_is_refused_with_what_was_typed(client, company, workflow):
    client.force_login(company.maya)
    page = reverse("redaction", args=["refund-management"])

    answer = client.post(page, {"change": "hide", "path": "status"})

    assert answer.status_code == 422
    assert "not a field that can be hidden" in answer.content.decode()
    assert 'value="status"' in answer.content.decode()


def test_hiding_less_needs_an_owner_and_a_reason(client, company, workflow):
    page = reverse("redaction", args=["refund-management"])
    client.force_login(company.maya)
    client.post(page, {"change": "hide", "path": "args.name"})
    rule = RedactionRule.objects.get()
    remove = reverse("redaction_remove", args=[rule.id])

    client.force_login(company.ilan)
    assert client.post(remove, {"reason": WHY}).status_code == 403
    leave = {"change": "leave", "kind": "email", "reason": WHY}
    assert client.post(page, leave).status_code == 403
    client.force_login(company.rosa)
    assert client.post(remove, {"reason": ""}).status_code == 422
    assert client.post(page, leave | {"reason": ""}).status_code == 422
    assert client.post(page, leave | {"kind": "card"}).status_code == 422
    assert RedactionRule.objects.filter(removed_at=None).count() == 1

    client.post(remove, {"reason": WHY})
    client.post(page, leave)
    rule.refresh_from_db()
    assert (rule.removed_by, rule.removal_reason) == (company.rosa, WHY)
    assert names()[-2:] == ["redaction.rule_removed", "redaction.left_readable"]
    assert WHY in client.get(page).content.decode()
    again = RedactionRule.objects.get(kind="READABLE")
    client.force_login(company.maya)
    client.post(reverse("redaction_remove", args=[again.id]), {"reason": ""})
    assert not RedactionRule.objects.filter(removed_at=None).exists()


def test_only_administrators_name_fields_of_every_workflow(client, company, workflow):
    page = reverse("redaction_everywhere")
    client.force_login(company.maya)
    assert client.get(page).status_code == 200
    assert client.post(page, {"change": "hide", "path": "**.iban"}).status_code == 403

    client.force_login(company.ada)
    client.post(page, {"change": "hide", "path": "**.iban"})

    assert RedactionRule.objects.get().workflow is None
    client.force_login(company.maya)
    own = client.get(reverse("redaction", args=["refund-management"]))
    assert "**.iban" in own.content.decode()
    remove = reverse("redaction_remove", args=[RedactionRule.objects.get().id])
    assert client.post(remove, {"reason": WHY}).status_code == 403


def test_fields_have_a_limit(client, company, workflow, monkeypatch):
    monkeypatch.setattr(redaction_rules, "FIELDS_MAX", 1)
    page = reverse("redaction", args=["refund-management"])
    client.force_login(company.maya)

    first = client.post(page, {"change": "hide", "path": "args.a"})
    second = client.post(page, {"change": "hide", "path": "args.b"})

    assert (first.status_code, second.status_code) == (302, 422)


def test_trying_a_text_keeps_nothing_and_tells_nobody_a_token(
    client, company, workflow, run
):
    client.force_login(company.dana)
    page = reverse("redaction", args=["refund-management"])
    sealed = SealedText.objects.count()

    for text in (EMAIL, json.dumps({"args": {"to": EMAIL}}), json.dumps({"to": EMAIL})):
        shown = client.post(page, {"change": "try", "text": text}).content.decode()
        stored = shown.partition("This would be stored")[2]
        assert "[email:" in stored
        assert EMAIL not in stored
        assert token_in(run) not in shown
    assert SealedText.objects.count() == sealed
    assert client.post(page, {"change": "try", "text": ""}).status_code == 422
    long = client.post(page, {"change": "try", "text": "x" * 20_001})
    assert long.status_code == 422
