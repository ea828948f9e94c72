"""Made-up values for the style page: one of every state a component can be in."""

import datetime as dt
from typing import Any


def style_samples(*, now: dt.datetime) -> dict[str, Any]:
    return {
        "now": now,
        "soon": now + dt.timedelta(minutes=12),
        "late": now - dt.timedelta(minutes=4),
        "answers": ("allow", "review", "escalate", "refuse"),
        "grid": _grid(),
        "lines": _lines(now.replace(hour=9, minute=0, second=2, microsecond=0)),
        "seven": _seven_answers(),
        "runs": _runs(now),
        "numbers": _numbers(),
        "hidden_text": "Pay the \u202einvoice\u202c to pаypal.com\u200b, please.\U000e0041",
        "agent_words": (
            "The customer asked for **EUR 84.20** back.\n\n- delivered nine days late\n"
            "- [order 1182](https://shop.example/orders/1182)\n\n<b>raw HTML</b> stays text."
        ),
    }


def _grid() -> dict[str, Any]:
    def verb(key: str) -> dict[str, str]:
        return {"key": key, "label": key.replace("_", " ").capitalize()}

    def cell(
        answer: str, sentence: str, limit: str = "", above: str = ""
    ) -> dict[str, str]:
        return {"answer": answer, "sentence": sentence, "limit": limit, "above": above}

    return {
        "tiers": [
            {"name": "Read", "verbs": [verb("read"), verb("search")]},
            {"name": "Prepare", "verbs": [verb("draft_reply")]},
            {"name": "Stage", "verbs": [verb("queue_refund")]},
            {
                "name": "Change",
                "verbs": [verb("refund"), verb("update"), verb("delete")],
            },
        ],
        "rows": [
            {
                "label": "Orders",
                "cells": {
                    "read": cell("allowed", "May read in Orders."),
                    "search": cell("allowed", "May search in Orders.", "200 a day"),
                    "update": cell(
                        "review", "May update in Orders after a reviewer decides."
                    ),
                    "delete": cell(
                        "never",
                        "Never deletes in Orders; the enterprise decided this.",
                        above="enterprise",
                    ),
                },
            },
            {
                "label": "Billing",
                "cells": {
                    "read": cell("allowed", "May read in Billing."),
                    "draft_reply": cell("allowed", "May draft a reply in Billing."),
                    "queue_refund": cell(
                        "review",
                        "May queue a refund after a reviewer decides.",
                        "2 people",
                    ),
                    "refund": cell(
                        "allowed",
                        "May refund in Billing up to EUR 25 at confidence 0.9; above that a reviewer decides.",
                        "≤ EUR 25",
                    ),
                    "delete": cell("never", "Never deletes in Billing."),
                },
            },
            {
                "label": "Customer e-mail",
                "cells": {
                    "read": cell("allowed", "May read customer e-mail."),
                    "draft_reply": cell(
                        "review",
                        "May draft a reply after a reviewer decides.",
                        above="department",
                    ),
                },
            },
        ],
    }


def _lines(start: dt.datetime) -> list[dict[str, Any]]:
    def at(seconds: int) -> dt.datetime:
        return start + dt.timedelta(seconds=seconds)

    def line(
        seconds: int, mark: str, verb: str, text: str, provenance: str, **more: Any
    ) -> dict[str, Any]:
        return {
            "time": at(seconds),
            "mark": mark,
            "verb": verb,
            "text": text,
            "provenance": provenance,
        } | more

    return [
        line(0, "ring", "Started", "customer e-mail “Where is my refund?”", "reported"),
        line(3, "ring", "Looked at", "order 12, customer 881, policy v7", "reported",
             detail="Order 12 was read from Orders, customer 881 from CRM."),
        line(9, "rotate-ccw", "Tried twice", "shipping status: one time-out, then fine", "reported"),
        {"kind": "gap", "text": "Nothing was reported for 41 s; two events may be missing."},
        line(50, "diamond", "Decided", "a refund is due: delivered nine days late · 0.82", "reported"),
        line(50, "review", "Asked to", "refund EUR 40.00, order 12, billing", "enforced", tone="review"),
        {"kind": "wait", "text": "waited for a person 6 min 02 s of 30 min"},
        line(374, "check", "Approved", "Dana Reyes, who opened 3 of 3 evidence items", "enforced", tone="allowed"),
        line(376, "square", "Changed", "refunded 0.00 → 40.00", "confirmed", by="billing", tone="allowed"),
        line(377, "triangle-alert", "Said otherwise", "the agent reported EUR 45.00; billing holds EUR 40.00",
             "inferred", kind="contradiction"),
        line(377, "allowed", "Finished", "customer told by e-mail", "reported"),
        {"kind": "folded", "text": "23 technical steps hidden",
         "steps": [(at(4), "GET orders/12 → 200"), (at(5), "GET customers/881 → 200")]},
    ]  # fmt: skip


def _seven_answers() -> list[tuple[str, str | None]]:
    return [
        ("Triggered by", "e-mail"), ("Looked at", "3 records"), ("Tools", "4"), ("Decided", "refund"),
        ("Changed", "1 field"), ("Escalated", None), ("Approved by", "Dana Reyes"),
    ]  # fmt: skip


def _runs(now: dt.datetime) -> list[dict[str, Any]]:
    rows = (
        ("Refund of EUR 40 for order 12", "Refund management", "Completed", "done", "allow", "40.00", 7),
        ("Refund of EUR 84.20 for order 1182", "Refund management", "Waiting for a person", "waiting", "review",
         "84.20", 18),
        ("Cancel reservation 8XK2", "Airline service", "On hold", "held", "escalate", "612.00", 44),
        ("Delete customer 881", "Refund management", "Refused", "failed", "refuse", None, 190),
        ("Answer where order 12 is", "Policy assistant", "Running", "running", "allow", None, 1),
    )  # fmt: skip
    keys = ("title", "workflow", "state", "kind", "answer", "amount", "minutes")
    return [
        dict(zip(keys, row, strict=True))
        | {"at": now - dt.timedelta(minutes=int(str(row[6])))}
        for row in rows
    ]


def _numbers() -> list[dict[str, Any]]:
    return [
        {"name": "Approved without change", "now": 0.91, "low": 0.86, "high": 0.94, "target": 0.9,
         "weeks": [0.7, 0.74, 0.73, 0.8, None, 0.82, 0.85, 0.84, 0.88, 0.87, 0.9, 0.91], "of": "142 of 156"},
        {"name": "Runs that can answer all seven", "now": 0.78, "low": 0.71, "high": 0.84, "target": 0.95,
         "weeks": [0.9, 0.88, 0.86, 0.87, 0.84, 0.82, 0.83, 0.8, 0.79, 0.8, 0.77, 0.78], "of": "231 of 296"},
        {"name": "Unauthorised actions", "now": 0, "low": 0, "high": 0.013, "target": None,
         "weeks": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "of": "0 of 296"},
    ]  # fmt: skip
