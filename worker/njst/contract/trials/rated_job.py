"""The job of a trial of a search: a job at a total offered rate, with a window of a given length.

The *measured* workloads are those with messagesPerSecond and those that run beside them for a time;
a trial sets their length and warm-up. Workloads with a number of messages and no offered rate, such
as a prefill, are left as they are.
"""

from collections.abc import Iterator
from typing import Any

from njst.contract.spec.job import JobSpec
from njst.contract.spec.search import Search
from njst.contract.spec.workload import Workload

_MOST_RATE = 100_000_000


def offered_rate(job: JobSpec) -> int:
    """Return the total offered rate of a job in messages per second; stages do not count."""
    return sum(workload.messages_per_second or 0 for workload in job.workloads)


def is_measured(workload: Workload) -> bool:
    """Whether a trial of a search sets the length of a workload."""
    return workload.messages_per_second is not None or workload.duration_seconds is not None


def lowest_rate(job: JobSpec, search: Search) -> int:
    """Return the total rate at which a search begins, in messages per second."""
    return search.from_messages_per_second or offered_rate(job)


def highest_rate(job: JobSpec, search: Search) -> int:
    """Return the highest total rate of a search, at which each workload has an allowed rate."""
    largest = max(workload.messages_per_second or 0 for workload in job.workloads)
    return min(search.to_messages_per_second, _MOST_RATE * offered_rate(job) // largest)


def at_rate(job: JobSpec, rate: int | None, warmup_s: int, window_s: int) -> dict[str, Any]:
    """Return the document of a job at a total offered rate.

    Args:
        job: A job that `search_problems` accepts.
        rate: Messages per second of all paced workloads together, split in the proportions of the
            job's rates; None: they send as fast as they can.
        warmup_s: Time before the measured window, in seconds.
        window_s: Length of the measured window, in seconds.
    """
    document: dict[str, Any] = job.model_dump(mode="json", by_alias=True, exclude_none=True)
    whole = offered_rate(job)
    for workload, part in zip(job.workloads, document["workloads"], strict=True):
        if not is_measured(workload):
            continue
        part.pop("messages", None)
        part["durationSeconds"] = warmup_s + window_s
        part["warmupSeconds"] = warmup_s
        if workload.messages_per_second is None:
            continue
        if rate is None:
            del part["messagesPerSecond"]
            part["rampSeconds"] = 0
        else:
            part["messagesPerSecond"] = _rounded(rate * workload.messages_per_second, whole)
    return document


def _rounded(dividend: int, divisor: int) -> int:
    """Return the nearest integer of a quotient, at least 1."""
    return max(1, (2 * dividend + divisor) // (2 * divisor))


def search_problems(job: JobSpec, search: Search) -> Iterator[tuple[str, str]]:
    """Yield what keeps a search from running a job: a field below the template, and why."""
    if not offered_rate(job):
        yield "workloads", "search needs a workload with messagesPerSecond"
        return
    measured = [workload for workload in job.workloads if is_measured(workload)]
    for number, workload in enumerate(job.workloads):
        for field, message in _workload_problems(workload, search):
            yield f"workloads[{number}].{field}", message
    if len({(w.start_seconds, tuple(w.after)) for w in measured}) > 1:
        message = (
            "search needs workloads that begin together: those with messagesPerSecond or"
            " durationSeconds must have the same startSeconds and after"
        )
        yield "workloads", message
    if search.longest_seconds >= job.active_deadline_seconds:
        message = f"must be more than {search.longest_seconds}, the longest trial of the search"
        yield "activeDeadlineSeconds", message
    yield from _rate_problems(job, search)


def _workload_problems(workload: Workload, search: Search) -> Iterator[tuple[str, str]]:
    if workload.stages:
        yield "stages", "search holds one rate in a trial: set messagesPerSecond instead"
    if workload.ramp_seconds > search.warmup_seconds:
        message = f"must be at most {search.warmup_seconds}, the warmupSeconds of the search"
        yield "rampSeconds", message
    if workload.receives and not is_measured(workload) and not workload.stages:
        message = (
            "search scales the number of messages, so a workload that receives them needs"
            " durationSeconds instead"
        )
        yield "messages", message


def _rate_problems(job: JobSpec, search: Search) -> Iterator[tuple[str, str]]:
    low, whole = lowest_rate(job, search), offered_rate(job)
    high = highest_rate(job, search)
    if low > high:
        yield "workloads", f"search begins at {low} messages per second, above its highest, {high}"
    for number, workload in enumerate(job.workloads):
        if workload.messages_per_second and low * workload.messages_per_second < whole:
            message = (
                f"its share of {low} messages per second, at which the search begins, is less than"
                " one"
            )
            yield f"workloads[{number}].messagesPerSecond", message
