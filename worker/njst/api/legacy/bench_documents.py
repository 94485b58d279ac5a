"""Answers of the original's API, as the OpenAPI document shows them."""

from typing import Any, Literal

from pydantic import BaseModel

from njst.api.legacy.bench_translation import BenchSettings
from njst.api.problems import RESPONSES


class BenchFailure(BaseModel):
    """Why a request was refused, in the words of the original."""

    error: str


class BenchNodes(BaseModel):
    """The IDs of the workers."""

    nodes: list[str]
    count: int


class BenchCreated(BaseModel):
    """A job that was created."""

    id: str
    message: str


class BenchDone(BaseModel):
    """What was done, and what could not be."""

    message: str
    errors: list[str] | None = None


class BenchStatus(BaseModel):
    """What a job did so far; numbers that are zero are left out."""

    status: Literal["completed", "cancelled", "error", "in-progress"]
    message: str
    errors: list[str] | None = None
    job_id: str
    elapsed_seconds: float | None = None
    avg_msg_per_sec_per_node: float | None = None
    total_msg_per_sec_all_nodes: float | None = None
    total_processed: int
    total_errors: int
    started_at: str
    ended_at: str | None = None
    node_reports: list[dict[str, Any]] | None = None


class Bench(BaseModel):
    """A job and its settings."""

    status: BenchStatus
    settings: BenchSettings


# What the guards refuse before the original's API is asked is a problem document, as elsewhere.
FAILURES: dict[int | str, dict[str, Any]] = {
    "default": {
        "model": BenchFailure,
        "description": "A refusal of the original's API, or a problem document (RFC 9457).",
        "content": RESPONSES["default"]["content"],
    }
}
