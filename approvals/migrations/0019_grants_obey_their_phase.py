"""A grant keeps the phases it was issued in, and none has what its phase never grants.

The database fills in the phases, the tier of the verb and the action group by itself,
from the rows they stand in; the constraints then say no. The list of verbs is that of
`registry.rules.verbs`; a test compares them.
"""

from django.conf import settings
from django.db import migrations, models

FORWARDS = """
CREATE FUNCTION approvals_tier_of(verb text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN verb = ANY (ARRAY['read', 'search', 'list', 'check', 'monitor']) THEN 'read'
        WHEN verb = ANY (ARRAY['calculate', 'summarize', 'classify', 'score', 'extract',
            'translate', 'draft', 'recommend', 'answer']) THEN 'prepare'
        WHEN verb = ANY (ARRAY['create_task', 'comment', 'tag', 'assign', 'stage_update',
            'open_case', 'notify_internal', 'hand_over', 'schedule', 'snapshot'])
            THEN 'stage'
        ELSE 'change' END
$$;

CREATE FUNCTION approvals_is_talk(verb text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT verb = ANY (ARRAY['book', 'close', 'rebook', 'reopen', 'reply', 'send'])
$$;

CREATE FUNCTION approvals_grant_phased() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER approvals_grant_phased BEFORE INSERT OR UPDATE ON approvals_grant
    FOR EACH ROW EXECUTE FUNCTION approvals_grant_phased();
"""

BACKWARDS = """
DROP TRIGGER approvals_grant_phased ON approvals_grant;
DROP FUNCTION approvals_grant_phased();
DROP FUNCTION approvals_is_talk(text);
DROP FUNCTION approvals_tier_of(text);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_notices_sent_again"),
        ("approvals", "0018_times_of_ends_are_added_up"),
        ("registry", "0020_phases_are_moved"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="grant",
            name="action_group",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="grant",
            name="is_talk",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="grant",
            name="is_troubled",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="grant",
            name="page_phase",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="grant",
            name="phase",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="grant",
            name="tier",
            field=models.CharField(default="change", max_length=8),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("phase", 0),
                    models.Q(
                        ("phase", 1),
                        models.Q(
                            models.Q(("tier", "change"), _negated=True),
                            ("version__isnull", False),
                            _connector="OR",
                        ),
                    ),
                    models.Q(
                        ("phase", 2),
                        models.Q(
                            ("tier__in", ("read", "prepare")),
                            ("version__isnull", False),
                            models.Q(
                                models.Q(
                                    models.Q(("tier", "change"), _negated=True),
                                    ("is_talk", True),
                                    _connector="OR",
                                ),
                                ("is_troubled", False),
                            ),
                            _connector="OR",
                        ),
                    ),
                    models.Q(("phase", 3), ("tier__in", ("read", "prepare"))),
                    models.Q(
                        ("phase", 4),
                        models.Q(
                            ("tier__in", ("read", "prepare")),
                            models.Q(("action_group", ""), _negated=True),
                            _connector="OR",
                        ),
                    ),
                    models.Q(
                        ("phase", 5),
                        models.Q(
                            ("tier__in", ("read", "prepare")),
                            ("version__isnull", False),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="approvals_grant_obeys_phase",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("page_phase", 0),
                    models.Q(
                        ("page_phase", 1),
                        models.Q(
                            models.Q(("tier", "change"), _negated=True),
                            ("version__isnull", False),
                            _connector="OR",
                        ),
                    ),
                    models.Q(
                        ("page_phase", 2),
                        models.Q(
                            ("tier__in", ("read", "prepare")),
                            ("version__isnull", False),
                            models.Q(
                                models.Q(
                                    models.Q(("tier", "change"), _negated=True),
                                    ("is_talk", True),
                                    _connector="OR",
                                ),
                                ("is_troubled", False),
                            ),
                            _connector="OR",
                        ),
                    ),
                    models.Q(("page_phase", 3), ("tier__in", ("read", "prepare"))),
                    models.Q(
                        ("page_phase", 4),
                        models.Q(
                            ("tier__in", ("read", "prepare")),
                            models.Q(("action_group", ""), _negated=True),
                            _connector="OR",
                        ),
                    ),
                    models.Q(
                        ("page_phase", 5),
                        models.Q(
                            ("tier__in", ("read", "prepare")),
                            ("version__isnull", False),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="approvals_grant_obeys_page",
            ),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
