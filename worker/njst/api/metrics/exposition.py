"""/metrics of a worker: the Prometheus text format."""

from collections.abc import Mapping

from njst import __version__
from njst.api.metrics.job_gauges import job_gauges
from njst.api.metrics.mesh_counters import MeshCounters
from njst.api.metrics.own_share import Series, Share
from njst.api.services import Services
from njst.stats.histogram import highest_of, lowest_of
from njst.stats.prometheus_text import Buckets, Family, HistogramFamily, render

# Upper bounds of latency buckets, in seconds.
BOUNDS_S = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1),
    *(0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)


def metrics_text(services: Services) -> str:
    """Return the response body of a scrape."""
    families = [
        *_worker(services),
        *_own_share(services.metrics.own_share.shares()),
        *_mesh_counters(services.metrics.mesh_counters),
        *job_gauges(services),
    ]
    return render(families)


def _worker(services: Services) -> list[Family]:
    me = services.me()
    return [
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
    ]


def _own_share(shares: Mapping[Series, Share]) -> list[Family | HistogramFamily]:
    messages = Family("njst_messages_total", "counter", "Messages completed by this worker.")
    done_bytes = Family("njst_bytes_total", "counter", "Payload bytes completed by this worker.")
    errors = Family("njst_errors_total", "counter", "Errors of this worker by class.")
    events = Family(
        "njst_connection_events_total",
        "counter",
        "Events of this worker's connections to targets by class.",
    )
    latency = HistogramFamily(
        "njst_operation_latency_seconds",
        "Latency of this worker's operations; from the due time where a rate is offered.",
    )
    lag = HistogramFamily(
        "njst_send_lag_seconds", "How late this worker sent messages of an offered rate."
    )
    for (test, workload), share in sorted(shares.items()):
        labels = {"test": test, "workload": workload}
        messages.samples.append((labels, share.messages))
        done_bytes.samples.append((labels, share.bytes))
        errors.samples += [({**labels, "class": name}, n) for name, n in share.errors.items()]
        events.samples += [({**labels, "class": name}, n) for name, n in share.events.items()]
        latency.samples.append((labels, buckets(share.latency)))
        if share.send_lag:
            lag.samples.append((labels, buckets(share.send_lag)))
    return [messages, done_bytes, errors, events, latency, lag]


def buckets(counts: Mapping[int, int]) -> Buckets:
    """Return counts by slot of a `njst.stats.histogram` as buckets with bounds in seconds.

    A slot is 0.1 % wide, and is below a bound if its lowest value is at most that. The sum takes
    the middle of each slot.
    """
    slots = sorted(counts)
    up_to, below, at = [], 0, 0
    for bound_s in BOUNDS_S:
        while at < len(slots) and lowest_of(slots[at]) <= bound_s * 1e6:
            below += counts[slots[at]]
            at += 1
        up_to.append((bound_s, below))
    total_us = sum(n * (lowest_of(slot) + highest_of(slot)) / 2 for slot, n in counts.items())
    return Buckets(up_to, sum(counts.values()), total_us / 1e6)


def _mesh_counters(counters: MeshCounters) -> list[Family]:
    single = (
        ("tester_limited", "Jobs whose load tester was the limit.", counters.tester_limited),
        ("target_outages", "Jobs that lost their target for a while.", counters.target_outages),
        ("workers_lost", "Workers lost by jobs.", counters.workers_lost),
    )
    return [
        Family(
            "njst_mesh_jobs_ended_total",
            "counter",
            "Jobs that ended since this worker started, by verdict. Each worker counts all.",
            [({"verdict": verdict}, count) for verdict, count in counters.ended.items()],
        ),
        *(
            Family(
                f"njst_mesh_{name}_total",
                "counter",
                f"{help_text} Since this worker started; each worker counts all.",
                [({}, value)],
            )
            for name, help_text, value in single
        ),
    ]
