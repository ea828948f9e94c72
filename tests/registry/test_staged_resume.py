"""A resume in stages: narrower for a while, never wider, and old grants stay dead."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.audit.models import Entry
from portal.core.errors import AlreadyDone, Conflict, Forbidden
from registry.models import ResumeStage
from registry.operations import staging
from registry.operations.pausing import pause_workflow, resume_workflow
from registry.operations.staging import StageAsked
from registry.rules.rulebook import Stage
from registry.rules.stages import NOTHING_ALONE, READING_ALONE
from registry.tasks import settle_duties
from tests.approvals.asking import make_portal


@pytest.fixture
def portal(db):
    return make_portal()


def now() -> datetime:
    return datetime.now(tz=UTC)


def pause(portal) -> None:
    pause_workflow(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        reason="Odd refunds.",
        now=now(),
    )


def resume(portal, stage: Stage | None = None, hours: int | None = None) -> None:
    resume_workflow(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        reason="The rule is mended.",
        stage=None if stage is None else StageAsked(stage, hours),
        now=now(),
    )


def read(portal) -> str:
    action = {"verb": "read", "system": "orders", "args": {}}
    body = portal.body(action=action)
    del body["amount"]
    return portal.post("/actions", body).json()["status"]


def open_stage() -> ResumeStage:
    return ResumeStage.objects.get(ended_at=None)


def step(portal, name: str = "maya") -> Stage | None:
    return staging.go_to_next_stage(
        actor=portal.people.actor(name),
        workflow_id=portal.workflow.id,
        stage_id=open_stage().id,
        now=now(),
    )


def test_a_resume_goes_from_people_deciding_all_over_reading_to_everything(portal):
    pause(portal)
    resume(portal, NOTHING_ALONE)
    assert read(portal) == "in_review"
    assert portal.ask("12.00")["status"] == "in_review"

    assert step(portal) == READING_ALONE
    assert read(portal) == "allowed"
    asked = portal.ask("13.00")
    assert asked["status"] == "in_review"
    assert "resume.staged" in [each["code"] for each in asked["ruling"]["reasons"]]

    assert step(portal) is None
    assert portal.ask("14.00")["status"] == "allowed"
    told = Entry.objects.filter(name__startswith="workflow.stage_").count()
    assert told == 3


def test_chosen_verbs_run_alone_and_an_approved_action_runs(portal):
    pause(portal)
    resume(portal, Stage(verbs=frozenset({"read"})))

    assert read(portal) == "allowed"
    asked = portal.ask("12.00")
    assert portal.decide("dana", asked).status_code == 302
    assert portal.action(asked)["status"] == "approved"


def test_a_grant_from_before_the_stage_is_stale(portal):
    asked = portal.ask("12.00")
    pause(portal)
    resume(portal, NOTHING_ALONE)

    refused = portal.redeem(asked["grant"], asked["action_digest"])

    assert refused.json()["code"] == "grant.stale"


def test_a_stage_ends_when_its_time_is_over_whether_swept_or_not(portal):
    pause(portal)
    resume(portal, NOTHING_ALONE, hours=1)
    assert portal.ask("12.00")["status"] == "in_review"

    ResumeStage.objects.update(until_at=now() - timedelta(seconds=1))

    assert portal.ask("13.00")["status"] == "allowed"
    assert settle_duties() == 1
    assert settle_duties() == 0
    assert ResumeStage.objects.get().ended_how == "TIME"


def test_a_new_pause_ends_the_stage(portal):
    pause(portal)
    resume(portal, NOTHING_ALONE)

    pause(portal)
    resume(portal)

    assert ResumeStage.objects.get().ended_how == "PAUSED"
    assert portal.ask("12.00")["status"] == "allowed"


def test_a_second_click_on_the_next_stage_does_not_skip_one(portal):
    pause(portal)
    resume(portal, NOTHING_ALONE)
    shown = open_stage().id
    step(portal)

    with pytest.raises(Conflict, match="Another stage"):
        staging.go_to_next_stage(
            actor=portal.people.actor("maya"),
            workflow_id=portal.workflow.id,
            stage_id=shown,
            now=now(),
        )
    step(portal)
    with pytest.raises(AlreadyDone):
        staging.end_stage(
            actor=portal.people.actor("maya"),
            workflow_id=portal.workflow.id,
            stage_id=shown,
            now=now(),
        )


def test_a_reviewer_does_not_widen_the_stage(portal):
    pause(portal)
    resume(portal, NOTHING_ALONE)

    with pytest.raises(Forbidden):
        step(portal, "dana")

    assert read(portal) == "in_review"
