"""Security operations: one laptop may be cut off at once; accounts and firewalls wait."""

from collections.abc import Iterator
from random import Random
from typing import Any

from portal.home.demo.scene import Scene
from portal.home.demo.stories.cases import Story

DEVICES = ("LT-0412", "LT-0533", "LT-0187", "LT-0720", "LT-0291", "LT-0648")
ACCOUNTS = ("j.reed", "m.kowal", "s.byrne", "t.iglesias", "f.lund")
ADDRESSES = ("203.0.113.24", "198.51.100.77", "203.0.113.190")


def story(number: int, chance: Random) -> Story:
    """Pick what happens to one alert."""
    fixed = {5: _server, 9: _half, 14: _suspended}
    chosen = fixed.get(number)
    if chosen is None:
        chosen = chance.choices(
            (_harmless, _isolated, _blocked, _declined), weights=(38, 30, 22, 10)
        )[0]
    return lambda scene: chosen(scene, chance)


def waiting_story(chance: Random, *, verb: str) -> Story:
    """Give an alert whose containment still waits for an analyst."""

    def play(scene: Scene) -> Iterator[float]:
        yield from _triage(scene, "credential-theft")
        body = _suspend(chance) if verb == "suspend" else _block(chance)
        scene.ask(body)

    return play


def second_stage_story(chance: Random) -> Story:
    """Give an account that two analysts want suspended; the risk owner is asked now."""

    def play(scene: Scene) -> Iterator[float]:
        yield from _triage(scene, "credential-theft")
        asked = scene.ask(_suspend(chance))
        yield 240
        scene.look(asked, "nina", (0, 1))
        scene.approve(asked, "nina")
        yield 310
        scene.approve(asked, "jonas", "Two failed calls to the owner; suspend.")

    return play


def emergency_story(chance: Random) -> Story:
    """Give an account that was suspended at night, before everybody could be reached."""

    def play(scene: Scene) -> Iterator[float]:
        yield from _triage(scene, "credential-theft")
        asked = scene.ask(_suspend(chance))
        yield 160
        scene.approve(asked, "jonas")
        yield 420
        scene.break_glass(asked, "samir", "Mail is being forwarded out of the company now. Nina and Rosa do not answer their phones.")  # fmt: skip
        yield 13
        if scene.redeem(asked):
            yield 2
            _done(scene, asked, "identity", "account", "state", "suspended")
        scene.finish("The account is suspended; its owner was called.")

    return play


def _triage(scene: Scene, kind: str) -> Iterator[float]:
    scene.start(f"Alert: {kind.replace('-', ' ')}.")
    yield 2
    scene.tool("query_logs", "siem", {"minutes": 60}, result="118 events")
    scene.read("siem", "events of the last hour", "device", "account", "address")
    yield 5
    scene.tool("lookup_indicator", "threat-intelligence", {"kind": kind}, result="known since last week")  # fmt: skip
    scene.read("threat-intelligence", kind, "first_seen", "reports")
    yield 3
    scene.tool("score_alert", "siem", {"kind": kind}, result="0.9")
    yield 1


def _contain(
    verb: str, system: str, resource: tuple[str, str], args: dict[str, Any], title: str, **more: Any
) -> dict[str, Any]:  # fmt: skip
    return {
        "action": {
            "verb": verb,
            "system": system,
            "resource": {"type": resource[0], "id": resource[1]},
            "args": args,
        },
        "title": title,
        "description": "Three sources agree within ten minutes.",
        "evidence": [
            {
                "label": "Events",
                "source": "siem",
                "excerpt": "118 events, 41 of them failed sign-ins, then one success from a new country.",
            },  # fmt: skip
            {
                "label": "Indicator",
                "source": "threat-intelligence",
                "excerpt": "Seen in four other companies since last week.",
            },  # fmt: skip
        ],
        "confidence": 0.97,
        "reversibility": "reversible",
        "checks": [
            {"name": "device is a laptop", "status": "pass"},
            {"name": "account is not a service account", "status": "pass"},
        ],
        **more,
    }


def _isolate(device: str, **more: Any) -> dict[str, Any]:
    return _contain("isolate", "endpoints", ("device", device), {"device": device}, f"Cut {device} off the network", category="malware", before={"network": "connected"}, after={"network": "isolated"}, **more)  # fmt: skip


