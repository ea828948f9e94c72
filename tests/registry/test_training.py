"""Training: recorded by others, kept for good, and the right to sign only while current."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts.actors import SYSTEM
from portal.audit.models import Entry
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from portal.core.ids import new_id
from registry.models import (
    LaunchPacket,
    Signature,
    TrainingCompletion,
    TrainingRequirement,
    Workflow,
)
from registry.models.training import Duty
from registry.operations.launching import launch_version
from registry.operations.packets import sign_packet, submit_version
from registry.operations.people import assign_role
from registry.operations.training import (
    add_course,
    record_completion,
    retire_course,
    set_requirements,
    withdraw_completion,
)
from registry.queries.rulebooks import standing_facts
from registry.queries.training import is_trained, lapsed_duties, training_by
from registry.queries.training_pages import training_list
from registry.rules.training import TrainingState, expiry_of
from registry.rules.training_rows import day_in
from tests.people import NOW, draft_workflow, live_workflow, make_company

pytestmark = pytest.mark.django_db
TODAY = datetime.now(tz=UTC).date()
LONG_AGO = TODAY - timedelta(days=800)


@pytest.fixture
def people():
    return make_company()


@pytest.fixture
def course(people):
    return make_course()


def make_course(
    name: str = "Owning", tier: str = "leadership", months: int | None = 12
):
    return add_course(actor=SYSTEM, name=name, tier=tier, months_valid=months, now=NOW)


def train(person, course, day: date = TODAY, actor=SYSTEM):
    return record_completion(
        actor=actor,
        person_id=person.id,
        course_id=course.id,
        completed_on=day,
        now=NOW,
    )


def require(course, duty: str = "risk_owner", tiers=()) -> None:
    set_requirements(
        actor=SYSTEM,
        duty=duty,
        tiers=tiers,
        course_ids=(course.id,) if course else (),
        now=NOW,
    )


def submitted(people):
    workflow = draft_workflow(people)
    submit_version(
        reason="It may begin here.",
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        revision=1,
        now=NOW,
    )
    return workflow


def sign(people, workflow, name: str, role: str):
    packet = LaunchPacket.objects.get(version__workflow=workflow)
    return sign_packet(
        actor=people.actor(name),
        workflow_id=workflow.id,
        role=role,
        digest=packet.digest,
        now=NOW,
    )


def client_of(person) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_year_from_a_day_ends_on_that_day_and_a_month_at_the_last_of_the_month():
    assert expiry_of(date(2026, 3, 15), 12) == date(2027, 3, 15)
    assert expiry_of(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert expiry_of(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert expiry_of(date(2026, 3, 15), None) is None


def test_a_day_that_could_be_two_days_is_not_read():
    assert day_in("2026-03-04") == date(2026, 3, 4)
    assert day_in("4.3.2026") == date(2026, 3, 4)
    assert day_in("4 March 2026") == date(2026, 3, 4)
    assert day_in("03/04/2026") is None


def test_it_counts_on_its_last_day_and_no_longer_on_the_day_after(people):
    monthly = make_course(months=1)
    require(monthly)
    last = next(
        TODAY - timedelta(days=back)
        for back in range(26, 36)
        if expiry_of(TODAY - timedelta(days=back), 1) == TODAY
    )
    train(people.rosa, monthly, last - timedelta(days=5))
    assert not is_trained(person_id=people.rosa.id, duty="risk_owner")

    train(people.rosa, monthly, last)

    assert is_trained(person_id=people.rosa.id, duty="risk_owner")


def test_nobody_records_their_own_training(people, course):
    with pytest.raises(Invalid, match="Somebody else records"):
        train(people.rosa, course, actor=people.actor("rosa"))


def test_only_administrators_and_the_risk_team_record(people, course):
    train(people.maya, course, actor=people.actor("rosa"))

    with pytest.raises(Forbidden):
        train(people.rosa, course, actor=people.actor("maya"))
    with pytest.raises(Forbidden):
        require_as(people.actor("rosa"), course)


def require_as(actor, course) -> None:
    set_requirements(
        actor=actor, duty="risk_owner", tiers=(), course_ids=(course.id,), now=NOW
    )


def test_the_same_course_on_the_same_day_is_recorded_once(people, course):
    train(people.rosa, course)

    with pytest.raises(AlreadyDone):
        train(people.rosa, course)


def test_a_day_to_come_is_refused(people, course):
    with pytest.raises(Invalid, match="still to come"):
        train(people.rosa, course, TODAY + timedelta(days=2))


def test_a_completion_is_never_changed_or_deleted_and_withdrawn_once(people, course):
    made = train(people.rosa, course)
    rows = TrainingCompletion.objects.filter(id=made.id)

    for change in (
        lambda: rows.update(expires_on=TODAY + timedelta(days=9_000)),
        lambda: rows.delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    withdraw_completion(
        actor=SYSTEM, completion_id=made.id, reason="Another Rosa.", now=NOW
    )
    with pytest.raises(AlreadyDone):
        withdraw_completion(
            actor=SYSTEM, completion_id=made.id, reason="Again.", now=NOW
        )
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(withdrawn_at=None, withdrawn_reason="", withdrawn_by=None)


def test_withdrawing_without_a_reason_shows_whose_completion_it_is(
    people, course, admin
):
    made = train(people.tom, course)

    answer = admin.post(
        reverse("completion_withdraw", args=[made.id]), {"reason": "", "person": "x"}
    )

    assert answer.status_code == 422
    assert people.tom.name in answer.content.decode()


def test_a_course_that_a_duty_needs_is_not_retired(people, course):
    require(None, tiers=("leadership",))

    with pytest.raises(Conflict, match="Risk owner"):
        retire_course(actor=SYSTEM, course_id=course.id, now=NOW)

    make_course("Owning, anew")
    retire_course(actor=SYSTEM, course_id=course.id, now=NOW)


def test_a_tier_without_a_course_cannot_be_needed(people, course):
    with pytest.raises(Invalid, match="no universal fluency course"):
        require(None, tiers=("universal",))


def test_a_holder_who_is_not_trained_leaves_the_standing_and_the_role_is_not_vacant(
    people, course
):
    workflow = live_workflow(people)
    require(course)

    facts = standing_facts(workflow.slug, agent_id=people.agent.id)

    assert facts.lapsed_training == ("risk_owner",)
    assert facts.vacant_roles == ()
    assert "risk_owner" not in facts.role_holders
    assert facts.lapsed_holders["risk_owner"].name == "Rosa Lindqvist"


def test_a_reviewer_who_is_not_trained_is_not_among_the_reviewers(people, course):
    workflow = live_workflow(people)
    train(people.tom, course)
    require(course, "reviewer")

    facts = standing_facts(workflow.slug, agent_id=people.agent.id)

    assert facts.reviewer_ids == (people.tom.id,)
    assert facts.lapsed_training == ()


def test_a_signer_who_is_not_trained_is_told_what_is_missing_and_signs_once_trained(
    people, course
):
    train(people.rosa, course, LONG_AGO)
    require(course)
    workflow = submitted(people)

    with pytest.raises(Forbidden) as refused:
        sign(people, workflow, "rosa", "risk_owner")

    assert refused.value.code == "training.lapsed"
    assert "lapsed since" in refused.value.detail
    assert "Owning" in refused.value.detail
    assert "administrator" in refused.value.extra["who_can_help"]

    train(people.rosa, course)

    sign(people, workflow, "rosa", "risk_owner")


def test_a_signature_does_not_launch_once_its_signer_is_trained_no_longer(
    people, course
):
    train(people.rosa, course)
    require(course)
    workflow = submitted(people)
    for name, role in (
        ("maya", "business_owner"),
        ("ilan", "it_owner"),
        ("rosa", "risk_owner"),
    ):
        sign(people, workflow, name, role)
    # As time does it: no operation runs, and one morning it is not enough.
    TrainingRequirement.objects.create(
        duty="risk_owner", course=make_course("Owning, anew"), since=NOW
    )

    with pytest.raises(Conflict, match="Risk owner"):
        launch_version(actor=people.actor("maya"), workflow_id=workflow.id, now=NOW)


def test_what_was_signed_holds_the_training_of_its_people(people, course):
    train(people.rosa, course, TODAY)
    require(course)
    workflow = submitted(people)

    bound = bytes(LaunchPacket.objects.get(version__workflow=workflow).content)

    assert b'"training":"current until' in bound.replace(b": ", b":")


def test_signatures_fall_when_a_holder_gains_or_loses_what_the_role_needs(
    people, course
):
    made = train(people.rosa, course)
    require(course)
    workflow = submitted(people)
    sign(people, workflow, "maya", "business_owner")
    standing = Signature.objects.filter(withdrawn_at=None)

    # A renewal changes nothing that was signed.
    train(people.rosa, course, TODAY - timedelta(days=3))
    assert standing.count() == 1

    withdraw_completion(
        actor=SYSTEM, completion_id=made.id, reason="Another Rosa.", now=NOW
    )
    assert standing.count() == 1

    last = TrainingCompletion.objects.get(withdrawn_at=None)
    withdraw_completion(
        actor=SYSTEM, completion_id=last.id, reason="Another Rosa.", now=NOW
    )

    assert standing.count() == 0
    assert Entry.objects.filter(name="workflow.packet_trained").count() == 1


def test_the_packet_says_whose_training_is_missing_and_offers_no_signing(
    people, course
):
    require(course)
    workflow = submitted(people)

    page = client_of(people.rosa).get(f"/workflows/{workflow.slug}/packet/")
    told = page.content.decode()

    assert "not done: Owning" in told
    assert "Training of Rosa Lindqvist, risk owner" in told
    assert "You cannot sign" in told
    assert "Sign as risk owner" not in told
    assert (
        "Cannot sign"
        not in client_of(people.maya)
        .get(f"/workflows/{workflow.slug}/")
        .content.decode()
    )


def upload(client: Client, text: str):
    file = SimpleUploadedFile("done.csv", text.encode())
    return client.post("/training/import/", {"file": file})


def _file(people, *more: str) -> str:
    rows = [f"{people.rosa.email};owning;2026-03-04;Certificate 7", *more]
    return "Person;Course;Date;Note\n" + "\n".join(rows) + "\n"


@pytest.fixture
def admin(people):
    return client_of(people.people["ada"])


def test_a_file_is_recorded_whole_and_a_second_time_changes_nothing(
    people, course, admin
):
    text = _file(people, f"{people.maya.email.upper()};Owning;5.3.2026;")

    first = upload(admin, text)
    again = upload(admin, text)

    assert "2 recorded, 0 were recorded before" in first.content.decode()
    assert "0 recorded, 2 were recorded before" in again.content.decode()
    assert TrainingCompletion.objects.count() == 2
    made = TrainingCompletion.objects.get(person=people.rosa)
    assert (made.source, made.note) == ("done.csv", "Certificate 7")
    assert made.expires_on == date(2027, 3, 4)
    assert Entry.objects.filter(name="training.completions_imported").count() == 1


def test_one_wrong_row_keeps_the_whole_file_out_and_each_row_is_told(
    people, course, admin
):
    answer = upload(
        admin,
        _file(
            people,
            "nobody@nowhere.example;owning;2026-03-04;",
            f"{people.maya.email};juggling;2026-03-04;",
            f"{people.maya.email};owning;03/04/2026;",
            f"{people.maya.email};owning;2999-01-01;",
            f"{people.people['ada'].email};owning;2026-03-04;",
        ),
    )
    told = answer.content.decode()

    assert answer.status_code == 422
    assert "5 rows are wrong" in told
    assert "Nobody active has this e-mail address" in told
    assert "There is no course of this name" in told
    assert "is not a day" in told
    assert "still to come" in told
    assert "Somebody else records your own training" in told
    assert "Right, not recorded" in told
    assert not TrainingCompletion.objects.exists()


def test_a_file_without_the_columns_says_which_are_missing(people, course, admin):
    answer = upload(admin, "Name;When\nRosa;2026-03-04\n")

    assert answer.status_code == 422
    assert "no column person" in answer.content.decode()


def test_an_administrator_adds_a_course_says_who_needs_it_and_records_it(people, admin):
    assert "No course is kept yet" in admin.get("/training/").content.decode()
    admin.post(
        "/training/courses/",
        {"change": "add", "name": "Owning", "tier": "leadership", "months_valid": "12"},
    )
    workflow = live_workflow(people)
    from registry.models import TrainingCourse

    course = TrainingCourse.objects.get()
    set_to = admin.post(
        "/training/courses/",
        {"change": "need", "duty": "risk_owner", "courses": [str(course.id)]},
    )
    assert set_to.status_code == 302
    listed = admin.get("/training/?state=not_done").content.decode()
    assert "Rosa Lindqvist" in listed
    assert "Maya Adler" not in listed.split("training-lines")[-1]

    done = admin.post(
        "/training/record/",
        {
            "person": str(people.rosa.id),
            "course": str(course.id),
            "completed_on": TODAY.isoformat(),
        },
    )

    assert done.status_code == 302
    mine = client_of(people.rosa).get("/training/mine/").content.decode()
    assert "current until" in mine
    assert "Your training" in client_of(people.rosa).get(reverse("me")).content.decode()
    assert standing_facts(workflow.slug, agent_id=None).lapsed_training == ()


def test_the_list_says_who_ends_soon(people):
    course = make_course(months=1)
    live_workflow(people)
    require(course)
    train(people.rosa, course, TODAY - timedelta(days=15))

    found = training_list(state=TrainingState.EXPIRING)

    assert [each.name for each in found.people] == ["Rosa Lindqvist"]
    assert found.counts["expiring"] == 1


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    needs=st.lists(st.integers(0, 4), max_size=3, unique=True),
    done=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60)), max_size=4),
)
def test_the_database_and_the_words_agree_and_a_lapse_takes_rights_only_away(
    people, needs, done
):
    """0 to 2 are courses of three tiers, 3 and 4 the first two tiers as a whole."""
    tiers = ("universal", "role_specific", "leadership")
    courses = [
        make_course(f"{new_id()}", tier, place + 1 if place else None)
        for place, tier in enumerate(tiers)
    ]
    workflow = Workflow.objects.first() or draft_workflow(people)
    with suppress(AlreadyDone):
        require(None)
    before = standing_facts(workflow.slug, agent_id=None)
    with suppress(AlreadyDone):
        set_requirements(
            actor=SYSTEM,
            duty="risk_owner",
            tiers=[tiers[each - 3] for each in needs if each > 2],
            course_ids=[courses[each].id for each in needs if each < 3],
            now=NOW,
        )
    for place, days in set(done):
        train(people.rosa, courses[place], TODAY - timedelta(days=days))

    said = training_by({(people.rosa.id, "risk_owner")})
    facts = standing_facts(workflow.slug, agent_id=None)

    stands = is_trained(person_id=people.rosa.id, duty="risk_owner")
    assert said[people.rosa.id, "risk_owner"].is_current == stands
    assert ("risk_owner" in facts.role_holders) == stands
    assert ("risk_owner" in lapsed_duties(people.rosa.id)) != stands
    assert facts.role_holders.items() <= before.role_holders.items()
    assert set(facts.reviewer_ids) <= set(before.reviewer_ids)


def test_every_role_is_a_duty():
    from registry.models.workflow import Role

    assert set(Role.values) == set(Duty.values) - {"reviewer"}


def test_a_role_can_be_given_to_somebody_who_is_not_trained_and_then_nothing_runs(
    people, course
):
    workflow = live_workflow(people)
    require(course)
    train(people.rosa, course)
    assert standing_facts(workflow.slug, agent_id=None).lapsed_training == ()

    assign_role(
        actor=SYSTEM,
        workflow_id=workflow.id,
        role="risk_owner",
        person=people.olga,
        now=NOW,
    )

    assert standing_facts(workflow.slug, agent_id=None).lapsed_training == (
        "risk_owner",
    )
