"""Creates consumers within what the server, the account and the stream allow them.

The limits are known only by the server's answers: JetStream reports none of them elsewhere. Where a
smaller value serves as well, the server's own is taken: for how long a consumer may be unused, and
for defaults of the spec.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nats.js.api import ConsumerConfig
from nats.js.errors import APIError

from njst.contract.kinds.consume import Consume, ConsumePlan
from njst.contract.kinds.consume_settings import ConsumeMode
from njst.contract.results.outcome import SetupError
from njst.contract.spec.workload import Workload
from njst.planning.adjustments import Adjustments
from njst.provisioning.target.jetstream_api import JetStreamApi
from njst.provisioning.target.target_connection import explained, refusal, workload_field

# Error codes of server/errors.json: max_ack_pending and inactive_threshold exceed a limit.
_ACK_PENDING_EXCEEDED = 10121
_IDLE_EXCEEDED = 10153
ALL_SUBJECTS = ">"
# What the server's own value of a field of a configuration replaces: the field of consume, and how
# many of the server's unit are one of the spec's.
_REPLACED = {
    "max_ack_pending": ("consume.maxAckPending", 1),
    "inactive_threshold": ("consume.inactiveThresholdSeconds", 1_000_000_000),
}


@dataclass(frozen=True)
class ConsumerOwner:
    """The workload that a consumer is for: its index in the spec, and what takes adjustments."""

    number: int
    workload: Workload
    adjusted: Adjustments

    @property
    def field(self) -> str:
        """The workload, for errors."""
        return workload_field(self.number, self.workload)

    @property
    def consume(self) -> Consume | None:
        """What the spec asks of the consumer; None: the workload is of another kind."""
        return self.workload.consume

    def note(self, field: str, value: object, why: str) -> None:
        """Note what is taken in place of a default."""
        self.adjusted.note(self.workload.name, field, value, why)


async def create_consumer(
    api: JetStreamApi, owner: ConsumerOwner, stream: str, config: ConsumerConfig
) -> dict[str, Any]:
    """Create a consumer; return its configuration as the server has taken it.

    Raises:
        SetupError: the target refuses it; a limit names the field of the spec.
    """
    wanted: dict[str, Any] = config.as_dict()
    left_out: dict[str, APIError] = {}
    while True:
        # Each round leaves out one field more.
        answer = await explained(owner.field, _create(api, stream, wanted))
        if not isinstance(answer, APIError):
            break
        dropped = _too_large(answer, owner.consume)
        if dropped is None or wanted.pop(dropped, None) is None:
            raise _refusal(owner.field, answer, owner.consume)
        left_out[dropped] = answer
    for name, error in left_out.items() if owner.consume is not None else ():
        field, unit = _REPLACED[name]
        owner.note(field, answer.get(name, 0) // unit, str(error.description))
    return answer


async def _create(
    api: JetStreamApi, stream: str, config: Mapping[str, Any]
) -> dict[str, Any] | APIError:
    """Create a consumer by the subject of today's clients (nats-server 2.9 and newer).

    Its name and its filter are in the subject, so that a permission can be about them.
    """
    name = config["durable_name"]
    subject = f"{api.prefix}.CONSUMER.CREATE.{stream}.{name}"
    only = config.get("filter_subject")
    if only and only != ALL_SUBJECTS:
        subject = f"{subject}.{only}"
    body = {"stream_name": stream, "config": {**config, "name": name}}
    try:
        answer = await api.call(subject, json.dumps(body).encode())
    except APIError as error:
        return error
    taken: dict[str, Any] = answer["config"]
    return taken


def _too_large(error: APIError, consume: Consume | None) -> str | None:
    """Return the field of the configuration that the server's own value may replace."""
    if error.err_code == _IDLE_EXCEEDED:
        is_asked = consume is not None and consume.inactive_threshold_seconds is not None
        return None if is_asked else "inactive_threshold"
    if error.err_code == _ACK_PENDING_EXCEEDED and consume is not None:
        return "max_ack_pending" if consume.leaves_open("max_ack_pending") else None
    return None


def _refusal(field: str, error: APIError, consume: Consume | None) -> SetupError:
    if error.err_code == _ACK_PENDING_EXCEEDED and consume is not None:
        words = f"{field}.consume.maxAckPending: {consume.max_ack_pending}: {error.description}"
        return SetupError("LimitReached", words)
    if error.err_code == _IDLE_EXCEEDED and consume is not None:
        words = f"{consume.inactive_threshold_seconds}: {error.description}"
        return SetupError("LimitReached", f"{field}.consume.inactiveThresholdSeconds: {words}")
    return refusal(field, error)


def within_limits(
    plan: ConsumePlan, owner: ConsumerOwner, config: Mapping[str, Any]
) -> ConsumePlan:
    """Return the plan of a client with pulls that its consumer allows.

    Args:
        plan: the client's plan.
        owner: the workload, of the kind `consume`.
        config: the consumer's configuration as the server has it.

    Raises:
        SetupError: the spec asks for more than the server allows.
    """
    consume = owner.consume
    assert consume is not None
    if consume.mode is ConsumeMode.PUSH:
        return plan
    most = config.get("max_batch") or plan.batch
    if plan.batch <= most:
        return plan
    words = f"the target allows at most {most} messages in a pull (max_batch)"
    if consume.leaves_open("batch"):
        owner.note("consume.batch", most, words)
        return plan.model_copy(update={"batch": most})
    raise SetupError("LimitReached", f"{owner.field}.consume.batch: {plan.batch}: {words}")
