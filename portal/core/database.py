"""Who may do what in the database: one role owns the tables, another uses them.

The application's role can read and write rows. It can neither change a table,
nor switch a trigger off, nor touch a row of the tables that only ever grow.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.conf import settings
from django.db import connection

# Rows of these are written once and never changed or removed by the application.
APPEND_ONLY_TABLES = (
    "audit_entry",
    "audit_checkpoint",
    "approvals_authorityrecord",
    "approvals_batch",
    "approvals_breakglass",
    "approvals_breakglassreview",
    "approvals_decision",
    "approvals_deliveryattempt",
    "approvals_evidenceopening",
    "approvals_exceptiondisposition",
    "approvals_exceptionnote",
    "approvals_firstlook",
    "approvals_grantchase",
    "approvals_move",
    "approvals_outcome",
    "approvals_proposalversion",
    "approvals_reminder",
    "registry_phasegate",
    "registry_phasemove",
    "registry_readinessgate",
    "registry_readinesswaiver",
    "registry_sponsor",
    "registry_proof",
    "registry_focusexception",
    "registry_toolchange",
    "registry_useacknowledgement",
    "registry_usestatement",
    "runs_reveal",
    "runs_runmerge",
    "runs_sealedpopulation",
    "runs_incidentnote",
    "runs_findingmove",
    "runs_signedweek",
    "runs_weekreopening",
    "runs_seriespoint",
    "runs_releasedreading",
    "runs_seededrun",
    "runs_weeksight",
    "home_feedbackmove",
    "registry_trainingreminder",
)
# Two migrations at once would fail half-way; the second waits on this lock.
PREPARING_LOCK = (7, 1)


@contextlib.contextmanager
def as_owner() -> Iterator[None]:
    """This will make the connection the owner's for as long as the block runs."""
    usual = dict(connection.settings_dict)
    owner = settings.DATABASE_OWNER
    options = {k: v for k, v in usual["OPTIONS"].items() if k != "pool"}
    # A migration may take its time.
    options["options"] = "-c lock_timeout=30s"
    connection.close()
    connection.settings_dict.update(
        USER=owner["USER"],
        PASSWORD=owner["PASSWORD"],
        HOST=owner["HOST"],
        PORT=owner["PORT"],
        OPTIONS=options,
    )
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(usual)


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """This will hold the lock that preparing the database waits on."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", PREPARING_LOCK)
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", PREPARING_LOCK)


def grant_application_role() -> bool:
    """This will give the application's role its rights, and no more.

    Runs as the owner, after every migration. Returns whether there are two roles;
    with one, only triggers keep the append-only tables as they are.
    """
    application = settings.DATABASE_APPLICATION_ROLE
    owner = settings.DATABASE_OWNER["USER"]
    if not application or application == owner:
        return False
    quote = connection.ops.quote_name
    role = quote(application)
    present = set(connection.introspection.table_names())
    append_only = [t for t in APPEND_ONLY_TABLES if t in present]
    statements = [
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public "
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public "
        f"GRANT USAGE, SELECT ON SEQUENCES TO {role}",
        f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}",
        *(
            f"REVOKE UPDATE, DELETE, TRUNCATE ON {quote(table)} FROM {role}"
            for table in append_only
        ),
    ]
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    return True
