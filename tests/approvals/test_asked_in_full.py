"""What a run shows of a request that never had a card: all that the agent asked for."""

from django.urls import reverse

from portal.core.clock import database_now
from runs.models import RedactionRule, RunEvent


def test_a_refused_request_shows_its_arguments_in_the_step(portal):
    RedactionRule.objects.create(
        workflow=portal.workflow,
        kind="FIELD",
        text="args.passenger",
        made_by=portal.people.maya,
        made_at=database_now(),
    )
    action = portal.body()["action"] | {
        "verb": "teleport",
        "args": {"flight": "HAT<b>\u202e17", "passenger": "Ana Faro", "price": 84.20},
    }
    asked = portal.ask(action=action)
    assert asked["ruling"]["outcome"] == "refuse"
    event = RunEvent.objects.get(kind="asked")
    address = reverse("run_step", args=[event.run_id, event.id])

    page = portal.signed_in("maya").get(address).content.decode()

    for shown in ("What it asked to do it with", "teleport", "billing", "order 1182"):
        assert shown in page
    assert "HAT&lt;b&gt;" in page
    assert "\u202e" not in page
    assert "84.2" in page
    assert "Ana Faro" not in page
    assert portal.signed_in("olga").get(address).status_code == 404
