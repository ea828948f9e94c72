"""Numbers: every one opens over any scope, beside its target, its baseline and its rows."""

import csv
from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from portal.accounts.costly import ASKED
from portal.core.errors import Invalid, NotFound
from portal.home.queries.kpis.catalogue import all_kpis, figures_for
from portal.home.queries.kpis.figure import (
    Answer,
    Better,
    Family,
    Figure,
    Kpi,
    Side,
    Unit,
)
from portal.home.queries.measured.judging import Aimed, Met, judged
from portal.home.queries.measured.opened import number_page, rows_page
from portal.home.queries.measured.scopes import Asked, chosen, days_read, weeks_until
from portal.home.queries.measured.table import numbers_table
from registry.rules.measures import INDICATORS
from tests.approvals.asking import make_portal
from tests.doors.world import rolled_back
from tests.people import refunds_document

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SHARE = Kpi(
    key="k",
    label="K",
    family=Family.RISK,
    unit=Unit.SHARE,
    better=Better.UP,
    sentence="",
    formula="",
    over_words="",
)


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """One company for all of these tests; what each of them changes is undone."""
    with django_db_blocker.unblock(), rolled_back():
        yield made_portal()


@pytest.fixture
def portal(world, django_db_blocker):
    with django_db_blocker.unblock(), rolled_back():
        yield world


def made_portal():
    document = refunds_document(
        targets={
            "override": {"at_least": 2, "at_most": 90},
            "acceptance": {"at_least": 99},
        },
        baselines=[
            {
                "key": "cycle-time",
                "value": "30",
                "n": 40,
                "first": "2026-03-01",
                "last": "2026-05-31",
                "source": "The old ticket system.",
            }
        ],
    )
    made = make_portal(document=document)
    for number, amount in enumerate(("10.00", "12.00", "84.20", "90.00")):
        asked = made.ask(amount, run=f"case-{number}")
        if number == 2:
            made.decide("dana", asked)
        if number == 3:
            made.decide("dana", asked, "reject", reason_code="wrong_amount")
    return made


def today() -> date:
    return datetime.now(tz=UTC).date()


def opened(portal, name: str, key: str, **more):
    return number_page(
        actor=portal.people.actor(name),
        key=key,
        asked=more.pop("asked", Asked()),
        today=today(),
        now=datetime.now(tz=UTC),
        **more,
    )


def figure(low, value, high):
    return Figure(Answer.MEASURED, NOW, value=value, low=low, high=high)


@pytest.mark.parametrize(
    ("low", "value", "high", "met"),
    [
        (0.02, 0.05, 0.10, Met.MET),
        (0.05, 0.09, 0.15, Met.CANNOT_TELL),
        (0.11, 0.15, 0.20, Met.NOT_MET),
        (0.00, 0.001, 0.005, Met.NOT_MET),
        (0.005, 0.05, 0.09, Met.CANNOT_TELL),
    ],
)
def test_a_target_is_met_only_when_the_whole_interval_lies_inside(
    low, value, high, met
):
    aimed = Aimed(0.01, 0.10, "1 % to 10 %", "")
    assert judged(SHARE, figure(low, value, high), aimed) == met


def test_without_a_value_a_target_is_neither_met_nor_missed():
    aimed = Aimed(None, 0.1, "at most 10 %", "")
    assert judged(SHARE, Figure(Answer.NO_DATA, NOW), aimed) == Met.NO_DATA
    nothing = Figure(Answer.NOT_MEASURABLE, NOW, why="No baseline.")
    assert judged(SHARE, nothing, aimed) == Met.NOT_MEASURABLE
    assert judged(SHARE, figure(0, 0, 0), None) is None


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        ("spring", "2026-11-01", "from"),
        ("2026-11-02", "2026-11-01", "to"),
        ("2026-11-01", "2026-11-22", "to"),
        ("1999-11-01", "1999-11-02", "to"),
        ("2025-11-01", "2026-11-20", "from"),
    ],
)
def test_days_that_cannot_be_counted_are_refused_by_field(first, last, field):
    with pytest.raises(Invalid) as caught:
        days_read(first, last, date(2026, 11, 21))
    assert set(caught.value.fields) == {field}


