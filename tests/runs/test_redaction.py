"""Nothing that must not be stored is stored: whichever door, whichever table."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from portal.core.sealing import CannotOpen, is_sealed, seal, unseal
from runs import tasks
from runs.models import InboxBatch, RedactionRule, Run, RunEvent, SealedText
from runs.operations import moments
from runs.operations.batch_sealing import opened
from runs.operations.redacting import PURPOSE, bound_to, hidden_value
from runs.rules.redacting.tokens import TOKEN
from tests.people import NOW, live_workflow, make_company
from tests.runs.helpers import append, start_run

URL = "/api/v1/events"
CARD, EMAIL = "4111 1111 1111 1111", "ana.lopes@example.com"
IBAN, KEY = "DE89370400440532013000", "sk_live_51H8abcDEF123ghi"
SECRETS = (CARD, "4111111111111111", EMAIL, IBAN, KEY)


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


def told(number, kind, **facts):
    return {
        "id": f"e-{number}",
        "workflow": "refund-management",
        "run": "case-1",
        "at": f"2026-11-16T09:00:{number:02}Z",
        "kind": kind,
        **facts,
    }


STORY = (
    told(1, "run.started", trigger=f"an e-mail of {EMAIL}"),
    told(
        2,
        "tool.called",
        tool="orders.lookup",
        status="error",
        args={"customer": {"email": EMAIL, "name": "Ana Lopes"}, EMAIL: [CARD]},
        result=json.dumps({"card": 4111111111111111, "iban": IBAN}),
        error=f"refused for {KEY}",
    ),
    told(3, "change.made", system="crm", resource=EMAIL, field="iban", after=IBAN),
    told(4, "decision.made", text=f"Refund to {CARD}", confidence="0.9"),
    told(5, "run.finished", status="completed", summary=f"Told {EMAIL} at {CARD}."),
)


def send(client, company, events=STORY, **more):
    return client.post(
        URL,
        json.dumps({"events": list(events)}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {company.key_for()}"},
        **more,
    )


def everything_stored() -> str:
    """Read every row of every table as text, as somebody with a copy of it would."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL bytea_output = 'escape'")
        cursor.execute(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n"
            " ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'"
        )
        tables = [row[0] for row in cursor.fetchall()]
        kept = []
        for table in tables:
            cursor.execute(f"SELECT t::text FROM {table} t")  # noqa: S608 - our tables
            kept += [row[0] for row in cursor.fetchall()]
    return "\n".join(kept)


def test_nothing_readable_rests_anywhere_before_or_after_folding(
    client, company, workflow
):
    assert send(client, company).status_code == 202
    before = everything_stored()
    batch = InboxBatch.objects.get()
    assert is_sealed(bytes(batch.raw))
    assert EMAIL.encode() in opened(batch)

    assert tasks.fold_inbox() == 1

    after = everything_stored()
    for secret in SECRETS:
        assert secret not in before
        assert secret not in after
    batch.refresh_from_db()
    assert (batch.state, bytes(batch.raw), batch.accepted) == ("DONE", b"", 5)


def test_the_story_the_fold_and_the_answers_hold_tokens(client, company, workflow):
    send(client, company)
    tasks.fold_inbox()

    run = Run.objects.get()
    facts = {event.kind: event.facts for event in RunEvent.objects.filter(run=run)}
    args = facts["tool.called"]["args"]
    assert TOKEN.fullmatch(args["customer"]["email"])
    assert args["customer"]["name"] == "Ana Lopes"
    assert args[args["customer"]["email"]] == [
        json.loads(facts["tool.called"]["result"])["card"]
    ]
    assert (
        facts["run.started"]["trigger"] == f"an e-mail of {args['customer']['email']}"
    )
    assert facts["change.made"]["resource"] == args["customer"]["email"]
    assert "[email:" in json.dumps(run.fold) + run.title
    sealed = {row.token: row for row in SealedText.objects.all()}
    assert len(sealed) == 4
    token = args["customer"]["email"][1:-1]
    assert (
        unseal(
            bytes(sealed[token].sealed),
            purpose=PURPOSE,
            bound_to=bound_to(workflow.id, token),
        ).decode()
        == EMAIL
    )


