"""Refund management: small clear refunds run by themselves, the rest is decided by people."""

from collections.abc import Generator, Iterator
from decimal import Decimal
from random import Random

from approvals.operations.ask import Asked
from portal.home.demo.scene import Scene
from portal.home.demo.stories.cases import (
    WHY,
    Case,
    Story,
    case_of,
    refund_body,
)
from portal.home.demo.stories.things import (
    CARRIERS,
    PRODUCTS,
)
from portal.home.demo.tracing import Tracer, chat_facts


def story(number: int, chance: Random) -> Story:
    """Pick what happens in one run; the rare things have fixed places."""
    rare = {
        4: _deletes, 11: _recovered, 17: _conflict, 23: _asked_back, 29: _withheld,
        34: _unknown, 38: _conflict, 42: _lawyer, 47: _asked_back, 52: _half_failed,
        27: _given_up, 36: _recovered, 9: _traced, 44: _traced,
    }  # fmt: skip
    chosen = rare.get(number)
    if chosen is None:
        chosen = chance.choices(
            (_small, approved, edited, _rejected, _unsure, _credit),
            weights=(46, 26, 7, 9, 5, 7),
        )[0]
    case = case_of(chance, is_small=chosen in (_small, *_HELD))
    return lambda scene: chosen(scene, case)


def waiting_story(
    chance: Random,
    *,
    price: str,
    category: str,
    confidence: float,
    customer_adds: str = "",
    comment: str = "",
) -> Story:
    """Give a run that still waits in the inbox.

    What the customer adds is quoted by the agent as it came, tricks and all.
    """
    case = case_of(chance, is_small=False)
    product = min(PRODUCTS, key=lambda each: abs(Decimal(each[1]) - Decimal(price)))
    case.product, case.price = product[0], Decimal(price)
    case.amount, case.category, case.confidence = Decimal(price), category, confidence

    def play(scene: Scene) -> Iterator[float]:
        yield from _opening(scene, case)
        body = refund_body(case)
        if customer_adds:
            body["description"] += f" The customer adds: “{customer_adds}”"
        asked = scene.ask(body)
        # Whoever tries the demo may have retired the tool: then people see nothing.
        if comment and asked.proposal is not None:
            scene.comment(asked, "dana", comment)
        scene.flush()

    return play


def _order(case: Case) -> dict[str, object]:
    """What the order says; who reads the run reads neither the address nor the street."""
    street = f"{len(case.customer) + 3} Harbour Road"
    customer = {"email": case.address, "street": street}
    return {"total": f"{case.price}", "customer": customer}


def _opening(scene: Scene, case: Case) -> Iterator[float]:
    """Read the order and the payments, and think."""
    scene.start(f"{case.customer} wrote about order {case.order}.", case=f"order {case.order}", case_type=case.category, requester=case.customer)  # fmt: skip
    yield 3
    scene.tool("get_order", "orders", {"order": case.order}, result=_order(case))
    scene.read("orders", f"order {case.order}", "items", "total", "delivered_at")
    yield 4
    scene.tool(
        "get_payments", "billing", {"order": case.order}, result={"refunded": "0.00"}
    )
    scene.read("billing", f"payments of order {case.order}", "paid", "refunded")
    yield 2
    scene.model(
        "gpt-5", case.chance.randint(1800, 3600), case.chance.randint(150, 400), "0.021"
    )
    what, _ = WHY[case.category]
    scene.think(f"The {case.product} {what}; a refund of EUR {case.amount:.2f} is fair.", case.confidence)  # fmt: skip
    yield 3


def _pay(scene: Scene, asked: Asked, amount: Decimal, case: Case) -> Iterator[float]:
    """Redeem the grant, pay, report; the ledger confirms most of it a little later."""
    grant = scene.redeem(asked)
    if grant is None:
        return
    yield 2
    paid = f"{amount:.2f}"
    reference = f"rf-{case.chance.randint(100000, 999999)}"
    scene.report(
        asked,
        detail=f"Billing paid EUR {paid}.",
        reference=reference,
        changes=[
            {
                "system": "billing",
                "resource": f"order {case.order}",
                "field": "refunded",
                "before": "0.00",
                "after": paid,
            }
        ],
    )
    scene.tool(
        f"issue_{asked.action_request.verb}",
        "billing",
        {"order": case.order, "amount": paid},
        result=reference,
    )
    yield 1
    scene.tell("outcome.confirmed", resolved=True, by="customer")
    scene.finish(f"Refunded EUR {paid} to {case.customer}.")
    if case.chance.random() < 0.7:
        yield case.chance.uniform(60, 900)
        scene.confirm(f"order {case.order}", "refunded", paid, grant.id)


