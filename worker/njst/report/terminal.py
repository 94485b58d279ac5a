"""A report as text for a terminal: the verdict first, then the details."""

from collections.abc import Iterable, Sequence

from njst.contract.results.outcome import Outcome
from njst.contract.results.preparation import Environment, StreamPlacement
from njst.contract.results.report import (
    Diagnosis,
    Latency,
    LatencyBound,
    Report,
    ThresholdResult,
    Verdict,
    WorkerResult,
    WorkloadResult,
)
from njst.report.drift import drift
from njst.report.sparkline import sparkline
from njst.report.text_table import table
from njst.report.units import binary, duration
from njst.verdict.threshold_words import bound_words

_MOST_STREAMS = 5

# Faster logins are not reported.
SLOW_LOGIN_US = 100_000


def render(report: Report, title: str) -> str:
    """Return the report: lines of at most about 120 columns, each ended by a newline."""
    parts = [
        _head(report, title),
        _section("WORKLOADS", _workloads(report.workloads)),
        _section("OFFERED RATE: from the send to the answer, and late at the send", _paced(report)),
        _section("DELIVERY: to the store and from there, by its clock", _split(report.workloads)),
        _section("COUNTED APART", list(_apart(report.workloads))),
        _section("COURSE: from the common start", sparkline(report.workloads)),
        _section("DRIFT: the first hour against the last", drift(report.workloads)),
        _section("SKIPPED", [f"{w.workload}: {w.skipped}" for w in report.workloads if w.skipped]),
        _section("ADJUSTED: defaults that the target does not allow", _adjusted(report)),
        _section("THRESHOLDS", [_threshold(t) for t in report.thresholds]),
        _section("READ BACK", list(_read_back(report.workloads))),
        _section("ERRORS", list(_errors(report.workloads))),
        _section("CONNECTIONS: events, no errors by themselves", list(_events(report.workloads))),
        _section("ENVIRONMENT: as it was prepared", _environment(report.environment)),
        _section("WORKERS", _workers(report.workers)),
        _section("CONTROL NATS: it did not answer, the load went on", _silent(report.workers)),
        _section("TESTER", _tester(report.tester)),
        _section("LEFT ON THE TARGET: it could not be removed", report.left_behind),
        _section("LEFT OUT", [report.omitted] if report.omitted else []),
    ]
    return "\n".join(part for part in parts if part)


def _head(report: Report, title: str) -> str:
    verdict = "PASSED" if report.verdict is Verdict.VALID else "FAILED"
    if report.verdict is Verdict.UNKNOWN:
        verdict = "UNKNOWN"
    lines = [f"{verdict}  {title}: {report.reason}"]
    if report.message:
        lines.append(f"  {report.message}")
    ran = sum(worker.outcome is Outcome.COMPLETED for worker in report.workers)
    lines.append(f"  {ran} of {len(report.workers)} workers ran to the end")
    lines.append(f"  {_times(report)}")
    return "\n".join(lines) + "\n"


def _times(report: Report) -> str:
    if report.start_time is None:
        return "the load never started"
    parts = [f"common start {report.start_time:%Y-%m-%d %H:%M:%S.%f} UTC"]
    if report.start_skew_microseconds is not None:
        parts.append(f"shared within {duration(report.start_skew_microseconds)}")
    took_s = (report.completion_time - report.start_time).total_seconds()
    return ", ".join([*parts, f"over after {took_s:.2f} s"])


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join([title, *(f"  {line}" for line in lines), ""]) if lines else ""


def _workloads(workloads: Sequence[WorkloadResult]) -> list[str]:
    header = [
        "NAME",
        "KIND",
        "MESSAGES",
        "RATE",
        "BYTES/S",
        "P50",
        "P90",
        "P99",
        "P99.9",
        "MAX",
        "ERRORS",
    ]
    rows = [
        [
            w.workload + _began(w),
            w.kind,
            f"{w.messages:,}" + (f" of {w.planned:,}" if w.planned is not None else ""),
            *_rates(w),
            *_latency(w.latency_microseconds, w.latency_at_most_microseconds),
            f"{w.error_count:,}",
        ]
        for w in workloads
    ]
    return table(header, rows) if rows else []


