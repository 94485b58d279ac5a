"""Subjects, headers and documents of the micro protocol (ADR-32)."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from njst.contract.kinds.service import ServicePlan

# The queue group of all endpoints, unless a service says otherwise.
QUEUE_GROUP = "q"
ERROR_HEADER = "Nats-Service-Error"
ERROR_CODE_HEADER = "Nats-Service-Error-Code"
VERBS = ("PING", "INFO", "STATS")


@dataclass
class EndpointStats:
    """What an endpoint has done since its start."""

    requests: int = 0
    errors: int = 0
    last_error: str = ""
    # From receiving requests to handing over their answers, added up.
    processing_ns: int = 0


def control_subjects(service: ServicePlan) -> list[str]:
    """Return the subjects on which an instance is found: all services, its name, its id."""
    return [
        f"$SRV.{verb}{which}"
        for verb in VERBS
        for which in ("", f".{service.name}", f".{service.name}.{service.id}")
    ]


def control_answer(
    service: ServicePlan, verb: str, stats: EndpointStats, started: datetime, job: str
) -> bytes:
    """Return the JSON document that answers a request on a control subject.

    Args:
        service: the instance that is asked.
        verb: one of VERBS.
        stats: of its endpoint.
        started: when the instance started, in UTC.
        job: the id of its job, which stands in its metadata.
    """
    document: dict[str, Any] = {
        "type": f"io.nats.micro.v1.{verb.lower()}_response",
        "name": service.name,
        "id": service.id,
        "version": service.version,
        "metadata": {"njst.io/job": job},
    }
    endpoint: dict[str, Any] = {
        "name": service.endpoint,
        "subject": service.subject,
        "queue_group": QUEUE_GROUP,
    }
    if verb == "INFO":
        document |= {"description": "A service of njst under load"}
        document |= {"endpoints": [endpoint | {"metadata": {}}]}
    elif verb == "STATS":
        counts = {
            "num_requests": stats.requests,
            "num_errors": stats.errors,
            "last_error": stats.last_error,
            "processing_time": stats.processing_ns,
            "average_processing_time": stats.processing_ns // max(1, stats.requests),
        }
        document |= {
            "started": f"{started:%Y-%m-%dT%H:%M:%S.%fZ}",
            "endpoints": [endpoint | counts],
        }
    return json.dumps(document, separators=(",", ":")).encode()
