"""Departments, people, teams, absences and notices, agents and agents' keys."""

from portal.accounts.models.absences import Absence
from portal.accounts.models.notices import (
    Notice,
    NoticeHook,
    NoticePost,
    NoticeSettings,
    ToldNews,
)
from portal.accounts.models.people import (
    Agent,
    AgentKey,
    AgentKind,
    Department,
    Person,
    PersonManager,
)
from portal.accounts.models.teams import Team, TeamMember

__all__ = [
    "Absence",
    "Agent",
    "AgentKey",
    "AgentKind",
    "Department",
    "Notice",
    "NoticeHook",
    "NoticePost",
    "NoticeSettings",
    "Person",
    "PersonManager",
    "Team",
    "TeamMember",
    "ToldNews",
]
