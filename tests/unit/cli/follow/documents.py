"""Documents of a job as the API returns them while it goes on."""

from typing import Any

from njst.stats.histogram import Histogram

SPEC: dict[str, Any] = {
    "streams": [{"name": "S"}],
    "workloads": [
        {
            "name": "write",
            "stream": "S",
            "durationSeconds": 60,
            "messagesPerSecond": 1000,
            "publish": {},
        },
        {"name": "read", "stream": "S", "messages": 40_000, "consume": {}},
    ],
}


def workload(name: str, messages: int, elapsed_s: float, **changes: Any) -> dict[str, Any]:
    """Return a workload that did `messages` in `elapsed_s`, all with 1 ms of latency."""
    return {
        "workload": name,
        "kind": "Publish",
        "messages": messages,
        "attempted": messages,
        "startMs": 0,
        "elapsedUs": int(elapsed_s * 1e6),
        "messagesPerSecond": round(messages / elapsed_s) if elapsed_s else 0,
        "latency": Histogram.of([1000] * min(messages, 500)).encode(),
        "latencyMicroseconds": {"p50": 1000, "p90": 1000, "p99": 1000, "p999": 1000, "max": 1000},
        **changes,
    }


def running(*workloads: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the document of a job whose load started at 2026-01-02 03:04:00."""
    return {
        "id": "0mx-abc",
        "name": "orders",
        "phase": "Running",
        "reason": "LoadRunning",
        "message": "3 of 3 workers run the load",
        "workers": {"summary": "3/3", "lost": 0},
        "startTime": "2026-01-02T03:04:00Z",
        "workloads": list(workloads),
        "spec": SPEC,
        **changes,
    }
