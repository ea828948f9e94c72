"""The tables of runs.

Read in this order: running (a run and its holds), events (what happened, and the inbox
it came through), spending (what grants reserve), tallies (numbers by day), reviewing
(the weekly review).
"""

from runs.models.events import EventKey, InboxBatch, RunEvent
from runs.models.reviewing import (
    Finding,
    Review,
    ReviewDraft,
    ReviewWeek,
    SampledRun,
)
from runs.models.running import Hold, Run, RunState
from runs.models.spending import Budget, SpendEntry
from runs.models.tallies import Tally, TallyDelta

__all__ = [
    "Budget",
    "EventKey",
    "Finding",
    "Hold",
    "InboxBatch",
    "Review",
    "ReviewDraft",
    "ReviewWeek",
    "Run",
    "RunEvent",
    "RunState",
    "SampledRun",
    "SpendEntry",
    "Tally",
    "TallyDelta",
]
