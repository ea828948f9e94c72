"""Times as quantiles, and memory as the system sees it. Nothing here judges."""

import statistics
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

SAMPLE_EVERY_SECONDS = 0.25
MIB = 1024


def timed(act: Callable[[], object], *, times: int, warm: int = 3) -> list[float]:
    """Do something so many times, one after another, and give the seconds of each."""
    for _ in range(warm):
        act()
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - began)
    return seconds


def together(act: Callable[[int], object], *, times: int, at_once: int) -> float:
    """Do something so many times, several at once, and give how many a second it was."""
    began = time.perf_counter()
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        for done in [pool.submit(act, number) for number in range(times)]:
            done.result()
    return times / (time.perf_counter() - began)


@dataclass(frozen=True)
class Rush:
    """What came of doing something by many at once: each one's seconds, and the pace."""

    seconds: list[float]
    a_second: float


def rush(act: Callable[[int], object], *, times: int, at_once: int) -> Rush:
    """Do something so many times, several at once, and time each and all of them."""
    seconds: list[float] = []

    def one(number: int) -> None:
        began = time.perf_counter()
        act(number)
        seconds.append(time.perf_counter() - began)

    a_second = together(one, times=times, at_once=at_once)
    return Rush(seconds, a_second)


def milliseconds(seconds: list[float]) -> dict[str, float]:
    """Give the median and two high percentiles in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {
        "p50_ms": round(cuts[49] * 1000, 2),
        "p95_ms": round(cuts[94] * 1000, 2),
        "p99_ms": round(cuts[98] * 1000, 2),
        "count": len(seconds),
    }


def ratio(one: float, other: float) -> float | None:
    """Give one over the other, or None where there is nothing to divide by."""
    return round(one / other, 2) if other else None


def memory_of(processes: Mapping[str, int]) -> dict[str, dict[str, float]]:
    """Give each process with its children: how many, and their memory in MiB.

    Shared pages count once over all that share them (PSS), so that sums are true.
    """
    found = {}
    for name, process_id in processes.items():
        family = [process_id, *_descendants(process_id)]
        sizes = [_pss(each) for each in family]
        found[name] = {
            "processes": len(family),
            "mib": round(sum(sizes) / MIB, 1),
        }
    found["all"] = {
        "processes": sum(int(each["processes"]) for each in found.values()),
        "mib": round(sum(each["mib"] for each in found.values()), 1),
    }
    return found


@dataclass
class MemoryWatch:
    """Samples memory while a block runs and keeps the largest of each."""

    processes: Mapping[str, int]
    largest: dict[str, dict[str, float]] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "MemoryWatch":
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread:
            self._thread.join(5)

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE_EVERY_SECONDS):
            for name, seen in memory_of(self.processes).items():
                known = self.largest.setdefault(name, seen)
                if seen["mib"] > known["mib"]:
                    self.largest[name] = seen


def _descendants(process_id: int) -> list[int]:
    found: list[int] = []
    tasks = Path(f"/proc/{process_id}/task")
    try:
        for task in tasks.iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *_descendants(int(child))]
    except OSError:
        pass
    return found


def _pss(process_id: int) -> float:
    """Give the proportional set size in KiB; 0 for a process that has ended."""
    try:
        lines = Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next(
        (float(line.split()[1]) for line in lines if line.startswith("Pss:")), 0.0
    )
