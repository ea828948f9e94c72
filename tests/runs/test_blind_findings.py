"""What a first reader found is hidden as their answers are, until both have answered."""

import io
import zipfile
from datetime import timedelta

import pytest
from django.urls import reverse

from portal.audit.models import Entry
from portal.core.errors import Forbidden
from registry.queries.drafting_from import page_to_change
from runs.operations.carrying import sweep_findings
from runs.operations.drafting import draft_change
from runs.operations.findings import close_finding, comment_finding, reopen_finding
from runs.operations.reviewing import save_review
from runs.operations.settling import release_reading
from runs.operations.signing import sign_week
from runs.operations.weeks import open_week
from runs.queries.opening import pasts_of
from runs.queries.signed_weeks import week_told
from runs.views.week_files import printed
from tests.runs.test_second_readings import (
    NO,
    _nothing_is_doubled,  # noqa: F401 - a fixture
    company,  # noqa: F401 - a fixture
    doubled,
    week,  # noqa: F401 - a fixture
    workflow,  # noqa: F401 - a fixture
)
from tests.runs.test_weeks import LATER, MONDAY, SYSTEM, YES, a_finding, sign_in

SUNDAY = MONDAY + timedelta(days=6)
TEXT = "Somebody forgot the note zq7-forgotten."


@pytest.fixture
def about(company, workflow, week):  # noqa: F811
    return doubled(company, workflow, week, second=company.maya)


@pytest.fixture
def found(company, week, about):  # noqa: F811
    """Let Rosa read first and find something that Maya, who reads second, looks after."""
    rosa = company.actor("rosa")
    finding = a_finding(
        week, rosa, company.maya, run_id=about["run_id"], text=TEXT, kind="LOOSE_RULE"
    )
    save_review(actor=rosa, given=NO, now=LATER, **about)
    comment_finding(actor=rosa, finding_id=finding, text=f"See {TEXT}", now=LATER)
    return finding


def test_no_page_and_no_file_tells_what_a_first_reader_found(
    client,
    company,  # noqa: F811
    week,  # noqa: F811
    about,
    found,
):
    days = f"?from={MONDAY}&to={SUNDAY}"
    judged = [
        reverse(name, args=[key]) + days
        for key in ("adherence-reviewed", "context-sufficiency", "missed-escalations")
        for name in ("number", "number_rows", "number_rows_csv")
    ]
    doors = [
        reverse("week", args=[week.id]),
        reverse("findings"),
        reverse("findings") + "?whose=mine",
        reverse("finding", args=[found]),
        reverse("monday", args=[MONDAY.isoformat()]),
        reverse("start"),
        reverse("notices"),
        reverse("journal"),
        reverse("week_json", args=[week.id]),
        reverse("week_population", args=[week.id]),
        reverse("review", args=[week.id, about["run_id"]]),
        reverse("numbers_json") + days,
        *judged,
    ]
    maya = sign_in(client, company.maya)

    pages = {door: maya.get(door) for door in doors}
    texts = {door: b"".join(page).decode() for door, page in pages.items()}
    tables = zipfile.ZipFile(
        io.BytesIO(maya.get(reverse("week_zip", args=[week.id])).content)
    )
    told = week_told(
        actor=company.actor("maya"), week_id=week.id, number=None, now=LATER
    )
    of_kind = maya.get(reverse("findings") + "?kind=LOOSE_RULE").content.decode()

    assert {door for door, page in pages.items() if page.status_code != 200} == {
        reverse("week_population", args=[week.id])
    }
    assert [door for door, text in texts.items() if "zq7-forgotten" in text] == []
    assert str(about["run_id"]) not in texts[reverse("finding", args=[found])]
    assert "Stop rule too loose" not in texts[reverse("finding", args=[found])]
    assert "Shown when both readers have answered" in texts[reverse("findings")]
    assert not any(b"zq7-forgotten" in tables.read(name) for name in tables.namelist())
    assert "zq7-forgotten" not in str(printed(told, now=LATER))
    assert "No finding is like that" in of_kind
    assert maya.get(reverse("finding_draft", args=[found])).status_code == 403

    own = sign_in(client, company.rosa).get(reverse("findings")).content.decode()
    assert TEXT in own


@pytest.mark.parametrize("how", ["both answered", "given up"])
def test_it_is_shown_as_soon_as_nobody_reads_blind_any_more(
    client,
    company,  # noqa: F811
    about,
    found,
    how,
):
    door = reverse("finding", args=[found])
    maya = sign_in(client, company.maya)
    assert TEXT not in maya.get(door).content.decode()

    if how == "both answered":
        save_review(actor=company.actor("maya"), given=NO, now=LATER, **about)
    else:
        release_reading(
            actor=company.actor("rosa"), reason="She is ill.", now=LATER, **about
        )

    page = maya.get(door).content.decode()
    assert TEXT in page
    assert str(about["run_id"]) in page


def test_nobody_but_its_author_does_anything_about_what_is_hidden(
    company,  # noqa: F811
    workflow,  # noqa: F811
    found,
):
    rosa, maya = company.actor("rosa"), company.actor("maya")
    said = {"finding_id": found, "now": LATER}

    with pytest.raises(Forbidden, match="second person still reads"):
        comment_finding(actor=maya, text="Which run?", **said)
    with pytest.raises(Forbidden, match="second person still reads"):
        close_finding(actor=maya, evidence="Done.", **said)
    with pytest.raises(Forbidden, match="second person still reads"):
        draft_change(
            actor=maya,
            way="confidence",
            given={},
            seen=page_to_change(workflow_id=workflow.id).whole,
            **said,
        )
    close_finding(actor=rosa, evidence=f"It is done: {TEXT}", **said)
    reopen_finding(actor=rosa, reason=f"It is not done: {TEXT}", **said)
    assert sweep_findings(now=LATER + timedelta(days=9)) == 1

    names = Entry.objects.filter(name__startswith="review.finding")
    assert names.count() >= 5
    assert not any(b"zq7-forgotten" in bytes(entry.body) for entry in names)


def test_a_week_signed_before_shows_nothing_of_what_is_still_read_blind(
    company,  # noqa: F811
    workflow,  # noqa: F811
    week,  # noqa: F811
    found,
):
    rosa, later = company.actor("rosa"), LATER + timedelta(weeks=1)
    after = open_week(
        actor=SYSTEM,
        workflow_id=workflow.id,
        starts_on=MONDAY + timedelta(weeks=1),
        now=later,
    )

    sign_week(actor=rosa, week_id=after, summary="Nothing ran.", now=later)

    told = week_told(actor=rosa, week_id=after, number=1, now=later)
    assert len(told.document["findings"]) == 1
    assert "zq7-forgotten" not in told.content


def test_the_plan_of_the_next_week_counts_no_answer_that_is_hidden(
    company,  # noqa: F811
    workflow,  # noqa: F811
    about,
    found,
):
    next_monday = MONDAY + timedelta(weeks=1)
    asked = {"workflow_id": workflow.id, "starts_on": next_monday}
    assert {past.judged for past in pasts_of(**asked).values()} == {0}

    save_review(actor=company.actor("maya"), given=YES, now=LATER, **about)

    assert {past.faults for past in pasts_of(**asked).values()} == {1}
