"""What ten thousand workflows cost the pages that list them, against a hundred.

The workflows are copies of one that was really registered, signed and launched, inserted
by SQL as the superuser, without triggers; they leave no journal entries. One list is read
by a person who sees every workflow, the other by one who sees a hundred of them.
"""

from functools import partial
from typing import Any

import httpx
import psycopg

from portal.accounts.operations.sessions import change_password
from portal.home.bench.acts import Bench, signed_in
from portal.home.bench.crowd import copy_of
from portal.home.bench.measuring import milliseconds, ratio, timed
from portal.home.demo.company import PASSWORD

WORKFLOWS_FEW = 100
WORKFLOWS_MANY = 10_000
PAGE_LOADS = 10
SEEN_BY_FEW = 100
PAGES = {
    "list": "/workflows/?view=all",
    "list_by_risk": "/workflows/?sort=risk",
    "search_rare_word": "/workflows/?q=zeppelin",
    "search_common_word": "/workflows/?q=refund",
    "search_person": "/workflows/?q=Adler",
    "filter_verb": "/workflows/?verb=refund&system=billing&authority=allowed",
    "filter_state": "/workflows/?state=paused",
    "filter_vacancy": "/workflows/?vacancy=any",
    "who_may": "/workflows/who-may/?verb=refund",
    "heat_map": "/workflows/heat-map/",
    "heat_map_verbs": "/workflows/heat-map/?tier=change",
    "start": "/",
    "search_everywhere": "/search/?q=refund",
}
# Each copy: a name of its own, one in a hundred with a rare word, one in fifty paused.
_PLAN = """
CREATE TEMPORARY TABLE plan AS
SELECT n, uuidv7() AS workflow, uuidv7() AS version, source.id AS source,
       source.live_version_id AS source_version
  FROM generate_series(%(first)s::int, %(last)s::int) AS n
  CROSS JOIN (SELECT id, live_version_id FROM registry_workflow
               WHERE slug = 'refund-management') AS source
"""
_WORKFLOW = {
    "id": "plan.workflow",
    "slug": "'crowd-' || plan.n",
    "name": "(ARRAY['Refund desk','Parcel watch','Invoice check','Access review',"
    "'Content desk'])[1 + plan.n %% 5] || ' ' || plan.n"
    " || CASE WHEN plan.n %% 97 = 0 THEN ' zeppelin' ELSE '' END",
    "lock_number": "1000 + plan.n",
    "live_version_id": "CASE WHEN plan.n %% 4 = 0 THEN NULL ELSE plan.version END",
    "paused_at": "CASE WHEN plan.n %% 50 = 1 THEN clock_timestamp() ELSE NULL END",
    "pause_reason": "CASE WHEN plan.n %% 50 = 1 THEN 'Odd.' ELSE '' END",
    "phase": "1 + plan.n %% 5",
    "risk": "(ARRAY['low','medium','high'])[1 + plan.n %% 3]",
}
_COPIES: tuple[tuple[str, dict[str, str], str], ...] = (
    ("registry_workflow", _WORKFLOW, "source.id = plan.source"),
    (
        "registry_operatingmodelversion",
        {"id": "plan.version", "workflow_id": "plan.workflow"},
        "source.id = plan.source_version",
    ),
    (
        "registry_allowancerow",
        {
            "id": "uuidv7()",
            "version_id": "plan.version",
            "workflow_id": "plan.workflow",
        },
        "source.version_id = plan.source_version",
    ),
    (
        "registry_roleholding",
        {"id": "uuidv7()", "workflow_id": "plan.workflow"},
        "source.workflow_id = plan.source"
        " AND NOT (plan.n %% 40 = 0 AND source.role = 'risk_owner')",
    ),
    (
        "registry_reviewer",
        {"id": "uuidv7()", "workflow_id": "plan.workflow"},
        "source.workflow_id = plan.source",
    ),
    (
        "registry_agentassignment",
        {"id": "uuidv7()", "workflow_id": "plan.workflow"},
        "source.workflow_id = plan.source",
    ),
)
_SEES_ALL = """
INSERT INTO accounts_person_groups (person_id, group_id)
SELECT %s, id FROM auth_group WHERE name = 'Risk team' ON CONFLICT DO NOTHING
"""
_SEES_FEW = """
INSERT INTO guardian_userobjectpermission (object_pk, content_type_id, permission_id, user_id)
SELECT plan.workflow::text, permission.content_type_id, permission.id, %s
  FROM plan, auth_permission permission
 WHERE permission.codename = 'view_workflow' AND plan.n <= %s
"""


def registry_list(bench: Bench) -> dict[str, Any]:
    """Measure the pages that list workflows, with a hundred and with ten thousand."""
    all_seeing, few_seeing = bench.company.people["rosa"], bench.company.people["dana"]
    url = bench.stage.superuser_url
    add_workflows(url, 1, WORKFLOWS_FEW, all_seeing.id, few_seeing.id)
    everything = see_everything(bench)
    try:
        few = _load(everything, bench.person)
        add_workflows(url, WORKFLOWS_FEW + 1, WORKFLOWS_MANY, all_seeing.id, None)
        many = _load(everything, bench.person)
    finally:
        everything.close()
    return {
        "workflows_few": WORKFLOWS_FEW,
        "workflows_many": WORKFLOWS_MANY,
        "seen_by_the_few_seeing": SEEN_BY_FEW,
        "few": few,
        "many": many,
        "many_over_few": {
            who: {
                name: ratio(many[who][name]["p50_ms"], few[who][name]["p50_ms"])
                for name in few[who]
            }
            for who in few
        },
    }


def see_everything(bench: Bench) -> httpx.Client:
    """Sign in as somebody who sees every workflow."""
    rosa = bench.company.people["rosa"]
    change_password(actor=bench.company.actor("rosa"), person=rosa, password=PASSWORD)
    return signed_in(bench.stage.url, rosa.email)


def add_workflows(
    superuser_url: str, first: int, last: int, all_seeing: Any, few_seeing: Any
) -> None:
    """Add the workflows of these numbers, and who sees all of them or some."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        with psycopg.ClientCursor(connection) as cursor:
            cursor.execute(_PLAN, {"first": first, "last": last})
        for table, changed, where in _COPIES:
            connection.execute(copy_of(connection, table, changed, where), [])
        connection.execute(_SEES_ALL, [all_seeing])
        if few_seeing is not None:
            connection.execute(_SEES_FEW, [few_seeing, SEEN_BY_FEW])
        connection.execute("ANALYZE")


def _load(all_seeing: httpx.Client, few_seeing: httpx.Client) -> dict[str, Any]:
    return {
        who: {
            name: milliseconds(timed(partial(_get, client, path), times=PAGE_LOADS))
            for name, path in PAGES.items()
        }
        for who, client in (("sees_all", all_seeing), ("sees_few", few_seeing))
    }


def _get(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"GET {path} gave {answer.status_code}")
