"""A run told over an event bus by an agent that leaves much unsaid, so that its page has what to mend."""

import json
from datetime import datetime, timedelta
from typing import Any

from portal.accounts.keys import AgentPrincipal
from runs.operations.accepting import accept_batch
from runs.operations.batch_bytes import CLOUD_BATCH_TYPE, look_at
from runs.operations.folding import fold_batch

RUN = "voice-bus-0001"
_SAID: tuple[tuple[str, dict[str, Any]], ...] = (
    # kind, data
    ("run.started", {}),
    ("data.read", {"system": "orders", "resource": "order 20771"}),
    ("call.transferred", {"to": "Dana"}),
    ("tool.called", {"tool": "order_status", "status": "ok"}),
    ("tool.called", {"tool": "parcel_map", "args": {"parcel": "20771"}, "status": "ok"}),
    ("decision.made", {"text": "The parcel comes on Thursday", "confidence": 0.91}),
    ("run.finished", {"status": "completed", "summary": "Told the caller that the parcel comes on Thursday."}),
)  # fmt: skip


def tell_by_bus(principal: AgentPrincipal, *, now: datetime) -> int:
    """Tell one run as CloudEvents, one of them of a type nobody knows; says how many runs."""
    began = now - timedelta(hours=2, minutes=10)
    raw = json.dumps(
        [
            {
                "specversion": "1.0",
                "id": f"{RUN}-{number}",
                "source": "/buses/voice",
                "type": f"com.alderpike.{kind}.v1",
                "time": (began + timedelta(seconds=9 * number)).isoformat(),
                "sequence": f"{number:06}",
                "correlationid": RUN,
                "workflow": "voice-service-desk",
                "data": data,
            }
            for number, (kind, data) in enumerate(_SAID)
        ]
    ).encode()
    at = began + timedelta(seconds=90)
    read: dict[str, Any] = {"form": "CLOUDEVENTS", "content_type": CLOUD_BATCH_TYPE}
    looked = look_at(raw, is_system_of_record=False, now=at, **read)
    accepted = accept_batch(principal=principal, raw=raw, looked=looked, now=at, **read)
    fold_batch(batch_id=accepted.batch_id, now=at)
    return 1
