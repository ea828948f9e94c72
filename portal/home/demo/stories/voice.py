"""Voice service desk: simple calls end by themselves, everything else goes to a person."""

from collections.abc import Iterator
from random import Random
from typing import Any

from portal.home.demo.scene import Scene
from portal.home.demo.stories.cases import Story
from portal.home.demo.stories.things import customer, order_number

SLOTS = ("Tuesday 09:00–12:00", "Wednesday 13:00–16:00", "Friday 08:00–10:00")
CONFIRMED = [{"name": "caller confirmed the summary", "status": "pass"}]


def story(number: int, chance: Random) -> Story:
    """Pick what happens in one call."""
    if number == 6:
        return lambda scene: _silent(scene, chance)
    chosen = chance.choices(
        (_appointment, _delivery, _address, _upset), weights=(42, 28, 18, 12)
    )[0]
    return lambda scene: chosen(scene, chance)


def waiting_story(chance: Random) -> Story:
    """Give a call whose change of address still waits."""

    def play(scene: Scene) -> Iterator[float]:
        name, address = customer(chance)
        yield from _opening(scene, name)
        scene.ask(_address_body(name, address))
        scene.finish(f"{name} moved; the new address waits for a colleague.")

    return play


def _opening(scene: Scene, name: str) -> Iterator[float]:
    scene.start(f"A call from {name}.", requester=name)
    yield 6
    scene.tool(
        "lookup_caller", "cases", {"phone": "ends in 41"}, result={"caller": name}
    )
    scene.read("cases", f"caller {name}", "name", "open_cases")
    yield 18


def _body(verb: str, system: str, name: str, args: dict[str, Any], **more: Any) -> dict:
    return {
        "on_behalf_of": {"type": "customer", "id": name},
        "action": {"verb": verb, "system": system, "args": {"caller": name, **args}},
        "confidence": 0.91,
        "checks": CONFIRMED,
        "evidence": [
            {
                "label": "What the caller said",
                "source": "telephony",
                "excerpt": f"“Yes, that is right.” {name}",
            }  # fmt: skip
        ],
        **more,
    }


def _appointment(scene: Scene, chance: Random) -> Iterator[float]:
    name, _ = customer(chance)
    slot = chance.choice(SLOTS)
    yield from _opening(scene, name)
    booked = scene.ask(
        _body(
            "book",
            "calendar",
            name,
            {"slot": slot},
            title=f"Book {slot} for {name}",
            category="appointment",
        )  # fmt: skip
    )
    yield 2
    if scene.redeem(booked):
        yield 1
        scene.report(
            booked,
            reference=f"slot-{chance.randint(1000, 9999)}",
            changes=[
                {
                    "system": "calendar",
                    "resource": slot,
                    "field": "booked_for",
                    "before": None,
                    "after": name,
                }
            ],  # fmt: skip
        )
    texted = scene.ask(
        _body(
            "send", "messaging", name,
            {"to": f"+49 170 555{chance.randint(1000, 9999)}", "text": f"See you on {slot}."},
            title=f"Text {name} the appointment",
        )
    )  # fmt: skip
    yield 2
    if scene.redeem(texted):
        yield 1
        scene.report(texted)
    scene.finish(f"Booked {slot} for {name} and confirmed it by text.")


def _delivery(scene: Scene, chance: Random) -> Iterator[float]:
    name, _ = customer(chance)
    order = order_number(chance)
    yield from _opening(scene, name)
    scene.tool(
        "order_status", "orders", {"order": order}, result={"state": "on its way"}
    )
    scene.read("orders", f"order {order}", "state", "promised_on")
    yield 25
    scene.tell("outcome.confirmed", resolved=True, by="caller")
    scene.finish(f"Told {name} that order {order} is on its way.")


def _address_body(name: str, address: str) -> dict[str, Any]:
    return _body(
        "update",
        "crm",
        name,
        {"field": "address", "value": "Lindenallee 14, Bremen"},
        title=f"Change the address of {name}",
        category="contact-change",
        before={"address": "Hafenstr. 3, Bremen"},
        after={"address": "Lindenallee 14, Bremen"},
        rationale=f"The caller spelled the new address twice; mail goes to {address}.",
    )


def _address(scene: Scene, chance: Random) -> Iterator[float]:
    name, address = customer(chance)
    yield from _opening(scene, name)
    asked = scene.ask(_address_body(name, address))
    yield chance.uniform(200, 2600)
    who = chance.choice(("dana", "lena"))
    if chance.random() < 0.15:
        scene.reject(asked, who, "missing_information", "The date of birth was not asked for.")  # fmt: skip
        yield 4
        scene.finish(f"The address of {name} stays as it was.")
        return
    scene.approve(asked, who)
    yield 13
    if scene.redeem(asked):
        yield 1
        scene.report(
            asked,
            changes=[
                {
                    "system": "crm",
                    "resource": f"customer {name}",
                    "field": "address",
                    "before": "Hafenstr. 3, Bremen",
                    "after": "Lindenallee 14, Bremen",
                }
            ],
        )
    scene.finish(f"Changed the address of {name}.")


def _upset(scene: Scene, chance: Random) -> Iterator[float]:
    name, _ = customer(chance)
    yield from _opening(scene, name)
    scene.think("The caller is upset about a second broken delivery.", 0.44)
    yield 3
    asked = scene.ask(
        _body(
            "hand_over",
            "telephony",
            name,
            {"queue": "care"},
            title=f"Hand {name} over to care",
        )
    )
    yield 2
    if scene.redeem(asked):
        scene.report(asked)
    scene.tell("handoff", to="customer care")
    scene.finish(f"{name} was handed over to a colleague.")


def _silent(scene: Scene, chance: Random) -> Iterator[float]:
    name, _ = customer(chance)
    yield from _opening(scene, name)
    for attempt in (1, 2):
        scene.tool("book_slot", "calendar", {"slot": SLOTS[0]}, error="no answer", attempt=attempt, milliseconds=8000)  # fmt: skip
        yield 9
    scene.ask(
        _body(
            "book",
            "calendar",
            name,
            {"slot": SLOTS[0]},
            title=f"Book {SLOTS[0]} for {name}",
            category="appointment",
        )  # fmt: skip
    )
    yield 3
    scene.tell("handoff", to="customer care")
    scene.flush()
