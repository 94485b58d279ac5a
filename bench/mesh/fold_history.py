"""Folds the history of many jobs, and prints the CPU seconds and megabytes used."""

import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from njst.contract.events import (
    Cleaned,
    Created,
    Ended,
    Event,
    Finished,
    Origin,
    OriginKind,
    Ready,
    Started,
)
from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import Outcome
from njst.contract.results.report import Report, Verdict
from njst.contract.results.tallies import WorkloadTally
from njst.journal.state.job_store import JobStore
from njst.journal.state.projection import LogEntry

JOBS, WORKERS = 1_000, 100

SPEC = {
    "workloads": [{"name": "w", "messages": 9, "core": {"operation": "Publish", "subject": "s"}}]
}
NAMES = [f"worker-{number}" for number in range(WORKERS)]


def history(seqs: Iterator[int]) -> Iterator[LogEntry]:
    """Yield the events of one job after another, each created when it is read."""
    for number in range(JOBS):
        for worker, event in _job():
            seq = next(seqs)
            yield LogEntry(seq, seq * 1_000_000, f"job-{number}", worker, event)


def _job() -> Iterator[tuple[str, Event]]:
    origin = Origin(kind=OriginKind.HTTP)
    yield "", Created(spec=parse_spec(SPEC), participants=[*NAMES], origin=origin)
    for name in NAMES:
        yield name, Ready()
    yield "", Started(run=[*NAMES], lead_ms=400)
    for name in NAMES:
        tally = WorkloadTally(workload="w", messages=9)
        yield name, Finished(outcome=Outcome.COMPLETED, workloads=[tally])
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    report = Report(
        verdict=Verdict.VALID, reason="Completed", create_time=moment, completion_time=moment
    )
    yield "", Ended(report=report)
    yield "", Cleaned()


def main() -> None:
    """Fold, and print the CPU time without creating the events, and the peak memory."""
    before = _resident_bytes()
    begin_s = time.process_time()
    for _ in history(count(1)):
        pass
    made_s = time.process_time() - begin_s
    job_store = JobStore(keep=JOBS)
    begin_s = time.process_time()
    for entry in history(count(1)):
        job_store.on_entry(entry)
    folded_s = time.process_time() - begin_s - made_s
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(folded_s, (after - before) / 1024**2)


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    main()