def _rates(workload: WorkloadResult) -> list[str]:
    """Return messages and bytes per second; none for a workload that ended in its warm-up."""
    if workload.was_over_in_warmup:
        return ["-", "-"]
    return [f"{workload.messages_per_second:,}/s", f"{binary(workload.bytes_per_second)}/s"]


def _began(workload: WorkloadResult) -> str:
    """Return the start of a workload that did not start with the job."""
    if not workload.start_ms:
        return ""
    return f" (from {workload.start_ms / 1000:.1f} s)"


def _latency(latency: Latency | None, at_most: LatencyBound | None = None) -> list[str]:
    """Return the percentiles; with `>=` if operations that were given up may raise them."""
    if latency is None:
        return ["-"] * 5
    highest = at_most or latency
    values = [(getattr(latency, name), getattr(highest, name)) for name in Latency.model_fields]
    return [("" if low == high else ">=") + duration(low) for low, high in values]


def _paced(report: Report) -> list[str]:
    """Return service time and slip; with an offered rate latencies count from the due times."""
    rows = [
        [w.workload, name, *_latency(latency)]
        for w in report.workloads
        for name, latency in (
            ("service time", w.service_microseconds),
            ("slip", w.slip_microseconds),
        )
        if latency is not None
    ]
    return table(["NAME", "", "P50", "P90", "P99", "P99.9", "MAX"], rows) if rows else []


def _apart(workloads: Iterable[WorkloadResult]) -> Iterable[str]:
    """Return counts that are neither messages nor errors."""
    for workload in workloads:
        counts = {
            "redelivered": workload.redelivered,
            "terminated": workload.terminated,
            "duplicates": workload.duplicates,
            "late for want of room in the window": workload.held,
            "in the warm-up, in no rate and no latency": workload.warmup_messages,
            "answered after the duration, in no rate but in the latency": workload.drained,
            "given up before an answer, in the latency as lower bounds": workload.censored_count,
            "unfinished at the end of the load": workload.unfinished or 0,
        }
        some = [f"{count:,} {what}" for what, count in counts.items() if count]
        if workload.clock_error_microseconds:
            error = duration(workload.clock_error_microseconds)
            some.append(f"+- {error} of two workers' clocks in each latency")
        if workload.disconnected_us:
            some.append(
                f"{workload.reconnects:,} reconnects,"
                f" {duration(workload.disconnected_us)} without a connection,"
                f" {duration(workload.longest_outage_us)} at most"
            )
        login = workload.login_microseconds
        if login is not None and login.max >= SLOW_LOGIN_US:
            some.append(
                f"{workload.logins:,} logins in {duration(login.p50)} (median),"
                f" {duration(login.max)} at most"
            )
        if some:
            yield f"{workload.workload} {', '.join(some)}"


def _split(workloads: Iterable[WorkloadResult]) -> list[str]:
    """Return the latencies to the store and from it, with the error of the clocks."""
    rows = [
        [
            w.workload,
            name,
            *_latency(latency),
            f"+- {duration(w.store_clock_error_microseconds)}",
        ]
        for w in workloads
        for name, latency in (
            ("publish to store", w.stored_microseconds),
            ("store to receipt", w.delivered_microseconds),
        )
        if latency is not None
    ]
    return table(["NAME", "", "P50", "P90", "P99", "P99.9", "MAX", "CLOCK"], rows) if rows else []


def _adjusted(report: Report) -> list[str]:
    return [f"{a.workload} {a.field} {a.value}: {a.why}" for a in report.adjusted]


def _threshold(threshold: ThresholdResult) -> str:
    words = {Verdict.VALID: "ok  ", Verdict.INVALID: "FAIL", Verdict.UNKNOWN: "?   "}
    word = words[threshold.verdict]
    value = "no data" if threshold.value is None else f"{threshold.value:,}"
    if threshold.is_lower_bound:
        value = f"at least {value}"
    bound = bound_words(threshold)
    return f"{word}  {threshold.workload} {threshold.metric} {value}, wanted {bound}"


