"""Calls of JetStream's API for streams and consumers of a job: subject and body of each.

Only fields that every server since 2.10 knows are sent: from 2.12 on an unknown one is refused.
"""

import json
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic.alias_generators import to_snake

from njst.contract.kinds.consume_settings import Deliver
from njst.contract.kinds.management import ManagementOperation, ManagementPlan
from njst.contract.names.assets import OWNER_KEY, asset_subject, owner_marks

# The server removes an unused consumer, should the clean-up never come.
_CONSUMER_IDLE_NS = 3600 * 1_000_000_000


@dataclass(frozen=True)
class Call:
    """A request to JetStream's API."""

    subject: str
    body: bytes = b""


class Assets(Protocol):
    """The calls for a named stream or consumer."""

    def create(self, name: str) -> Call:
        """Create it; refused if it exists with another configuration."""
        ...

    def info(self, name: str) -> Call:
        """Ask about it."""
        ...

    def delete(self, name: str) -> Call:
        """Remove it."""
        ...


def assets_of(plan: ManagementPlan, api_prefix: str) -> Assets:
    """Return the calls for the assets of a plan."""
    requests = _Consumers if "Consumer" in plan.operation else _Streams
    return requests(plan, api_prefix)


def created_name(plan: ManagementPlan, number: int) -> str:
    """Return the name of an asset that the load creates or deletes."""
    return f"{plan.prefix}-{number}"


def standing_name(plan: ManagementPlan, number: int) -> str:
    """Return the name of an asset that exists during the whole load."""
    return f"{plan.prefix}-s{number}"


def standing_names(plan: ManagementPlan, messages: int | None) -> list[str]:
    """Return the names of all assets that set-up creates; `messages` is the load's length."""
    names = [standing_name(plan, number) for number in range(plan.assets)]
    if plan.operation in (ManagementOperation.DELETE_STREAM, ManagementOperation.DELETE_CONSUMER):
        names += [created_name(plan, number) for number in range(messages or 0)]
    return names


class _Streams:
    """Streams that take a subject of their own."""

    def __init__(self, plan: ManagementPlan, api_prefix: str) -> None:
        self._plan = plan
        self._api = f"{api_prefix}.STREAM"

    def create(self, name: str) -> Call:
        plan = self._plan
        config: dict[str, Any] = {
            "name": name,
            "subjects": [asset_subject(plan.job, name)],
            "retention": "limits",
            "discard": "old",
            "storage": plan.storage.lower(),
            "num_replicas": plan.replicas,
            "metadata": owner_marks(plan.job, plan.log, name),
        }
        if plan.max_bytes is not None:
            config["max_bytes"] = plan.max_bytes
        return Call(f"{self._api}.CREATE.{name}", _json(config))

    def info(self, name: str) -> Call:
        return Call(f"{self._api}.INFO.{name}")

    def delete(self, name: str) -> Call:
        return Call(f"{self._api}.DELETE.{name}")


class _Consumers:
    """Durable pull consumers of one stream."""

    def __init__(self, plan: ManagementPlan, api_prefix: str) -> None:
        self._plan = plan
        self._api = f"{api_prefix}.CONSUMER"

    def create(self, name: str) -> Call:
        plan = self._plan
        config: dict[str, Any] = {
            "name": name,
            "durable_name": name,
            "deliver_policy": to_snake(plan.deliver),
            "ack_policy": "explicit",
            "replay_policy": "instant",
            "inactive_threshold": _CONSUMER_IDLE_NS,
            "num_replicas": plan.replicas,
            "metadata": {OWNER_KEY: plan.job},
        }
        if plan.storage == "Memory":
            config["mem_storage"] = True
        if plan.start_sequence is not None:
            config["opt_start_seq"] = plan.start_sequence
        if plan.start_time is not None:
            config["opt_start_time"] = plan.start_time
        config |= _filter(plan)
        body = {"stream_name": plan.stream, "config": config, "action": "create"}
        return Call(f"{self._api}.CREATE.{plan.stream}.{name}", _json(body))

    def info(self, name: str) -> Call:
        return Call(f"{self._api}.INFO.{self._plan.stream}.{name}")

    def delete(self, name: str) -> Call:
        return Call(f"{self._api}.DELETE.{self._plan.stream}.{name}")


def _filter(plan: ManagementPlan) -> dict[str, Any]:
    """Return the filter of a consumer, which the last message of each subject requires."""
    subjects = plan.filter_subjects
    if not subjects and plan.deliver is Deliver.LAST_PER_SUBJECT:
        subjects = [">"]
    if not subjects:
        return {}
    # Servers before 2.10 support one filter only.
    return {"filter_subject": subjects[0]} if len(subjects) == 1 else {"filter_subjects": subjects}


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
