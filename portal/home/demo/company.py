"""Alder & Pike, a retailer of lamps and furniture: its departments, people and systems."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from portal.accounts.actors import SYSTEM, Actor, actor_for
from portal.accounts.models import Agent, AgentKind, Department, Person
from portal.accounts.operations.agents import register_agent
from portal.accounts.operations.people import (
    AUDITORS,
    RISK_TEAM,
    add_department,
    add_person,
)
from portal.home.demo.components import name_components
from registry.operations.catalogue import add_system
from registry.operations.ceilings import set_ceiling

COMPANY = "Alder & Pike"
DOMAIN = "alderpike.example"
# For a demo on one machine, printed at its start; never for anything else.
PASSWORD = "lamps-and-tables"  # noqa: S105

DEPARTMENTS = {
    "customer-care": "Customer care",
    "it-operations": "IT operations",
    "finance-risk": "Finance & risk",
    "marketing": "Marketing",
    "people-culture": "People & culture",
}


@dataclass(frozen=True)
class Role:
    """One person of the demo, and what there is to see as them."""

    key: str
    name: str
    department: str
    job_title: str
    sees: str
    groups: tuple[str, ...] = ()
    is_administrator: bool = False

    @property
    def email(self) -> str:
        return f"{self.key}@{DOMAIN}"


CAST = (
    Role("maya", "Maya Adler", "customer-care", "Head of customer care", "owns refunds and the voice desk"),
    Role("dana", "Dana Reyes", "customer-care", "Senior care agent", "decides in the inbox"),
    Role("tom", "Tom Okafor", "customer-care", "Care agent", "decides in the inbox"),
    Role("lena", "Lena Fischer", "customer-care", "Care agent", "decides in the inbox"),
    Role("erik", "Erik Sandberg", "customer-care", "Escalation lead", "takes escalations and resumes held runs"),
    Role("ilan", "Ilan Torres", "it-operations", "Platform lead", "IT owner, signs every packet"),
    Role("priya", "Priya Nair", "it-operations", "AI product owner", "looks after the agents"),
    Role("aiko", "Aiko Tanaka", "it-operations", "Head of IT operations", "owns IT remediation"),
    Role("jonas", "Jonas Weber", "it-operations", "Reliability engineer", "decides on restarts"),
    Role("samir", "Samir Haddad", "it-operations", "Security lead", "owns security operations"),
    Role("nina", "Nina Kowalski", "it-operations", "Security analyst", "decides on containment"),
    Role("rosa", "Rosa Lindqvist", "finance-risk", "Risk manager", "risk owner, signs every packet", (RISK_TEAM,)),
    Role("bruno", "Bruno Keller", "finance-risk", "Risk analyst", "reads runs in the weekly review", (RISK_TEAM,)),
    Role("ines", "Ines Duarte", "finance-risk", "Risk analyst", "reads runs in the weekly review", (RISK_TEAM,)),
    Role("audrey", "Audrey Kim", "finance-risk", "Internal auditor", "reads everything, the journal first", (AUDITORS,)),
    Role("greta", "Greta Holm", "marketing", "Head of marketing", "owns content publishing, which is paused"),
    Role("paul", "Paul Mercer", "marketing", "Content editor", "decides on articles"),
    Role("amara", "Amara Diallo", "people-culture", "Head of people & culture", "waits for a signature on the policy assistant"),
    Role("helen", "Helen Brandt", "finance-risk", "Chief operating officer", "sponsors the programme, reads the numbers", (AUDITORS,)),
    Role("ada", "Ada Berg", "it-operations", "Administrator", "people, keys and the catalogue", (), True),
)  # fmt: skip

SYSTEMS = (
    ("orders", "Orders", "Orders, deliveries and returns of the shop."),
    ("billing", "Billing", "Payments, refunds and credit."),
    ("crm", "CRM", "Customers and what was said with them."),
    ("mail", "Mail", "Messages to customers."),
    ("cases", "Cases", "Service cases of customer care."),
    ("calendar", "Calendar", "Delivery and repair appointments."),
    ("messaging", "Text messages", "Short messages to customers' phones."),
    ("telephony", "Telephony", "Calls and where they go."),
    ("monitoring", "Monitoring", "Alerts and measurements of our services."),
    ("service-logs", "Service logs", "What our services write down."),
    ("configuration", "Configuration", "How our services are set up."),
    ("platform", "Platform", "Where our services run."),
    ("incidents", "Incidents", "Incidents and who is on call."),
    ("siem", "Security events", "Signals of every device and account."),
    ("threat-intelligence", "Threat intelligence", "Known bad addresses and files."),
    ("identity", "Identity", "Accounts and groups of our people."),
    ("ticketing", "Tickets", "Security cases."),
    ("endpoints", "Devices", "Laptops and servers."),
    ("firewall", "Firewall", "What may talk to what."),
    ("briefs", "Briefs", "What marketing wants written."),
    ("brand-guide", "Brand guide", "How we sound and look."),
    ("product-catalogue", "Product catalogue", "Every lamp and table with its facts."),
    ("content-system", "Content system", "The pages of our website."),
    ("social-media", "Social media", "What we post elsewhere."),
    ("policy-library", "Policy library", "The rules of the house."),
    ("help-desk", "Help desk", "Questions of colleagues."),
    ("reservations", "Reservations", "Bookings of the airline service."),
    ("profiles", "Passenger profiles", "Passengers and how they pay."),
    ("flights", "Flights", "The schedule, seats and prices."),
    ("vouchers", "Vouchers", "Certificates worth money."),
    ("workbench", "Workbench", "Where an agent thinks and calculates."),
    ("service-desk", "Service desk", "People who take a conversation over."),
)
NOT_APPROVED = (
    ("payroll", "Payroll", "Salaries. No agent is let in."),
    ("hr-records", "HR records", "Files of our people. No agent is let in."),
)

# What is in each; of a system that is not named here the data is internal.
_PERSONAL, _PAYMENT = "personal", "payment"
DATA = {
    "orders": (_PERSONAL,),
    "billing": (_PERSONAL, _PAYMENT),
    "crm": (_PERSONAL,),
    "mail": (_PERSONAL,),
    "cases": (_PERSONAL,),
    "calendar": (_PERSONAL,),
    "messaging": (_PERSONAL,),
    "telephony": (_PERSONAL,),
    "identity": (_PERSONAL, "secret"),
    "reservations": (_PERSONAL, _PAYMENT),
    "profiles": (_PERSONAL, _PAYMENT),
    "vouchers": (_PAYMENT,),
    "payroll": (_PERSONAL, _PAYMENT),
    "hr-records": (_PERSONAL, "sensitive_personal"),
    "product-catalogue": ("public",),
    "social-media": ("public",),
    "flights": ("public",),
}

AGENTS = {
    # key: (name, department, model)
    "refunds": ("Refund agent", "customer-care", "gpt-5"),
    "voice": ("Voice agent", "customer-care", "gpt-5-mini"),
    # Plain automation in phase 1: nothing in it reasons, so there is no model.
    "remediation": ("Runbook agent", "it-operations", ""),
    "security": ("Triage agent", "it-operations", "claude-sonnet-4-5"),
    "publishing": ("Editorial agent", "marketing", "gpt-5"),
    "policies": ("Policy agent", "people-culture", "mistral-large"),
}


@dataclass(frozen=True)
class Company:
    """Everybody by key."""

    people: Mapping[str, Person]
    departments: Mapping[str, Department]
    agents: Mapping[str, Agent]
    billing: Agent

    def confirmed(self, key: str, at: datetime) -> Actor:
        """Name a person who has just said again who they are."""
        return actor_for(self.people[key], confirmed_at=at, confirmed_by="password")

    def actor(self, key: str) -> Actor:
        return actor_for(self.people[key])


def found_company(*, now: datetime) -> Company:
    """Add departments, people, systems, ceilings and agents. Nobody can sign in yet."""
    departments = {
        slug: add_department(actor=SYSTEM, name=name, slug=slug, now=now)
        for slug, name in DEPARTMENTS.items()
    }
    people = {
        role.key: add_person(
            actor=SYSTEM,
            email=role.email,
            name=role.name,
            department=departments[role.department],
            password=None,
            job_title=role.job_title,
            groups=role.groups,
            is_administrator=role.is_administrator,
        )
        for role in CAST
    }
    administrator = actor_for(people["ada"])
    systems = _add_systems(administrator, now)
    name_components(administrator, systems, people)
    _set_ceilings(actor_for(people["rosa"]), departments, now)
    agents = {
        key: register_agent(
            actor=administrator,
            name=name,
            department=departments[department],
            operator=people["priya"],
            model_name=model,
            now=now,
        )
        for key, (name, department, model) in AGENTS.items()
    }
    billing = register_agent(
        actor=administrator,
        name="Billing ledger",
        department=departments["finance-risk"],
        operator=people["ilan"],
        kind=AgentKind.SYSTEM_OF_RECORD,
        now=now,
    )
    return Company(people, departments, agents, billing)


def known_company() -> Company:
    """Find the company again. Three queries."""
    by_slug = {agent.name: agent for agent in Agent.objects.all()}
    return Company(
        people={
            person.email.partition("@")[0]: person
            for person in Person.objects.filter(email__endswith=f"@{DOMAIN}")
        },
        departments={each.slug: each for each in Department.objects.all()},
        agents={key: by_slug[name] for key, (name, _, _) in AGENTS.items()},
        billing=by_slug["Billing ledger"],
    )


def _add_systems(actor: Actor, now: datetime) -> dict[str, UUID]:
    made = {}
    for listed, is_approved in ((SYSTEMS, True), (NOT_APPROVED, False)):
        for slug, name, description in listed:
            made[slug] = add_system(
                actor=actor,
                slug=slug,
                name=name,
                description=description,
                is_approved=is_approved,
                data_classes=DATA.get(slug, ("internal",)),
                now=now,
            ).id
    return made


def _set_ceilings(actor: Actor, departments: Mapping[str, Department], now) -> None:
    set_ceiling(
        actor=actor,
        level="enterprise",
        name="Payments above 1,000",
        sentence="Above EUR 1,000.00 a person decides, whatever the workflow says.",
        authority="review",
        verbs=("refund", "credit", "pay", "transfer"),
        amount_max=Decimal("1000.00"),
        currency="EUR",
        now=now,
    )
    set_ceiling(
        actor=actor,
        level="enterprise",
        name="Payments are kept",
        sentence="No agent deletes in billing; payments are kept for ten years.",
        authority="never",
        systems=("billing",),
        verbs=("delete",),
        now=now,
    )
    set_ceiling(
        actor=actor,
        level="enterprise",
        name="Health and beliefs are not for agents",
        sentence="No agent works where health, beliefs or origin of a person are kept.",
        authority="never",
        data_classes=("sensitive_personal",),
        now=now,
    )
    set_ceiling(
        actor=actor,
        level="department",
        department=departments["marketing"],
        name="Nothing public by itself",
        sentence="In marketing a person reads what becomes public.",
        authority="review",
        verbs=("publish", "unpublish"),
        now=now,
    )
