"""Gauges of jobs over all workers, rendered from the job views at scrape time.

Each worker exports the same, so a query takes the highest (`max`), not the sum. `njst_messages`,
`njst_bytes`, `njst_errors`, `njst_latency_seconds` and `njst_jobs` are older names that go in the
next release: `njst.api.metrics.own_share` has what can be summed.

Cardinality is bounded: at most SHOWN_JOBS jobs have series of their own, those that have not ended
first, oldest first, because they run. A job that ended keeps its last values for KEEP_NS, so that
no scrape misses them. Labels never contain a stream or subject. `test` is the name of the job, to
compare runs of the same test; `job_id` separates runs that exist at the same time.
"""

from collections.abc import Iterable, Sequence

from njst.api.metrics.own_share import job_name
from njst.api.services import Services
from njst.contract.results.report import WorkloadResult
from njst.journal.state.job_view import JobView, Phase
from njst.stats.prometheus_text import Family, MetricSample
from njst.stats.tally_merge import merge_errors

SHOWN_JOBS = 32
KEEP_NS = 600 * 1_000_000_000


def job_gauges(services: Services) -> list[Family]:
    """Return the gauges of all jobs that the log knows, and of those that run or ended lately."""
    views = services.jobs.all()
    shown = _shown(views, services.log_now_ns())
    phases = _phases(views)
    return [
        Family("njst_mesh_jobs", "gauge", "Jobs by phase. Each worker counts all.", phases),
        _run_info(shown),
        Family("njst_jobs", "gauge", "Deprecated: njst_mesh_jobs.", phases),
        *_workloads(services, shown),
    ]


def _phases(views: Iterable[JobView]) -> list[MetricSample]:
    counts = dict.fromkeys(Phase, 0)
    for view in views:
        counts[view.phase] += 1
    return [({"phase": str(phase)}, count) for phase, count in counts.items()]


def _run_info(views: Iterable[JobView]) -> Family:
    info = Family(
        "njst_mesh_run_info",
        "gauge",
        "1 for each job that runs or ended in the last 10 minutes. Each worker exports all.",
    )
    for view in views:
        labels = {
            "test": job_name(view),
            "job_id": view.id,
            "namespace": view.created.origin.namespace,
            "phase": str(view.phase),
            "verdict": "" if view.ended is None else str(view.ended.report.verdict),
        }
        info.samples.append((labels, 1))
    return info


def _shown(views: Sequence[JobView], now_ns: int) -> list[JobView]:
    """Return the jobs that have series of their own, in log order."""
    live = [view for view in views if view.ended is None][:SHOWN_JOBS]
    room = SHOWN_JOBS - len(live)
    ended = [view for view in views if view.ended is not None and now_ns - view.ended_ns < KEEP_NS]
    return [*ended[max(0, len(ended) - room) :], *live]


def _workloads(services: Services, views: Iterable[JobView]) -> list[Family]:
    messages = Family("njst_messages", "gauge", "Deprecated: njst_messages_total.")
    done_bytes = Family("njst_bytes", "gauge", "Deprecated: njst_bytes_total.")
    errors = Family("njst_errors", "gauge", "Deprecated: njst_errors_total.")
    latency = Family("njst_latency_seconds", "gauge", "Deprecated: njst_operation_latency_seconds.")
    for view in views:
        job = {"test": job_name(view), "job_id": view.id}
        for workload in services.jobs.report(view, services.log_now_ns()).workloads:
            labels = {**job, "op": workload.workload}
            messages.samples.append((labels, workload.messages))
            done_bytes.samples.append((labels, workload.bytes))
            errors.samples += [
                ({**labels, "code": str(error.error_class)}, error.count)
                for error in merge_errors(workload.errors)
            ]
            latency.samples += _quantiles(labels, workload)
    return [messages, done_bytes, errors, latency]


def _quantiles(labels: dict[str, str], workload: WorkloadResult) -> list[MetricSample]:
    found = workload.latency_microseconds
    if found is None:
        return []
    values = {"0.5": found.p50, "0.9": found.p90, "0.99": found.p99, "0.999": found.p999}
    return [({**labels, "quantile": q}, value / 1e6) for q, value in values.items()]
