"""Nobody without the right makes rulings wait, and who lost it while waiting changes nothing."""

from datetime import date
from decimal import Decimal
from functools import partial

import pytest

from portal.core.errors import Forbidden
from registry.models import CeilingWaiver, DecisionRight
from registry.operations.asking_more import Wanted, ask_for_more
from registry.operations.ceilings import lift_ceiling, set_ceiling
from registry.operations.deciding_more import (
    approve_request,
    end_waiver,
    reject_request,
)
from registry.operations.decision_rights import Place, end_right, name_holder
from registry.operations.gates import go_through_gate
from registry.operations.placing import place_workflow
from registry.operations.readiness_gate import set_gate
from registry.operations.rollout import name_sponsor
from registry.operations.training import (
    add_course,
    record_completion,
    withdraw_completion,
)
from tests.people import NOW, live_workflow, make_company

pytestmark = pytest.mark.django_db
LOCKING = (
    *("ceilings", "decision_rights", "deciding_more", "gates"),
    *("placing", "readiness_gate", "rollout", "training"),
)


@pytest.fixture
def world():
    return World()


class World:
    """A ceiling with a waiver and another request, a right that is held, and a completion."""

    def __init__(self) -> None:
        self.people = people = make_company()
        self.workflow = live_workflow(people)
        self.rosa, self.ada = people.actor("rosa"), people.actor("ada")
        self.ceiling = set_ceiling(
            actor=self.rosa,
            level="enterprise",
            name="No refunds",
            sentence="Nobody refunds this week.",
            authority="never",
            verbs=("refund",),
            now=NOW,
        )
        answer = {"answer": "A day.", "now": NOW}
        approve_request(actor=self.rosa, request_id=self._asked("orders"), **answer)
        self.waiver = CeilingWaiver.objects.get().id
        self.asked = self._asked("billing")
        name_holder(
            actor=self.ada,
            kind="approve_tool",
            place=Place("enterprise"),
            person=people.maya,
            now=NOW,
        )
        self.right = DecisionRight.objects.get().id
        course = add_course(
            actor=self.ada,
            name="AI at work",
            tier="universal",
            months_valid=None,
            now=NOW,
        )
        self.completion = record_completion(
            actor=self.ada,
            person_id=people.tom.id,
            course_id=course.id,
            completed_on=date(2026, 11, 2),
            now=NOW,
        ).id

    def _asked(self, system: str):
        wanted = Wanted(
            kind="waiver",
            why="Customers wait.",
            ceiling_id=self.ceiling.id,
            system=system,
            verb="refund",
            days=30,
        )
        asked = ask_for_more(
            actor=self.people.actor("maya"),
            workflow_id=self.workflow.id,
            wanted=wanted,
            now=NOW,
        )
        return asked.id

    def do(self, deed: str, actor) -> None:
        request = {"actor": actor, "request_id": self.asked, "answer": "Yes."}
        deeds = {
            "lift": partial(
                lift_ceiling, actor=actor, ceiling_id=self.ceiling.id, because="x"
            ),
            "approve": partial(approve_request, **request),
            "reject": partial(reject_request, **request),
            "waiver": partial(
                end_waiver, actor=actor, waiver_id=self.waiver, because="x"
            ),
            "name": partial(
                name_holder,
                actor=actor,
                kind="set_ceiling",
                place=Place("enterprise"),
                person=self.people.dana,
            ),
            "end": partial(end_right, actor=actor, right_id=self.right),
            "place": partial(
                place_workflow, actor=actor, workflow_id=self.workflow.id, team=None
            ),
            "gate": partial(
                go_through_gate,
                actor=actor,
                workflow_id=self.workflow.id,
                digest="x",
                evidence=(),
            ),
            "sponsor": partial(
                name_sponsor, actor=actor, person=self.people.olga, reason="x"
            ),
            "readiness": partial(
                set_gate,
                actor=actor,
                is_on=True,
                minimum=Decimal(3),
                valid_days=90,
                reason="x",
            ),
            "training": partial(
                withdraw_completion,
                actor=actor,
                completion_id=self.completion,
                reason="x",
            ),
        }
        deeds[deed](now=NOW)


DEEDS = {
    "lift": "rosa",
    "approve": "rosa",
    "reject": "rosa",
    "waiver": "rosa",
    "name": "ada",
    "end": "ada",
    "place": "ada",
    "gate": "",
    "sponsor": "ada",
    "readiness": "ada",
    "training": "ada",
}


def at_each_lock(monkeypatch, instead) -> None:
    for name in LOCKING:
        monkeypatch.setattr(f"registry.operations.{name}.lock_exclusive", instead)


def test_whoever_has_no_right_takes_no_lock_that_rulings_wait_for(world, monkeypatch):
    def never(_scope):
        raise AssertionError("a lock was taken for somebody without the right")

    at_each_lock(monkeypatch, never)
    for deed in DEEDS:
        with pytest.raises(Forbidden):
            world.do(deed, world.people.actor("tom"))


def test_whoever_lost_the_right_while_waiting_for_the_lock_changes_nothing(
    world, monkeypatch
):
    for deed, key in DEEDS.items():
        if not key:
            continue
        person = world.people.people[key]
        groups = list(person.groups.all())
        at_each_lock(monkeypatch, lambda _scope, who=person: who.groups.clear())
        with pytest.raises(Forbidden):
            world.do(deed, world.people.actor(key))
        person.groups.set(groups)
