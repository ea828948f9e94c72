"""Tables of the registry: what may happen, and who said so.

Read in this order: acceptable_use (the statement that people acknowledge), catalogue
(systems, AI models, ceilings), tools (which are retired), workflow (the workflow,
its roles, positions, reviewers and agents), duties (hand-overs, who else
may pause, staged resumes), version (the operating model and its allowances),
packet (launch packet and signatures), evidence (what is known of a version), saved_view (what somebody keeps of the list),
phases (moves between phases, and their gates), importing (an inventory, its file and its
rows), rights (who may decide what at each level, what a team asked for, what was waived),
training (courses, completions, what a duty needs), readiness (how ready a department is,
and what it does about it), rollout (the sponsor, what is proven, who went over the focus).
"""

from registry.models.acceptable_use import UseAcknowledgement, UseStatement
from registry.models.catalogue import AiModel, Ceiling, LevelEpoch, System
from registry.models.cause import VersionCause
from registry.models.drafting import DraftPart, UnsavedWords
from registry.models.duties import HandOver, Pauser, ResumeStage
from registry.models.evidence import Evidence
from registry.models.importing import InventoryFile, InventoryImport, InventoryRow
from registry.models.matrix_edit import MatrixEdit
from registry.models.packet import LaunchPacket, Signature
from registry.models.phases import PhaseGate, PhaseMove, PhaseSignature
from registry.models.readiness import (
    ReadinessAnswer,
    ReadinessAssessment,
    ReadinessGate,
    ReadinessPart,
    ReadinessPriority,
    ReadinessWaiver,
)
from registry.models.reviewing import Reviewer, StandingReviewer
from registry.models.rights import CapabilityRequest, CeilingWaiver, DecisionRight
from registry.models.rollout import FocusException, Proof, Sponsor
from registry.models.saved_view import SavedView
from registry.models.timing import PauseSpell, ReviewTimes, WorkCalendar
from registry.models.tools import ToolChange
from registry.models.training import (
    TrainingCompletion,
    TrainingCourse,
    TrainingReminder,
    TrainingRequirement,
)
from registry.models.version import AllowanceRow, OperatingModelVersion
from registry.models.workflow import (
    AgentAssignment,
    Position,
    RoleHolding,
    Workflow,
)

__all__ = [
    "AgentAssignment",
    "AiModel",
    "AllowanceRow",
    "CapabilityRequest",
    "Ceiling",
    "CeilingWaiver",
    "DecisionRight",
    "DraftPart",
    "Evidence",
    "FocusException",
    "HandOver",
    "InventoryFile",
    "InventoryImport",
    "InventoryRow",
    "LaunchPacket",
    "LevelEpoch",
    "MatrixEdit",
    "OperatingModelVersion",
    "PauseSpell",
    "Pauser",
    "PhaseGate",
    "PhaseMove",
    "PhaseSignature",
    "Position",
    "Proof",
    "ReadinessAnswer",
    "ReadinessAssessment",
    "ReadinessGate",
    "ReadinessPart",
    "ReadinessPriority",
    "ReadinessWaiver",
    "ResumeStage",
    "ReviewTimes",
    "Reviewer",
    "RoleHolding",
    "SavedView",
    "Signature",
    "Sponsor",
    "StandingReviewer",
    "System",
    "ToolChange",
    "TrainingCompletion",
    "TrainingCourse",
    "TrainingReminder",
    "TrainingRequirement",
    "UnsavedWords",
    "UseAcknowledgement",
    "UseStatement",
    "VersionCause",
    "WorkCalendar",
    "Workflow",
]
