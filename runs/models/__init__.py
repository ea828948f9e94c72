"""The tables of runs.

Read in this order: running (a run and its holds), events (what happened, and the inbox
it came through), linking (which telemetry belongs to which run), finding (what the list
finds runs by, and kept views of it), reconciling (changes that systems report, and
incidents), importing (change logs from files), spending (what grants reserve), tallies
(numbers by day), redaction (what is hidden, and who looked), reviewing (the weekly
review), signing (what was signed of it, and what was done about findings),
settling (two readings that differ, and questions asked again), seeing (what a week saw),
series (numbers that somebody imports), drift (how often people overrule).
"""

from runs.models.drift import DriftAlarm, DriftWeek
from runs.models.events import EventKey, InboxBatch, RunEvent
from runs.models.finding import RunIndex, RunView
from runs.models.importing import ChangeFile, ChangeImport, ChangeRow
from runs.models.knowing import KnownCase, SeededRun
from runs.models.linking import (
    LinkRule,
    RunLink,
    RunMerge,
    UnmappedTool,
    UnplacedPart,
    UnplacedTrace,
)
from runs.models.reconciling import (
    Incident,
    IncidentNote,
    ReportedChange,
    ReportedCost,
)
from runs.models.redaction import RedactionRule, Reveal, SealedText
from runs.models.reviewing import (
    Finding,
    ReadingPlan,
    Review,
    ReviewDraft,
    ReviewWeek,
    SampledRun,
    SealedPopulation,
)
from runs.models.running import Hold, KnownBy, Run, RunState
from runs.models.seeing import WeekSight
from runs.models.series import Series, SeriesImport, SeriesPoint
from runs.models.settling import FollowUp, ReleasedReading, Settlement
from runs.models.signing import FindingMove, SignedWeek, WeekReopening
from runs.models.spending import Budget, SpendEntry
from runs.models.tallies import RunDue, RunFact, Tally, TallyDelta, TallyState

__all__ = [
    "Budget",
    "ChangeFile",
    "ChangeImport",
    "ChangeRow",
    "DriftAlarm",
    "DriftWeek",
    "EventKey",
    "Finding",
    "FindingMove",
    "FollowUp",
    "Hold",
    "InboxBatch",
    "KnownBy",
    "LinkRule",
    "ReadingPlan",
    "RedactionRule",
    "Reveal",
    "Incident",
    "IncidentNote",
    "KnownCase",
    "ReleasedReading",
    "SeededRun",
    "ReportedChange",
    "ReportedCost",
    "Review",
    "ReviewDraft",
    "ReviewWeek",
    "Run",
    "RunEvent",
    "RunIndex",
    "RunLink",
    "RunMerge",
    "RunState",
    "RunView",
    "SampledRun",
    "SealedPopulation",
    "SealedText",
    "Series",
    "SeriesImport",
    "SeriesPoint",
    "SignedWeek",
    "Settlement",
    "SpendEntry",
    "RunDue",
    "RunFact",
    "Tally",
    "TallyDelta",
    "TallyState",
    "UnmappedTool",
    "UnplacedPart",
    "UnplacedTrace",
    "WeekReopening",
    "WeekSight",
]
