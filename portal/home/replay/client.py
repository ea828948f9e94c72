"""The HTTP side of a playing agent: keys, repeats, and patience. Never a redirect.

Every POST carries an Idempotency-Key made from what it is about, so that repeating it
after a lost connection or a 503 can do nothing twice.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

TRIES_MAX = 8
PAUSE_SECONDS_MAX = 5.0
TIMEOUT_SECONDS = 40.0
_AGAIN = frozenset({429, 502, 503, 504})


class PortalRefused(Exception):
    """The portal answered with a problem that playing cannot go around."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        self.status, self.code, self.detail = status, code, detail
        super().__init__(f"{status} {code}: {detail}")


@dataclass(frozen=True)
class Answer:
    status: int
    document: Mapping[str, Any]
    seconds: float


@dataclass
class AgentClient:
    """An agent that speaks to one portal with one key. Safe to share between threads."""

    url: str
    key: str
    connections: int = 16
    _http: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._http = httpx.Client(
            base_url=self.url.rstrip("/"),
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=self.connections),
            trust_env=False,
        )

    def __enter__(self) -> "AgentClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def rulebook(self, slug: str) -> Mapping[str, Any]:
        return self.get(f"/api/v1/workflows/{slug}").document

    def send_events(self, events: list[dict[str, Any]]) -> Mapping[str, Any]:
        return self.post("/api/v1/events", {"events": events}).document

    def get(self, path: str) -> Answer:
        return self._until_answered("GET", path, None, {})

    def post(self, path: str, body: Mapping[str, Any], *, key: str = "") -> Answer:
        headers = {"Idempotency-Key": key} if key else {}
        return self._until_answered("POST", path, body, headers)

    def _until_answered(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: dict
    ) -> Answer:
        for tried in range(1, TRIES_MAX + 1):
            began = time.perf_counter()
            try:
                response = self._http.request(method, path, json=body, headers=headers)
            except httpx.TransportError as error:
                if tried == TRIES_MAX:
                    raise PortalRefused(0, "unreachable", str(error)) from error
                time.sleep(min(PAUSE_SECONDS_MAX, 0.2 * 2**tried))
                continue
            answer = Answer(
                response.status_code, _document(response), time.perf_counter() - began
            )
            is_running = answer.document.get("code") == "idempotency.in_progress"
            if (response.status_code in _AGAIN or is_running) and tried < TRIES_MAX:
                time.sleep(_pause(response, tried))
                continue
            return _checked(answer)
        raise AssertionError("unreachable")


def _checked(answer: Answer) -> Answer:
    if answer.status < 300:
        return answer
    raise PortalRefused(
        answer.status,
        str(answer.document.get("code") or "unknown"),
        str(answer.document.get("detail") or "The portal gave no reason."),
    )


def _pause(response: httpx.Response, tried: int) -> float:
    try:
        asked = float(response.headers.get("Retry-After", ""))
    except ValueError:
        asked = 0.1 * 2**tried
    return min(PAUSE_SECONDS_MAX, max(0.05, asked))


def _document(response: httpx.Response) -> Mapping[str, Any]:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
