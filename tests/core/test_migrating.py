"""What migrating makes: the tables of the models, with few classes on the way."""

import re

from django.apps import apps
from django.db import connection, models
from django.db.migrations import operations
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState

from portal.core.migrating import rendering_little

_COLUMNS = """
SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), NOT attnotnull
FROM pg_attribute WHERE attrelid = ANY (%s::regclass[]) AND attnum > 0 AND NOT attisdropped
"""
_LEADS = """
SELECT c.conrelid::regclass::text, a.attname, confrelid::regclass::text
FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
WHERE c.contype = 'f' AND c.conrelid = ANY (%s::regclass[])
"""
_NAMED = """
SELECT conrelid::regclass::text, conname::text FROM pg_constraint
UNION SELECT indrelid::regclass::text, indexrelid::regclass::text FROM pg_index
"""
OURS = [model for model in apps.get_models() if model._meta.managed]


def asked(statement: str, tables: list[str]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [tables] if "%s" in statement else [])
        return cursor.fetchall()


def spelled(field: models.Field) -> str:
    """Give a field's type as PostgreSQL spells it."""
    kind = re.sub(r"^varchar", "character varying", field.db_type(connection) or "")
    return re.sub(r"^time$", "time without time zone", kind).replace(", ", ",")


def what_models_say() -> set[tuple]:
    found: set[tuple] = set()
    for model in OURS:
        table = model._meta.db_table
        for field in model._meta.local_concrete_fields:
            found.add((table, field.column, spelled(field), field.null))
            if field.remote_field and field.db_constraint:
                target = field.remote_field.model._meta.db_table
                found.add((table, field.column, target))
        for each in [*model._meta.indexes, *model._meta.constraints]:
            found.add((table, each.name))
    return found


def what_is_there() -> set[tuple]:
    tables = [model._meta.db_table for model in OURS]
    columns, leads, named = (asked(each, tables) for each in (_COLUMNS, _LEADS, _NAMED))
    # Triggers write and read in which transaction a row came; no model does.
    columns = [each for each in columns if each[2] != "xid8"]
    asked_for = {each for each in what_models_say() if len(each) == 2}
    # Django names the others itself, after what they are for.
    return {*columns, *leads, *(set(named) & asked_for)}


def test_the_tables_are_as_the_models_say(db):
    there, said = what_is_there(), what_models_say()

    assert len(said) > 1000
    assert there - said == set()
    assert said - there == set()


def chain() -> ProjectState:
    """Give a state in which each of three models leads to the one before it."""
    state = ProjectState()
    for name, before in (("First", None), ("Second", "First"), ("Third", "Second")):
        fields = [("id", models.BigAutoField(primary_key=True))]
        if before:
            fields.append(("of", models.ForeignKey(f"core.{before}", models.CASCADE)))
        operations.CreateModel(name, fields).state_forwards("core", state)
    return state


MORE = operations.AddField("first", "told", models.TextField(default=""))


def test_what_no_other_model_sees_makes_only_its_own_class_anew():
    state = chain()
    before = dict(state.apps.all_models["core"])

    with rendering_little():
        MORE.state_forwards("core", state)

    now = state.apps.all_models["core"]
    assert {name for name in now if now[name] is not before[name]} == {"first"}
    assert now["first"]._meta.get_field("told")


def test_code_in_a_migration_finds_every_class_whole():
    seen = []

    def look(found, _editor) -> None:
        first, second = (found.get_model("core", name) for name in ("First", "Second"))
        seen.append(second._meta.get_field("of").related_model is first)
        seen.append(first._meta.get_field("told") is not None)

    state = chain()
    assert state.apps
    migration = Migration("looking", "core")
    migration.operations = [operations.RunPython(look)]
    with rendering_little():
        MORE.state_forwards("core", state)
        # As with a table that is there already: code alone runs.
        migration.apply(state, _Editor())

    assert seen == [True, True]


class _Editor:
    """As much of a schema editor as code in a migration needs."""

    atomic_migration = True
    connection = connection