def test_search_and_the_list_do_not_find_what_is_hidden(client, company, workflow):
    send(client, company)
    tasks.fold_inbox()
    client.force_login(company.maya)
    run = Run.objects.get()

    for asked in (EMAIL, CARD):
        for address in ("/search/", "/runs/"):
            page = client.get(address, {"q": asked}).content.decode()
            assert f"/runs/{run.id}/" not in page
    for address in (f"/runs/{run.id}/", f"/runs/{run.id}.md", f"/runs/{run.id}.json"):
        page = client.get(address).content.decode()
        assert "[email:" in page or "email" in page
        assert not [secret for secret in SECRETS if secret in page]


def test_a_batch_folded_event_by_event_is_erased_only_when_it_is_finished(
    client, company, workflow, monkeypatch
):
    send(client, company)
    batch = InboxBatch.objects.get()
    InboxBatch.objects.update(attempts=5, reason="it would not fold")

    tasks._fold_one_by_one(batch.id)

    batch.refresh_from_db()
    assert (batch.state, bytes(batch.raw), batch.accepted) == ("DONE", b"", 5)
    assert not [secret for secret in SECRETS if secret in everything_stored()]


def test_a_dead_batch_stays_sealed_and_its_reason_tells_nothing(
    client, company, workflow, monkeypatch
):
    send(client, company)

    def breaks(**_):
        raise ValueError(f"invalid value {EMAIL} in column")

    monkeypatch.setattr("runs.operations.folding.insert_new", lambda *_, **__: breaks())
    for _ in range(5):
        InboxBatch.objects.update(lease_until=None)
        tasks.fold_inbox()

    batch = InboxBatch.objects.get()
    assert batch.state == "DEAD"
    assert is_sealed(bytes(batch.raw))
    assert EMAIL not in everything_stored()


def test_what_is_rejected_is_told_to_the_sender_and_not_kept(client, company, workflow):
    answer = send(client, company, [told(1, "note", text="x", **{EMAIL: 1})])

    assert EMAIL in answer.json()["rejected"][0]["detail"]
    tasks.fold_inbox()
    batch = InboxBatch.objects.get()
    assert batch.rejected[0]["detail"].startswith("'[email:")
    assert EMAIL not in everything_stored()


def test_the_owners_fields_are_hidden_for_their_workflow_and_the_companys_for_all(
    client, company, workflow
):
    for of, path in ((workflow, "args.customer.name"), (None, "**.city")):
        RedactionRule.objects.create(
            workflow=of, kind="FIELD", text=path, made_by=company.maya, made_at=NOW
        )
    args = {"customer": {"name": "Ana", "city": "Faro"}, "name": "kept"}
    send(client, company, [told(1, "tool.called", tool="x", status="ok", args=args)])
    tasks.fold_inbox()

    stored = RunEvent.objects.get().facts["args"]
    assert stored["name"] == "kept"
    assert stored["customer"]["name"].startswith("[field:")
    assert stored["customer"]["city"].startswith("[field:")
    assert set(SealedText.objects.values_list("rule", flat=True)) == {
        "args.customer.name",
        "**.city",
    }


def test_what_is_left_readable_is_left_in_that_workflow_alone(
    client, company, workflow
):
    RedactionRule.objects.create(
        workflow=workflow,
        kind="READABLE",
        text="email",
        reason="It sorts mail by sender.",
        made_by=company.maya,
        made_at=NOW,
    )
    send(client, company, [told(1, "note", text=f"{EMAIL} {CARD}")])
    tasks.fold_inbox()

    assert RunEvent.objects.get().facts["text"].startswith(f"{EMAIL} [card:")
    other = live_workflow(company, slug="another-workflow")
    assert EMAIL not in hidden_value(EMAIL, workflow_id=other.id)


