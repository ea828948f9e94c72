"""Spans find their run: several traces and our own records become one run.

`stitch` is a step of folding. It claims the rows of the traces first, in order, so that two
workers with spans of one trace agree; then runs are made or merged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from portal.accounts.actors import SYSTEM
from portal.audit.operation import step
from portal.core.errors import Conflict
from portal.core.ids import new_id
from registry.queries.agents import workflows_served_by
from runs.models import InboxBatch, KnownBy, Run, RunLink
from runs.operations.merging import WORDS, merge_runs
from runs.operations.minted import Given, given_for
from runs.operations.moments import ensure_run
from runs.operations.quarantine import put_aside, settle_placed
from runs.rules import stitching as rules
from runs.rules.spans.hints import hints_of
from runs.rules.spans.span import Span
from runs.rules.stitching import Choice, Gathered, Known, Rule, Why

_CLAIM = (
    "INSERT INTO runs_runlink (id, workflow_id, agent_id, kind, key, rule, linked_at, seen_at)"
    " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[],"
    " %s::text[], %s::timestamptz[], %s::timestamptz[])"
    " ON CONFLICT (workflow_id, key) WHERE kind = 'TRACE'"
    " DO UPDATE SET seen_at = greatest(runs_runlink.seen_at, excluded.seen_at)"
    " RETURNING workflow_id, key, run_id, rule"
)
_SET = (
    "UPDATE runs_runlink SET run_id = new.run_id, rule = new.rule, linked_at = %s"
    " FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[])"
    " AS new (workflow_id, key, run_id, rule)"
    " WHERE runs_runlink.kind = 'TRACE' AND runs_runlink.workflow_id = new.workflow_id"
    " AND runs_runlink.key = new.key AND (runs_runlink.run_id IS DISTINCT FROM new.run_id"
    " OR runs_runlink.rule <> new.rule)"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where spans belong: a workflow, the name of its run, and the rule that said so."""

    workflow: str
    run: str
    rule: str


def place_of(places: Mapping[str, Place], span: Span) -> Place | None:
    """Give the place of one span; None when its trace waits for a person."""
    trace_id = rules.key_of(span.trace_id)
    return places.get(f"{trace_id}:{span.span_id}") or places.get(trace_id)


@step
def stitch(
    batch: InboxBatch, spans: Sequence[tuple[int, Span]], *, now: datetime
) -> dict[str, Place]:
    """Place every trace of a batch, and put aside what has no place.

    About ten queries for a batch whose traces are known, five more for new ones; each new
    run costs two. Beside the traces there are single spans (`trace:span`) that name another
    run than their trace.
    """
    told = rules.gather((span for _, span in spans), hints_of=hints_of)
    if not told:
        return {}
    served = workflows_served_by(agent_id=batch.agent_id)
    seen = _Seen(batch, told, served)
    placed: dict[str, str] = {}
    aside: dict[str, tuple[Gathered, Why]] = {}
    for trace_id, one in told.items():
        found = rules.workflow_of(
            one,
            served=served,
            hinted=seen.workflow_of(one),
            by_person=seen.by_person.get(trace_id, ""),
        )
        if isinstance(found, Why):
            aside[trace_id] = (one, found)
        else:
            placed[trace_id] = found
    put_aside(batch, aside, now=now)
    return _place(batch, told, placed, seen, now)


