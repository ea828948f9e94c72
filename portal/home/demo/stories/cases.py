"""One customer's case, and the request that an agent makes of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from portal.home.demo.scene import Scene
from portal.home.demo.stories.things import PRODUCTS, customer, order_number

type Story = Callable[[Scene], Iterator[float]]
REVIEWERS = ("dana", "dana", "tom", "lena")
SMALL_MAX = Decimal(25)
WHY = {
    "damaged-item": ("arrived damaged", "The photo shows the damage and the delivery note says “box dented”."),
    "late-delivery": ("came nine days late", "The carrier confirms delivery nine days after the promised date."),
    "missing-item": ("was missing from the parcel", "The parcel weighed 1.4 kg less than packed."),
    "wrong-item": ("was the wrong one", "The warehouse picked the neighbouring shelf; the scan says so."),
    "duplicate-charge": ("was charged twice", "Two payments of the same amount, forty seconds apart."),
}  # fmt: skip


@dataclass
class Case:
    """One customer's case."""

    chance: Random
    customer: str
    address: str
    order: str
    product: str
    price: Decimal
    category: str
    amount: Decimal
    confidence: float

    @property
    def reviewer(self) -> str:
        return self.chance.choice(REVIEWERS)

    def think_time(self) -> float:
        """Give how long a person needs, mostly minutes."""
        return min(6000.0, self.chance.lognormvariate(6.2, 0.9))


def case_of(chance: Random, *, is_small: bool) -> Case:
    name, address = customer(chance)
    affordable = [
        each for each in PRODUCTS if (Decimal(each[1]) <= SMALL_MAX) is is_small
    ]
    product, price = chance.choice(affordable)
    category = chance.choice(tuple(WHY))
    return Case(
        chance=chance,
        customer=name,
        address=address,
        order=order_number(chance),
        product=product,
        price=Decimal(price),
        category=category,
        amount=Decimal(price),
        confidence=round(chance.uniform(0.92, 0.98), 2),
    )


REFUND_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["amount", "currency", "recipient"],
    "properties": {
        "amount": {"type": "string", "format": "money", "title": "Amount"},
        "currency": {"enum": ["EUR"], "title": "Currency"},
        "recipient": {"type": "string", "maxLength": 120, "title": "Recipient"},
        "reason": {"enum": list(WHY), "title": "Reason"},
    },
}


def refund_body(case: Case, **changes: Any) -> dict[str, Any]:
    """Write the request of one refund, with its evidence."""
    what, proof = WHY[case.category]
    amount = f"{case.amount:.2f}"
    body = {
        "on_behalf_of": {"type": "customer", "id": case.address},
        "action": {
            "verb": "refund",
            "system": "billing",
            "resource": {"type": "order", "id": case.order},
            "args": {
                "amount": amount,
                "currency": "EUR",
                "recipient": case.address,
                "reason": case.category,
            },
        },
        "args_schema": REFUND_SCHEMA,
        "title": f"Refund EUR {amount} for order {case.order}",
        "description": f"{case.customer} writes that the {case.product} {what}.",
        "rationale": proof,
        "evidence": [
            {
                "label": f"Order {case.order}",
                "source": "orders",
                "url": f"https://orders.alderpike.example/{case.order}",
                "excerpt": f"1 × {case.product}, EUR {case.price:.2f}, delivered.",
            },
            {
                "label": "What the customer wrote",
                "source": "crm",
                "excerpt": f"“My {case.product} {what}. Could you help?” {case.customer}",
            },
        ],
        "before": {"refunded": "0.00"},
        "after": {"refunded": amount},
        "amount": {"value": amount, "currency": "EUR"},
        "confidence": case.confidence,
        "category": case.category,
        "reversibility": "irreversible",
        "checks": [{"name": "order exists", "status": "pass"}],
        "cost": {"value": "0.03", "currency": "EUR"},
    }
    return {**body, **changes}
