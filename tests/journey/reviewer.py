"""A reviewer who knows the right answers and works in the inbox over HTTP, like a person.

Signs in through the form, opens what needs them, reads the action from the card, and
approves only what the recording holds as right; everything else is rejected with a reason.
"""

import html
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from portal.home.replay.recordings import Conversation, is_right

CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
CARD = re.compile(r'href="/inbox/([0-9a-f-]{36})/')
DIGEST = re.compile(r'name="digest" value="(sha256:[0-9a-f]{64})"')
RUN = re.compile(r'href="/runs/([0-9a-f-]{36})/"')
BYTES = re.compile(r'<pre class="bytes-text"[^>]*><code>(.*?)</code></pre>', re.DOTALL)
TAG = re.compile(r"<[^>]+>")
PAUSE_SECONDS = 0.15


@dataclass
class ScriptedReviewer:
    """One person at work. `tools` says which tool a verb in a system came from."""

    url: str
    email: str
    password: str
    conversations: Mapping[str, Conversation]
    tools: Mapping[tuple[str, str], tuple[str, ...]]
    approved: int = 0
    rejected: int = 0
    lost_races: int = 0
    trouble: list[str] = field(default_factory=list)
    _runs: dict[str, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.http = httpx.Client(
            base_url=self.url, timeout=30, follow_redirects=False, trust_env=False
        )

    def sign_in(self) -> None:
        page = self.http.get("/login/")
        answer = self.http.post(
            "/login/",
            data={
                "csrfmiddlewaretoken": _found(CSRF, page.text),
                "username": self.email,
                "password": self.password,
            },
            headers={"Referer": f"{self.url}/login/"},
        )
        assert answer.status_code == 302, f"{self.email} cannot sign in"

    def work(self, until: threading.Event) -> None:
        """Decide what needs this person until told to go home."""
        self.sign_in()
        while not until.is_set():
            try:
                open_ids = [
                    found
                    for found in dict.fromkeys(CARD.findall(self._get("/inbox/")))
                    if found not in self._seen
                ]
                for proposal_id in open_ids:
                    self.decide(proposal_id)
            except (AssertionError, KeyError, ValueError, httpx.HTTPError) as error:
                self.trouble.append(f"{self.email}: {type(error).__name__}: {error}")
                if len(self.trouble) > 20:
                    return
            until.wait(PAUSE_SECONDS)
        self.http.close()

    def decide(self, proposal_id: str) -> None:
        page = self._get(f"/inbox/{proposal_id}/")
        digest = DIGEST.search(page)
        if digest is None:
            self._seen.add(proposal_id)
            return
        action = action_on(page)
        if self._is_right(action, self._run_name(_found(RUN, page))):
            self._send(proposal_id, "approve", page, {"digest": digest[1]})
        else:
            reason = {
                "digest": digest[1],
                "reason_code": "against_policy",
                "message": "This is not what the passenger asked for, or policy forbids it.",
            }
            self._send(proposal_id, "reject", page, reason)
        self._seen.add(proposal_id)

    def _is_right(self, action: Mapping[str, Any], run: str) -> bool:
        conversation = self.conversations[run]
        names = self.tools[action["verb"], action["system"]]
        return any(is_right(conversation, name, action["args"]) for name in names)

    def _run_name(self, run_id: str) -> str:
        if run_id not in self._runs:
            self._runs[run_id] = json.loads(self._get(f"/runs/{run_id}.json"))["run"]
        return self._runs[run_id]

    def _send(
        self, proposal_id: str, verb: str, page: str, fields: Mapping[str, str]
    ) -> None:
        answer = self.http.post(
            f"/inbox/{proposal_id}/{verb}/",
            data={"csrfmiddlewaretoken": _found(CSRF, page), **fields},
            headers={"Referer": f"{self.url}/inbox/{proposal_id}/"},
        )
        if answer.status_code == 409:
            self.lost_races += 1
            return
        assert answer.status_code == 302, f"{verb}: {answer.status_code}"
        if verb == "approve":
            self.approved += 1
        else:
            self.rejected += 1

    def _get(self, path: str) -> str:
        answer = self.http.get(path)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code}"
        return answer.text


def action_on(page: str) -> Mapping[str, Any]:
    """Read the action out of the exact bytes that the card shows."""
    text = html.unescape(TAG.sub("", _found(BYTES, page)))
    return json.loads(text)


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    assert match is not None, f"nothing like {pattern.pattern} on the page"
    return match[1]
