"""`load_workflow` and `agent_key`: what operators type."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from portal.accounts.keys import authenticate
from registry.models import Workflow
from registry.models.workflow import Role
from registry.rules.document import to_toml
from tests.people import draft_workflow, live_workflow, make_company, refunds_document

pytestmark = pytest.mark.django_db


def _file(tmp_path, **changes):
    document = refunds_document(
        workflow="late-parcels",
        name="Late parcels",
        department="customer-care",
        **changes,
    )
    path = tmp_path / "page.toml"
    path.write_text(to_toml(document), encoding="utf-8")
    return path


def test_a_file_becomes_a_draft_with_its_owners(tmp_path):
    make_company()

    call_command(
        "load_workflow",
        _file(tmp_path),
        "--business-owner",
        "maya@example.com",
        stdout=StringIO(),
    )

    workflow = Workflow.objects.get(slug="late-parcels")
    assert workflow.live_version is None
    assert workflow.versions.get().document["answers"]["reads"].startswith("Orders")
    assert workflow.roles.get(role=Role.BUSINESS_OWNER).person.name == "Maya Adler"


def test_loading_again_changes_the_draft_and_never_what_is_live(tmp_path):
    people = make_company()
    workflow = live_workflow(people, slug="late-parcels")

    call_command(
        "load_workflow", _file(tmp_path, purpose="New words."), stdout=StringIO()
    )

    workflow.refresh_from_db()
    assert workflow.live_version.number == 1
    assert workflow.versions.get(number=2).document["purpose"] == "New words."
    assert workflow.live_version.document["purpose"] != "New words."


def test_a_bad_file_is_told_line_by_line_and_leaves_nothing(tmp_path):
    make_company()
    path = _file(tmp_path)
    path.write_text(
        path.read_text().replace('risk = "medium"', 'risk = "some"') + "\nwrong = 1\n"
    )

    with pytest.raises(CommandError) as told:
        call_command("load_workflow", path, stdout=StringIO())

    assert "line" in str(told.value)
    assert "risk" in str(told.value)
    assert not Workflow.objects.exists()
    with pytest.raises(CommandError):
        call_command("load_workflow", tmp_path / "none.toml", stdout=StringIO())


def test_a_key_is_printed_alone_on_its_line_and_works():
    people = make_company()
    draft_workflow(people)
    out = StringIO()

    call_command("agent_key", "refund-management", "Night agent", stdout=out)
    call_command("agent_key", "refund-management", "Night agent", stdout=out)

    keys = out.getvalue().splitlines()
    assert len(keys) == 2
    principal = authenticate(f"Bearer {keys[0]}")
    assert principal.agent_name == "Night agent"
    assert authenticate(f"Bearer {keys[1]}").agent_id == principal.agent_id
    with pytest.raises(CommandError):
        call_command("agent_key", "no-such-workflow", "Night agent", stdout=out)


def test_each_problem_of_a_file_is_told_with_its_own_line(tmp_path):
    make_company()
    path = _file(tmp_path)
    text = path.read_text().replace('verb = "refund"', 'verb = "fly"', 1)
    text = text.replace('authority = "never"', 'authority = "perhaps"')
    path.write_text(text)
    wrong = [
        number
        for number, line in enumerate(text.splitlines(), start=1)
        if line in ('verb = "fly"', 'authority = "perhaps"')
    ]

    with pytest.raises(CommandError) as told:
        call_command("load_workflow", path, stdout=StringIO())

    lines = str(told.value).splitlines()
    assert len(wrong) == 3
    assert [int(line.split()[1].rstrip(",")) for line in lines[1:]] == sorted(wrong)


def test_a_file_in_another_encoding_or_far_too_large_is_refused_in_words(tmp_path):
    make_company()
    path = _file(tmp_path)
    path.write_bytes(path.read_text().encode().replace(b"Late parcels", b"Sp\xe4t"))
    with pytest.raises(CommandError, match="not UTF-8"):
        call_command("load_workflow", path, stdout=StringIO())

    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    with pytest.raises(CommandError, match="larger than 2 MiB"):
        call_command("load_workflow", path, stdout=StringIO())
    assert not Workflow.objects.exists()
