"""Which controls our records speak to, said in our own words.

The numbers of articles and controls are those of the named editions. A control that needs
something which is not kept here says what, so that nobody takes silence for evidence.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Control:
    """One control: what it asks, what the portal does for it, and what it leaves open."""

    ref: str
    title: str
    asks: str
    ours: str
    evidence: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    elsewhere: str = ""


@dataclass(frozen=True)
class Framework:
    """A law or standard, in one edition."""

    key: str
    name: str
    edition: str
    about: str
    controls: tuple[Control, ...]


FRAMEWORKS: tuple[Framework, ...] = (
    Framework(
        "eu-ai-act",
        "EU AI Act",
        "Regulation (EU) 2024/1689",
        "What a deployer of a high-risk system keeps. Whether a workflow is high-risk is for your lawyers to say.",
        (
            Control(
                "Art. 12",
                "Record-keeping",
                "Events are logged by themselves, so that what the system did can be traced.",
                "Every run is kept event by event, and every ruling, decision and grant is a journal entry.",
                ("runs", "rulings", "matching"),
                ("answerable", "evidence"),
            ),
            Control(
                "Art. 14",
                "Human oversight",
                "People understand the system, notice when they only wave things through, and can override and stop it.",
                "The card says what would happen and why it is held; every decision has a person, a reason and a time; a pause stops the next grant.",
                ("decisions", "several", "evidence_read", "stops", "emergencies"),
                ("override", "reviewer-seconds", "context-sufficiency"),
            ),
            Control(
                "Art. 19, 26(6)",
                "Logs are kept",
                "Logs are kept for at least six months.",
                "Journal entries can only be added. Each is chained to the one before, and checkpoints are signed.",
                ("taken_out",),
                (),
                "How long payloads of runs are kept is a setting of the installation.",
            ),
            Control(
                "Art. 26(2)",
                "Able people",
                "Oversight lies with people who have the training and the right for it.",
                "Who lacks current training for a duty cannot decide, own or sign.",
                ("training", "use", "roles", "reviewers"),
            ),
            Control(
                "Art. 26(5), 73",
                "Monitoring and incidents",
                "Operation is watched; a serious risk is stopped and reported.",
                "Real runs are read each week by people, drift is watched, and a change without a grant opens an incident.",
                ("weeks", "findings", "drift", "incidents", "stops"),
                ("unauthorised",),
                "The report to an authority is not written here.",
            ),
            Control(
                "Art. 26(7), 26(11), 50",
                "People are told",
                "Workers and the people concerned know that such a system is used.",
                "The one page says whom a workflow speaks to.",
                (),
                (),
                "Letters and notices to workers and customers are kept where you send them.",
            ),
            Control(
                "Art. 27",
                "Fundamental rights impact assessment",
                "Some deployers assess the impact before first use.",
                "The launch packet shows the checks a version was signed with.",
                ("launches",),
                (),
                "The assessment itself is not written here.",
            ),
        ),
    ),
    Framework(
        "nist-ai-rmf",
        "NIST AI RMF",
        "NIST AI 100-1, version 1.0",
        "Outcomes of the four functions that our records speak to.",
        (
            Control(
                "GOVERN 1.6",
                "Inventory",
                "There is a list of the AI systems in use.",
                "No agent acts for a workflow that is not registered.",
                ("registrations",),
            ),
            Control(
                "GOVERN 2.1",
                "Roles and lines of communication",
                "Who is responsible is written down and clear to everybody.",
                "Five roles have a name; a vacant one lets nothing run. Who decides at which level stands in one table.",
                ("roles", "reviewers", "rights"),
            ),
            Control(
                "GOVERN 2.2",
                "Training",
                "People are trained for what they do with AI.",
                "A duty names its courses; what has run out takes the right away. Nobody decides before acknowledging how AI may be used.",
                ("training", "use"),
            ),
            Control(
                "GOVERN 2.3",
                "Leaders answer for it",
                "Executive leadership takes responsibility for decisions about the risks of AI.",
                "A sponsor is named and signs the review of each quarter; what went past a gate stands in it with its reason.",
                ("programme",),
            ),
            Control(
                "GOVERN 3.2, MAP 3.5",
                "Human oversight",
                "Who oversees, and how, is defined and recorded.",
                "The authority matrix says what is allowed, reviewed and never done; decisions are people's and on record.",
                ("decisions", "several", "emergencies", "launches"),
                ("acceptance", "override"),
            ),
            Control(
                "MEASURE 2.4",
                "Behaviour in production",
                "How the system does is watched while it is used.",
                "A week of real runs is sampled, read and signed.",
                ("weeks", "drift"),
                ("adherence", "adherence-reviewed"),
            ),
            Control(
                "MEASURE 2.8",
                "Transparency and accountability",
                "Risks to accountability are looked at and documented.",
                "Seven questions are put to every run; the share that it answers is a number.",
                ("runs", "evidence_read"),
                ("answerable",),
            ),
            Control(
                "MANAGE 2.4",
                "Switching off",
                "There is a way to disengage, and somebody is responsible for it.",
                "Named people may pause; a pause makes issued grants void within a second.",
                ("stops",),
            ),
            Control(
                "MANAGE 4.1",
                "After deployment",
                "There is a plan for monitoring, appeal, override, incidents and change.",
                "Findings are carried until they are closed; a change of the rules is drafted, tried on history and signed.",
                ("weeks", "findings", "incidents", "backtests", "launches"),
                ("unauthorised",),
            ),
        ),
    ),
    Framework(
        "iso-42001",
        "ISO/IEC 42001",
        "2023, annex A",
        "Controls that a statement of applicability may choose.",
        (
            Control(
                "A.3.2",
                "Roles and responsibilities",
                "Roles for AI are defined and given to people.",
                "Five named roles per workflow, with history of who held them.",
                ("roles", "reviewers"),
            ),
            Control(
                "A.4.2",
                "Resources",
                "What a system is made of is documented.",
                "Systems and models are in a catalogue; what is not approved is refused.",
                ("limits", "people"),
            ),
            Control(
                "A.4.6",
                "Human resources",
                "The competences that people need are documented.",
                "Courses, who did them, and until when they count.",
                ("training",),
            ),
            Control(
                "A.5.2",
                "Impact assessment",
                "The impact on people and society is assessed.",
                "The one page and the packet say what a workflow may do and to whom.",
                ("launches",),
                (),
                "The assessment itself is not written here.",
            ),
            Control(
                "A.6.2.4",
                "Verification and validation",
                "A system is checked before it is used.",
                "A version is tried on real history, and its packet is signed by three people.",
                ("backtests", "launches"),
            ),
            Control(
                "A.6.2.6",
                "Operation and monitoring",
                "Running systems are watched and kept right.",
                "Weekly review, drift alarms, stop rules that hold a run.",
                ("weeks", "findings", "drift", "stops"),
                ("adherence", "unauthorised"),
            ),
            Control(
                "A.6.2.8",
                "Event logs",
                "Events are recorded while the system is in use.",
                "Every run is kept event by event, sealed and readable.",
                ("runs", "rulings", "matching"),
                ("evidence",),
            ),
            Control(
                "A.8.4",
                "Communication of incidents",
                "There is a plan to tell those concerned about incidents.",
                "An incident has an owner, a history and a settlement.",
                ("incidents",),
                (),
                "Whom you told outside is not kept here.",
            ),
            Control(
                "A.9.2, A.9.4",
                "Responsible and intended use",
                "Use follows defined processes and stays inside what was intended.",
                "What no row of the matrix allows is refused; what is allowed gets a grant bound to its exact bytes.",
                ("rulings", "grants", "decisions", "phases", "use"),
                ("unauthorised", "adherence"),
            ),
        ),
    ),
    Framework(
        "soc-2",
        "SOC 2",
        "Trust services criteria, 2017 with points of focus of 2022",
        "The populations that an auditor draws from, whole.",
        (
            Control(
                "CC6.1, CC6.3",
                "Logical access",
                "Access is given by role and least privilege.",
                "A key serves one agent and its workflows; a grant is single use and bound to one action.",
                ("people", "grants"),
                ("unauthorised",),
            ),
            Control(
                "CC6.2",
                "Access given and taken away",
                "Accounts are authorised before they are made, and removed in time.",
                "Every person, role, reviewer and key that came or went.",
                ("people", "roles", "reviewers"),
            ),
            Control(
                "CC7.2",
                "Watching for anomalies",
                "Systems are watched for what is out of the ordinary.",
                "Reported changes are matched to grants; overrides are watched for drift.",
                ("matching", "drift", "weeks"),
                ("unauthorised",),
            ),
            Control(
                "CC7.3, CC7.4",
                "Incidents",
                "Incidents are looked at, contained and resolved.",
                "An incident is taken, settled with a reason, and can be opened again.",
                ("incidents", "stops"),
            ),
            Control(
                "CC8.1",
                "Change management",
                "Changes are authorised, tested and approved before they go live.",
                "A version is submitted by one person, tried on history, and signed by three over one digest; nobody walks past it. Emergencies are listed.",
                ("launches", "backtests", "limits", "emergencies"),
            ),
        ),
    ),
    Framework(
        "gdpr",
        "GDPR",
        "Regulation (EU) 2016/679",
        "Articles that bear on decisions with an AI in them.",
        (
            Control(
                "Art. 5(2)",
                "Accountability",
                "Who is responsible can show that the rules are kept.",
                "The journal says who did what, when; it can be verified by anybody.",
                ("decisions", "launches", "taken_out"),
            ),
            Control(
                "Art. 22",
                "Automated decisions",
                "A decision of weight is a person's own, not a stamp on a score.",
                "Time on the card, evidence opened, overrides and reasons are kept for each decision.",
                ("decisions", "evidence_read"),
                ("override", "reviewer-seconds", "allowed-alone"),
            ),
            Control(
                "Art. 25",
                "Data protection by design",
                "Only the personal data that are needed are used.",
                "Fields are hidden before anything is stored; looking at one needs a right and a reason.",
                ("personal_data",),
            ),
            Control(
                "Art. 30",
                "Records of processing",
                "There is a record of what is done with personal data.",
                "The registry says which workflow uses which systems.",
                ("registrations",),
                (),
                "Recipients and storage periods belong in your own record.",
            ),
            Control(
                "Art. 35",
                "Impact assessment",
                "Risky processing is assessed before it begins.",
                "The packet shows what was checked before a launch.",
                ("launches",),
                (),
                "The assessment itself is not written here.",
            ),
        ),
    ),
)
