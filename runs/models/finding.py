"""What the list of runs finds them by, and the views of that list that a person keeps."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from portal.accounts.kept_views import KeptView
from runs.models.running import Run


class RunIndex(models.Model):
    """One narrow row beside each run: its words and its facets (`rules.finding`).

    Derived from the run by the statement that saves it, and rebuilt by
    `manage.py rebuild_run_index`. A search reads this and not the runs, whose folds
    make them ten times as wide.
    """

    run = models.OneToOneField(
        Run, on_delete=models.CASCADE, primary_key=True, related_name="index"
    )
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    started_at = models.DateTimeField()
    tokens = SearchVectorField()

    class Meta:
        indexes = (
            # words, verbs, systems, people and unanswered questions of the runs list;
            # a short list of what is not sorted in yet, so that no ruling sorts for long
            GinIndex(
                fields=("tokens",),
                gin_pending_list_limit=1024,
                name="runs_index_tokens",
            ),
            # the same list, where what is asked for is in many runs: newest first
            models.Index(
                fields=("-started_at", "-run"),
                include=("workflow",),
                name="runs_index_newest",
            ),
            # the same list for somebody who may see few workflows
            models.Index(
                fields=("workflow", "-started_at", "-run"),
                name="runs_index_of_workflow",
            ),
        )


class RunView(KeptView):
    """One kept view of the runs list; nobody but its owner sees it."""

    class Meta(KeptView.Meta):
        pass
