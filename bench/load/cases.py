"""What is measured: each case as the peer's command line and as njst's workload."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

STREAM = "BENCH"
SUBJECT = "bench.x"
BUCKET = "benchbucket"
KEYS = 10_000
# Enough messages to make the start of a load process (0.3 s of CPU) a small part of the total,
# even in cases with little work per message.
ONE_BY_ONE = 120_000
KEY_BY_KEY = 90_000
# Messages per pull, as in the peer.
_BATCH = 500


class Needs(Enum):
    """What must exist before a run."""

    EMPTY_STREAM = "an empty stream"
    FULL_STREAM = "a stream with all messages"
    BUCKET = "an empty bucket"
    FULL_BUCKET = "a bucket with all keys"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Case:
    """One workload on both sides; `peer` omits the flags that all cases share."""

    name: str
    peer: list[str]
    workload: dict[str, Any]
    messages: int
    needs: Needs
    # Medians of pairs must reach these: rate at least, CPU seconds per message at most.
    rate_goal: float = 1.0
    cpu_goal: float = 0.6
    clients: int = 1
    size_bytes: int = 128
    storage: str = "file"
    replicas: int = 1
    publishes: bool = field(default=False)
    # Pairs measured for each requested pair.
    repeats: int = 1

    @property
    def label(self) -> str:
        """A short label of the case for a table."""
        return (
            f"{self.name}, {self.size_bytes} B, {self.clients} client"
            f"{'s' if self.clients > 1 else ''}, R{self.replicas} {self.storage}"
        )

    @property
    def acknowledges(self) -> bool:
        """Whether each message that is consumed is acknowledged."""
        return bool(self.workload.get("consume", {}).get("ack", "None") != "None")

    def peer_arguments(self) -> list[str]:
        """Return the arguments of `nats bench`."""
        common = [
            f"--msgs={self.messages}",
            f"--clients={self.clients}",
            f"--size={self.size_bytes}",
        ]
        match self.needs:
            case Needs.BUCKET | Needs.FULL_BUCKET:
                common.append(f"--bucket={BUCKET}")
            case Needs.EMPTY_STREAM | Needs.FULL_STREAM:
                common.append(f"--stream={STREAM}")
        return [*self.peer, *common]

    def spec(self) -> dict[str, Any]:
        """Return the spec of njst; its streams exist already, as for the peer."""
        stream = {Needs.BUCKET: f"KV_{BUCKET}", Needs.FULL_BUCKET: f"KV_{BUCKET}"}
        workload = {
            "name": "bench",
            "clients": self.clients,
            "messages": self.messages,
            **self.workload,
        }
        if self.acknowledges:
            # The peer sets this on its consumer, without an option to change it.
            most = _BATCH * self.clients
            workload["consume"] = {**self.workload["consume"], "maxAckPending": most}
        if self.publishes:
            # The peer does not verify what it published either.
            common = {"payloadBytes": self.size_bytes, "subjects": [SUBJECT], "verify": "None"}
            workload["publish"] = common | (self.workload["publish"])
        if self.needs is Needs.NOTHING:
            return {"workloads": [workload]}
        name = stream.get(self.needs, STREAM)
        workload["stream"] = name
        return {"streams": [{"name": name, "useExisting": True}], "workloads": [workload]}


def _publish(
    name: str, command: str, how: dict[str, Any], messages: int, *, rate: float, cpu: float = 0.6
) -> Case:
    return Case(
        name=name,
        peer=["js", "pub", command, SUBJECT],
        workload={"publish": how},
        messages=messages,
        needs=Needs.EMPTY_STREAM,
        rate_goal=rate,
        cpu_goal=cpu,
        publishes=True,
    )


def _consume(name: str, peer: list[str], how: dict[str, Any], messages: int, rate: float) -> Case:
    return Case(
        name=name,
        peer=["js", *peer],
        workload={"consume": {"verify": False, "batch": _BATCH, **how}},
        messages=messages,
        needs=Needs.FULL_STREAM,
        rate_goal=rate,
    )


ASYNC = _publish(
    "publish async", "async", {"mode": "Asynchronous", "window": 500}, 1_200_000, rate=1.2
)
SYNC = _publish("publish sync", "sync", {"mode": "Synchronous"}, ONE_BY_ONE, rate=1.2)
# The cost of unique reply subjects in the server.
REUSED = replace(
    ASYNC,
    name="publish async, replies reused",
    workload={"publish": {**ASYNC.workload["publish"], "replySubjects": "Reused"}},
)
EXPLICIT = _consume(
    "consume, ack explicit", ["consume", "--acks=explicit"], {"ack": "Explicit"}, 1_000_000, 1.2
)

CHECKED: tuple[Case, ...] = (
    ASYNC,
    SYNC,
    _publish(
        "publish atomic",
        "atomic",
        {"mode": "AtomicBatch", "batch": 500},
        1_200_000,
        rate=1,
        cpu=0.75,
    ),
    _publish(
        "publish fast", "fast", {"mode": "FastBatch", "batch": 500}, 3_000_000, rate=1, cpu=0.75
    ),
    EXPLICIT,
    _consume("consume, ack none", ["consume", "--acks=none"], {"ack": "None"}, 1_600_000, 1.2),
    _consume(
        "fetch, ack explicit",
        ["fetch", "--acks=explicit"],
        {"ack": "Explicit", "mode": "Fetch"},
        800_000,
        1.0,
    ),
    _consume("ordered consumer", ["ordered"], {"mode": "Ordered"}, 1_600_000, 1.0),
    Case(
        "direct get",
        ["js", "get", "sync"],
        {"get": {"mode": "Sequence"}},
        ONE_BY_ONE,
        Needs.FULL_STREAM,
    ),
    Case(
        "direct get, batches of 500",
        ["js", "get", "batch", "--batch=500"],
        {"get": {"mode": "Batch", "batch": 500}},
        800_000,
        Needs.FULL_STREAM,
    ),
    Case(
        "key-value put",
        ["kv", "put"],
        {"keyValue": {"operation": "Put", "keys": KEYS, "valueBytes": 128}},
        KEY_BY_KEY,
        Needs.BUCKET,
    ),
    Case(
        "key-value get",
        ["kv", "get", f"--randomize={KEYS - 1}"],
        {"keyValue": {"operation": "Get", "keys": KEYS, "keyOrder": "Random"}},
        KEY_BY_KEY,
        Needs.FULL_BUCKET,
    ),
    Case(
        "core publish",
        ["pub", SUBJECT],
        {"core": {"operation": "Publish", "subject": SUBJECT, "payloadBytes": 128}},
        3_000_000,
        Needs.NOTHING,
        rate_goal=0.5,
        cpu_goal=1.0,
    ),
)


def all_cases() -> Iterator[Case]:
    """Yield the checked cases, and the main three over storage, size, clients and replicas."""
    yield from CHECKED
    yield REUSED
    for case in (ASYNC, SYNC, EXPLICIT):
        yield replace(case, storage="memory")
        yield replace(case, clients=4, messages=2 * case.messages)
        yield replace(case, size_bytes=1024, messages=case.messages // 2)
        yield replace(case, size_bytes=16_384, messages=max(ONE_BY_ONE // 4, case.messages // 10))
        # The leader of a consumer among three servers is random for both sides.
        repeats = 3 if case.acknowledges else 1
        yield replace(case, replicas=3, messages=case.messages // 3, repeats=repeats)
