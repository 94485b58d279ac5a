"""How far consumers were behind the publishers of a job, from the windows of both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, zip_longest

from njst.contract.results.report import SeriesResult, WorkloadResult
from njst.contract.spec.job import JobSpec
from njst.contract.spec.workload import Workload


@dataclass(frozen=True)
class Receiver:
    """A workload that receives all that a job publishes to its stream.

    Attributes:
        reader: The workload.
        writers: Those that publish to its stream.
        copies: How often it receives each message.
    """

    reader: Workload
    writers: tuple[Workload, ...]
    copies: int


def receivers(job: JobSpec, workers: int) -> Iterator[Receiver]:
    """Yield the receivers of a job that runs on so many workers."""
    for reader in job.workloads:
        consume = reader.consume
        if consume is None or consume.filter_subjects or consume.existing_consumer is not None:
            continue
        writers = [w for w in job.workloads if w.publish is not None and w.stream == reader.stream]
        if writers:
            copies = reader.kind.consumers_per_stream(consume, reader.clients * workers, None)
            yield Receiver(reader, tuple(writers), copies)


def with_backlogs(
    job: JobSpec, totals: Sequence[WorkloadResult], workers: int
) -> list[WorkloadResult]:
    """Return the totals of all workloads, those of receivers with their highest backlog.

    Args:
        job: The job.
        totals: Its totals.
        workers: How many workers run it.
    """
    by_name = {total.workload: total for total in totals}
    found = {
        receiver.reader.name: _highest(receiver, by_name) for receiver in receivers(job, workers)
    }
    return [
        total.model_copy(update={"backlog_messages": found[total.workload]})
        if found.get(total.workload) is not None
        else total
        for total in totals
    ]


def _highest(receiver: Receiver, totals: dict[str, WorkloadResult]) -> int | None:
    """Return the highest backlog at the end of a window; None: a workload has no windows."""
    series = [totals[w.name].series for w in (receiver.reader, *receiver.writers)]
    known = [one for one in series if one is not None and one.windows]
    if len(known) < len(series):
        return None
    width_s = max(one.window_seconds for one in known)
    received, *published = [_counts(one, width_s) for one in known]
    sent = [receiver.copies * sum(counts) for counts in zip_longest(*published, fillvalue=0)]
    growth = [more - got for more, got in zip_longest(sent, received, fillvalue=0)]
    return max(0, *accumulate(growth))


def _counts(series: SeriesResult, width_s: int) -> list[int]:
    """Return the messages in windows of this width, a multiple of the series' own."""
    counts = [window.messages for window in series.windows]
    step = max(1, width_s // series.window_seconds)
    return [sum(counts[at : at + step]) for at in range(0, len(counts), step)]