def _read_back(workloads: Iterable[WorkloadResult]) -> Iterable[str]:
    """Return what happened to acknowledged messages."""
    for workload in workloads:
        proved = workload.read_back
        if proved is None:
            continue
        parts = [f"{proved.acknowledged:,} acknowledged", f"{proved.found:,} found"]
        for count, what in (
            (proved.consumed, "of these consumed"),
            (proved.lost, "LOST"),
            (proved.removed, f"removed ({', '.join(proved.removed_by)})"),
            (proved.duplicated, "stored again"),
            (proved.corrupted, "corrupted"),
            (proved.unexpected, "never sent"),
            (proved.recovered, "found without an acknowledgement"),
        ):
            if count:
                parts.append(f"{count:,} {what}")
        if proved.unchecked:
            parts.append(f"{proved.unchecked:,} not looked for ({', '.join(proved.reasons)})")
        elif proved.reasons:
            parts.append(f"not looked for ({', '.join(proved.reasons)})")
        yield f"{workload.workload}  {', '.join(parts)}"
        if proved.words:
            yield f"{workload.workload}  {proved.words}"


def _errors(workloads: Iterable[WorkloadResult]) -> Iterable[str]:
    for workload in workloads:
        for error in workload.errors:
            yield f"{workload.workload} {error.error_class} {error.count:,}: {error.example}"


def _events(workloads: Iterable[WorkloadResult]) -> Iterable[str]:
    for workload in workloads:
        for event in workload.events:
            yield f"{workload.workload} {event.error_class} {event.count:,}: {event.example}"


def _workers(workers: Sequence[WorkerResult]) -> list[str]:
    rows = []
    for worker in workers:
        done = ", ".join(f"{tally.workload} {tally.messages:,}" for tally in worker.workloads)
        problem = f"{worker.problem.reason}: {worker.problem.message}" if worker.problem else ""
        rows.append([worker.worker, str(worker.outcome), done or "-", problem])
    return table(["NAME", "OUTCOME", "DONE", ""], rows) if rows else []


def _environment(environment: Environment | None) -> list[str]:
    """Return what was tested and as whom, and where the streams were."""
    if environment is None:
        return []
    parts = {
        "njst": environment.njst_versions,
        "cores": environment.cores,
        "nats-server": environment.server_versions,
        "cluster": environment.clusters,
        "JetStream domain": environment.domains,
        "account": environment.accounts,
        "user": environment.users,
        "connected to": environment.servers,
    }
    known = [f"{what} {', '.join(values)}" for what, values in parts.items() if values]
    shown = [_placement(placement) for placement in environment.streams[:_MOST_STREAMS]]
    more = len(environment.streams) - len(shown)
    return ["; ".join(known), *shown, *([f"and {more} more streams"] if more else [])]


def _placement(placement: StreamPlacement) -> str:
    replicas = f", replicas {', '.join(placement.replicas)}" if placement.replicas else ""
    return f"{placement.stream}: leader {placement.leader or 'not named'}{replicas}"


def _silent(workers: Sequence[WorkerResult]) -> list[str]:
    return [
        f"{worker.worker}: {worker.control.count} times,"
        f" {duration(worker.control.longest_us)} at most"
        for worker in workers
        if worker.control
    ]


def _tester(tester: Diagnosis | None) -> list[str]:
    """Return the resources that the load used, and whether they were the bottleneck."""
    if tester is None:
        return []
    word = "LIMITED" if tester.limited else "ok"
    return [
        f"{word}  {tester.reason}: {tester.message}",
        (
            f"{tester.processes} processes used {tester.millicores / 1000:.2f} cores; busiest"
            f" {tester.busiest_percent} %, waiting for a core {tester.run_delay_percent} %,"
            f" throttled {tester.throttled_percent} %, blocked {tester.blocked_percent} %"
        ),
    ]
