"""IT remediation: the agent finds the runbook and the proof, an engineer says go."""

from collections.abc import Iterator
from random import Random
from typing import Any

from portal.home.demo.scene import Scene
from portal.home.demo.stories.cases import Story

SERVICES = ("checkout", "stock-sync", "image-resizer", "label-printer", "price-feed")
ALERTS = {
    "service-hung": ("restart", "no answer to health checks for four minutes", "RB-12"),
    "queue-backlog": (
        "scale",
        "14,200 messages waiting, twice the usual peak",
        "RB-31",
    ),
    "disk-full": ("restart", "temporary files fill the disk to 97 %", "RB-07"),
}


def story(number: int, chance: Random) -> Story:
    """Pick what happens in one incident."""
    fixed = {3: _rolled_back, 8: _freeze, 12: _failed_twice}
    chosen = fixed.get(number)
    if chosen is None:
        chosen = chance.choices((_fixed, _declined, _calmed), weights=(70, 14, 16))[0]
    service = chance.choice(SERVICES)
    return lambda scene: chosen(scene, chance, service)


def waiting_story(chance: Random, *, service: str, kind: str) -> Story:
    """Give an incident whose fix still waits for the engineer on call."""

    def play(scene: Scene) -> Iterator[float]:
        yield from _diagnosis(scene, service, kind)
        scene.ask(_fix(service, kind))

    return play


def _diagnosis(scene: Scene, service: str, kind: str) -> Iterator[float]:
    _, symptom, runbook = ALERTS[kind]
    scene.start(f"Alert: {service}, {symptom}.")
    yield 4
    scene.tool(
        "get_alert", "monitoring", {"service": service}, result={"symptom": symptom}
    )
    scene.read("monitoring", f"alert of {service}", "symptom", "since")
    yield 6
    scene.tool(
        "tail_logs",
        "service-logs",
        {"service": service, "lines": 500},
        result="412 lines",
    )
    scene.read("service-logs", f"{service}, last 15 minutes", "level", "message")
    yield 8
    scene.think(f"{service}: {symptom}. Runbook {runbook} fits.", 0.88)
    saved = scene.ask(
        {
            "action": {
                "verb": "snapshot",
                "system": "platform",
                "args": {"service": service},
            },
            "title": f"Take a snapshot of {service}",
            "confidence": 0.95,
        }
    )
    yield 2
    if scene.redeem(saved):
        yield 11
        scene.report(saved, reference=f"snap-{service}")
    yield 3


def _fix(service: str, kind: str, **more: Any) -> dict[str, Any]:
    verb, symptom, runbook = ALERTS[kind]
    args: dict[str, Any] = {"service": service, "runbook": runbook}
    if verb == "scale":
        args["instances"] = 6
    return {
        "action": {
            "verb": verb,
            "system": "platform",
            "resource": {"type": "service", "id": service},
            "args": args,
        },
        "title": f"{verb.capitalize()} {service} by {runbook}",
        "description": f"{service}: {symptom}.",
        "rationale": f"{runbook} names exactly this symptom and this step.",
        "evidence": [
            {
                "label": "The alert",
                "source": "monitoring",
                "excerpt": f"{service}: {symptom}.",
            },
            {
                "label": "The log",
                "source": "service-logs",
                "excerpt": "connection pool exhausted, 30 of 30 in use",
            },  # fmt: skip
        ],
        "before": {"instances": 3} if verb == "scale" else {"state": "hung"},
        "after": {"instances": 6} if verb == "scale" else {"state": "running"},
        "confidence": 0.88,
        "category": kind,
        "checks": [
            {"name": "snapshot was taken", "status": "pass"},
            {"name": "service is in the runbook", "status": "pass"},
        ],
        "rollback_plan": "Return to the snapshot; it takes two minutes.",
        **more,
    }


def _carry_out(scene: Scene, asked, service: str, verb: str) -> Iterator[float]:
    if scene.redeem(asked):
        yield 40
        scene.report(
            asked,
            detail="Healthy again.",
            changes=[
                {
                    "system": "platform",
                    "resource": service,
                    "field": "state",
                    "before": "hung",
                    "after": "running",
                }
            ],  # fmt: skip
        )
        scene.tell("outcome.confirmed", resolved=True, by="monitoring")
    scene.finish(f"{service} is healthy again after a {verb}.")


def _fixed(scene: Scene, chance: Random, service: str) -> Iterator[float]:
    kind = chance.choice(tuple(ALERTS))
    yield from _diagnosis(scene, service, kind)
    asked = scene.ask(_fix(service, kind))
    yield chance.uniform(40, 700)
    who = chance.choice(("jonas", "jonas", "nina"))
    scene.look(asked, who, (0, 1))
    yield 20
    scene.approve(asked, who)
    yield 13
    yield from _carry_out(scene, asked, service, ALERTS[kind][0])


def _declined(scene: Scene, chance: Random, service: str) -> Iterator[float]:
    yield from _diagnosis(scene, service, "service-hung")
    asked = scene.ask(_fix(service, "service-hung"))
    yield chance.uniform(60, 400)
    scene.reject(asked, "jonas", "not_justified", "That is the nightly import; it is slow, not hung.")  # fmt: skip
    yield 5
    scene.finish(f"{service} was left alone.")


def _calmed(scene: Scene, chance: Random, service: str) -> Iterator[float]:
    scene.start(f"Alert: {service}, certificate expires in nine days.")
    yield 5
    scene.tool("get_alert", "monitoring", {"service": service}, result={"days_left": 9})
    scene.read("monitoring", f"alert of {service}", "days_left")
    yield 3
    asked = scene.ask(
        {
            "action": {
                "verb": "notify_internal",
                "system": "incidents",
                "args": {
                    "service": service,
                    "text": "Certificate expires in nine days.",
                },
            },
            "title": f"Tell the owner of {service}",
            "confidence": 0.97,
            "category": "certificate-expiring",
        }
    )
    yield 1
    if scene.redeem(asked):
        scene.report(asked)
    scene.finish(f"The owner of {service} knows; nothing to fix now.")


def _rolled_back(scene: Scene, chance: Random, service: str) -> Iterator[float]:
    yield from _diagnosis(scene, service, "service-hung")
    body = _fix(service, "service-hung")
    body["action"] = {**body["action"], "verb": "roll_back"}
    body["title"] = f"Roll {service} back to the release of yesterday"
    asked = scene.ask(body)
    yield 300
    scene.approve(asked, "jonas", "Agreed; the release of 09:40 broke it.")
    yield 260
    scene.approve(asked, "nina")
    yield 13
    yield from _carry_out(scene, asked, service, "rollback")


def _freeze(scene: Scene, chance: Random, service: str) -> Iterator[float]:
    yield from _diagnosis(scene, service, "queue-backlog")
    asked = scene.ask(_fix(service, "queue-backlog", signals=["change-freeze"]))
    yield 900
    scene.approve(asked, "samir", "The sale starts tonight; scale it.")
    yield 13
    yield from _carry_out(scene, asked, service, "scale")


def _failed_twice(scene: Scene, chance: Random, service: str) -> Iterator[float]:
    yield from _diagnosis(scene, service, "disk-full")
    for attempt in (1, 2):
        scene.tool("restart_service", "platform", {"service": service}, error="agent on the host does not answer", attempt=attempt, milliseconds=20000)  # fmt: skip
        yield 25
    scene.ask(_fix(service, "disk-full"))
    scene.tell("escalated", reason="The host does not answer; an engineer has to look.")
    scene.flush()
