"""The demo's acceptable-use statement: two versions, and one person who has not read the second."""

from datetime import datetime, timedelta

from portal.accounts.models import Person
from portal.core.clock import in_history
from portal.home.demo.company import Company
from registry.operations.acceptable_use import acknowledge_statement, publish_statement

FIRST = """AI agents prepare, propose and carry out work here, inside rules that a named person owns.

What you decide is yours. Read what would be done before you approve it; a person who approves answers for it as if they had done it themselves. When you are not sure, ask or reject: nothing bad happens by waiting.

Never approve to save time, and never let somebody else use your sign-in.

Customers are told when they speak with an agent, and a person is always within reach.

When something looks wrong, pause the workflow first and explain afterwards. Nobody is blamed for a pause."""
SECOND = f"""{FIRST}

Never type passwords, keys, health data or card numbers into a prompt, a comment or an answer to an agent."""
HAS_NOT_READ = "paul"


def agree_on_use(company: Company, *, now: datetime) -> None:
    """Publish both versions; everybody acknowledges both, but one the second."""
    people = list(Person.objects.filter(is_active=True).order_by("email"))
    _publish(company, FIRST, "The first version.", now - timedelta(days=43), after=0)
    for number, person in enumerate(people):
        with in_history(now - timedelta(days=42, minutes=7 * number)):
            acknowledge_statement(actor=company.actor(_key(person)), number=1)
    publish_statement(
        actor=company.actor("ada"),
        text=SECOND,
        change="What is never typed in: passwords, keys, health data, card numbers.",
        asks_anew=True,
        after=1,
    )
    for person in people:
        if _key(person) != HAS_NOT_READ:
            acknowledge_statement(actor=company.actor(_key(person)), number=2)


def _publish(company: Company, text: str, change: str, at: datetime, *, after: int):
    with in_history(at):
        publish_statement(
            actor=company.actor("ada"),
            text=text,
            change=change,
            asks_anew=True,
            after=after,
        )


def _key(person: Person) -> str:
    return person.email.partition("@")[0]
