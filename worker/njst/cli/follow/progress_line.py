"""The state of a job in one line. Pure."""

from typing import Any


def progress_line(document: dict[str, Any]) -> str:
    """Return the state of a job in one line."""
    workers = document.get("workers", {})
    parts = [f"{document['phase']:<10}", f"workers {workers.get('summary', '')}"]
    for workload in document.get("workloads", []):
        done, planned = workload["messages"], workload.get("planned")
        share = f" {100 * done // planned}%" if planned else ""
        rate = workload["messagesPerSecond"]
        errors = sum(error["count"] for error in workload.get("errors", []))
        trouble = f" {errors:,} errors" if errors else ""
        parts.append(f"{workload['workload']} {done:,}{share} {rate:,}/s{trouble}")
    if document.get("reason") in ("ReadingBack", "WorkersBusy"):
        parts.append(document["message"])
    return "  ".join(parts)