def test_our_own_records_hold_tokens_too_and_compare(client, company, workflow):
    run_id = start_run(workflow, company.agent)
    append(run_id, "asked", headline=f"Write to {EMAIL}", resource=EMAIL, verb="send")

    facts = RunEvent.objects.get().facts
    assert facts["resource"] == hidden_value(EMAIL, workflow_id=workflow.id)
    assert EMAIL not in everything_stored()
    assert SealedText.objects.count() == 1


def test_a_value_keeps_its_token_over_a_change_of_keys(
    client, company, workflow, settings
):
    first, second = "1" * 40, "2" * 40
    settings.REDACTION_KEYS = (first,)
    send(client, company, [told(1, "note", text=EMAIL)])
    tasks.fold_inbox()

    settings.REDACTION_KEYS = (second, first)
    send(client, company, [told(2, "note", text=f"{EMAIL} {CARD}")])
    tasks.fold_inbox()

    old, new = (event.facts["text"] for event in RunEvent.objects.order_by("at"))
    assert new.startswith(old)
    assert SealedText.objects.count() == 2

    settings.REDACTION_KEYS = (second,)
    send(client, company, [told(3, "note", text=f"{EMAIL} {CARD}")])
    tasks.fold_inbox()
    without = RunEvent.objects.order_by("-at")[0].facts["text"]
    assert not without.startswith(old)
    assert without.endswith(new.partition(" ")[2])


def test_what_is_sealed_opens_only_where_it_belongs_and_with_its_key(settings):
    settings.REDACTION_KEYS = ("a" * 40,)
    sealed = seal(b"x", purpose="inbox", bound_to=b"1")

    assert unseal(sealed, purpose="inbox", bound_to=b"1") == b"x"
    settings.REDACTION_KEYS = ("b" * 40, "a" * 40)
    assert unseal(sealed, purpose="inbox", bound_to=b"1") == b"x"
    for other in (
        {"purpose": "inbox", "bound_to": b"2"},
        {"purpose": "o", "bound_to": b"1"},
    ):
        with pytest.raises(CannotOpen):
            unseal(sealed, **other)
    with pytest.raises(CannotOpen):
        unseal(sealed[:-1] + b"0", purpose="inbox", bound_to=b"1")
    settings.REDACTION_KEYS = ("b" * 40,)
    with pytest.raises(CannotOpen):
        unseal(sealed, purpose="inbox", bound_to=b"1")
    with pytest.raises(CannotOpen):
        unseal(b"[]", purpose="inbox", bound_to=b"1")


def test_a_batch_from_before_sealing_is_read_and_erased(client, company, workflow):
    send(client, company)
    batch = InboxBatch.objects.get()
    InboxBatch.objects.update(raw=opened(batch), received_at=NOW + timedelta(days=1))

    tasks.fold_inbox()

    batch.refresh_from_db()
    assert (batch.state, bytes(batch.raw), batch.accepted) == ("DONE", b"", 5)


def test_the_invariants_name_what_is_readable_and_should_not_be(
    client, company, workflow, monkeypatch
):
    send(client, company)
    tasks.fold_inbox()
    call_command("check_invariants", stdout=StringIO())
    whole = InboxBatch.objects.get()

    def wrong() -> str:
        with pytest.raises(CommandError) as said:
            call_command("check_invariants", stdout=StringIO())
        return str(said.value)

    InboxBatch.objects.update(raw=b"{}")
    assert "still kept" in wrong()
    InboxBatch.objects.update(raw=b"{}", state="PENDING", finished_at=None)
    assert "not sealed" in wrong()
    InboxBatch.objects.update(raw=b"", state="DONE", finished_at=whole.finished_at)
    monkeypatch.setattr(moments, "hide_moments", lambda events, **_: list(events))
    append(Run.objects.get().id, "question", text=f"Is it {CARD}?")
    assert "holds a payment card" in wrong()
