"""/metrics: the Prometheus text format, rendered from the job views at scrape time.

Cardinality is bounded: at most SHOWN_JOBS jobs have series of their own, those that have not ended
first, oldest first, because they run. A job that ended keeps its last values for KEEP_NS, so that
no scrape misses them. Labels never contain a stream or subject. `test` is the name of the job, to
compare runs of the same test; `job_id` separates runs that exist at the same time.
"""

from collections.abc import Iterable, Sequence

from njst import __version__
from njst.api.services import Services
from njst.contract.results.report import WorkloadResult
from njst.journal.state.job_view import JobView, Phase
from njst.stats.prometheus_text import Family, MetricSample
from njst.stats.prometheus_text import render as exposition
from njst.stats.tally_merge import merge_errors

SHOWN_JOBS = 32
KEEP_NS = 600 * 1_000_000_000


def render(services: Services) -> str:
    """Return the response body of a scrape."""
    views = services.jobs.all()
    me = services.me()
    families = [
        Family("njst_build_info", "gauge", "Version.", [({"version": __version__}, 1)]),
        Family(
            "njst_worker_ready",
            "gauge",
            "1 when the worker can accept jobs.",
            [({}, int(services.ready() is None))],
        ),
        Family(
            "njst_worker_busy",
            "gauge",
            "1 while the worker prepares or runs a job.",
            [({}, int(bool(me.job)))],
        ),
        Family(
            "njst_worker_clock_error_seconds",
            "gauge",
            "Error bound of the log time on this worker.",
            [({}, me.clock_error_us / 1e6)],
        ),
        _phases(views),
        *_workloads(services, _shown(views, services.log_now_ns())),
    ]
    return exposition(families)


def _phases(views: Iterable[JobView]) -> Family:
    counts = dict.fromkeys(Phase, 0)
    for view in views:
        counts[view.phase] += 1
    samples: list[MetricSample] = [
        ({"phase": str(phase)}, count) for phase, count in counts.items()
    ]
    return Family("njst_jobs", "gauge", "Jobs by phase.", samples)


def _shown(views: Sequence[JobView], now_ns: int) -> list[JobView]:
    """Return the jobs that have series of their own, in log order."""
    live = [view for view in views if view.ended is None][:SHOWN_JOBS]
    room = SHOWN_JOBS - len(live)
    ended = [view for view in views if view.ended is not None and now_ns - view.ended_ns < KEEP_NS]
    return [*ended[max(0, len(ended) - room) :], *live]


def _workloads(services: Services, views: Iterable[JobView]) -> list[Family]:
    messages = Family("njst_messages", "gauge", "Messages done by a job, all workers.")
    done_bytes = Family("njst_bytes", "gauge", "Payload bytes done by a job, all workers.")
    errors = Family("njst_errors", "gauge", "Errors of a job by class, all workers.")
    latency = Family("njst_latency_seconds", "gauge", "Latency of a job, by quantile.")
    for view in views:
        job = {"test": view.created.origin.name or view.id, "job_id": view.id}
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
