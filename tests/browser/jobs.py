"""The jobs that the tests of the page look at."""

from typing import Any

Json = dict[str, Any]

# One workload of each kind, so that each kind is on the page.
EVERY_KIND: Json = {
    "streams": [
        {"name": "ORDERS", "storage": "Memory"},
        {"name": "KV_prices", "storage": "Memory"},
        {"name": "OBJ_files", "storage": "Memory"},
    ],
    "workloads": [
        {
            "name": "publish",
            "stream": "ORDERS",
            "durationSeconds": 5,
            "messagesPerSecond": 400,
            "warmupSeconds": 1,
            "publish": {"payloadBytes": 64},
        },
        {"name": "consume", "stream": "ORDERS", "durationSeconds": 6, "consume": {}},
        {
            "name": "get",
            "stream": "ORDERS",
            "messages": 100,
            "after": ["publish"],
            "get": {"mode": "Sequence"},
        },
        {
            "name": "put",
            "stream": "KV_prices",
            "messages": 200,
            "keyValue": {"operation": "Put", "keys": 10, "valueBytes": 100},
        },
        {
            "name": "files",
            "stream": "OBJ_files",
            "messages": 6,
            "objectStore": {"operation": "Put", "objects": 2, "objectBytes": 10_000},
        },
        {
            "name": "manage",
            "stream": "ORDERS",
            "messages": 50,
            "management": {"operation": "ConsumerInfo", "assets": 4, "storage": "Memory"},
        },
        {
            "name": "ask",
            "messages": 200,
            "core": {"operation": "Request", "subject": "page.echo", "timeoutSeconds": 30},
        },
        {
            "name": "answer",
            "messages": 200,
            "core": {"operation": "Reply", "subject": "page.echo", "timeoutSeconds": 30},
        },
        {
            "name": "serve",
            "durationSeconds": 6,
            "service": {"operation": "Serve", "subject": "page.price", "name": "price"},
        },
        {
            "name": "price",
            "messages": 100,
            "service": {"operation": "Request", "subject": "page.price", "timeoutSeconds": 30},
        },
    ],
    "thresholds": [
        {"workload": "publish", "metric": "LatencyP99Microseconds", "atMost": 60_000_000},
        {"workload": "publish", "metric": "Messages", "atLeast": 1},
    ],
}

# It ends at once, and fails.
SHORT: Json = {
    "streams": [{"name": "SHORT", "storage": "Memory"}],
    "workloads": [
        {"name": "write", "stream": "SHORT", "messages": 100, "publish": {"payloadBytes": 64}}
    ],
    "thresholds": [{"workload": "write", "metric": "LatencyMaxMicroseconds", "atMost": 1}],
}


def long_job(stream: str) -> Json:
    """A job that runs for longer than a test looks at it."""
    return {
        "streams": [{"name": stream, "storage": "Memory", "maxMessages": 1000}],
        "workloads": [
            {
                "name": "write",
                "stream": stream,
                "durationSeconds": 300,
                "messagesPerSecond": 200,
                "publish": {"payloadBytes": 64},
            }
        ],
    }
