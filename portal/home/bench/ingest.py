"""What taking events in costs: pace against raw COPY, lag, time to a hold, disk, memory.

Paces are taken from the first request until every event is folded and can be read. The
same rows are then copied raw into a table without an index: the fastest that this
database takes them.
"""

import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import httpx
import psycopg

from portal.home.bench.acts import Bench
from portal.home.bench.measuring import (
    MemoryWatch,
    memory_of,
    milliseconds,
    ratio,
    together,
)
from portal.home.bench.peers import peers
from portal.home.bench.telling import (
    EVENTS_A_RUN,
    SPANS_A_RUN,
    batch_of,
    failing,
    traces,
)

BATCHES = 40
RUNS_A_BATCH = 25
LAG_SAMPLES = 120
HOLDS = 60
RUNS_OF_ONE_EVENT = 8
RUNS_AN_HOUR = 1_000_000
TRACED_RUNS = 500
SENDERS = 2
FOLDING_SECONDS_MAX = 60
POLL_SECONDS = 0.005
_TABLES = (
    "runs_runevent",
    "runs_eventkey",
    "runs_run",
    "runs_runindex",
    "runs_tally",
    "runs_tallydelta",
    "runs_inboxbatch",
)
_SIZES = """
SELECT sum(pg_total_relation_size(oid)) FROM pg_class
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
   AND (relname = ANY(%s) OR relname LIKE 'runs\\_runevent\\_%%')
"""


def ingest(bench: Bench) -> dict[str, Any]:
    """Measure taking in: bulk, lag and holds under load, many runs, OTLP, disk, memory."""
    at_rest = memory_of(bench.stage.processes)
    with (
        psycopg.connect(bench.stage.superuser_url, autocommit=True) as database,
        MemoryWatch(bench.stage.processes) as watch,
    ):
        _tell(bench, batch_of("warm", runs=2), "/api/v1/events")
        _wait_until_folded(database)
        bulk = _bulk(bench, database)
        lag = _lag(bench, database)
        holds = _holds(bench, database)
        many = _many_runs(bench, database)
        spans = _spans(bench, database)
    return {
        "bulk": bulk,
        "lag": lag,
        "event_to_hold": holds,
        "distinct_runs": many,
        "otlp": spans,
        "memory": {"at_rest": at_rest, "under_load": watch.largest},
    }


def _bulk(bench: Bench, database: psycopg.Connection) -> dict[str, Any]:
    bodies = [batch_of(f"bulk-{n}", runs=RUNS_A_BATCH) for n in range(BATCHES)]
    count = BATCHES * RUNS_A_BATCH * EVENTS_A_RUN
    before = _bytes_on_disk(database)
    accepted, folded = _paced(bench, database, bodies, "/api/v1/events")
    database.execute("CHECKPOINT")
    grown = _bytes_on_disk(database) - before
    copied = _copy(database, count)
    return {
        "events": count,
        "batch": RUNS_A_BATCH * EVENTS_A_RUN,
        "accepted_a_second": round(count / accepted),
        "folded_a_second": round(count / folded),
        "raw_copy_a_second": round(count / copied),
        "copy_over_accepted": ratio(accepted, copied),
        "copy_over_folded": ratio(folded, copied),
        "bytes_sent_an_event": round(sum(map(len, bodies)) / count),
        "bytes_on_disk_an_event": round(grown / count),
    }


def _lag(bench: Bench, database: psycopg.Connection) -> dict[str, Any]:
    """Tell two runs at a time, steadily, and wait for each until it can be read."""
    seconds = []
    for number in range(LAG_SAMPLES):
        body = batch_of(f"lag-{number}", runs=2)
        began = time.perf_counter()
        _tell(bench, body, "/api/v1/events")
        _until(partial(_is_there, database, f"lag-{number}-1"))
        seconds.append(time.perf_counter() - began)
    return {"events_a_batch": 2 * EVENTS_A_RUN, **milliseconds(seconds)}


