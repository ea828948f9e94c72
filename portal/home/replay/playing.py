"""All conversations of a file at once, a bounded number at a time."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from portal.home.replay.client import AgentClient
from portal.home.replay.mapping import tool_map
from portal.home.replay.player import Patience, Player
from portal.home.replay.recordings import Conversation, is_right
from portal.home.replay.report import PlayedConversation, ReplayResult

AT_ONCE = 8
AT_ONCE_MAX = 64


def replay(
    *,
    url: str,
    key: str,
    workflow: str,
    conversations: Sequence[Conversation],
    source: str,
    run_prefix: str,
    at_once: int = AT_ONCE,
    patience_seconds: float = 900.0,
    on_played: Callable[[PlayedConversation], None] | None = None,
) -> ReplayResult:
    """Play conversations against a running portal, `at_once` at a time, each in a thread.

    Raises PortalRefused when the rulebook cannot be read; trouble with one conversation
    is kept in its own row.
    """
    began = time.monotonic()
    bounded = max(1, min(at_once, AT_ONCE_MAX))
    with AgentClient(url, key, connections=bounded + 4) as client:
        tools = tool_map(client.rulebook(workflow))

        def play(numbered: tuple[int, Conversation]) -> PlayedConversation:
            number, conversation = numbered
            run = f"{run_prefix}{number:04d}-{conversation.name}"[:120]
            player = Player(client, tools, workflow, run, Patience(patience_seconds))
            played = player.play(conversation)
            judge(conversation, played)
            if on_played:
                on_played(played)
            return played

        with ThreadPoolExecutor(
            max_workers=bounded, thread_name_prefix="agent"
        ) as pool:
            played = tuple(pool.map(play, enumerate(conversations)))
    return ReplayResult(
        workflow=workflow,
        source=source,
        conversations=played,
        seconds=time.monotonic() - began,
    )


def judge(conversation: Conversation, played: PlayedConversation) -> None:
    """Say of each write, after it was played, whether the recording holds it as right."""
    for write in played.writes:
        write.is_right = is_right(conversation, write.tool, write.args)
