"""The questions of the readiness assessment: a closed catalogue with a version.

Six pillars, five questions each, and for every question what levels 1 to 5 look like, so
that two people who choose the same number mean the same. Whoever changes a question or a
level raises VERSION and keeps the former catalogue beside it: an assessment is answered and
read by the version it was opened with.
"""

from collections.abc import Mapping
from dataclasses import dataclass

VERSION = 1
LEVELS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Question:
    """One question, what each level looks like, and what to do about a low answer.

    `place` names the page of the portal where it is done. `then` is what helps where the
    portal knows that `step` is done and the answers are low all the same; without it
    nothing is proposed.
    """

    key: str
    text: str
    levels: tuple[str, str, str, str, str]
    step: str
    place: str
    then: str = ""


@dataclass(frozen=True)
class Pillar:
    key: str
    label: str
    short: str
    about: str
    questions: tuple[Question, ...]


# fmt: off
PILLARS = (
    Pillar("strategy", "Strategy and sponsorship", "Strategy", "Why AI is to do work here, and who at the top stands for it.", (
        Question("purpose", "Do we know what is to become better?",
            ("Nobody has said.", "There are hopes, in words.", "One or two outcomes are written down.", "Each outcome has a number and a date.", "The numbers are read every quarter, and they change what is done next."),
            "Write down what is to become better, with the number that shows it", "numbers"),
        Question("sponsor", "Who at the top answers for it?",
            ("Nobody.", "Some leaders are in favour.", "One executive is named.", "The executive reads the numbers each month and clears what is in the way.", "The executive leads the quarterly review and decides there on record."),
            "Name the executive sponsor and agree the first quarterly review", "programme",
            "Let the executive sponsor hold the next quarterly review where everybody reads what was decided"),
        Question("choice", "How is it chosen which work comes first?",
            ("Whoever asks loudest.", "There is a list of ideas.", "Ideas are ranked by how much they hurt and how often they come.", "Three to five are chosen, and the others wait.", "What the chosen ones proved decides what comes next."),
            "Make the inventory of workflows and choose three to five of them", "workflows",
            "Say of each live workflow whether it is proven before the next one begins"),
        Question("money", "Is there money for running it, not only for trying it?",
            ("There is no money.", "There is some for trying things out.", "The first workflow is paid for, people's time included.", "Review, support and training are paid for as well.", "Money follows measured worth, and ends where none comes."),
            "Compare what each workflow costs with what it is worth", "portfolio"),
        Question("means", "Does anybody ask whether AI is the right means?",
            ("AI is the answer before there is a question.", "Some have doubts, aloud.", "Plain automation is looked at first.", "For every workflow it is written why AI and not something simpler.", "Work has ended up without AI, and that was called a success."),
            "Ask of the next workflow first whether plain automation would do", "workflow_new"),
    )),
    Pillar("governance", "Governance and decision rights", "Governance", "Who may decide what, and what stops by itself.", (
        Question("owners", "Has every piece of work an owner with a name?",
            ("Nobody in particular.", "A team, or “the business”.", "One person answers for the outcome.", "Outcome, systems and risk each have their person.", "A vacancy is seen the same day, and nothing runs until it is filled."),
            "Give every workflow its business, IT and risk owner", "workflows",
            "Let the owners tell their people what they answer for"),
        Question("verbs", "Is it written what AI may do, verb by verb?",
            ("Nothing is written.", "“It may use the CRM.”", "Reading, drafting, sending and changing are told apart.", "Each verb in each system is allowed, reviewed or never.", "The limits are enforced technically, and were tried on past actions."),
            "Fill in what AI may do in each system, and try it on past actions", "workflows"),
        Question("levels", "Is it clear what the company, the department and the team decide?",
            ("Nobody knows.", "All goes to the top, or nobody asks.", "It is written down.", "Each level sets limits, and the narrowest counts.", "Whoever needs more asks, and the right level answers within days."),
            "Set the limits of the department, and say who may widen them", "decision_rights",
            "Go through the ceilings and decision rights of the department with those whom they bind"),
        Question("stops", "Is it written when the work must stop?",
            ("Somebody will keep an eye on it.", "Some people know.", "Stop rules are written.", "They stop the work by themselves, and it is known who resumes it.", "Stopping was rehearsed, and every stop is read afterwards."),
            "Write the stop rules, and rehearse a pause", "workflows"),
        Question("duties", "Do we know what law and policy ask of this work?",
            ("Nobody has looked.", "A specialist would know.", "The duties are listed.", "Each duty has its evidence.", "The evidence is there before anybody asks for it."),
            "List the duties, and show for each the records that prove it", "journal"),
    )),
    Pillar("data", "Data", "Data", "Whether the records that the work reads can be relied on.", (
        Question("sources", "Do we know which records the work needs?",
            ("Not yet.", "Roughly.", "Each record is named, with its system.", "For each it is known who looks after it.", "What a run read is compared with what it should have read."),
            "Register the systems that the work reads, with who looks after each", "systems",
            "Compare what runs read with the systems on their page"),
        Question("quality", "Are those records right and up to date?",
            ("Nobody knows.", "People work around known faults.", "The worst faults are known and listed.", "Faults are measured, and have owners.", "Faults that runs meet are mended within weeks."),
            "Give each finding of weak data an owner and a day", "findings"),
        Question("conflicts", "What happens when two records differ?",
            ("Whoever sees it chooses.", "Experienced people know which is right.", "It is written which system counts.", "Differences stop the work and go to a person.", "Differences become fewer, and we can show it."),
            "Say which system counts, and stop the work where two differ", "exceptions"),
        Question("sensitive", "Is it known which records must not be shown or kept?",
            ("Nobody has looked.", "People are careful.", "Kinds of sensitive data are listed for each system.", "What must not be kept is hidden on the way in.", "Every look at hidden data is on record and is read."),
            "Say what is to be hidden in runs before it is kept", "redaction_everywhere"),
        Question("access", "Can AI read what it needs, and nothing else?",
            ("With somebody's own password.", "With one account that may do everything.", "Each agent has an account of its own.", "The account reads only what the work needs.", "What is no longer needed is taken away, and that is checked."),
            "Give every agent its own key, and only the systems it needs", "agents"),
    )),
    Pillar("technology", "Technology and integration", "Technology", "Whether systems, accounts and support can carry it.", (
        Question("reach", "Can the systems of the work be reached by a program?",
            ("By hand only.", "By files, now and then.", "The most important ones have an interface.", "All have one that we look after.", "An interface that changes is noticed before the work breaks."),
            "List which systems have an interface and which do not", "systems"),
        Question("bounds", "Are limits held by the platform, and not by good words?",
            ("The prompt says so.", "People check now and then.", "The platform refuses what is not allowed.", "What changes something needs a grant used once.", "Changes without a grant are found and looked into."),
            "Let every change run through a grant, and look into what did not", "incidents"),
        Question("trying", "Can we try it without harming anything?",
            ("Only on real customers.", "On a laptop.", "On past cases.", "On past cases, and then with a person deciding everything.", "Every change of the rules is tried on past actions before it counts."),
            "Try the rules on past actions before the launch", "workflows"),
        Question("support", "Who helps when it fails at night?",
            ("Nobody.", "Whoever built it, if awake.", "It is written whom to call.", "IT supports it as any other service.", "A failure was rehearsed, and people carried on without AI."),
            "Agree with IT who supports it and when", "agents"),
        Question("logs", "Can somebody from the business read what a run did?",
            ("There is no record.", "Engineers can, with effort.", "There is a log for each run.", "Any run can be read in a minute: what set it off, what it read, changed and cost.", "People read runs every week, and act on them."),
            "Have the agents tell their runs, and read the first ones together", "runs"),
    )),
    Pillar("people", "People and skills", "People", "Whether those who work with it can, may and want to.", (
        Question("fluency", "Do people know what AI can do and what it cannot?",
            ("Hardly anybody.", "Some have tried it by themselves.", "Most have done a first course.", "Everybody concerned has, and it is kept current.", "Newcomers learn it in their first weeks, from colleagues."),
            "Choose a first course, and record who has done it", "training_courses",
            "Let those who did the first course show colleagues what they learnt"),
        Question("skills", "Are reviewers and owners trained for what they decide?",
            ("No.", "They were shown once.", "There is a course for each duty.", "Nobody decides without current training.", "How well they decide is measured, and the course follows it."),
            "Say which duty needs which course", "training_courses",
            "Read with reviewers and owners what their course left open"),
        Question("time", "Have people the time for reviewing?",
            ("It comes on top.", "Somebody finds time, mostly.", "Hours are set aside.", "The load is measured, and shared out.", "There is a stand-in for everybody, and waits are short."),
            "Look at the load of each reviewer, and set hours aside", "numbers"),
        Question("trust", "Do people know what changes for them?",
            ("There are rumours.", "It was announced.", "Those concerned were asked before.", "They helped to write the rules of the work.", "They ask for the next workflow."),
            "Write the next page of rules together with those who do the work", "workflows"),
        Question("voice", "Is there a way to say “this gets in my way”, and is it heard?",
            ("No.", "One can tell somebody.", "There is a place for it.", "Each gets an answer.", "What was said has changed rules, and people know it."),
            "Begin the weekly review, and give each finding an owner", "weeks"),
    )),
    Pillar("process", "Process and measurement", "Process", "Whether the work is described, measured and looked at again.", (
        Question("described", "Is the work described as it is really done?",
            ("It is in people's heads.", "There is an old handbook.", "The usual way is written.", "The exceptions are written too.", "It is changed whenever the work changes."),
            "Describe one workflow on its one page", "workflow_new",
            "Compare the page of a live workflow with how the work is really done"),
        Question("hand_over", "Is it clear when a person takes over from AI?",
            ("No.", "When something feels wrong.", "The hand-over points are written.", "What is unclear reaches the right person with what they need.", "Hand-overs are quick, and we know how quick."),
            "Say who takes over what is unclear, and in what time", "exceptions"),
        Question("baseline", "Do we know how it went before AI?",
            ("No.", "By feeling.", "A few numbers are known.", "Time, cost and faults before are on record.", "They are agreed with finance, so that nobody argues later."),
            "Put on record how long, how dear and how often wrong it is today", "numbers"),
        Question("review", "Are real runs read regularly?",
            ("Never.", "After complaints.", "Now and then.", "Every week, by people with time for it.", "Every week, and rules change because of it."),
            "Read a week of runs against the five questions, and sign it", "weeks"),
        Question("learning", "Does what goes wrong once go wrong again?",
            ("The same again and again.", "Sometimes somebody mends it.", "What goes wrong is written down.", "Each fault has an owner and a day.", "The same fault hardly comes back, and we can show it."),
            "Give each open finding an owner and a day, and close the oldest", "findings"),
    )),
)
# fmt: on
QUESTIONS: Mapping[str, Question] = {
    f"{pillar.key}.{each.key}": each for pillar in PILLARS for each in pillar.questions
}
PILLARS_BY_KEY: Mapping[str, Pillar] = {pillar.key: pillar for pillar in PILLARS}
# Where each step is done, in the words of a link.
PLACES: Mapping[str, str] = {
    "agents": "Open the agents",
    "decision_rights": "Open decision rights",
    "exceptions": "Open the exceptions",
    "findings": "Open the findings",
    "incidents": "Open the incidents",
    "journal": "Open the journal",
    "numbers": "Open the numbers",
    "portfolio": "Open the portfolio",
    "programme": "Open the programme",
    "redaction_everywhere": "Open what is hidden",
    "runs": "Open the runs",
    "systems": "Open the systems",
    "training_courses": "Open courses and needs",
    "weeks": "Open the weekly review",
    "workflow_new": "Register a workflow",
    "workflows": "Open the workflows",
}


def keys_of(pillar: Pillar) -> tuple[str, ...]:
    """Give the keys of a pillar's questions, as answers are kept by."""
    return tuple(f"{pillar.key}.{each.key}" for each in pillar.questions)


def pillar_of(key: str) -> Pillar:
    """Give the pillar that a question stands in."""
    return PILLARS_BY_KEY[key.partition(".")[0]]
