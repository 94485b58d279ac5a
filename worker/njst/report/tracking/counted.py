"""Whether the numbers of a run are those of its target, so that they count from run to run."""

from njst.contract.results.report import Report, Verdict
from njst.contract.spec.threshold import Metric
from njst.report.check_list import check_list

# How the names of the metrics begin that say how fast the target answers.
_LATENCIES = ("Latency", "Service", "Stored", "Delivered")


def why_left_out(report: Report) -> str:
    """Return why a run does not count; empty: it does.

    A run counts that misses nothing but limits of rates and latencies: it is what a search for
    regressions must not overlook. An error rate that is too high is another matter, for failed
    operations make the others faster.
    """
    if report.tester is not None and report.tester.limited:
        return "the load tester was the limit"
    failed = any(check.failure and not check.is_threshold for check in check_list(report))
    missed = any(
        threshold.verdict is not Verdict.VALID and not _is_speed(threshold.metric)
        for threshold in report.thresholds
    )
    return f"its verdict is {report.verdict}: {report.reason}" if failed or missed else ""


def _is_speed(metric: Metric) -> bool:
    """Whether a metric is a rate, or a latency of the target."""
    return metric.endswith("PerSecond") or metric.startswith(_LATENCIES)