def _block(chance: Random) -> dict[str, Any]:
    address = chance.choice(ADDRESSES)
    return _contain("block", "firewall", ("address", address), {"address": address, "hours": 72}, f"Block {address} for 72 hours", category="phishing", before={"rule": "none"}, after={"rule": "blocked"})  # fmt: skip


def _suspend(chance: Random) -> dict[str, Any]:
    account = chance.choice(ACCOUNTS)
    return _contain("suspend", "identity", ("account", account), {"account": account}, f"Suspend {account}", category="credential-theft", before={"state": "active"}, after={"state": "suspended"})  # fmt: skip


def _done(
    scene: Scene, asked, system: str, resource: str, name: str, after: str
) -> None:
    scene.report(
        asked,
        changes=[
            {
                "system": system,
                "resource": resource,
                "field": name,
                "before": None,
                "after": after,
            }
        ],  # fmt: skip
    )


def _harmless(scene: Scene, chance: Random) -> Iterator[float]:
    yield from _triage(scene, "suspicious-sign-in")
    scene.think(
        "A colleague on holiday signed in from a new country; the phone agrees.", 0.93
    )
    asked = scene.ask(
        {
            "action": {
                "verb": "comment",
                "system": "ticketing",
                "args": {"text": "Harmless: confirmed by phone."},
            },  # fmt: skip
            "title": "Write down that it was harmless",
            "confidence": 0.97,
        }
    )
    yield 1
    if scene.redeem(asked):
        scene.report(asked)
    scene.finish("Harmless; nothing was contained.")


def _isolated(scene: Scene, chance: Random) -> Iterator[float]:
    device = chance.choice(DEVICES)
    yield from _triage(scene, "malware")
    asked = scene.ask(_isolate(device))
    yield 1
    if scene.redeem(asked):
        yield 5
        _done(scene, asked, "endpoints", device, "network", "isolated")
    scene.tell("outcome.confirmed", resolved=True, by="endpoint protection")
    scene.finish(f"{device} was cut off the network within seconds.")


def _blocked(scene: Scene, chance: Random) -> Iterator[float]:
    yield from _triage(scene, "phishing")
    body = _block(chance)
    asked = scene.ask(body)
    yield chance.uniform(60, 900)
    scene.look(asked, "nina", (0, 1))
    yield 15
    scene.approve(asked, chance.choice(("nina", "jonas")))
    yield 13
    if scene.redeem(asked):
        yield 2
        _done(
            scene,
            asked,
            "firewall",
            body["action"]["resource"]["id"],
            "rule",
            "blocked",
        )
    scene.finish("The address is blocked for 72 hours.")


def _declined(scene: Scene, chance: Random) -> Iterator[float]:
    yield from _triage(scene, "phishing")
    asked = scene.ask(_block(chance))
    yield chance.uniform(60, 500)
    scene.reject(asked, "nina", "wrong_target", "That is the address of our own newsletter service.")  # fmt: skip
    scene.finish("Not blocked: it was ours.")


def _server(scene: Scene, chance: Random) -> Iterator[float]:
    yield from _triage(scene, "malware")
    asked = scene.ask(_isolate("SRV-DB-02", signals=["server", "production"]))
    yield 400
    scene.reject(asked, "aiko", "against_policy", "Never a database server by itself; we moved the traffic first.")  # fmt: skip
    yield 4
    scene.tell("handoff", to="the analyst on call")
    scene.finish("People took it over.")


def _half(scene: Scene, chance: Random) -> Iterator[float]:
    device = DEVICES[0]
    yield from _triage(scene, "malware")
    scene.tool("isolate_host", "endpoints", {"device": device}, error="the device did not answer", milliseconds=15000)  # fmt: skip
    yield 4
    scene.ask(_isolate(device))
    scene.tell("escalated", reason="Half contained; an analyst has to finish it.")
    scene.flush()


def _suspended(scene: Scene, chance: Random) -> Iterator[float]:
    yield from _triage(scene, "credential-theft")
    asked = scene.ask(_suspend(chance))
    yield 200
    scene.look(asked, "nina", (0, 1))
    scene.approve(asked, "nina")
    yield 140
    scene.look(asked, "jonas", (0, 1))
    scene.approve(asked, "jonas", "Seen the sign-ins; suspend.")
    yield 260
    scene.approve(asked, "rosa")
    yield 13
    if scene.redeem(asked):
        yield 2
        _done(scene, asked, "identity", "account", "state", "suspended")
    scene.finish("The account is suspended; its owner was called.")