def test_a_period_and_the_equal_span_before_meet_without_gap(portal):
    maya = portal.people.actor("maya")
    for period, first in (
        ("4w", date(2026, 10, 25)),
        ("12w", date(2026, 8, 30)),
        ("month", date(2026, 11, 1)),
        ("quarter", date(2026, 10, 1)),
    ):
        page = chosen(actor=maya, asked=Asked(period=period), today=date(2026, 11, 21))
        assert page.scope.first == first
        assert page.before.days == page.scope.days
        assert page.before.last + timedelta(days=1) == first
    weeks = weeks_until(date(2026, 11, 21), None)
    assert len(weeks) == 12
    assert all(week.days == 7 for week in weeks)


def test_work_outside_ones_sight_is_not_there(portal):
    hidden = {"workflow": portal.workflow.slug}
    for name, status in (("olga", 404), ("maya", 200)):
        client = portal.signed_in(name)
        assert client.get(reverse("numbers"), hidden).status_code == status
        assert (
            client.get(reverse("number", args=["asked"]), hidden).status_code == status
        )
    with pytest.raises(NotFound):
        chosen(
            actor=portal.people.actor("maya"),
            asked=Asked(department="nowhere"),
            today=today(),
        )
    assert portal.signed_in("olga").get(reverse("numbers")).status_code == 200


def test_a_share_is_counted_over_the_scope_with_its_interval_and_target(portal):
    line = opened(portal, "maya", "acceptance").line

    assert (line.now.over, line.now.under) == (1, 2)
    assert line.now.low < line.now.value < line.now.high
    assert line.aimed.words == "at least 99 %"
    assert line.met == Met.NOT_MET
    assert opened(portal, "maya", "override").line.met == Met.CANNOT_TELL


def test_department_and_phase_narrow_and_split_a_number(portal):
    by = {
        group: opened(portal, "maya", "asked", group=group).parts.parts
        for group in ("workflow", "department", "phase")
    }
    assert [part.label for part in by["workflow"]] == [portal.workflow.name]
    assert [part.label for part in by["department"]] == ["Customer care"]
    assert [part.label for part in by["phase"]] == ["Phase 4"]
    assert {part.figure.value for parts in by.values() for part in parts} == {4}
    elsewhere = opened(portal, "maya", "asked", asked=Asked(phase="3"))
    assert elsewhere.line.now.value in (None, 0)


def test_every_number_opens_with_its_parts_and_every_side_has_rows(portal, monkeypatch):
    client = portal.signed_in("maya")
    # Every page asks its own number over the same scopes: each source is asked once.
    known: dict[tuple, dict] = {}

    def figures_once(*, actor, keys, scopes, now):
        if tuple(scopes) not in known:
            every = [kpi.key for kpi in all_kpis()]
            known[tuple(scopes)] = figures_for(
                actor=actor, keys=every, scopes=scopes, now=now
            )
        return {key: known[tuple(scopes)][key] for key in keys}

    monkeypatch.setattr("portal.home.queries.measured.opened.figures_for", figures_once)
    # Nobody opens all of them within a few seconds.
    monkeypatch.setattr(ASKED, "burst", 1_000)
    for kpi in all_kpis():
        page = client.get(reverse("number", args=[kpi.key]))
        assert page.status_code == 200, kpi.key
        words = page.content.decode()
        for word in ("Formula", "Numerator", "Denominator", "Left out", "Coverage"):
            assert word in words
    # That each side of each number has its rows: test_numbers_have_rows.
    for key in ("unauthorised", "acceptance", "active-users", "exceptions"):
        for side in Side:
            rows = client.get(reverse("number_rows", args=[key]), {"side": side})
            assert rows.status_code == 200, (key, side)


