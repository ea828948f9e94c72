"""In phase 1 nothing is granted that an AI model reasoned about, whoever decided it.

The database says by itself what is reasoned: the request names a model; or the action does more
than read, and the agent is registered with a model or the page's technique is not one of fixed
steps.
"""

from django.db import migrations, models

FORWARDS = """
CREATE OR REPLACE FUNCTION approvals_grant_phased() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked_verb text;
    asked_system text;
    asked json;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.phase, NEW.page_phase, NEW.tier, NEW.is_talk, NEW.is_troubled,
            NEW.action_group, NEW.is_reasoned) IS DISTINCT FROM (OLD.phase, OLD.page_phase, OLD.tier,
            OLD.is_talk, OLD.is_troubled, OLD.action_group,
            OLD.is_reasoned)
        THEN
            RAISE EXCEPTION 'what a grant is held to never changes'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    SELECT verb, system INTO asked_verb, asked_system
        FROM approvals_actionrequest WHERE id = NEW.action_request_id;
    IF NEW.version_id IS NOT NULL THEN
        -- An edit may have made another verb of it.
        SELECT convert_from(action, 'UTF8')::json INTO asked
            FROM approvals_proposalversion WHERE id = NEW.version_id;
        asked_verb := coalesce(asked ->> 'verb', asked_verb);
        asked_system := coalesce(asked ->> 'system', asked_system);
    END IF;
    SELECT phase INTO STRICT NEW.phase FROM registry_workflow
        WHERE id = NEW.workflow_id;
    SELECT (document ->> 'phase')::smallint INTO STRICT NEW.page_phase
        FROM registry_operatingmodelversion WHERE id = NEW.operating_model_version_id;
    NEW.tier := approvals_tier_of(asked_verb);
    NEW.is_talk := approvals_is_talk(asked_verb);
    NEW.action_group := coalesce((SELECT action_group FROM registry_allowancerow
        WHERE version_id = NEW.operating_model_version_id
          AND system = asked_system AND verb = asked_verb), '');
    NEW.is_troubled := false;
    IF 2 IN (NEW.phase, NEW.page_phase) THEN
        SELECT coalesce(
            (convert_from(received, 'UTF8')::json -> 'signals')::jsonb
                ?| ARRAY['ambiguity', 'emotion', 'distress', 'complaint'], false)
            INTO NEW.is_troubled
            FROM approvals_actionrequest WHERE id = NEW.action_request_id;
    END IF;
    NEW.is_reasoned := false;
    IF 1 IN (NEW.phase, NEW.page_phase) THEN
        SELECT coalesce(convert_from(received, 'UTF8')::json ->> 'model', '') <> ''
                OR NEW.tier <> 'read' AND (
                    EXISTS (SELECT FROM accounts_agent
                             WHERE id = NEW.agent_id AND model_name <> '')
                    OR NOT coalesce((SELECT is_fixed FROM registry_allowancerow
                        WHERE version_id = NEW.operating_model_version_id
                          AND system = asked_system AND verb = asked_verb), false))
            INTO NEW.is_reasoned
            FROM approvals_actionrequest WHERE id = NEW.action_request_id;
    END IF;
    RETURN NEW;
END $$;
"""

BACKWARDS = """
CREATE OR REPLACE FUNCTION approvals_grant_phased() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked_verb text;
    asked_system text;
    asked json;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.phase, NEW.page_phase, NEW.tier, NEW.is_talk, NEW.is_troubled,
            NEW.action_group) IS DISTINCT FROM (OLD.phase, OLD.page_phase, OLD.tier,
            OLD.is_talk, OLD.is_troubled, OLD.action_group)
        THEN
            RAISE EXCEPTION 'what a grant is held to never changes'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    SELECT verb, system INTO asked_verb, asked_system
        FROM approvals_actionrequest WHERE id = NEW.action_request_id;
    IF NEW.version_id IS NOT NULL THEN
        -- An edit may have made another verb of it.
        SELECT convert_from(action, 'UTF8')::json INTO asked
            FROM approvals_proposalversion WHERE id = NEW.version_id;
        asked_verb := coalesce(asked ->> 'verb', asked_verb);
        asked_system := coalesce(asked ->> 'system', asked_system);
    END IF;
    SELECT phase INTO STRICT NEW.phase FROM registry_workflow
        WHERE id = NEW.workflow_id;
    SELECT (document ->> 'phase')::smallint INTO STRICT NEW.page_phase
        FROM registry_operatingmodelversion WHERE id = NEW.operating_model_version_id;
    NEW.tier := approvals_tier_of(asked_verb);
    NEW.is_talk := approvals_is_talk(asked_verb);
    NEW.action_group := coalesce((SELECT action_group FROM registry_allowancerow
        WHERE version_id = NEW.operating_model_version_id
          AND system = asked_system AND verb = asked_verb), '');
    NEW.is_troubled := false;
    IF 2 IN (NEW.phase, NEW.page_phase) THEN
        SELECT coalesce(
            (convert_from(received, 'UTF8')::json -> 'signals')::jsonb
                ?| ARRAY['ambiguity', 'emotion', 'distress', 'complaint'], false)
            INTO NEW.is_troubled
            FROM approvals_actionrequest WHERE id = NEW.action_request_id;
    END IF;
    RETURN NEW;
END $$;
"""


def may_be_granted(phase: str) -> models.Q:
    """Say which grants a phase may ever have; `phase` names the column that holds it."""
    quiet = models.Q(tier__in=("read", "prepare"))
    decided = models.Q(version__isnull=False)
    calm = ~models.Q(tier="change") | models.Q(is_talk=True)
    return (
        models.Q(**{phase: 0})
        | models.Q(**{phase: 1})
        & models.Q(is_reasoned=False)
        & (~models.Q(tier="change") | decided)
        | models.Q(**{phase: 2})
        & (quiet | decided | calm & models.Q(is_troubled=False))
        | models.Q(**{phase: 3}) & quiet
        | models.Q(**{phase: 4}) & (quiet | ~models.Q(action_group=""))
        | models.Q(**{phase: 5}) & (quiet | decided)
    )


def held_to(
    name: str, phase: str
) -> tuple[migrations.RemoveConstraint, migrations.AddConstraint]:
    """Put the constraint anew over one of the two phases of a grant."""
    return (
        migrations.RemoveConstraint(model_name="grant", name=name),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=may_be_granted(phase), name=name
            ),
        ),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0019_grants_obey_their_phase"),
        ("registry", "0026_fixed_steps"),
    ]

    operations = [
        migrations.AddField(
            model_name="grant",
            name="is_reasoned",
            field=models.BooleanField(default=False),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
        *held_to("approvals_grant_obeys_phase", "phase"),
        *held_to("approvals_grant_obeys_page", "page_phase"),
    ]