def _small(scene: Scene, case: Case) -> Iterator[float]:
    yield from _opening(scene, case)
    asked = scene.ask(refund_body(case))
    yield 2
    if asked.grant is None:
        yield case.think_time()
        scene.approve(asked, case.reviewer)
        yield 12
    yield from _pay(scene, asked, case.amount, case)


def approved(scene: Scene, case: Case) -> Iterator[float]:
    yield from _opening(scene, case)
    asked = scene.ask(refund_body(case))
    reviewer = case.reviewer
    yield case.think_time()
    scene.look(asked, reviewer, (0, 1) if case.chance.random() < 0.5 else (0,))
    yield case.chance.uniform(20, 140)
    scene.approve(asked, reviewer)
    yield 14
    yield from _pay(scene, asked, case.amount, case)


def edited(scene: Scene, case: Case) -> Iterator[float]:
    yield from _opening(scene, case)
    asked = scene.ask(refund_body(case))
    less = (case.amount / 2).quantize(Decimal("0.01"))
    reviewer = case.reviewer
    yield case.think_time()
    scene.look(asked, reviewer, (0, 1))
    yield 60
    scene.edit(asked, reviewer, {"amount": f"{less}"}, "Half: the lamp works, only the shade is damaged.")  # fmt: skip
    yield 14
    yield from _pay(scene, asked, less, case)


def _traced(scene: Scene, case: Case) -> Iterator[float]:
    """Ask three carriers at the same time, told by OpenTelemetry."""
    scene.start(f"{case.customer} wrote about order {case.order}.", case=f"order {case.order}", case_type=case.category, requester=case.customer)  # fmt: skip
    scene.flush()
    trace = Tracer(scene)
    trace.span(2, "chat gpt-5", 0.4, 1.9, **chat_facts(1240, 96))
    for place, carrier in enumerate(CARRIERS[:3]):
        begin = 2.1 + place * 0.2
        trace.tool(
            3 + 2 * place, f"track_at_{carrier.split()[0].lower()}", begin, begin + 1.4 + place,
            args={"order": case.order}, result={"carrier": carrier, "seen": place == 1},
        )  # fmt: skip
        trace.span(
            4 + 2 * place,
            "GET /shipments",
            begin + 0.1,
            begin + 1.2,
            parent=3 + 2 * place,
        )
    trace.span(9, "chat gpt-5", 6.0, 7.2, **chat_facts(2210, 180))
    trace.span(10, "vector lookup", 6.2, 6.6, parent=77)
    trace.span(1, "check the delivery", 0, 7.5, parent=None)
    yield 8
    trace.send()
    scene.think(f"No carrier has order {case.order}; a refund of EUR {case.amount:.2f} is fair.", case.confidence)  # fmt: skip
    asked = scene.ask(refund_body(case))
    reviewer = case.reviewer
    yield case.think_time()
    scene.look(asked, reviewer, (0, 1))
    yield 40
    scene.approve(asked, reviewer)
    yield 14
    yield from _pay(scene, asked, case.amount, case)


def _rejected(scene: Scene, case: Case) -> Iterator[float]:
    yield from _opening(scene, case)
    asked = scene.ask(refund_body(case))
    yield case.think_time()
    code, message = case.chance.choice(
        (
            ("duplicate", "This order was refunded on the phone yesterday."),
            (
                "not_justified",
                "The photo shows another lamp than the one that was ordered.",
            ),
            (
                "missing_information",
                "Ask for a photo of the parcel first, then ask again.",
            ),
            (
                "wrong_amount",
                "The customer paid with a voucher; only the rest can be paid back.",
            ),
        )
    )
    scene.reject(asked, case.reviewer, code, message)
    yield 5
    scene.tell(
        "note",
        text=f"Told {case.customer} at {case.address} that a colleague will write.",
    )
    scene.finish("Not refunded; a person said no.")


def _unsure(scene: Scene, case: Case) -> Iterator[float]:
    case.confidence = round(case.chance.uniform(0.55, 0.82), 2)
    yield from _opening(scene, case)
    asked = scene.ask(refund_body(case))
    yield case.think_time()
    scene.respond(
        asked, case.reviewer, "Send a replacement instead; the customer prefers one."
    )
    yield 6
    scene.finish("A replacement was sent instead of a refund.")


def _credit(scene: Scene, case: Case) -> Iterator[float]:
    yield from _opening(scene, case)
    body = refund_body(case)
    body["action"] = {**body["action"], "verb": "credit"}
    body["title"] = f"Credit EUR {case.amount:.2f} to {case.customer}"
    asked = scene.ask(body)
    if asked.proposal is None:
        scene.finish("Credit is not in this rulebook.", status="stopped")
        return
    yield case.think_time()
    scene.approve(asked, case.reviewer, "Fair; they waited long.")
    yield 14
    yield from _pay(scene, asked, case.amount, case)


