"""`replay FILE --workflow SLUG`: play recorded conversations as a live agent.

The portal must be running. Without `--key`, a key is issued for the workflow's agent and
revoked at the end. The report is kept, and its page's address is the last line.
"""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.accounts.actors import SYSTEM
from portal.accounts.models import Agent, AgentKey
from portal.accounts.operations.agents import issue_key, revoke_key
from portal.core.clock import wall_clock
from portal.core.errors import Problem
from portal.home.operations.replays import keep_report
from portal.home.replay.client import PortalRefused
from portal.home.replay.playing import AT_ONCE, AT_ONCE_MAX, replay
from portal.home.replay.recordings import UnreadableRecording, read_file
from portal.home.replay.report import PlayedConversation, ReplayResult
from registry.queries.people import people_of
from registry.queries.rulebooks import lock_numbers


class Command(BaseCommand):
    help = "Play recorded conversations with tool calls as a live agent."

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", type=Path, help="conversations, JSON or JSON lines")
        parser.add_argument("--workflow", required=True, help="the workflow's slug")
        parser.add_argument("--url", default="", help="the portal's address")
        parser.add_argument("--key", default="", help="an agent's key")
        parser.add_argument("--limit", type=int, help="play only the first so many")
        parser.add_argument("--run-prefix", default="", help="begins each run's id")
        parser.add_argument(
            "--at-once", type=int, default=AT_ONCE, help=f"1 to {AT_ONCE_MAX} at a time"
        )
        parser.add_argument(
            "--patience",
            type=float,
            default=900,
            help="seconds to wait for people before a request is withdrawn",
        )

    def handle(self, *args, **options) -> None:
        if options["limit"] is not None and options["limit"] < 1:
            raise CommandError("--limit must be at least 1.")
        try:
            conversations = read_file(options["file"], limit=options["limit"])
        except UnreadableRecording as error:
            raise CommandError(str(error)) from error
        key = options["key"]
        issued = None
        if not key:
            key, issued = self._key(options["workflow"])
        prefix = options["run_prefix"] or f"replay-{wall_clock():%Y%m%d-%H%M%S}-"
        try:
            result = replay(
                url=options["url"] or settings.PUBLIC_URL,
                key=key,
                workflow=options["workflow"],
                conversations=conversations,
                source=options["file"].name,
                run_prefix=prefix,
                at_once=options["at_once"],
                patience_seconds=options["patience"],
                on_played=self._tell,
            )
        except PortalRefused as refused:
            raise CommandError(f"The portal refused: {refused.detail}") from refused
        finally:
            if issued is not None:
                revoke_key(actor=SYSTEM, key=issued, now=wall_clock())
        self._report(result, options["url"] or settings.PUBLIC_URL)

    def _key(self, slug: str) -> tuple[str, AgentKey]:
        numbers = lock_numbers(slug)
        if numbers is None:
            raise CommandError(f"There is no workflow {slug}.")
        serving = people_of(workflow_id=numbers.workflow_id).agents
        active = [agent for agent in serving if agent.is_active]
        if not active:
            raise CommandError(
                f"No agent serves {slug}; `manage.py agent_key {slug} NAME` makes one."
            )
        agent = Agent.objects.get(id=active[0].id)
        try:
            made = issue_key(
                actor=SYSTEM, agent=agent, label="replay", now=wall_clock()
            )
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        key = AgentKey.objects.select_related("agent").get(prefix=made.prefix)
        return made.text, key

    def _tell(self, played: PlayedConversation) -> None:
        done = sum(write.is_executed for write in played.writes)
        said = played.problem or f"{len(played.writes)} asked, {done} done"
        self.stderr.write(f"{played.conversation}: {said}")

    def _report(self, result: ReplayResult, url: str) -> None:
        document = result.document()
        report_id = keep_report(
            actor=SYSTEM,
            workflow_slug=result.workflow,
            document=document,
            now=wall_clock(),
        )
        for name, value in document["sums"].items():
            if not isinstance(value, dict):
                self.stdout.write(f"{name.replace('_', ' ')}: {value}")
        self.stdout.write(f"{url.rstrip('/')}/replays/{report_id}/")
