"""Signing, opening again, and taking a week out as files."""

import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from portal.accounts.models import Notice
from portal.audit.sealing import seal_journal
from portal.core import outbox
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from portal.core.invariants import first_wrong
from runs.models import ReviewWeek, SampledRun, SignedWeek
from runs.operations import signing
from runs.operations.reviewing import save_review
from runs.operations.signing import reopen_week, sign_week
from runs.queries.invariants import CHECKS as INVARIANTS
from runs.queries.signed_weeks import RECIPE
from runs.queries.signing import second_readings_left
from runs.rules.questions import KEYS, Given
from runs.rules.week_changes import differences
from runs.views.week_files import SAMPLE, _sample
from tests.people import live_workflow, make_company
from tests.runs.test_weeks import (
    LATER,
    YES,
    a_finding,
    make_runs,
    opened,
    read_all,
    sign_in,
)

ALONE = "Rosa reads alone."


@pytest.fixture(autouse=True)
def _anchors_of_this_test_alone(settings, tmp_path):
    settings.JOURNAL_ANCHOR_FILE = str(tmp_path / "anchors.log")


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


@pytest.fixture
def rosa(company):
    return company.actor("rosa")


@pytest.fixture
def week(company, workflow):
    make_runs(workflow, company.agent, 2)
    return opened(workflow)


@pytest.fixture
def signed(week, rosa):
    read_all(week, rosa)
    sign(week, rosa)
    week.refresh_from_db()
    return week


def sign(week, actor, summary="Well."):
    return sign_week(
        actor=actor, week_id=week.id, summary=summary, released=ALONE, now=LATER
    )


def reopen(week, actor, reason="A run was read wrongly."):
    return reopen_week(actor=actor, week_id=week.id, reason=reason, now=LATER)


def digest_of(content: str) -> str:
    raw = content.encode()
    return "sha256:" + hashlib.sha256(b"\x01" + len(raw).to_bytes(4, "big") + raw).hexdigest()  # fmt: skip


def test_a_week_opened_again_is_its_next_version_and_the_signed_one_stays(
    company, signed, rosa
):
    first = SignedWeek.objects.get()
    run_id = signed.sample.order_by("position").first().run_id
    changed = Given(
        dict.fromkeys(KEYS, "yes") | {"right_data": "no"}, {"right_data": "Old."}, ""
    )

    assert reopen(signed, rosa) == 2
    save_review(actor=rosa, week_id=signed.id, run_id=run_id, given=changed, now=LATER)
    a_finding(signed, rosa, company.maya)
    sign(signed, rosa, summary="One was wrong.")

    kept, second = SignedWeek.objects.order_by("number")
    assert (bytes(kept.content), kept.digest) == (bytes(first.content), first.digest)
    old, new = (json.loads(bytes(each.content)) for each in (kept, second))
    assert (old["number"], new["number"]) == (1, 2)
    for part in ("sample", "population", "secret"):
        assert old[part] == new[part]
    said = " ".join(differences(old, new))
    assert "“no” instead of “yes”" in said
    assert "A finding was added: Orders are a day old" in said
    assert "The summary was written anew." in said
    assert differences(old, old) == (
        "It says the same; only who signed, and when, is new.",
    )


def test_only_an_assessor_opens_a_signed_week_again_and_with_a_reason(
    company, signed, rosa
):
    with pytest.raises(NotFound):
        reopen(signed, company.actor("olga"))
    with pytest.raises(Forbidden):
        reopen(signed, company.actor("dana"))
    with pytest.raises(Invalid):
        reopen(signed, rosa, reason=" ")
    reopen(signed, rosa)
    with pytest.raises(AlreadyDone):
        reopen(signed, rosa)


def test_who_signed_is_told_that_the_week_is_open_again(company, signed):
    reopen(signed, company.actor("maya"))
    while outbox.relay_once().delivered:
        pass

    notice = Notice.objects.get(kind="week_reopened")
    assert notice.person_id == company.rosa.id
    assert notice.href == reverse("week", args=[signed.id])