def _holds(bench: Bench, database: psycopg.Connection) -> dict[str, Any]:
    """Time from sending the event that a stop rule knows until its run is on hold."""
    alone = [_held(bench, database, f"alone-{n}") for n in range(HOLDS)]
    busy: list[float] = []
    load = [batch_of(f"load-{n}", runs=RUNS_A_BATCH) for n in range(HOLDS // 3)]

    def act(number: int) -> None:
        if number % 4 == 0:
            _tell(bench, load[number // 4], "/api/v1/events")
        else:
            with psycopg.connect(bench.stage.superuser_url, autocommit=True) as own:
                busy.append(_held(bench, own, f"busy-{number}"))

    together(act, times=4 * len(load), at_once=SENDERS)
    _wait_until_folded(database)
    return {"alone": milliseconds(alone), "while_batches_come": milliseconds(busy)}


def _held(bench: Bench, database: psycopg.Connection, name: str) -> float:
    body = failing(name)
    began = time.perf_counter()
    _tell(bench, body, "/api/v1/events")
    _until(lambda: _is_there(database, name, "AND is_held"))
    return time.perf_counter() - began


def _many_runs(bench: Bench, database: psycopg.Connection) -> dict[str, Any]:
    """Tell runs of one event each: the worst case of a million runs in an hour."""
    bodies = [
        batch_of(f"many-{n}", runs=1_000, events=1) for n in range(RUNS_OF_ONE_EVENT)
    ]
    count = RUNS_OF_ONE_EVENT * 1_000
    _, folded = _paced(bench, database, bodies, "/api/v1/events")
    a_second = count / folded
    return {
        "runs": count,
        "runs_a_second": round(a_second),
        "an_hour": round(a_second * 3600),
        "times_a_million_an_hour": ratio(a_second * 3600, RUNS_AN_HOUR),
    }


def _spans(bench: Bench, database: psycopg.Connection) -> dict[str, Any]:
    """Send OTLP spans, to ourselves and to the peers that are installed."""
    bodies = traces(runs=TRACED_RUNS, seed=1)
    count = TRACED_RUNS * SPANS_A_RUN
    found: dict[str, Any] = {
        "spans": count,
        "bytes_a_span": round(sum(map(len, bodies)) / count),
    }
    try:
        accepted, kept = _paced(bench, database, bodies, "/v1/traces")
    except RuntimeError as error:
        found["countersign"] = str(error)[:200]
    else:
        found["countersign"] = {
            "accepted_a_second": round(count / accepted),
            "kept_a_second": round(count / kept),
        }
    return found | peers(bodies, count)


def _paced(
    bench: Bench, database: psycopg.Connection, bodies: Sequence[bytes], path: str
) -> tuple[float, float]:
    """Send every body, two at once; give the seconds until accepted and until folded."""
    began = time.perf_counter()
    together(
        lambda number: _tell(bench, bodies[number], path),
        times=len(bodies),
        at_once=SENDERS,
    )
    accepted = time.perf_counter() - began
    _wait_until_folded(database)
    return accepted, time.perf_counter() - began


def _tell(bench: Bench, body: bytes, path: str) -> httpx.Response:
    kind = "application/x-protobuf" if path == "/v1/traces" else "application/json"
    for _ in range(FOLDING_SECONDS_MAX):
        answer = bench.agent.post(path, content=body, headers={"Content-Type": kind})
        if answer.status_code != 503:
            break
        bench.told_to_come_back += 1
        time.sleep(1)
    if answer.status_code not in (200, 202):
        raise RuntimeError(f"telling gave {answer.status_code}: {answer.text[:200]}")
    return answer


def _until(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + FOLDING_SECONDS_MAX
    while not is_so():
        if time.monotonic() > ends:
            raise RuntimeError("the worker did not fold the events in time")
        time.sleep(POLL_SECONDS)


def _wait_until_folded(database: psycopg.Connection) -> None:
    waiting = "SELECT EXISTS (SELECT FROM runs_inboxbatch WHERE state = 'PENDING')"
    _until(lambda: not _one(database, waiting))


def _is_there(database: psycopg.Connection, name: str, more: str = "") -> bool:
    statement = (
        f"SELECT EXISTS (SELECT FROM runs_run WHERE agent_run_id = %s {more}"  # noqa: S608 - ours
        " AND event_count > 0)"
    )
    return bool(_one(database, statement, [name]))


def _one(
    database: psycopg.Connection, statement: str, values: Sequence[Any] = ()
) -> Any:
    row = database.execute(statement, values or None).fetchone()
    return row[0] if row else None


def _bytes_on_disk(database: psycopg.Connection) -> int:
    """Give what the tables of runs take, with their indexes and every partition."""
    return int(_one(database, _SIZES, [list(_TABLES)]) or 0)


def _copy(database: psycopg.Connection, count: int) -> float:
    """Copy the same rows into a table of the same columns, and time until committed."""
    database.execute("CREATE TABLE bench_copy (LIKE runs_runevent INCLUDING DEFAULTS)")
    rows = database.execute(
        "SELECT * FROM runs_runevent WHERE source_event_id LIKE 'bulk-%%' LIMIT %s",
        [count],
    ).fetchall()
    plain = [
        tuple(json.dumps(part) if isinstance(part, dict) else part for part in row)
        for row in rows
    ]
    began = time.perf_counter()
    with (
        database.transaction(),
        database.cursor().copy("COPY bench_copy FROM STDIN") as copy,
    ):
        for row in plain:
            copy.write_row(row)
    took = time.perf_counter() - began
    database.execute("DROP TABLE bench_copy")
    if len(rows) != count:
        raise RuntimeError(f"{len(rows)} of {count} events were kept")
    return took
