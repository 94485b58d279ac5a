"""Existing consumers: a job uses one as it is, or fails with the reason why it cannot."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from njst.contract.kinds.consume import Consume, ConsumePlan
from njst.contract.kinds.consume_settings import AckPolicy
from njst.contract.plan import ClientPlan
from njst.contract.results.outcome import SetupError
from njst.contract.spec.job import JobSpec
from njst.contract.spec.workload import Workload
from njst.planning.adjustments import Adjustments
from njst.provisioning.consumer_limits import ConsumerOwner, within_limits
from njst.provisioning.consumers import PRIORITY_POLICIES
from njst.provisioning.target.jetstream_api import JetStreamApi
from njst.provisioning.target.target_connection import explained

_S = 1_000_000_000
_MS = 1_000_000
# Ack policies of a server, and the values of `ack` that fit them.
_ACK = {"none": (AckPolicy.NONE,), "explicit": (AckPolicy.EXPLICIT, AckPolicy.DOUBLE)}
_POLICIES = {name: policy for policy, name in PRIORITY_POLICIES.items()}


def apply_config(plan: ConsumePlan, owner: ConsumerOwner, info: Mapping[str, Any]) -> ConsumePlan:
    """Return a client's plan with the settings of the consumer, and with pulls that it allows.

    Args:
        plan: the client's plan.
        owner: the workload.
        info: the answer to CONSUMER.INFO, without incompatibilities; durations in ns.
    """
    config = info["config"]
    own: dict[str, Any] = {"ack_wait_ms": _first_wait_ns(config) // _MS}
    most_ms = config.get("max_expires", 0) // _MS
    if 0 < most_ms < plan.expires_ms:
        own["expires_ms"] = most_ms
        words = f"a pull of this consumer lasts at most {most_ms / 1000:g} s (max_expires)"
        owner.note("consume.expiresSeconds", f"{most_ms / 1000:g}", words)
    plan = within_limits(plan, owner, config)
    if plan.priority is not None:
        own["priority"] = plan.priority.model_copy(update={"group": config["priority_groups"][0]})
    return plan.model_copy(update=own)


def incompatibilities(
    info: Mapping[str, Any], spec: JobSpec, workload: Workload, participants: int
) -> list[str]:
    """Return why the workload cannot use a consumer; empty: it can.

    Args:
        info: the answer to CONSUMER.INFO; durations in ns.
        spec: the job.
        workload: one of its workloads, which names the consumer.
        participants: how many workers run it.
    """
    consume = workload.consume
    assert consume is not None
    config = info["config"]
    if config.get("deliver_subject"):
        return [f"it pushes to {config['deliver_subject']!r}: only a pull consumer can be used"]
    found = [*_answers(config, consume), *_pulls(config, consume, workload.clients * participants)]
    found += _own_settings(config, consume)
    if info.get("paused"):
        found.append(f"it is paused until {config.get('pause_until')}")
    if _is_filtered_by_nothing(config) and spec.has_schedules(workload.stream):
        found.append("it has no filter, and would deliver the schedules of delaySeconds too")
    return found


def _answers(config: Mapping[str, Any], consume: Consume) -> Iterator[str]:
    policy = config.get("ack_policy", "none")
    possible = _ACK.get(policy, ())
    if not possible:
        yield f"its ack policy is {policy}, which clients that share a consumer cannot have"
    elif consume.ack not in possible:
        yield f"its ack policy is {policy}: ack must be {' or '.join(possible)}"
    comes_again = consume.nak_percent + consume.ignore_percent > 0
    if comes_again and config.get("max_deliver") == 1:
        yield "it delivers a message once (max_deliver 1): nakPercent and ignorePercent must be 0"
    wait_s = _first_wait_ns(config) / _S
    if consume.ignore_percent and wait_s >= consume.idle_timeout_seconds:
        yield (
            f"it redelivers an ignored message after {wait_s:g} s: idleTimeoutSeconds must be"
            " longer"
        )


def _pulls(config: Mapping[str, Any], consume: Consume, clients: int) -> Iterator[str]:
    most = config.get("max_batch") or consume.batch
    if consume.batch > most and not consume.leaves_open("batch"):
        yield f"a pull has at most {most} messages (max_batch): batch must not exceed this"
    most_ns = config.get("max_expires") or consume.expires_seconds * _S
    # Heartbeats must come at least twice in a pull, so they keep its time as it is.
    may_lower = consume.leaves_open("expires_seconds") and consume.heartbeat_seconds is None
    if consume.expires_seconds * _S > most_ns and not may_lower:
        yield f"a pull lasts at most {most_ns / _S:g} s (max_expires): set expiresSeconds to that"
    most = config.get("max_bytes") or consume.max_bytes or 0
    if (consume.max_bytes or 0) > most:
        yield f"a pull has at most {most} bytes (max_bytes): maxBytes must not exceed this"
    at_once = clients * consume.pulls_at_once
    most = config.get("max_waiting") or at_once
    if at_once > most:
        yield f"it allows {most} waiting pulls (max_waiting): the clients would have {at_once}"


def _own_settings(config: Mapping[str, Any], consume: Consume) -> Iterator[str]:
    """Yield settings in which workload and consumer differ; defaults of the spec never differ."""
    asked_s, has_s = consume.ack_wait_seconds, config.get("ack_wait", 0) / _S
    if asked_s != has_s and not consume.leaves_open("ack_wait_seconds"):
        yield f"it has an ack wait of {has_s:g} s: leave out ackWaitSeconds"
    asked, has = consume.max_ack_pending, config.get("max_ack_pending", 0)
    if asked != has and not consume.leaves_open("max_ack_pending"):
        yield f"it allows {has} unacknowledged messages: leave out maxAckPending"
    if config.get("headers_only") and consume.verify:
        yield "it delivers headers alone: verify must be false, since it checks the payload"
    policy = _POLICIES.get(config.get("priority_policy") or "")
    wanted = consume.priority.policy if consume.priority is not None else None
    if policy is not wanted:
        yield (
            "it has no priorities: leave out priority"
            if policy is None
            else f"it has priorities: priority.policy must be {policy}"
        )


def _first_wait_ns(config: Mapping[str, Any]) -> int:
    """Return how long the server waits for the answer to a first delivery."""
    waits = config.get("backoff") or [config.get("ack_wait", 0)]
    return int(waits[0])


def _is_filtered_by_nothing(config: Mapping[str, Any]) -> bool:
    return not config.get("filter_subject") and not config.get("filter_subjects")


async def with_existing_consumers(
    api: JetStreamApi,
    spec: JobSpec,
    plans: Iterable[ClientPlan],
    participants: int,
    adjusted: Adjustments,
) -> list[ClientPlan]:
    """Return the plans; those of existing consumers have the consumer's settings."""
    infos: dict[tuple[int, str], dict[str, Any]] = {}
    made: list[ClientPlan] = []
    for plan in plans:
        made.append(plan)
        workload, consume = spec.workloads[plan.number], plan.consume
        if consume is None or workload.consume is None or not workload.consume.existing_consumer:
            continue
        owner = ConsumerOwner(plan.number, workload, adjusted)
        asked = (plan.number, consume.stream)
        if asked not in infos:
            which = f"{consume.consumer} of {consume.stream}"
            field = f"{owner.field}.consume.existingConsumer ({which})"
            subject = f"{api.prefix}.CONSUMER.INFO.{consume.stream}.{consume.consumer}"
            infos[asked] = await explained(field, api.call(subject))
            if found := incompatibilities(infos[asked], spec, workload, participants):
                raise SetupError("ConsumerUnsuitable", f"{field}: {'; '.join(found)}")
        made[-1] = plan.model_copy(update={"consume": apply_config(consume, owner, infos[asked])})
    return made