def test_the_database_keeps_signed_versions_and_signed_weeks_as_they_are(signed):
    for change in (
        {"state": "OPEN", "signed_at": None, "signed_by": None},
        {"state": "OPEN", "signed_at": None, "signed_by": None, "version": 2},
        {"version": 2},
        {"digest": "sha256:0"},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            ReviewWeek.objects.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        SignedWeek.objects.update(digest="sha256:0")
    with pytest.raises(DatabaseError), transaction.atomic():
        SignedWeek.objects.all()._raw_delete("default")
    row = SignedWeek.objects.get()
    with pytest.raises(DatabaseError), transaction.atomic():
        SignedWeek.objects.create(
            week=signed,
            number=2,
            content=b"{}",
            digest="sha256:0",
            signed_by=row.signed_by,
            signed_at=LATER,
        )


def test_the_invariants_see_a_kept_version_that_is_not_what_was_signed(signed, rosa):
    def wrong_here():
        return [text for text in map(first_wrong, INVARIANTS) if text]

    assert wrong_here() == []

    reopen(signed, rosa)
    row = {"week": signed, "signed_by_id": rosa.id, "signed_at": LATER}
    SignedWeek.objects.create(number=2, content=b"{}", digest="sha256:0", **row)

    assert "that is not its own" in " ".join(wrong_here())


def test_a_week_is_not_signed_by_the_table_alone(week, rosa):
    with pytest.raises(DatabaseError), transaction.atomic():
        ReviewWeek.objects.update(
            state="SIGNED", signed_at=LATER, signed_by=rosa.id, digest="sha256:0"
        )


def test_second_readings_that_are_not_done_need_a_reason(
    company, workflow, week, rosa, monkeypatch
):
    read_all(week, rosa)
    monkeypatch.setattr(signing, "second_readings_left", lambda week: 3)

    with pytest.raises(Invalid) as wrong:
        sign_week(actor=rosa, week_id=week.id, summary="Well.", now=LATER)
    sign(week, rosa)

    assert "3 second readings are not done" in wrong.value.fields["released"]
    document = json.loads(bytes(SignedWeek.objects.get().content))
    assert document["released"] == ALONE


def test_a_doubled_run_read_once_is_a_second_reading_left(company, workflow, rosa):
    make_runs(workflow, company.agent, 60, state="FAILED")
    week = opened(workflow)
    run_id = SampledRun.objects.filter(week=week, is_doubled=True).first().run_id
    before = second_readings_left(week)
    save_review(actor=rosa, week_id=week.id, run_id=run_id, given=YES, now=LATER)

    assert (before, second_readings_left(week)) == (0, 1)


def test_unread_runs_hold_the_signature_back(week, rosa):
    with pytest.raises(Conflict, match="2 runs are not read yet"):
        sign(week, rosa)


def test_anybody_works_the_digest_out_again_with_the_command_that_is_shown(
    client, company, signed, tmp_path
):
    seal_journal()
    address = reverse("week_json", args=[signed.id])

    found = sign_in(client, company.dana).get(address).json()

    assert found["digest"] == signed.digest == digest_of(found["content"])
    assert found["checkpoint"]["root"]
    file = tmp_path / "week.json"
    file.write_text(json.dumps(found))
    code = RECIPE.removeprefix('python3 -c "').rpartition('" week.json')[0]
    said = subprocess.run(  # noqa: S603 - the command that people are shown
        [sys.executable, "-c", code, str(file)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == signed.digest
    page = client.get(reverse("week", args=[signed.id])).content.decode()
    assert found["checkpoint"]["root"] in page


def test_a_signed_version_is_read_and_exported_after_the_week_was_opened_again(
    client, company, signed, rosa
):
    sign_in(client, company.dana)
    before = client.get(reverse("week_json", args=[signed.id])).json()
    reopen(signed, rosa)

    after = client.get(f"{reverse('week_json', args=[signed.id])}?version=1").json()
    now = client.get(reverse("week_json", args=[signed.id])).json()
    page = client.get(reverse("week_version", args=[signed.id, 1]))
    week = client.get(reverse("week", args=[signed.id])).content.decode()
    sign(signed, rosa, summary="Again.")
    second = client.get(reverse("week_version", args=[signed.id, 2])).content.decode()

    assert after["content"] == before["content"]
    assert now["state"] == "not signed"
    assert signed.digest in page.content.decode()
    assert bytes(signed.seed).hex() in week
    assert "opened it again as version 2" in week
    assert "What differs from version 1" in second
    missing = client.get(reverse("week_version", args=[signed.id, 9]))
    assert missing.status_code == 404
    for wrong in ("0", "x", "9" * 30):
        address = f"{reverse('week_json', args=[signed.id])}?version={wrong}"
        assert client.get(address).status_code == 404


def test_an_unsigned_week_leaves_marked_and_without_anybodys_answers(
    client, company, week, rosa
):
    note = Given(dict.fromkeys(KEYS, "yes"), {}, "Nobody sees this yet.")
    read_all(week, rosa, note)
    sign_in(client, company.maya)

    told = client.get(reverse("week_json", args=[week.id]))
    zipped = client.get(reverse("week_zip", args=[week.id]))

    assert told.json()["document"]["reviews"] == []
    assert bytes(week.seed).hex() not in told.content.decode()
    assert "not-signed" in zipped["Content-Disposition"]
    files = zipfile.ZipFile(io.BytesIO(zipped.content))
    text = "".join(files.read(name).decode() for name in files.namelist())
    assert "not signed" in text
    assert "Nobody sees this yet." not in text


def test_tables_leave_for_a_spreadsheet_and_nothing_in_them_runs(
    client, company, week, rosa
):
    read_all(week, rosa, Given(YES.answers, {}, '=HYPERLINK("https://x")'))
    a_finding(week, rosa, company.maya, text="@SUM(A1)")
    sign(week, rosa, summary="+1")

    answer = sign_in(client, company.dana).get(reverse("week_zip", args=[week.id]))

    files = zipfile.ZipFile(io.BytesIO(answer.content))
    tables = {
        name: list(csv.DictReader(io.StringIO(files.read(name).decode("utf-8-sig"))))
        for name in files.namelist()
    }
    assert set(tables) == {"about.csv", "sample.csv", "findings.csv", "estimates.csv"}
    assert len(tables["sample.csv"]) == 2
    assert {row["note"] for row in tables["sample.csv"]} == {'\'=HYPERLINK("https://x")'}  # fmt: skip
    assert float(tables["sample.csv"][0]["probability"]) > 0
    assert tables["findings.csv"][0]["text"] == "'@SUM(A1)"
    assert len(tables["estimates.csv"]) == len(KEYS)
    about = {row["name"]: row["value"] for row in tables["about.csv"]}
    assert about["summary"] == "'+1"
    assert about["digest of this version"].startswith("sha256:")


def test_the_report_is_set_on_paper_signed_or_not(client, company, week, rosa):
    sign_in(client, company.dana)
    address = reverse("week_pdf", args=[week.id])
    before = client.get(address)
    read_all(week, rosa)
    a_finding(week, rosa, company.maya, text="# [not] *markup* 漢字")
    sign(week, rosa)
    after = client.get(address)

    assert before.content.startswith(b"%PDF")
    assert after.content.startswith(b"%PDF")
    assert sign_in(client, company.olga).get(address).status_code == 404


def test_a_person_opens_a_week_again_by_a_plain_form(client, company, signed):
    sign_in(client, company.rosa)
    address = reverse("week_reopen", args=[signed.id])

    empty = client.post(address, {"reason": ""})
    done = client.post(address, {"reason": "A run was read wrongly."}, follow=True)

    assert empty.status_code == 422
    assert "The week is open again, as version 2." in done.content.decode()
    assert client.post(address, {"reason": "Again."}).status_code == 302


def test_the_table_of_the_sample_says_which_line_of_a_run_counts():
    def review(run, who, answer, at):
        return {
            "run": run,
            "assessor": {"name": who},
            "answers": dict.fromkeys(KEYS, answer),
            "reasons": {},
            "note": "",
            "at": at,
        }

    head = {"stratum": "must_see", "probability": "1", "why": ""}
    document = {
        "sample": [head | {"run": name, "sampled": f"s-{name}"} for name in "abcd"],
        "reviews": [
            review("a", "Ines", "no", "2026-11-24T10:00"),
            review("a", "Bruno", "yes", "2026-11-24T09:00"),
            review("b", "Ines", "yes", "2026-11-24T09:00"),
            review("b", "Bruno", "yes", "2026-11-24T10:00"),
            review("d", "Ines", "yes", "2026-11-24T09:00"),
        ],
        "settled": [
            {
                "sampled": "s-a",
                "answers": dict.fromkeys(KEYS, "cannot_judge"),
                "proposed_by": "Ines",
                "agreed_by": "Bruno",
                "note": "Neither.",
            },
            {"sampled": "s-d", "released": "Bruno is ill."},
        ],
    }

    rows = [dict(zip(SAMPLE, row, strict=True)) for row in _sample(document)]

    assert [(row["run"], row["assessor"], row["counts"]) for row in rows] == [
        ("a", "Bruno", "no"),
        ("a", "Ines", "no"),
        ("a", "settled by Ines and Bruno", "yes"),
        ("b", "Ines", "yes"),
        ("b", "Bruno", "no"),
        ("c", "", "no"),
        ("d", "Ines", "yes"),
    ]
    assert rows[2]["right_data"] == "cannot_judge"