def test_numbers_of_people_say_who_is_named_and_to_whom(portal):
    client = portal.signed_in("maya")
    people = [kpi for kpi in all_kpis() if kpi.seen_by]
    assert {kpi.key for kpi in people} == {
        *("active-users", "habitual", "breadth", "frequency")
    }
    for kpi in people:
        for name in ("number", "number_rows"):
            shown = client.get(reverse(name, args=[kpi.key])).content.decode()
            assert (
                "Counts only: people see themselves, administrators see everybody."
                " A group of fewer than five people is not broken out." in shown
            ), (name, kpi.key)


def test_rows_are_exactly_what_was_counted(portal):
    line = opened(portal, "maya", "override").line
    for side, count in ((Side.OVER, line.now.over), (Side.UNDER, line.now.under)):
        page = rows_page(
            actor=portal.people.actor("maya"),
            key="override",
            asked=Asked(),
            side=side,
            cursor=None,
            today=today(),
        )
        assert len(page.rows.rows) == count
    client = portal.signed_in("maya")
    wrong = client.get(reverse("number_rows", args=["override"]), {"side": "beside"})
    assert wrong.status_code == 404
    sent = client.get(reverse("number_rows_csv", args=["override"]), {"side": "under"})
    lines = list(csv.reader(sent.getvalue().decode().splitlines()))
    assert len(lines) == 1 + line.now.under


def test_the_table_is_a_file_with_formula_version_and_as_of(portal):
    client = portal.signed_in("maya")
    sent = client.get(reverse("numbers_csv")).getvalue().decode().splitlines()
    rows = list(csv.DictReader(sent))
    assert [row["key"] for row in rows].count("override") == 1
    override = next(row for row in rows if row["key"] == "override")
    assert (override["numerator"], override["denominator"]) == ("1", "2")
    assert override["formula_version"] == "1"
    assert override["as_of"]
    document = client.get(reverse("numbers_json")).json()
    assert {each["key"] for each in document["numbers"]} == {
        kpi.key for kpi in all_kpis()
    }


def test_what_cannot_be_measured_says_so_and_is_never_zero(portal):
    page = portal.signed_in("maya").get(reverse("numbers")).content.decode()
    assert "no data" in page
    unknown = portal.signed_in("maya").get(reverse("number", args=["luck"]))
    assert unknown.status_code == 404


def test_every_target_key_is_an_indicator_that_owners_can_aim_at():
    keys = {kpi.target_key for kpi in all_kpis() if kpi.target_key}
    assert keys <= set(INDICATORS)


def test_a_wrong_day_is_told_and_the_usual_days_are_shown(portal):
    page = portal.signed_in("maya").get(
        reverse("numbers"), {"period": "days", "from": "2026-13-01", "to": "x"}
    )
    assert page.status_code == 200
    assert "Write both days" in page.content.decode()


def test_a_day_changed_in_the_form_is_counted_and_the_period_left_alone_is_not(portal):
    client = portal.signed_in("maya")
    form = {"period": "4w", "was": "4w 2026-10-01 2026-10-28", "to": "2026-10-28"}
    changed = client.get(reverse("numbers_json"), form | {"from": "2026-10-05"}).json()
    as_was = client.get(reverse("numbers_json"), form | {"from": "2026-10-01"}).json()

    assert (changed["first_day"], changed["last_day"]) == ("2026-10-05", "2026-10-28")
    assert as_was["last_day"] == today().isoformat()


def test_reading_numbers_costs_a_bounded_number_of_queries(
    portal, django_assert_max_num_queries
):
    client = portal.signed_in("maya")
    with django_assert_max_num_queries(42):
        client.get(reverse("numbers"))
    with django_assert_max_num_queries(22):
        client.get(reverse("number", args=["override"]))


def test_the_baseline_stands_beside_the_number_of_its_workflow(portal):
    table = numbers_table(
        actor=portal.people.actor("maya"),
        asked=Asked(workflows=(portal.workflow.slug,)),
        today=today(),
        now=NOW,
    )
    found = [
        line.baseline
        for _, lines in table.families
        for line in lines
        if line.kpi.key == "cycle-time"
    ]
    assert all(each and each.value == 1800 for each in found)
