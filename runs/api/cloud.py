"""CloudEvents over HTTP: which of the three modes a request is in, and who may send.

The mode is told by the content type, whatever its case; without one of the standard's,
by `ce-` headers. It reads no event.
"""

import json
import re
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal.core.errors import TooLarge, UnsupportedMedia
from runs.operations.batch_bytes import (
    CLOUD_BATCH_TYPE,
    CLOUD_TYPE,
    EVENT_BYTES_MAX,
)
from runs.rules import cloudevents

# Data grows by a third once it is kept as base64, beside its attributes.
_BINARY_BYTES_MAX = EVENT_BYTES_MAX * 3 // 4 - 8 * 1024
_ORIGIN = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?")


@dataclass(frozen=True)
class Sent:
    """The bytes of a batch as they are kept, and how they are to be read."""

    raw: bytes
    form: str
    content_type: str


def sent_as(request: HttpRequest, raw: bytes) -> Sent:
    """Say how a batch is to be read. Raises UnsupportedMedia or TooLarge."""
    content_type = request.content_type or ""
    if content_type.startswith(cloudevents.PREFIX):
        return Sent(raw, "CLOUDEVENTS", _format_of(request, content_type))
    headers = {
        name: value
        for name, value in request.headers.items()
        if name.lower().startswith(cloudevents.HEADER_PREFIX)
    }
    if not headers:
        return Sent(raw, "NATIVE", content_type)
    if len(raw) > _BINARY_BYTES_MAX:
        raise TooLarge(
            f"At most {_BINARY_BYTES_MAX:,} bytes of data are taken in one event."
        )
    event = cloudevents.structured_of(
        headers, content_type=request.headers.get("Content-Type", ""), body=raw
    )
    return Sent(json.dumps(event).encode(), "CLOUDEVENTS", CLOUD_TYPE)


def allowed_sender(request: HttpRequest) -> HttpResponse:
    """Answer the handshake of web hooks: an origin that is a name of a host may send."""
    response = HttpResponse(status=204, headers={"Allow": "POST"})
    origin = request.headers.get("WebHook-Request-Origin", "")
    if _ORIGIN.fullmatch(origin):
        rate = getattr(settings, "AGENT_CALLS_PER_SECOND", 200) * 60
        response["WebHook-Allowed-Origin"] = origin
        response["WebHook-Allowed-Rate"] = str(rate)
    return response


def _format_of(request: HttpRequest, content_type: str) -> str:
    is_batch = content_type.startswith(cloudevents.BATCH_PREFIX)
    known = CLOUD_BATCH_TYPE if is_batch else CLOUD_TYPE
    charset = (request.content_params or {}).get("charset", "utf-8")
    if content_type not in (known, known.removesuffix("+json")):
        raise UnsupportedMedia(f"Send CloudEvents as {CLOUD_TYPE} or as a batch of it.")
    if charset.lower() not in ("utf-8", "us-ascii"):
        raise UnsupportedMedia("Send CloudEvents in UTF-8.")
    return known
