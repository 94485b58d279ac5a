"""A report as Markdown for the summary page of a CI step, such as $GITHUB_STEP_SUMMARY."""

from njst.contract.results.outcome import Outcome
from njst.contract.results.report import Latency, Report, ThresholdResult, Verdict, WorkloadResult
from njst.report.check_list import JOB, check_list
from njst.report.markdown_text import code, table, text
from njst.report.units import binary, duration
from njst.verdict.threshold_words import bound_words

_WORDS = {
    Verdict.VALID: ("✅", "Passed"),
    Verdict.INVALID: ("❌", "Failed"),
    Verdict.UNKNOWN: ("❔", "Unknown"),
}


def render(report: Report, title: str) -> str:
    """Return the verdict, thresholds, workloads, errors, and whether the tester was the limit."""
    sign, word = _WORDS[report.verdict]
    parts = [
        f"## {sign} {word}: {text(title)}\n",
        f"**{text(report.reason)}**{_message(report)}\n",
        _section("Thresholds", _thresholds(report)),
        _section("Workloads", _workloads(report)),
        _section("Failed checks", _failed_checks(report)),
        _section("Errors", _errors(report)),
        _section("Workers that did not run to the end", _workers(report)),
        _section("Who was the limit", _tester(report)),
        _section("Left on the target", "".join(f"- {text(w)}\n" for w in report.left_behind)),
        _section("Left out of the report", f"{text(report.omitted)}\n" if report.omitted else ""),
    ]
    return "\n".join(part for part in parts if part)


def _message(report: Report) -> str:
    return f": {text(report.message)}" if report.message else ""


def _section(title: str, body: str) -> str:
    return f"### {title}\n\n{body}" if body else ""


def _thresholds(report: Report) -> str:
    rows = [
        [
            _WORDS[threshold.verdict][0],
            text(threshold.workload),
            str(threshold.metric),
            _value(threshold),
            text(bound_words(threshold)),
            _margin(threshold),
        ]
        for threshold in report.thresholds
    ]
    return table(["", "Workload", "Metric", "Value", "Wanted", "Margin"], rows, right=(3, 4, 5))


def _value(threshold: ThresholdResult) -> str:
    if threshold.value is None:
        return "no data"
    return f"{'at least ' if threshold.is_lower_bound else ''}{threshold.value:,}"


def _margin(threshold: ThresholdResult) -> str:
    """Return how far the value is inside its bound, in percent of the bound; beyond it: minus."""
    bound, value = threshold.at_most, threshold.value
    sign = 1
    if bound is None:
        bound, sign = threshold.at_least, -1
    if value is None or not bound:
        return "-"
    percent = sign * 100 * (bound - value) / bound
    return f"{percent:+,.{1 if abs(percent) < 100 else 0}f} %"


def _workloads(report: Report) -> str:
    header = ["Name", "Kind", "Messages", "Rate", "Bytes/s"]
    header += ["p50", "p90", "p99", "p99.9", "Max", "Errors"]
    rows = [
        [
            text(workload.workload),
            text(workload.kind),
            _messages(workload),
            *_rates(workload),
            *_latency(workload),
            f"{workload.error_count:,}",
        ]
        for workload in report.workloads
    ]
    return table(header, rows, right=range(2, len(header)))


def _messages(workload: WorkloadResult) -> str:
    if workload.skipped:
        return f"skipped: {text(workload.skipped)}"
    of = "" if workload.planned is None else f" of {workload.planned:,}"
    return f"{workload.messages:,}{of}"


def _rates(workload: WorkloadResult) -> list[str]:
    """Return messages and bytes per second; none for a workload that ended in its warm-up."""
    if workload.was_over_in_warmup:
        return ["-", "-"]
    return [f"{workload.messages_per_second:,}/s", f"{binary(workload.bytes_per_second)}/s"]


def _latency(workload: WorkloadResult) -> list[str]:
    """Return the percentiles; with `at least` if operations that were given up may raise them."""
    latency = workload.latency_microseconds
    if latency is None:
        return ["-"] * len(Latency.model_fields)
    highest = workload.latency_at_most_microseconds or latency
    values = [(getattr(latency, name), getattr(highest, name)) for name in Latency.model_fields]
    return [("" if low == high else "at least ") + duration(low) for low, high in values]


def _failed_checks(report: Report) -> str:
    """Return the failed checks of workloads but for thresholds, which have a table."""
    return "".join(
        f"- {text(check.name)}: {text(check.failure.message)}\n"
        for check in check_list(report)
        if check.failure is not None and check.subject != JOB and not check.is_threshold
    )


def _errors(report: Report) -> str:
    rows = [
        [text(w.workload), str(error.error_class), f"{error.count:,}", code(error.example)]
        for w in report.workloads
        for error in w.errors
    ]
    return table(["Workload", "Class", "Count", "Example"], rows, right=(2,))


def _workers(report: Report) -> str:
    rows = [
        [
            text(worker.worker),
            str(worker.outcome),
            code(f"{worker.problem.reason}: {worker.problem.message}" if worker.problem else ""),
        ]
        for worker in report.workers
        if worker.outcome is not Outcome.COMPLETED
    ]
    return table(["Worker", "Outcome", "Reason"], rows)


def _tester(report: Report) -> str:
    tester = report.tester
    if tester is None:
        return ""
    was = "was" if tester.limited else "was not"
    words = f": {text(tester.message)}" if tester.message else ""
    return f"The tester {was} the limit: {text(tester.reason)}{words}\n"
