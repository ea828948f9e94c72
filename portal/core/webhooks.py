"""Outgoing calls, signed by Standard Webhooks: one POST, an answer in words.

Never follows a redirect, never asks a proxy, never resolves a name twice, never keeps
what the receiver wrote. Only a 2xx is success.
"""

import base64
import functools
import hmac
import ssl
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import httpcore  # httpx's own engine: there the connection can be pinned to an address
import httpx
from django.conf import settings
from standardwebhooks import Webhook

from portal.core.addresses import (
    DEFAULT_PORTS,
    AddressRefused,
    NotResolved,
    Target,
    checked_addresses,
    target_of,
)

STEP_SECONDS = 5.0
TOTAL_SECONDS = 10.0
ANSWER_BYTES_MAX = 64 * 1024
SECRET_MARK = "whsec_"  # noqa: S105 - the mark, not a secret
AGENT = "Countersign-Webhooks/1"


@dataclass(frozen=True)
class Posted:
    """What came of one call. `error` is a sentence for a person, empty when delivered."""

    is_delivered: bool
    status: int | None
    seconds: float
    error: str = ""
    # The address itself is refused: trying again does not help.
    is_refused: bool = False


def post_signed(
    *,
    url: str,
    secrets: Sequence[str],
    message_id: str,
    payload: str,
    now: datetime,
) -> Posted:
    """POST a payload with a signature by each secret; never raises for what the receiver does.

    Waits TOTAL_SECONDS at most after the name was resolved. `now` is when it is signed,
    in UTC. Call it outside a transaction.
    """
    began = time.monotonic()

    def came_to(status: int | None, error: str, *, is_refused: bool = False) -> Posted:
        return Posted(
            is_delivered=not error,
            status=status,
            seconds=round(time.monotonic() - began, 3),
            error=error,
            is_refused=is_refused,
        )

    try:
        target = target_of(url)
        addresses = checked_addresses(target)
    except NotResolved as failure:
        return came_to(None, str(failure))
    except AddressRefused as refusal:
        return came_to(None, str(refusal), is_refused=True)
    headers = signed_headers(
        secrets=secrets, message_id=message_id, payload=payload, now=now
    )
    try:
        status = _post(target, addresses, headers, payload.encode())
    except (httpcore.TimeoutException, TimeoutError):
        return came_to(None, "The receiver did not answer in time.")
    except (httpcore.NetworkError, OSError) as error:
        return came_to(None, _network_words(error))
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol, ValueError):
        return came_to(None, "The receiver's answer was not HTTP.")
    return came_to(status, _status_words(status))


def signed_headers(
    *, secrets: Iterable[str], message_id: str, payload: str, now: datetime
) -> dict[str, str]:
    """Give the three headers of Standard Webhooks, signed by each secret in turn."""
    signatures = [
        Webhook(secret).sign(msg_id=message_id, timestamp=now, data=payload)
        for secret in secrets
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def secrets_of(owner_id: UUID, number: int) -> tuple[str, ...]:
    """Give the secret of this number, and the same under each earlier key of the portal.

    It is derived from the portal's own secret and stored nowhere: a copy of the database
    signs nothing.
    """
    keys = (settings.SECRET_KEY, *getattr(settings, "SECRET_KEY_FALLBACKS", ()))
    return tuple(
        SECRET_MARK
        + base64.b64encode(
            hmac.digest(
                key.encode(),
                f"countersign.webhook.{owner_id}.{number}".encode(),
                "sha256",
            )
        ).decode()
        for key in keys
    )


def _post(
    target: Target, addresses: Sequence[str], headers: dict[str, str], body: bytes
) -> int:
    backend = _Pinned(target, addresses, until=time.monotonic() + TOTAL_SECONDS)
    step = dict.fromkeys(("connect", "read", "write", "pool"), STEP_SECONDS)
    sent = headers | {
        "host": _host_header(target),
        "user-agent": AGENT,
        "content-type": "application/json",
        "accept-encoding": "identity",
        "connection": "close",
    }
    with (
        httpcore.ConnectionPool(
            ssl_context=_trusted(), network_backend=backend, retries=0
        ) as pool,
        pool.stream(
            "POST",
            target.url,
            headers=list(sent.items()),
            content=body,
            extensions={"timeout": step},
        ) as response,
    ):
        _read_some(response)
        return response.status


def _host_header(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    usual = target.port == DEFAULT_PORTS[target.scheme]
    return host if usual else f"{host}:{target.port}"


def _read_some(response: httpcore.Response) -> None:
    """Read a little, so that the receiver can finish writing, and keep none of it."""
    read = 0
    try:
        for chunk in response.iter_stream():
            read += len(chunk)
            if read >= ANSWER_BYTES_MAX:
                return
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        # The status is what counts, and it has come.
        return


@functools.cache
def _trusted() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class _Pinned(httpcore.NetworkBackend):
    """Connects to addresses that were looked at, whatever the name says by now."""

    def __init__(
        self, target: Target, addresses: Sequence[str], *, until: float
    ) -> None:
        self.target = target
        self.addresses = addresses
        self.until = until
        self.usual = httpcore.SyncBackend()

    def connect_tcp(
        self, host, port, timeout=None, local_address=None, socket_options=None
    ) -> httpcore.NetworkStream:
        failed: Exception = httpcore.ConnectError("no address")
        for address in self.addresses:
            try:
                stream = self.usual.connect_tcp(
                    address, self.target.port, timeout=_left(self.until, timeout)
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
                continue
            return _Watched(stream, until=self.until)
        raise failed


class _Watched(httpcore.NetworkStream):
    """A stream with an end: a receiver that sends one byte a second gains nothing."""

    def __init__(self, stream: httpcore.NetworkStream, *, until: float) -> None:
        self.stream = stream
        self.until = until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, timeout=_left(self.until, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, timeout=_left(self.until, timeout))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context, server_hostname=None, timeout=None
    ) -> httpcore.NetworkStream:
        inner = self.stream.start_tls(
            ssl_context, server_hostname, timeout=_left(self.until, timeout)
        )
        return _Watched(inner, until=self.until)

    def get_extra_info(self, info: str) -> object:
        return self.stream.get_extra_info(info)


def _left(until: float, timeout: float | None) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time for the whole call is over")
    return left if timeout is None else min(timeout, left)


def _status_words(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"The receiver answered {status}, and redirects are not followed."
    if status == 410:
        return "The receiver answered 410: it is gone."
    return f"The receiver answered {status}."


def _network_words(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "The receiver's certificate is not one that the portal trusts."
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpcore.ConnectError):
        return "The receiver could not be reached."
    return "The connection broke before the receiver answered."
