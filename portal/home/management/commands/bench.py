"""`bench [NAME]`: the benchmarks as JSON, on a portal of their own that is thrown away."""

import json
import os
import platform
from functools import partial

from django.core.management.base import BaseCommand, CommandError

from portal.core.clock import wall_clock
from portal.home.bench.acts import ACTS as FIRST_ACTS
from portal.home.bench.acts import RULINGS, Bench, rulings
from portal.home.bench.backtest import ROWS, backtest
from portal.home.bench.card import MANY, card
from portal.home.bench.inbox import inbox
from portal.home.bench.ingest import ingest
from portal.home.bench.numbers import FEW as REBUILT
from portal.home.bench.numbers import numbers, rebuild
from portal.home.bench.pausing import pause_under_load
from portal.home.bench.portfolio import portfolio
from portal.home.bench.redeeming import redeem
from portal.home.bench.registry_list import registry_list
from portal.home.bench.run_page import run_page
from portal.home.bench.runs_list import MANY as RUNS_MANY
from portal.home.bench.runs_list import runs_list
from portal.home.bench.stage import stage
from portal.home.bench.week_opening import week_opening

ACTS = FIRST_ACTS | {
    "pause_under_load": pause_under_load,
    "registry_list": registry_list,
    "redeem": redeem,
    "inbox": inbox,
    "card": card,
    "backtest": backtest,
    "runs_list": runs_list,
    "ingest": ingest,
    "run_page": run_page,
    "week_opening": week_opening,
    "numbers": numbers,
    "rebuild": rebuild,
    "portfolio": portfolio,
}


class Command(BaseCommand):
    help = "Measure rulings, events, pages and memory; prints JSON."

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "name", nargs="?", default="", help=f"one of {', '.join(ACTS)}"
        )

        parser.add_argument(
            "--rows",
            type=int,
            default=ROWS,
            help=f"past requests of the benchmark backtest, {ROWS:,} unless told",
        )
        parser.add_argument(
            "--times",
            type=int,
            default=RULINGS,
            help=f"requests each of rulings and redeem, {RULINGS} unless told",
        )
        parser.add_argument(
            "--many",
            type=int,
            default=MANY,
            help=f"proposals in the crowd of inbox and card, {MANY:,} unless told",
        )

        parser.add_argument(
            "--runs",
            type=int,
            default=RUNS_MANY,
            help=f"runs in the crowd of runs_list and numbers, {RUNS_MANY:,} unless told",
        )

    def handle(self, *args, **options) -> None:
        name = options["name"]
        if name and name not in ACTS:
            raise CommandError(f"There is no benchmark {name}; {', '.join(ACTS)} are.")
        times, many = options["times"], options["many"]
        acts = ACTS | {
            "backtest": partial(backtest, rows=options["rows"]),
            "rulings": partial(rulings, times=times),
            "redeem": partial(redeem, times=times),
            "inbox": partial(inbox, many=many),
            "card": partial(card, many=many),
            "runs_list": partial(runs_list, many=options["runs"]),
            "numbers": partial(numbers, many=options["runs"]),
            # Ten thousand unless told, not the million of the other two.
            "rebuild": partial(
                rebuild,
                runs=REBUILT if options["runs"] == RUNS_MANY else options["runs"],
            ),
        }
        chosen = [name] if name else list(ACTS)
        report = {
            "at": wall_clock().isoformat(timespec="seconds"),
            "machine": {
                "processors": len(os.sched_getaffinity(0)),
                "load": [round(each, 1) for each in os.getloadavg()],
                "system": platform.system(),
                "kind": platform.machine(),
                "python": platform.python_version(),
            },
        }
        with stage() as running:
            bench = Bench.on(running)
            try:
                for each in chosen:
                    self.stderr.write(f"measuring {each} …")
                    report[each] = acts[each](bench)
            finally:
                bench.close()
        self.stdout.write(json.dumps(report, indent=2))
