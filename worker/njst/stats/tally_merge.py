"""Merges tallies: of clients to a process, of processes to a worker, of workers to a job."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from njst.contract.results.report import (
    Latency,
    LatencyBound,
    SeriesResult,
    WindowResult,
    WorkloadResult,
)
from njst.contract.results.tallies import (
    ErrorClass,
    ErrorTally,
    ReadBack,
    SeriesTally,
    WorkloadCounts,
    WorkloadTally,
)
from njst.stats.histogram import SUMMARY, Histogram
from njst.stats.series import Series, merge_series


def merge(tallies: Iterable[WorkloadTally]) -> list[WorkloadTally]:
    """Return one tally for each workload, in the order of their first appearance.

    Sums are exact, the elapsed time is the longest; the order only affects which example of an
    error is kept.
    """
    by_name: dict[str, list[WorkloadTally]] = {}
    for tally in tallies:
        by_name.setdefault(tally.workload, []).append(tally)
    return [_merge_one(name, group) for name, group in by_name.items()]


def check(tally: WorkloadTally) -> None:
    """Check that a tally from another process can be merged.

    Raises:
        ValueError: one of its histograms or its series cannot be decoded.
    """
    for name in _HISTOGRAMS:
        Histogram.decode(getattr(tally, name))
    if tally.series is not None:
        Series.of(tally.series)


# How fields are merged; `_merge_one` has the others.
_SUMS = (
    "attempted",
    "messages",
    "bytes",
    "redelivered",
    "held",
    "duplicates",
    "terminated",
    "reconnects",
    "disconnected_us",
    "drained",
    "drained_bytes",
    "warmup_messages",
    "warmup_bytes",
)
_LARGEST = ("longest_outage_us", "elapsed_us", "store_clock_error_us", "clock_error_us")
_HISTOGRAMS = ("latency", "censored", "service", "slip", "stored", "delivered", "login")


def _merge_one(workload: str, tallies: Sequence[WorkloadTally]) -> WorkloadTally:
    planned = [tally.planned for tally in tallies if tally.planned is not None]
    unfinished = [tally.unfinished for tally in tallies if tally.unfinished is not None]
    merged: dict[str, Any] = {
        **{name: sum(getattr(tally, name) for tally in tallies) for name in _SUMS},
        **{name: max((getattr(t, name) for t in tallies), default=0) for name in _LARGEST},
        **{name: _together(getattr(tally, name) for tally in tallies) for name in _HISTOGRAMS},
    }
    return WorkloadTally(
        workload=workload,
        planned=sum(planned) if planned else None,
        unfinished=sum(unfinished) if unfinished else None,
        errors=merge_errors(error for tally in tallies for error in tally.errors),
        events=merge_errors(event for tally in tallies for event in tally.events),
        series=_series(tallies),
        read_back=merge_read_backs(tally.read_back for tally in tallies),
        skipped=next((tally.skipped for tally in tallies if tally.skipped), ""),
        **merged,
    )


def _together(histograms: Iterable[str]) -> str:
    """Return the sum of encoded histograms; a single one, the usual case, is not decoded."""
    texts = [text for text in histograms if text]
    if len(texts) < 2:
        return texts[0] if texts else ""
    return Histogram.together(Histogram.decode(text) for text in texts).encode()


def _series(tallies: Sequence[WorkloadTally]) -> SeriesTally | None:
    some = [tally.series for tally in tallies if tally.series is not None]
    if len(some) < 2:
        return some[0] if some else None
    return merge_series(Series.of(one) for one in some).tally()


def fitted(tallies: Sequence[WorkloadTally], max_bytes: int) -> list[WorkloadTally]:
    """Return the tallies with series of at most `max_bytes` together, in wider windows if needed.

    The size of a log event is limited, and many windows with a histogram each can exceed it. Only
    the course within the wider windows is lost.
    """
    fitting = list(tallies)
    while sum(map(_series_bytes, fitting)) > max_bytes:
        if all(t.series is None or len(t.series.windows) < 2 for t in fitting):
            return [tally.model_copy(update={"series": None}) for tally in fitting]
        fitting = [_widened(tally) for tally in fitting]
    return fitting


def _series_bytes(tally: WorkloadTally) -> int:
    return 0 if tally.series is None else len(tally.series.model_dump_json(by_alias=True))


def _widened(tally: WorkloadTally) -> WorkloadTally:
    if tally.series is None or len(tally.series.windows) < 2:
        return tally
    series = Series.of(tally.series)
    return tally.model_copy(update={"series": series.widened(2 * series.width_s).tally()})


def merge_errors(errors: Iterable[ErrorTally]) -> list[ErrorTally]:
    """Return one tally for each class of error, the most frequent first."""
    counts: Counter[ErrorClass] = Counter()
    operations: Counter[ErrorClass] = Counter()
    examples: dict[ErrorClass, str] = {}
    for error in errors:
        counts[error.error_class] += error.count
        operations[error.error_class] += error.operations
        if not examples.get(error.error_class):
            examples[error.error_class] = error.example
    merged = [
        ErrorTally(
            error_class=error_class,
            count=count,
            operations=operations[error_class],
            example=examples[error_class],
        )
        for error_class, count in counts.items()
        if count
    ]
    return sorted(merged, key=lambda error: (-error.count, error.error_class))


def totals(
    workload: str, kind: str, tallies: Sequence[WorkloadTally], window_us: int = 0
) -> WorkloadResult:
    """Return the totals of one workload; rates are over the common window, in whole units.

    Args:
        workload: the workload's name.
        kind: the workload's kind, CamelCase.
        tallies: the tallies of its participants.
        window_us: minimum length of the window: a duration that has ended counts in full, even
            if the workers that would have measured to its end are lost.
    """
    tally = _merge_one(workload, tallies)
    tally = tally.model_copy(update={"elapsed_us": max(tally.elapsed_us, window_us)})
    bytes_in_window = tally.bytes - tally.warmup_bytes - tally.drained_bytes
    latency, censored = Histogram.decode(tally.latency), Histogram.decode(tally.censored)
    counts: dict[str, Any] = {name: getattr(tally, name) for name in WorkloadCounts.model_fields}
    logins = Histogram.decode(tally.login)
    return WorkloadResult(
        workload=workload,
        kind=kind,
        planned=tally.planned,
        messages_per_second=_per_second(tally.in_window, tally.elapsed_us),
        bytes_per_second=_per_second(bytes_in_window, tally.elapsed_us),
        latency_microseconds=_latency(latency),
        latency_at_most_microseconds=_upper_bounds(latency, censored),
        censored_count=censored.count,
        service_microseconds=_latency(Histogram.decode(tally.service)),
        slip_microseconds=_latency(Histogram.decode(tally.slip)),
        stored_microseconds=_latency(Histogram.decode(tally.stored)),
        delivered_microseconds=_latency(Histogram.decode(tally.delivered)),
        logins=logins.count,
        login_microseconds=_latency(logins),
        store_clock_error_microseconds=tally.store_clock_error_us,
        # The clocks of sender and receiver may both be off, in opposite directions.
        clock_error_microseconds=2 * tally.clock_error_us,
        series=None if tally.series is None else _windows(Series.of(tally.series)),
        **counts,
    )


def _windows(series: Series) -> SeriesResult:
    return SeriesResult(
        window_seconds=series.width_s,
        windows=[
            WindowResult(
                messages=window.messages,
                bytes=window.bytes,
                errors=window.errors,
                latency_microseconds=_latency(window.latency),
            )
            for window in series.windows
        ],
    )


def _per_second(count: int, elapsed_us: int) -> int:
    return round(count * 1_000_000 / elapsed_us) if elapsed_us else 0


def _upper_bounds(latency: Histogram, censored: Histogram) -> LatencyBound | None:
    """Return upper bounds of the percentiles, as if operations that were given up took forever.

    Of n values, c of which are lower bounds, the percentile of rank r is at most the r-th of the
    n - c others, and unknown if r is above n - c.
    """
    if not censored.count:
        return None
    answered = latency - censored
    return LatencyBound(
        **{name: answered.value_at(latency.rank(share)) for name, share in SUMMARY.items()}
    )


def _latency(histogram: Histogram) -> Latency | None:
    if not histogram.count:
        return None
    return Latency(**histogram.summary())


def merge_read_backs(parts: Iterable[ReadBack | None]) -> ReadBack | None:
    """Return the sums, with all reasons why some messages were not looked for; None: no parts."""
    some = [part for part in parts if part is not None]
    if not some:
        return None
    return ReadBack(
        acknowledged=sum(part.acknowledged for part in some),
        found=sum(part.found for part in some),
        consumed=sum(part.consumed for part in some),
        lost=sum(part.lost for part in some),
        removed=sum(part.removed for part in some),
        removed_by=sorted({reason for part in some for reason in part.removed_by}),
        unchecked=sum(part.unchecked for part in some),
        reasons=sorted({reason for part in some for reason in part.reasons}),
        recovered=sum(part.recovered for part in some),
        duplicated=sum(part.duplicated for part in some),
        corrupted=sum(part.corrupted for part in some),
        unexpected=sum(part.unexpected for part in some),
        words=next((part.words for part in some if part.words), ""),
    )
