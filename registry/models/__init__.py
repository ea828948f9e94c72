"""Tables of the registry: what may happen, and who said so.

Read in this order: catalogue (systems, AI models, ceilings), workflow (the workflow,
its roles, reviewers and agents), version (the operating model and its allowances),
packet (launch packet and signatures).
"""

from registry.models.catalogue import AiModel, Ceiling, LevelEpoch, System
from registry.models.packet import LaunchPacket, Signature
from registry.models.version import AllowanceRow, OperatingModelVersion
from registry.models.workflow import AgentAssignment, Reviewer, RoleHolding, Workflow

__all__ = [
    "AgentAssignment",
    "AiModel",
    "AllowanceRow",
    "Ceiling",
    "LaunchPacket",
    "LevelEpoch",
    "OperatingModelVersion",
    "Reviewer",
    "RoleHolding",
    "Signature",
    "System",
    "Workflow",
]
