"""Laws and standards: what is counted, what it opens, and the pack that proves itself."""

import csv
import hashlib
import io
import json
import re
import zipfile
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from portal.audit.chaining import hash_of
from portal.audit.models import Entry
from portal.audit.names import SENTENCES
from portal.home.queries.controls.evidence import BY_KEY, EVIDENCE
from portal.home.queries.controls.frameworks import FRAMEWORKS
from portal.home.queries.kpis.catalogue import kpi_named
from registry.operations.pausing import pause_workflow
from tests.people import NOW

PAGE = re.compile(r'href="([^"]*/journal/\?[^"]*)">([^<]*): ([\d,]+)</a>')


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def page_of(client: Client, key: str, **days) -> str:
    return client.get(reverse("control_framework", args=[key]), days).content.decode()


def test_every_evidence_is_of_names_that_the_journal_knows_and_some_control_uses():
    unknown = {name for each in EVIDENCE for name in each.names} - SENTENCES.keys()
    used = {
        key
        for one in FRAMEWORKS
        for control in one.controls
        for key in control.evidence
    }

    assert not unknown
    assert used == BY_KEY.keys()


def test_every_control_has_records_numbers_or_says_where_else_it_is_kept():
    for framework in FRAMEWORKS:
        for control in framework.controls:
            assert control.evidence or control.numbers or control.elsewhere
            for key in control.numbers:
                assert kpi_named(key).key == key


def test_every_count_opens_exactly_the_entries_that_it_counted(signed_in, workflow):
    client = signed_in("rosa")
    found = PAGE.findall(page_of(client, "soc-2").replace("&amp;", "&"))

    assert found
    for href, _, count in found:
        asked = parse_qs(urlsplit(href).query)
        names = asked["name"][0].split(",")
        assert Entry.objects.filter(name__in=names).count() == int(count)
        exported = client.post(
            reverse("journal_export"),
            {key: value[0] for key, value in asked.items()} | {"form": "json"},
        )
        assert len(json.loads(exported.content)["entries"]) == int(count)


def test_a_pause_stands_at_the_control_of_switching_off(signed_in, workflow, company):
    before = page_of(signed_in("rosa"), "nist-ai-rmf")
    pause_workflow(
        actor=company.actor("erik"),
        workflow_id=workflow.id,
        reason="It smells of smoke.",
        now=NOW,
    )
    after = page_of(signed_in("rosa"), "nist-ai-rmf")

    assert "runs held and stopped: none in these days" in before
    assert "runs held and stopped: 1<" in after


def test_somebody_else_s_workflow_is_not_counted(signed_in, workflow):
    insider = page_of(signed_in("dana"), "nist-ai-rmf")
    outsider = page_of(signed_in("olga"), "nist-ai-rmf")

    assert "from an inventory: 1<" in insider
    assert "from an inventory: none in these days" in outsider


def test_the_pack_names_every_file_by_its_digest_and_the_journal_keeps_the_manifest_s(
    signed_in, workflow
):
    answer = signed_in("rosa").post(reverse("control_export", args=["soc-2"]))
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    raw = archive.read("manifest.json")
    manifest = json.loads(raw)

    assert set(archive.namelist()) == {"manifest.json", *manifest["files"]}
    for name, digest in manifest["files"].items():
        assert digest_of(archive.read(name)) == digest
    entry = Entry.objects.get(name="controls.exported")
    assert json.loads(bytes(entry.body))["facts"]["digest"] == digest_of(raw)


def test_the_pack_holds_the_bytes_that_prove_each_entry(signed_in, workflow):
    answer = signed_in("rosa").post(reverse("control_export", args=["soc-2"]))
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    entries = json.loads(archive.read("evidence/people.json"))["entries"]
    told = csv.DictReader(io.StringIO(archive.read("controls.csv").decode("utf-8-sig")))
    counts = {row["file"]: int(row["entries"]) for row in told}

    assert len(entries) == counts["evidence/people.csv"] > 0
    for each in entries:
        row = Entry.objects.get(id=each["id"])
        previous = bytes.fromhex(each["previous_hash"])
        proved = hash_of(row.stream, row.sequence, previous, each["body"].encode())
        assert proved.hex() == each["hash"]


def test_who_sees_a_part_only_takes_no_evidence_for_the_whole(signed_in, workflow):
    for who, status in (("dana", 403), ("maya", 403), ("audrey", 200)):
        client = signed_in(who)
        answer = client.post(reverse("control_export", args=["gdpr"]))
        assert answer.status_code == status
        is_offered = "Take out the evidence" in page_of(client, "gdpr")
        assert is_offered == (status == 200)


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"from": "soon", "until": "2026-01-01"}, "Write both days"),
        ({"from": "2026-01-02", "until": "2026-01-01"}, "before the first"),
    ],
)
def test_days_that_cannot_be_read_are_said_and_take_nothing_out(
    signed_in, workflow, days, said
):
    client = signed_in("rosa")

    assert said in page_of(client, "gdpr", **days)
    answer = client.post(reverse("control_export", args=["gdpr"]), days)
    assert answer.status_code == 422
    assert not Entry.objects.filter(name="controls.exported").exists()


def test_more_than_one_archive_holds_is_refused_with_what_to_do(
    signed_in, workflow, monkeypatch
):
    monkeypatch.setattr("portal.home.operations.controls.ENTRIES_MAX", 2)
    answer = signed_in("rosa").post(reverse("control_export", args=["soc-2"]))

    assert answer.status_code == 422
    assert "narrow the days" in answer.content.decode()


def test_whatever_leaves_the_portal_as_a_file_is_evidence_that_it_left():
    leaving = {name for name in SENTENCES if name.endswith("exported")}

    assert leaving == set(BY_KEY["taken_out"].names)