def _asked_back(scene: Scene, case: Case) -> Iterator[float]:
    yield from _opening(scene, case)
    asked = scene.ask(refund_body(case))
    yield 500
    scene.question(asked, "tom", "Did the customer say when the box was opened?")
    yield 240
    scene.answer(asked, "Yes: on the day it arrived, in front of the driver.")
    yield 300
    scene.approve(asked, "tom")
    yield 14
    yield from _pay(scene, asked, case.amount, case)


def _conflict(scene: Scene, case: Case) -> Iterator[float]:
    yield from _opening(scene, case)
    carrier = case.chance.choice(CARRIERS)
    scene.think(f"{carrier} says delivered, the customer says nothing came.", 0.5)
    asked = scene.ask(refund_body(case, signals=["conflicting_records"]))
    yield 1500
    scene.comment(
        asked, "erik", f"I called {carrier}: the driver left it with a neighbour."
    )
    yield 600
    scene.reject(asked, "erik", "not_justified", "The neighbour has the parcel; the customer was told.")  # fmt: skip
    yield 8
    scene.finish("Not refunded; the parcel was found.")


def _lawyer(scene: Scene, case: Case) -> Iterator[float]:
    yield from _opening(scene, case)
    body = refund_body(case)
    body["description"] += " Otherwise their lawyer will write."
    asked = scene.ask(body)
    yield 2400
    scene.approve(asked, "erik", "Pay it: the delay was ours. Legal knows.")
    yield 14
    yield from _pay(scene, asked, case.amount, case)


def _half_failed(scene: Scene, case: Case) -> Iterator[float]:
    yield from _cut_off(scene, case)


def _recovered(scene: Scene, case: Case) -> Iterator[float]:
    held = yield from _cut_off(scene, case)
    yield 7200
    scene.settle(
        held,
        "erik",
        "Billing was down until noon and paid nothing. I paid by hand.",
        code="put_right",
    )
    yield 30
    scene.tell("handoff", to="Erik Sandberg")
    scene.finish("A person paid the refund after billing came back.")


def _cut_off(scene: Scene, case: Case) -> Generator[float, None, Asked]:
    """Let billing fail in the middle, so that the stop rule holds the run."""
    yield from _opening(scene, case)
    arguments = {"order": case.order, "amount": f"{case.amount}"}
    scene.tool(
        "issue_refund",
        "billing",
        arguments,
        error="504 from billing",
        milliseconds=30000,
    )
    yield 6
    asked = scene.ask(refund_body(case))
    yield 4
    scene.tell("escalated", reason="Billing did not answer; a person should look.")
    scene.flush()
    return asked


def _given_up(scene: Scene, case: Case) -> Iterator[float]:
    held = yield from _cut_off(scene, case)
    yield 3600
    scene.settle(
        held,
        "erik",
        "Billing had paid it after all; a second try would pay twice.",
        ends="STOPPED",
        code="done_before",
    )


_HELD = (_half_failed, _recovered, _given_up)


def _withheld(scene: Scene, case: Case) -> Iterator[float]:
    yield from _opening(scene, case)
    asked = scene.ask(refund_body(case))
    yield 800
    scene.escalate(asked, "lena", "Third refund for this address within a month.")
    yield 3000
    scene.reject(
        asked, "erik", "against_policy", "Three in a month go to the fraud desk."
    )
    yield 5
    scene.finish("Not refunded; passed to the fraud desk.")


def _unknown(scene: Scene, case: Case) -> Iterator[float]:
    yield from _opening(scene, case)
    asked = scene.ask(refund_body(case))
    yield case.think_time()
    scene.approve(asked, "dana")
    yield 14
    if scene.redeem(asked) is None:
        return
    yield 31
    scene.report(asked, status="UNKNOWN", detail="Billing closed the connection before it answered.")  # fmt: skip
    scene.finish("It is not known whether the refund was paid.", status="failed")


def _deletes(scene: Scene, case: Case) -> Iterator[float]:
    yield from _opening(scene, case)
    scene.ask(
        {
            "action": {
                "verb": "delete",
                "system": "orders",
                "resource": {"type": "order", "id": case.order},
                "args": {"reason": "the customer asked to forget the order"},
            },
            "title": f"Delete order {case.order}",
            "description": f"{case.customer} asks to be forgotten.",
            "confidence": 0.9,
        }
    )
    yield 4
    scene.tell("handoff", to="the privacy desk")
    scene.finish("Passed to the privacy desk; orders are never deleted by an agent.")