class _Seen:
    """What is known of the traces, conversations and ids of a batch. Up to five queries."""

    def __init__(
        self,
        batch: InboxBatch,
        told: Mapping[str, Gathered],
        served: Mapping[str, UUID],
    ) -> None:
        self.agent_id = batch.agent_id
        self.served = dict(served)
        self.slugs = {workflow_id: slug for slug, workflow_id in served.items()}
        self.by_person: dict[str, str] = {}
        self._ours = list(served.values())
        traces = set(told).union(*(one.linked for one in told.values()))
        talks = {one.conversation for one in told.values()} - {""}
        ids = set().union(*(one.minted for one in told.values()))
        self.minted: dict[str, Given] = {
            key: given
            for key, given in given_for(ids, agent_id=batch.agent_id).items()
            if given.workflow_id in self.slugs
        }
        self.traces, self.talks = self._links(traces, talks)
        self.runs = self._runs()
        self.named = self._named(talks)

    def _links(
        self, traces: set[str], talks: set[str]
    ) -> tuple[dict[tuple[UUID, str], UUID], dict[tuple[UUID, str], list[UUID]]]:
        by_trace: dict[tuple[UUID, str], UUID] = {}
        by_talk: dict[tuple[UUID, str], list[UUID]] = {}
        rows = RunLink.objects.filter(
            workflow_id__in=self._ours, key__in=traces | talks, run__isnull=False
        )
        for row in rows.order_by("linked_at", "id"):
            if row.run_id is None:
                continue
            where = (row.workflow_id, row.key)
            if row.kind == RunLink.Kind.TRACE and row.key in traces:
                by_trace[where] = row.run_id
                if row.rule == Rule.PERSON and row.agent_id == self.agent_id:
                    self.by_person[row.key] = self.slugs[row.workflow_id]
            elif (
                row.kind == RunLink.Kind.CONVERSATION and row.agent_id == self.agent_id
            ):
                by_talk.setdefault(where, []).append(row.run_id)
        return by_trace, by_talk

    def _runs(self) -> dict[UUID, Known]:
        ids = set(self.traces.values()).union(*self.talks.values())
        ids |= {given.run_id for given in self.minted.values()}
        found = {row.id: row for row in Run.every.filter(id__in=ids)}
        into = {run_id: row.merged_into_id or run_id for run_id, row in found.items()}
        found |= {row.id: row for row in Run.objects.filter(id__in=into.values())}
        return {run_id: _known(found[whole]) for run_id, whole in into.items()}

    def _named(self, talks: set[str]) -> dict[tuple[UUID, str], Known]:
        """Give the runs that an agent named like its conversation. One query."""
        rows = Run.objects.filter(workflow_id__in=self._ours, agent_run_id__in=talks)
        return {(row.workflow_id, row.agent_run_id): _known(row) for row in rows}

    def workflow_of(self, one: Gathered) -> str:
        """Give the workflow that what is known already leads to, if it is one only."""
        keys = {one.trace_id, *one.linked}
        found = {where[0] for where in self.traces if where[1] in keys}
        found |= {
            self.minted[key].workflow_id for key in one.minted if key in self.minted
        }
        if not found:
            found = {w for w, key in self.talks if key == one.conversation}
        return self.slugs[found.pop()] if len(found) == 1 else ""

    def choice_of(self, one: Gathered, workflow_id: UUID) -> Choice:
        given = (self.minted[key] for key in one.minted if key in self.minted)
        minted = next((g for g in given if g.workflow_id == workflow_id), None)
        keys = ((workflow_id, trace) for trace in one.linked)
        linked = next((self.traces[key] for key in keys if key in self.traces), None)
        runs = self.talks.get((workflow_id, one.conversation), [])
        named = self.named.get((workflow_id, one.conversation))
        newest = self.runs[runs[-1]] if runs else named
        return rules.choose(
            one,
            minted=self.runs.get(minted.run_id) if minted else None,
            linked=self.runs.get(linked) if linked else None,
            conversation=newest,
            conversation_runs=max(len(runs), 1 if named else 0),
        )


def _known(run: Run) -> Known:
    return Known(
        id=run.id,
        name=run.agent_run_id,
        is_guessed=run.known_by != KnownBy.RUN,
        can_go_on=rules.can_go_on(run.fold),
    )


