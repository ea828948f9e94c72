"""The code on an agent's page is run as it is copied, against a running portal."""

import json
import os
import re
import shutil
import subprocess
import sys
from html import unescape

import httpx
import pytest
from django.urls import reverse

from approvals.models import Grant, Outcome
from runs.models import InboxBatch
from tests.approvals.asking import make_portal

PATIENCE_SECONDS = 60


@pytest.fixture
def portal(portal_server):
    return make_portal()


def pieces(portal, url: str, language: str) -> dict[str, str]:
    """Copy each piece of code from the page, as a browser shows it."""
    cookie = portal.signed_in("priya").cookies["countersign_session"].value
    address = reverse("agent", args=[portal.people.agent.slug])
    text = httpx.get(
        f"{url}{address}?code={language}",
        cookies={"countersign_session": cookie},
        timeout=PATIENCE_SECONDS,
    ).text
    found = re.findall(r'<code id="code-(\w+)-text">(.*?)</code>', text, re.DOTALL)
    return {key: unescape(code) for key, code in found}


def run(portal, command: list[str], **more: str) -> str:
    environ = {**os.environ, "COUNTERSIGN_KEY": portal.key, "NO_PROXY": "*", **more}
    done = subprocess.run(  # noqa: S603 - our own code, run on purpose
        command,
        env=environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def check_the_whole_walk() -> None:
    """One grant was used, its outcome told, and one batch of events taken."""
    assert Grant.objects.get().state == "REDEEMED"
    assert Outcome.objects.get().status == "SUCCEEDED"
    assert InboxBatch.objects.count() == 1


def test_python_runs_as_copied(portal, portal_server, tmp_path):
    code = "\n".join(pieces(portal, portal_server.url, "python").values())
    program = tmp_path / "agent.py"
    program.write_text(code)

    told = run(portal, [sys.executable, str(program)])

    assert f'base_url="{portal_server.url}"' in code
    assert told.startswith("allowed")
    check_the_whole_walk()


def test_curl_runs_as_copied(portal, portal_server):
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine")
    code = pieces(portal, portal_server.url, "curl")

    def shell(key: str, **more: str) -> dict:
        return json.loads(run(portal, ["bash", "-euc", code[key]], **more))

    answer = shell("ask")
    kept = {
        "ACTION_ID": answer["id"],
        "ACTION_DIGEST": answer["action_digest"],
        "GRANT_TOKEN": answer["grant"]["token"],
    }
    waited = shell("wait", **kept)
    redeemed = shell("redeem", **kept)
    shell("outcome", **kept)
    told = shell("events")

    assert waited["status"] == answer["status"] == "allowed"
    assert redeemed["action"]["verb"] == "refund"
    assert told["accepted"] == 1
    check_the_whole_walk()


def test_typescript_runs_as_copied(portal, portal_server, tmp_path):
    if shutil.which("node") is None:
        pytest.skip("there is no node on this machine")
    # It names no types, so it is JavaScript too, and any Node runs it.
    program = tmp_path / "agent.mjs"
    code = pieces(portal, portal_server.url, "typescript")
    program.write_text("\n".join(code.values()))

    told = run(portal, ["node", str(program)])

    assert told.startswith("allowed")
    check_the_whole_walk()
