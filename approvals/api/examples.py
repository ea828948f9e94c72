"""One example of each body, for the OpenAPI document and the page made from it."""

from typing import Any

ASK: dict[str, Any] = {
    "workflow": "refund-management",
    "run": "case-7741",
    "tool_call_id": "call_9",
    "on_behalf_of": {"type": "user", "id": "ana@example.com"},
    "action": {
        "verb": "refund",
        "system": "billing",
        "resource": {"type": "order", "id": "1182"},
        "args": {"amount": "84.20", "currency": "EUR"},
    },
    "title": "Refund EUR 84.20 for order 1182",
    "rationale": "The parcel arrived broken; the photo shows it.",
    "evidence": [
        {
            "label": "Order 1182",
            "source": "orders",
            "excerpt": "Paid EUR 84.20 by card.",
        }
    ],
    "before": {"refunded": "0.00"},
    "after": {"refunded": "84.20"},
    "amount": {"value": "84.20", "currency": "EUR"},
    "confidence": 0.93,
    "reversibility": "irreversible",
}
ANSWER: dict[str, Any] = {
    "message": "The customer sent the photo on Monday.",
    "evidence": [{"label": "Photo", "source": "mail", "excerpt": "A broken lamp."}],
}
REDEEM: dict[str, Any] = {
    "token": "the token of the grant",
    "action_digest": "sha256:the digest of the answer",
}
OUTCOME: dict[str, Any] = {
    "status": "succeeded",
    "external_ref": "re_5Qx",
    "changes": [
        {
            "system": "billing",
            "resource": "order 1182",
            "field": "refunded",
            "before": "0.00",
            "after": "84.20",
        }
    ],
}