@step
def _place(
    batch: InboxBatch,
    told: Mapping[str, Gathered],
    placed: Mapping[str, str],
    seen: _Seen,
    now: datetime,
) -> dict[str, Place]:
    present = _claim(batch, placed, seen, now)
    present_runs = {
        run.id: _known(run)
        for run in Run.objects.filter(
            id__in={run for run, _ in present.values() if run}
        )
    }
    places: dict[str, Place] = {}
    links: dict[tuple[UUID, str], tuple[UUID, Rule]] = {}
    talks: dict[tuple[UUID, str], UUID] = {}
    for trace_id in sorted(placed):
        one, slug = told[trace_id], placed[trace_id]
        workflow_id = seen.served[slug]
        run_id, rule = present.get((workflow_id, trace_id), (None, ""))
        known = present_runs.get(run_id) if run_id else None
        chosen, joins = rules.settle(
            present=known,
            present_rule=rule,
            chosen=seen.choice_of(one, workflow_id),
        )
        kept = _run_of(chosen, workflow_id, batch, now)
        if joins and run_id is not None and run_id != kept:
            kept, chosen = _join(run_id, kept, chosen, known, now)
        places[trace_id] = Place(slug, chosen.name, chosen.rule.value)
        links[workflow_id, trace_id] = (kept, chosen.rule)
        if one.conversation:
            talks[workflow_id, one.conversation] = kept
        for span_id, name in one.runs_of_spans.items():
            if name != chosen.name:
                places[f"{trace_id}:{span_id}"] = Place(slug, name, Rule.RUN.value)
    _keep(batch, links, talks, now)
    settle_placed(
        agent_id=batch.agent_id,
        runs={key: (where, links[where, key][0]) for where, key in links},
        now=now,
    )
    return places


@step
def _claim(
    batch: InboxBatch, placed: Mapping[str, str], seen: _Seen, now: datetime
) -> dict[tuple[UUID, str], tuple[UUID | None, str]]:
    """Lock the rows of these traces, in order, and say which run each leads to. One query."""
    wanted = sorted((seen.served[slug], trace_id) for trace_id, slug in placed.items())
    if not wanted:
        return {}
    number = len(wanted)
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            [
                [new_id() for _ in wanted],
                [workflow_id for workflow_id, _ in wanted],
                [batch.agent_id] * number,
                [RunLink.Kind.TRACE.value] * number,
                [trace_id for _, trace_id in wanted],
                [""] * number,
                [now] * number,
                [now] * number,
            ],
        )
        return {(row[0], row[1]): (row[2], row[3]) for row in cursor.fetchall()}


@step
def _run_of(
    chosen: Choice, workflow_id: UUID, batch: InboxBatch, now: datetime
) -> UUID:
    if chosen.run is not None:
        return chosen.run.id  # type: ignore[return-value]
    known_by = {
        Rule.TRACE: KnownBy.TRACE,
        Rule.CONVERSATION: KnownBy.CONVERSATION,
    }.get(chosen.rule, KnownBy.RUN)
    return ensure_run(
        workflow_id=workflow_id,
        agent_run_id=chosen.name,
        agent_id=batch.agent_id,
        now=now,
        known_by=known_by,
    ).id


@step
def _join(
    run_id: UUID, kept: UUID, chosen: Choice, known: Known | None, now: datetime
) -> tuple[UUID, Choice]:
    """Merge what was guessed into what is known better; both stay where both are on record."""
    try:
        left = merge_runs(
            source_id=run_id,
            target_id=kept,
            rule=chosen.rule,
            reason=WORDS[chosen.rule],
            actor=SYSTEM,
            now=now,
        )
    except Conflict:
        if known is None:
            return kept, chosen
        return run_id, Choice(known.name, chosen.rule, known)
    name = Run.objects.values_list("agent_run_id", flat=True).get(id=left)
    return left, Choice(name, chosen.rule)


@step
def _keep(
    batch: InboxBatch,
    links: Mapping[tuple[UUID, str], tuple[UUID, Rule]],
    talks: Mapping[tuple[UUID, str], UUID],
    now: datetime,
) -> None:
    """Write which run each trace and each conversation leads to, and why. Two queries."""
    if links:
        wanted = sorted(links)
        with connection.cursor() as cursor:
            cursor.execute(
                _SET,
                [
                    now,
                    [workflow_id for workflow_id, _ in wanted],
                    [trace_id for _, trace_id in wanted],
                    [links[key][0] for key in wanted],
                    [links[key][1].value for key in wanted],
                ],
            )
    RunLink.objects.bulk_create(
        [
            RunLink(
                workflow_id=workflow_id,
                agent_id=batch.agent_id,
                kind=RunLink.Kind.CONVERSATION,
                key=key,
                run_id=talks[workflow_id, key],
                rule=Rule.CONVERSATION.value,
                linked_at=now,
                seen_at=now,
            )
            for workflow_id, key in sorted(talks)
        ],
        ignore_conflicts=True,
    )
