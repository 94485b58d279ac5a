"""Specs that break the contract, each with the one field that must be named.

The same table is run against pydantic here and against a real API server in tests/kubernetes.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

Spec = dict[str, Any]


def good() -> Spec:
    """A spec with something of everything."""
    return {
        "streams": [{"name": "A", "count": 2, "subjects": ["a.{index}.>"]}, {"name": "B"}],
        "workloads": [
            {"name": "w", "stream": "A", "messages": 10, "publish": {"window": 5}},
            {"name": "r", "stream": "B", "durationSeconds": 1, "consume": {"batch": 5}},
        ],
        "thresholds": [{"workload": "w", "metric": "Errors", "atMost": 0}],
    }


def _change(path: str, value: Any) -> Callable[[Spec], None]:
    """Set `a.0.b` of a spec."""

    def change(spec: Spec) -> None:
        *parents, last = (int(p) if p.isdigit() else p for p in path.split("."))
        node: Any = spec
        for part in parents:
            node = node[part]
        node[last] = value

    return change


def _drop(path: str) -> Callable[[Spec], None]:
    def change(spec: Spec) -> None:
        *parents, last = (int(p) if p.isdigit() else p for p in path.split("."))
        node: Any = spec
        for part in parents:
            node = node[part]
        del node[last]

    return change


def _set(path: str, value: Any, field: str = "") -> tuple[str, Callable[[Spec], None], str]:
    """A row: what is changed, and the field that is named (by default the changed one)."""
    words = path.split(".")
    said = "".join(f"[{w}]" if w.isdigit() else f".{w}" for w in words)
    return f"{path}={str(value)[:30]}", _change(path, value), field or f"spec{said}"


_PUBLISH = "spec.workloads[0].publish"
_CAS = {"mode": "Synchronous", "expect": "LastSubjectSequence"}
_CONSUME = "spec.workloads[1].consume"
_HEADER = "spec.workloads[0].publish.headers[0]"


def _kind(kind: str, value: dict[str, Any], field: str) -> tuple[str, Callable[[Spec], None], str]:
    """A row: the first workload is of another kind."""

    def change(spec: Spec) -> None:
        del spec["workloads"][0]["publish"]
        spec["workloads"][0][kind] = value

    return f"{kind} {value}", change, field


def _managed(
    value: dict[str, Any], field: str, **length: int
) -> tuple[str, Callable[[Spec], None], str]:
    """A row: the first workload manages streams, so it has none."""

    def change(spec: Spec) -> None:
        spec["workloads"][0] = {"name": "w", **(length or {"messages": 10}), "management": value}

    return f"management {value} {length}", change, field


def _stages(
    value: Any, field: str = "spec.workloads[0]", **more: Any
) -> tuple[str, Callable[[Spec], None], str]:
    """A row: the first workload has stages instead of messages."""

    def change(spec: Spec) -> None:
        del spec["workloads"][0]["messages"]
        spec["workloads"][0] |= {"stages": value, **more}

    return f"stages {str(value)[:60]} {more}", change, field


def _cores() -> list[tuple[str, Callable[[Spec], None], str]]:
    """Rows: the first workload is of core NATS."""
    publish = {"operation": "Publish", "subject": "a"}
    hear = {"operation": "Subscribe", "subject": "a"}
    answer = {"operation": "Reply", "subject": "a"}
    field = "spec.workloads[0].core"
    rows = [
        _kind("core", {"operation": "Publish"}, f"{field}.subject"),
        _kind("core", {**publish, "subject": "a."}, f"{field}.subject"),
        _kind("core", {**hear, "subject": "a.>.b"}, f"{field}.subject"),
        _kind("core", {**publish, "subject": "a.*"}, field),
        _kind("core", {**publish, "operation": "Request", "subject": ">"}, field),
        _kind("core", {**publish, "subjectCount": 0}, f"{field}.subjectCount"),
        _kind("core", {**publish, "subjectCount": 1_000_001}, f"{field}.subjectCount"),
        _kind("core", {**publish, "subjectOrder": "Shuffled"}, f"{field}.subjectOrder"),
        _kind("core", {**publish, "queueGroup": "g"}, field),
        _kind("core", {**hear, "queueGroup": "a b"}, f"{field}.queueGroup"),
        _kind("core", {**hear, "subjectOrder": "Random"}, field),
        _kind("core", {**answer, "subjectOrder": "Random"}, field),
        _kind("core", {**answer, "subjectCount": 2}, field),
        # How many of the messages come to each client is up to the publishers.
        _kind("core", {**hear, "subjectCount": 2}, "spec.workloads[0]"),
    ]
    timed = [
        {**hear, "subject": "a.*", "subjectCount": 2},
        {**hear, "queueGroup": "g", "subjectCount": 2},
    ]
    return rows + [_timed_core(core, field) for core in timed]


def _timed_core(core: Spec, field: str) -> tuple[str, Callable[[Spec], None], str]:
    def change(spec: Spec) -> None:
        spec["workloads"][0] = {"name": "w", "durationSeconds": 1, "core": core}

    return f"core {core} for a second", change, field


def _copies() -> list[tuple[str, Callable[[Spec], None], str]]:
    """Rows: the second stream, which a workload consumes from, copies others."""
    mirror = {"mirror": {"name": "A-0"}}
    sources = {"sources": [{"name": "A-0"}, {"name": "ELSEWHERE"}]}
    field = "spec.streams[1]"

    def row(copy: Spec, said: str, **workload: Any) -> tuple[str, Callable[[Spec], None], str]:
        def change(spec: Spec) -> None:
            spec["streams"][1] |= copy
            if workload:
                spec["workloads"][1] = {"name": "r", "stream": "B", "messages": 1, **workload}

        return f"copies {copy} {workload}", change, said

    return [
        row({"mirror": {}}, f"{field}.mirror.name"),
        row({"mirror": {"name": "a.b"}}, f"{field}.mirror.name"),
        row({"mirror": {"name": "A", "filterSubject": "a."}}, f"{field}.mirror.filterSubject"),
        row({"mirror": {"name": "A", "apiPrefix": "$JS.>"}}, f"{field}.mirror.apiPrefix"),
        row({"mirror": {"name": "A", "deliverPrefix": "d"}}, f"{field}.mirror"),
        row({"sources": []}, f"{field}.sources"),
        row({"sources": [{"name": f"S{n}"} for n in range(17)]}, f"{field}.sources"),
        row({**mirror, **sources}, field),
        row({**mirror, "subjects": ["b"]}, field),
        row({**mirror, "firstSequence": 2}, field),
        row({**mirror, "useExisting": True}, field),
        row({**sources, "useExisting": True}, field),
        # Each waits for the other.
        row({"mirror": {"name": "B"}}, "spec"),
        row({"sources": [{"name": "B"}]}, "spec"),
        row(mirror, "spec", publish={}),
        row(mirror, "spec", publish={"subjects": ["a.0.b"]}),
        row(sources, "spec", publish={}),
        row({**sources, "name": "KV_B"}, "spec", stream="KV_B", keyValue={"operation": "Put"}),
        ("origin behind", _origin_behind, "spec"),
    ]


def _origin_behind(spec: Spec) -> None:
    spec["streams"][0] |= {"count": 1, "subjects": [], "mirror": {"name": "B"}}
    spec["workloads"][0] = {"name": "w", "stream": "A", "messages": 1, "consume": {}}


def _services() -> list[tuple[str, Callable[[Spec], None], str]]:
    """Rows: the first workload is a service, alone but for what is said of it."""
    serve = {"operation": "Serve", "subject": "a"}
    ask = {"operation": "Request", "subject": "a"}
    field = "spec.workloads[0].service"
    rows: list[tuple[Spec, str]] = [
        ({"service": {"operation": "Serve"}}, f"{field}.subject"),
        ({"service": {"subject": "a"}}, f"{field}.operation"),
        ({"service": {**serve, "operation": "Discover"}}, f"{field}.operation"),
        ({"service": {**serve, "subject": "a.>"}}, f"{field}.subject"),
        ({"service": {**serve, "name": "a.b"}}, f"{field}.name"),
        ({"service": {**serve, "name": ""}}, f"{field}.name"),
        ({"service": {**serve, "version": "1.0"}}, f"{field}.version"),
        ({"service": {**serve, "version": "1.0.01"}}, f"{field}.version"),
        ({"service": {**serve, "version": "1.0.0-01"}}, f"{field}.version"),
        ({"service": {**serve, "errorPercent": 101}}, f"{field}.errorPercent"),
        ({"service": {**serve, "window": 0}}, f"{field}.window"),
        ({"service": {**serve, "timeoutSeconds": 301}}, f"{field}.timeoutSeconds"),
        ({"service": {**serve, "payloadBytes": -1}}, f"{field}.payloadBytes"),
        ({"service": {**ask, "name": "a"}}, field),
        ({"service": {**ask, "version": "1.0.0"}}, field),
        ({"service": {**ask, "errorPercent": 1}}, field),
        ({"service": ask, "stream": "A"}, "spec.workloads[0]"),
        ({"service": ask, "core": ask}, "spec.workloads[0]"),
        ({"service": serve, "messagesPerSecond": 5}, "spec.workloads[0]"),
    ]

    def row(workload: Spec, field: str) -> tuple[str, Callable[[Spec], None], str]:
        def change(spec: Spec) -> None:
            spec["workloads"][0] = {"name": "w", "messages": 10, **workload}

        return f"service {workload}", change, field

    return [row(*each) for each in rows]


_STAGE = {"durationSeconds": 5, "messagesPerSecond": 10}

_ROWS: list[tuple[str, Callable[[Spec], None], str]] = [
    # lists
    _set("mesh", ""),
    _set("mesh", "Team-A"),
    _set("mesh", "a.b"),
    _set("mesh", "-a"),
    _set("mesh", "m" * 33),
    _set("mesh", 7),
    _set("skipIfRanWithinSeconds", 0),
    _set("skipIfRanWithinSeconds", 604_801),
    _set("priority", 1001),
    _set("sharing", "Both"),
    _set(
        "workerSelector",
        {"matchLabels": {"zone": "a b"}},
        "spec.workerSelector.matchLabels.zone",
    ),
    _set("streams", [], "spec"),
    _set("streams", [{"name": f"S{n}"} for n in range(17)]),
    _set("streams", "A"),
    _set("streams.0", "A"),
    ("no streams", _drop("streams"), "spec"),
    _set("workloads", []),
    ("no workloads", _drop("workloads"), "spec.workloads"),
    _set("thresholds", [{"metric": "Errors", "atMost": 0}] * 33),
    _set("streams.1.name", "A", "spec.streams[1]"),
    _set("workloads.1.name", "w", "spec.workloads[1]"),
    # streams
    ("stream without a name", _drop("streams.0.name"), "spec.streams[0].name"),
    _set("streams.0.name", ""),
    _set("streams.0.name", "a b"),
    _set("streams.0.name", "a.b"),
    _set("streams.0.name", "a" * 121),
    _set("streams.0.name", 7),
    _set("streams.0.count", 0),
    _set("streams.0.count", 257),
    _set("streams.0.count", "2"),
    _set("streams.0.count", 1.5),
    _set("streams.0.count", True),
    _set("streams.0.subjects", ["a b"], "spec.streams[0].subjects[0]"),
    _set("streams.0.subjects", ["a..b"], "spec.streams[0].subjects[0]"),
    _set("streams.0.subjects", ["a.>.b"], "spec.streams[0].subjects[0]"),
    _set("streams.0.subjects", [""], "spec.streams[0].subjects[0]"),
    _set("streams.0.subjects", ["a.>"], "spec.streams[0]"),
    _set("streams.0.subjects", [f"a.{{index}}.{n}" for n in range(17)]),
    _set("streams.0.storage", "file"),
    _set("streams.0.storage", 1),
    _set("streams.0.replicas", 0),
    _set("streams.0.replicas", 6),
    _set("streams.0.retention", "Forever"),
    _set("streams.0.discard", "Newest"),
    _set("streams.0.maxMessages", 0),
    _set("streams.0.maxBytes", -1),
    _set("streams.0.maxAgeSeconds", 31_536_001),
    _set("streams.0.maxMessagesPerSubject", 0),
    _set("streams.0.compression", "Gzip"),
    _set("streams.1", {"name": "B", "storage": "Memory", "compression": "S2"}),
    _set("streams.0.retain", "Never"),
    _kind("consume", {"deliver": "First"}, "spec.workloads[0].consume.deliver"),
    _kind("consume", {"deliver": "ByStartSequence"}, "spec.workloads[0].consume"),
    _kind("consume", {"startSequence": 5}, "spec.workloads[0].consume"),
    _kind(
        "consume",
        {"deliver": "ByStartTime", "startTime": "yesterday"},
        "spec.workloads[0].consume.startTime",
    ),
    _kind("consume", {"deliver": "ByStartTime", "startSequence": 5}, "spec.workloads[0].consume"),
    _kind("consume", {"rateLimitBitsPerSecond": 1000}, "spec.workloads[0].consume"),
    _kind("consume", {"headersOnly": True}, "spec.workloads[0].consume"),
    _kind("consume", {"mode": "Ordered", "storage": "Memory"}, "spec.workloads[0].consume"),
    _kind("consume", {"samplePercent": 101}, "spec.workloads[0].consume.samplePercent"),
    _kind(
        "consume",
        {"inactiveThresholdSeconds": 0},
        "spec.workloads[0].consume.inactiveThresholdSeconds",
    ),
    _set("streams.0.maxMessageBytes", 0),
    _set("streams.0.duplicateWindowSeconds", 0),
    _set("streams.0.firstSequence", 0),
    _set("streams.0.persistMode", "Sync"),
    _set("streams.0.denyPurge", "yes"),
    _set("streams.0.discardNewPerSubject", True, "spec.streams[0]"),
    _set("streams.0.placement", {}),
    _set("streams.0.placement", {"cluster": ""}, "spec.streams[0].placement.cluster"),
    _set("streams.0.republish", {"source": "a"}, "spec.streams[0].republish.destination"),
    _set(
        "streams.0.subjectTransform",
        {"source": "a b", "destination": "c"},
        "spec.streams[0].subjectTransform.source",
    ),
    _set(
        "streams.0.consumerLimits",
        {"maxAckPending": 0},
        "spec.streams[0].consumerLimits.maxAckPending",
    ),
    _set("streams.0.useExisting", "yes"),
    _set("streams.1", {"name": "B", "useExisting": True, "subjects": ["b"]}),
    _set("streams.0.color", "red"),
    # workloads
    _set("workloads.0.name", "W"),
    _set("workloads.0.name", "-w"),
    _set("workloads.0.name", "w" * 41),
    _set("workloads.0.stream", "C", "spec"),
    _set("workloads.0.clients", 0),
    _set("workloads.0.clients", 257),
    _set("workloads.0.messages", 0),
    _set("workloads.0.messages", 1_000_000_000_001),
    _set("workloads.1.durationSeconds", 0),
    _set("workloads.1.durationSeconds", 2_592_001),
    _set("workloads.0.durationSeconds", 5, "spec.workloads[0]"),
    ("no length", _drop("workloads.0.messages"), "spec.workloads[0]"),
    _set("workloads.0.consume", {}, "spec.workloads[0]"),
    ("no kind", _drop("workloads.0.publish"), "spec.workloads[0]"),
    _set("workloads.0.publish.mode", "Fast"),
    _set("workloads.0.publish.window", 0),
    _set("workloads.0.publish.window", 100_001),
    _set("workloads.0.publish.payloadBytes", -1),
    _set("workloads.0.publish.payloadBytes", 8_388_609),
    _set("workloads.0.publish.payloadBytes", "1k"),
    _set("workloads.0.publish.subjects", ["a.*"], "spec.workloads[0].publish.subjects[0]"),
    _set("workloads.0.publish.verify", "Always"),
    _set("workloads.0.publish.verify", True),
    _set("workloads.0.publish.ackTimeoutSeconds", 0),
    _set("workloads.0.publish.ackTimeoutSeconds", 301),
    _set("workloads.1.consume.ack", "All", "spec.workloads[1].consume"),
    _set("workloads.1.consume.ack", "Some"),
    _set("workloads.1.consume.mode", "Pulled"),
    _set("workloads.1.consume.verify", "yes"),
    _set("workloads.1.consume.nakPercent", 91),
    _set("workloads.1.consume", {"ack": "None", "nakPercent": 5}, "spec.workloads[1].consume"),
    _set("workloads.1.messagesPerSecond", 10, "spec.workloads[1]"),
    _set("workloads.0.messagesPerSecond", 0),
    _set("workloads.0.rampSeconds", 2, "spec.workloads[0]"),
    _set("workloads.0.rampSeconds", -1),
    _set("workloads.0.warmupSeconds", -1),
    _set("workloads.1.warmupSeconds", 1, "spec.workloads[1]"),
    _set("workloads.0.startSeconds", -1),
    _set("workloads.0.startSeconds", 2_592_001),
    _set("workloads.0.reconnectSeconds", -1),
    _set("workloads.0.reconnectSeconds", 2_678_401),
    _set("workloads.0.reconnectSeconds", "always"),
    _set("workloads.1.after", "w"),
    _set("workloads.1.after", ["W"], "spec.workloads[1].after[0]"),
    _set("workloads.1.after", ["nobody"], "spec"),
    _set("workloads.1.after", ["r"], "spec"),
    _set("workloads.0.after", ["r"], "spec"),
    _set("workloads.1.after", ["w"] * 17),
    _stages([]),
    _stages([{"durationSeconds": 5}], "spec.workloads[0].stages[0].messagesPerSecond"),
    _stages([{"messagesPerSecond": 5}], "spec.workloads[0].stages[0].durationSeconds"),
    _stages([{**_STAGE, "durationSeconds": 0}], "spec.workloads[0].stages[0].durationSeconds"),
    _stages([{**_STAGE, "messagesPerSecond": -1}], "spec.workloads[0].stages[0].messagesPerSecond"),
    _stages([{**_STAGE, "ramp": "Jump"}], "spec.workloads[0].stages[0].ramp"),
    _stages([{**_STAGE, "target": 1}], "spec.workloads[0].stages[0].target"),
    _stages([_STAGE] * 33, "spec.workloads[0].stages"),
    _stages([{"durationSeconds": 5, "messagesPerSecond": 0}] * 2),
    _stages([_STAGE, _STAGE], warmupSeconds=10),
    _stages([_STAGE], durationSeconds=5),
    _stages([_STAGE], messages=5),
    _stages([_STAGE], messagesPerSecond=5),
    _stages([_STAGE], rampSeconds=5),
    _stages([_STAGE], publish={"mode": "AtomicBatch"}),
    ("no stream", _drop("workloads.0.stream"), "spec.workloads[0]"),
    _set("workloads.0.publish.payloadBytesMax", 5, "spec.workloads[0].publish"),
    _set("workloads.0.publish.payloadBytesMax", 0),
    _set("workloads.0.publish.compressiblePercent", 101),
    _set("workloads.0.publish.subjectCount", 0),
    _set("workloads.0.publish.subjectCount", 1_000_001),
    _kind(
        "publish",
        {"subjects": ["a", "b"], "subjectCount": 500_001},
        "spec.workloads[0].publish",
    ),
    _set("workloads.0.publish.subjectOrder", "Uniform"),
    _set("workloads.0.publish.messageIds", True),
    _set("workloads.0.publish.duplicatePercent", 10, "spec.workloads[0].publish"),
    _set("workloads.0.publish.duplicatePercent", 100),
    _set("workloads.0.publish.replySubjects", "Few"),
    _set("workloads.0.publish", {"mode": "AtomicBatch", "replySubjects": "Reused"}, _PUBLISH),
    _set("workloads.0.publish.ttlSeconds", 0),
    _set("workloads.0.publish.batch", 1),
    _set("workloads.0.publish.batch", 1001),
    _set("workloads.0.publish.headers", [{"name": "a b", "value": ""}], _HEADER + ".name"),
    _set("workloads.0.publish.headers", [{"name": "a", "value": "x\ny"}], _HEADER + ".value"),
    _set("workloads.0.publish.headers", [{"name": "a"}], _HEADER + ".value"),
    _set("workloads.0.publish.expect", "First"),
    _set("workloads.0.publish", {"expect": "LastSequence"}, _PUBLISH),
    _set("workloads.0.publish", {"expect": "LastSequence", "mode": "AtomicBatch"}, _PUBLISH),
    _set("workloads.0.publish", {"messageIds": "Unique", **_CAS}, _PUBLISH),
    _set("workloads.0.publish", {"increment": 1, **_CAS}, _PUBLISH),
    _set("workloads.0.publish.expectStream", "S"),
    _set("workloads.0.publish.payloadFile", "../a"),
    _set("workloads.0.publish.payloadFile", "a/b"),
    _set("workloads.0.publish.payloadFile", ".a"),
    _set("workloads.0.publish", {"payloadFile": "a", "payloadBytesMax": 9999}, _PUBLISH),
    _set("workloads.0.publish", {"compressiblePercent": 5, "payloadFile": "a"}, _PUBLISH),
    _set("workloads.0.publish", {"increment": 5, "payloadFile": "a"}, _PUBLISH),
    _set("workloads.0.publish.payloadLines", True, _PUBLISH),
    _set(
        "workloads.0.publish",
        {"mode": "AtomicBatch", "payloadFile": "a", "payloadLines": True},
        _PUBLISH,
    ),
    _set("workloads.0.publish.delaySeconds", 0),
    _set("workloads.0.publish", {"delaySeconds": 1, "mode": "FastBatch"}, _PUBLISH),
    _set("workloads.0.publish", {"delaySeconds": 1, "messageIds": "Unique"}, _PUBLISH),
    _set("workloads.0.publish", {"delaySeconds": 1, "ttlSeconds": 5}, _PUBLISH),
    _set(
        "workloads",
        [
            {"name": "w", "stream": "B", "messages": 1, "publish": {"delaySeconds": 1}},
            {"name": "r", "stream": "B", "messages": 1, "consume": {}},
        ],
        "spec",
    ),
    _set("workloads.0.publish.increment", 1.5),
    _set("workloads.0.publish.increment", 1_000_000_001),
    _set("workloads.0.publish", {"increment": 1, "mode": "FastBatch"}, _PUBLISH),
    _set("workloads.0.publish", {"increment": 1, "ttlSeconds": 1}, _PUBLISH),
    _kind("get", {"mode": "LastBySubject"}, "spec.workloads[0].get"),
    _kind("get", {"mode": "First"}, "spec.workloads[0].get.mode"),
    _kind("get", {"readFrom": "Follower"}, "spec.workloads[0].get.readFrom"),
    _kind("get", {"mode": "Batch", "readFrom": "Leader"}, "spec.workloads[0].get"),
    _kind("get", {"window": 0}, "spec.workloads[0].get.window"),
    _kind("get", {"batch": 1001}, "spec.workloads[0].get.batch"),
    _kind("get", {"mode": "MultiLast"}, "spec.workloads[0].get"),
    _kind("get", {"mode": "LastBySubject", "subjects": ["a.*"]}, "spec.workloads[0].get"),
    _kind("get", {"mode": "LastBySubject", "subjects": ["a.>"]}, "spec.workloads[0].get"),
    _kind(
        "get",
        {"mode": "MultiLast", "subjects": ["a.*"], "subjectCount": 2},
        "spec.workloads[0].get",
    ),
    _kind("get", {"mode": "Batch", "subjects": ["a", "b"]}, "spec.workloads[0].get"),
    _kind("get", {"mode": "Batch", "subjects": ["a"], "window": 2}, "spec.workloads[0].get"),
    _kind("get", {"mode": "Batch", "subjects": ["a"], "subjectCount": 2}, "spec.workloads[0].get"),
    _kind("get", {"subjects": ["a", "a b"]}, "spec.workloads[0].get.subjects[1]"),
    _kind("get", {"subjectCount": 1_000_001}, "spec.workloads[0].get.subjectCount"),
    _kind("get", {"subjects": ["a", "b"], "subjectCount": 500_001}, "spec.workloads[0].get"),
    _kind("keyValue", {"operation": "Put"}, "spec.workloads[0]"),
    _kind("keyValue", {"operation": "Take"}, "spec.workloads[0].keyValue.operation"),
    _kind(
        "keyValue", {"operation": "Update", "keys": 2, "window": 3}, "spec.workloads[0].keyValue"
    ),
    _kind("keyValue", {"operation": "Put", "watchKeys": "a"}, "spec.workloads[0].keyValue"),
    _kind("keyValue", {"operation": "Get", "updatesOnly": True}, "spec.workloads[0].keyValue"),
    _kind(
        "keyValue",
        {"operation": "Watch", "watchKeys": "a..b"},
        "spec.workloads[0].keyValue.watchKeys",
    ),
    _set(
        "workloads.1",
        {
            "name": "r",
            "stream": "KV_B",
            "durationSeconds": 1,
            "messagesPerSecond": 5,
            "keyValue": {"operation": "Watch"},
        },
    ),
    _kind("objectStore", {"operation": "Put"}, "spec.workloads[0]"),
    _kind("objectStore", {"operation": "Seal"}, "spec.workloads[0].objectStore.operation"),
    _kind(
        "objectStore",
        {"operation": "Put", "chunkBytes": 63},
        "spec.workloads[0].objectStore.chunkBytes",
    ),
    _kind(
        "objectStore",
        {"operation": "Put", "objectBytes": 1_073_741_825},
        "spec.workloads[0].objectStore.objectBytes",
    ),
    _kind(
        "objectStore",
        {"operation": "Get", "objects": 0},
        "spec.workloads[0].objectStore.objects",
    ),
    _managed({"operation": "StreamInfo"}, "spec.workloads[0].management"),
    _managed({"operation": "MoveStream"}, "spec.workloads[0].management.operation"),
    _managed({"operation": "CreateStream", "maxBytes": 0}, "spec.workloads[0].management.maxBytes"),
    _managed({"operation": "CreateStream", "assets": -1}, "spec.workloads[0].management.assets"),
    _managed({"operation": "CreateStream", "replicas": 6}, "spec.workloads[0].management.replicas"),
    _managed(
        {"operation": "CreateStream", "storage": "Disk"}, "spec.workloads[0].management.storage"
    ),
    _managed({"operation": "CreateConsumer"}, "spec.workloads[0]"),
    *(
        _managed({"operation": "CreateStream", **how}, "spec.workloads[0].management")
        for how in (
            {"deliver": "New"},
            {"filterSubjects": ["a"]},
            {"deliver": "ByStartSequence", "startSequence": 5},
        )
    ),
    _managed(
        {"operation": "CycleConsumer", "deliver": "ByStartTime"}, "spec.workloads[0].management"
    ),
    _managed({"operation": "CycleConsumer", "startSequence": 5}, "spec.workloads[0].management"),
    _managed(
        {"operation": "CycleConsumer", "deliver": "Deep"}, "spec.workloads[0].management.deliver"
    ),
    _managed(
        {"operation": "CycleConsumer", "filterSubjects": []},
        "spec.workloads[0].management.filterSubjects",
    ),
    _managed({"operation": "DeleteStream"}, "spec.workloads[0]", messages=100_001),
    _managed({"operation": "DeleteStream"}, "spec.workloads[0]", durationSeconds=1),
    _kind("management", {"operation": "CreateStream"}, "spec.workloads[0]"),
    *_services(),
    *_cores(),
    *_copies(),
    _set("workloads.1.consume.batch", 0),
    _set("workloads.1.consume.batch", 10_001),
    _set("workloads.1.consume.filterSubjects", ["a b"], f"{_CONSUME}.filterSubjects[0]"),
    _set("workloads.1.consume.filterSubjects", [f"a.{n}" for n in range(65)]),
    _set("workloads.1.consume.pulls", 0),
    _set("workloads.1.consume.pulls", 65),
    _set("workloads.1.consume.maxBytes", 0),
    _set("workloads.1.consume", {"maxBytes": 9, "pulls": 2}, _CONSUME),
    _set("workloads.1.consume", {"maxBytes": 9, "mode": "Push"}, _CONSUME),
    _set("workloads.1.consume", {"heartbeatSeconds": 1, "mode": "Push"}, _CONSUME),
    _set("workloads.1.consume.expiresSeconds", 0),
    _set("workloads.1.consume.heartbeatSeconds", 3, _CONSUME),
    _set("workloads.1.consume.consumers", "Some"),
    _set("workloads.1.consume", {"mode": "Ordered", "consumers": "Shared"}, _CONSUME),
    _set("workloads.1.consume", {"mode": "Push", "consumers": "Shared", "ack": "None"}, _CONSUME),
    _set("workloads.1.consume", {"ack": "All", "mode": "Push", "consumers": "Shared"}, _CONSUME),
    _set("workloads.1.consume", {"mode": "Pull", "ack": "All"}, _CONSUME),
    _set("workloads.1.consume.backoffSeconds", [0], f"{_CONSUME}.backoffSeconds[0]"),
    _set("workloads.1.consume.backoffSeconds", [1] * 33),
    _set("workloads.1.consume.maxDeliver", 0),
    _set("workloads.1.consume", {"maxDeliver": 1, "nakPercent": 5}, _CONSUME),
    _set("workloads.1.consume", {"maxDeliver": 2, "backoffSeconds": [1, 2, 3]}, _CONSUME),
    _set("workloads.1.consume", {"nakPercent": 5, "nakDelaySeconds": 10}, _CONSUME),
    _set("workloads.1.consume", {"ignorePercent": 5}, _CONSUME),
    _set("workloads.1.consume", {"ignorePercent": 5, "backoffSeconds": [10]}, _CONSUME),
    _set("workloads.1.consume", {"nakPercent": 60, "slowPercent": 41}, _CONSUME),
    _set("workloads.1.consume", {"mode": "Ordered", "slowPercent": 1}, _CONSUME),
    _set("workloads.1.consume", {"ack": "None", "terminatePercent": 1}, _CONSUME),
    _set("workloads.1.consume.processingMilliseconds", 0),
    _set("workloads.1.consume.priority", {}, f"{_CONSUME}.priority.policy"),
    _set("workloads.1.consume.priority", {"policy": "First"}, f"{_CONSUME}.priority.policy"),
    _set("workloads.1.consume.priority", {"policy": "Overflow"}),
    _set("workloads.1.consume.priority", {"policy": "PinnedClient", "minPending": 1}),
    _set(
        "workloads.1.consume",
        {"mode": "Push", "priority": {"policy": "PinnedClient"}},
        _CONSUME,
    ),
    _set(
        "workloads.1.consume",
        {"consumers": "Own", "priority": {"policy": "PinnedClient"}},
        _CONSUME,
    ),
    _kind("consume", {"priority": {"policy": "PinnedClient"}}, "spec.workloads[0]"),
    _kind("consume", {"mode": "Push", "consumers": "Shared"}, "spec.workloads[0]"),
    _set("workloads.1.consume.ackWaitSeconds", 0),
    _set("workloads.1.consume.maxAckPending", 0),
    _set("workloads.1.consume.idleTimeoutSeconds", 3601),
    _set("workloads.1.consume.existingConsumer", "a.b"),
    _set("workloads.1.consume.existingConsumer", "x" * 256),
    _set("workloads.1.consume.existingConsumer", "of-a-stream-that-the-job-makes", "spec"),
    *[
        _set("workloads.1.consume", {**other, "existingConsumer": "c"}, _CONSUME)
        for other in (
            {"mode": "Push"},
            {"mode": "Ordered"},
            {"consumers": "Own"},
            {"filterSubjects": ["a.b"]},
            {"backoffSeconds": [1]},
            {"maxDeliver": 5},
        )
    ],
    _set("streams.0", {"name": "A", "useExisting": True}, "spec"),
    # thresholds
    _set("thresholds.0.metric", "Speed"),
    ("threshold of nothing", _drop("thresholds.0.metric"), "spec.thresholds[0].metric"),
    _set("thresholds.0.workload", "x", "spec"),
    _set("thresholds.0.atMost", -1),
    _set("thresholds.0.atLeast", 1, "spec.thresholds[0]"),
    ("no bound", _drop("thresholds.0.atMost"), "spec.thresholds[0]"),
    *[
        (f"bad threshold {row}", _change("thresholds.0", {"metric": "Errors", **threshold}), field)
        for row, (threshold, field) in enumerate(
            [
                ({"atMostPercent": 5}, "spec.thresholds[0]"),
                ({"atMost": 5, "relativeTo": "main"}, "spec.thresholds[0]"),
                ({"atLeast": 5, "relativeToWorkload": "w"}, "spec.thresholds[0]"),
                (
                    {"atMostPercent": 5, "relativeTo": "main", "relativeToWorkload": "w"},
                    "spec.thresholds[0]",
                ),
                (
                    {"atMostPercent": 5, "atLeastPercent": 5, "relativeTo": "main"},
                    "spec.thresholds[0]",
                ),
                (
                    {"workload": "w", "atMostPercent": 5, "relativeToWorkload": "w"},
                    "spec.thresholds[0]",
                ),
                ({"atMostPercent": 5, "relativeToWorkload": "x"}, "spec"),
                (
                    {"atMostPercent": 0, "relativeTo": "main"},
                    "spec.thresholds[0].atMostPercent",
                ),
                (
                    {"atLeastPercent": 10_001, "relativeTo": "main"},
                    "spec.thresholds[0].atLeastPercent",
                ),
                ({"atMostPercent": 5, "relativeTo": "Main"}, "spec.thresholds[0].relativeTo"),
                ({"atMost": 5, "abortAfterSeconds": 5}, "spec.thresholds[0]"),
                ({"atMost": 5, "abort": False, "abortAfterSeconds": 5}, "spec.thresholds[0]"),
                (
                    {"atMost": 5, "abort": True, "abortAfterSeconds": 0},
                    "spec.thresholds[0].abortAfterSeconds",
                ),
                ({"atMost": 5, "abort": "yes"}, "spec.thresholds[0].abort"),
            ]
        )
    ],
    # the rest
    _set("description", "x" * 1025),
    _set("target", {"context": "a", "servers": ["nats://b"]}),
    _set("target", {"context": "../a"}, "spec.target.context"),
    _set("target", {"servers": ["http://b"]}, "spec.target.servers[0]"),
    _set("target", {"servers": ["nats://user:pass@b"]}, "spec.target.servers[0]"),
    _set("target", {"servers": ["ws://a", "nats://b"]}, "spec.target"),
    _set("target", {"servers": ["ws://a", "wss://b"]}, "spec.target"),
    _set("target", {"discover": "no"}, "spec.target.discover"),
    _set("target", {"servers": ["nats://b"] * 17}, "spec.target.servers"),
    _set("workers", -1),
    _set("workers", 1001),
    _set("startTimeoutSeconds", 0),
    _set("queueTimeoutSeconds", 0),
    _set("queueTimeoutSeconds", 604_801),
    _set("activeDeadlineSeconds", 2_678_401),
    _set("onWorkerLoss", "Ignore"),
    _set("verdictPolicy", "Ignore"),
    _set("suspend", "no"),
    _set("cancel", 1),
    _set("ttlSecondsAfterFinished", -1),
    _set("unknown", 1),
]

BAD: list[tuple[str, Spec, str]] = []
for _name, _mutate, _field in _ROWS:
    _spec = deepcopy(good())
    _mutate(_spec)
    BAD.append((_name, _spec, _field))

GOOD: list[tuple[str, Spec]] = [
    ("everything", good()),
    ("null is left out", {**good(), "description": None, "target": None}),
    ("of a mesh", {**good(), "mesh": "team-a"}),
    ("not again", {**good(), "skipIfRanWithinSeconds": 3600}),
    (
        "least",
        {
            "streams": [{"name": "A"}],
            "workloads": [{"name": "w", "stream": "A", "messages": 1, "publish": {}}],
        },
    ),
    (
        "existing",
        {
            "streams": [{"name": "A", "useExisting": True}],
            "workloads": [
                {"name": "w", "stream": "A", "messages": 1, "publish": {"subjects": ["x.y"]}},
                {
                    "name": "r",
                    "stream": "A",
                    "messages": 1,
                    "consume": {"ack": "None", "filterSubjects": ["x.y"]},
                },
                {
                    "name": "d",
                    "stream": "A",
                    "messages": 1,
                    "publish": {"subjects": ["x.y"], "delaySeconds": 1},
                },
                {
                    "name": "e",
                    "stream": "A",
                    "messages": 1,
                    "consume": {
                        "existingConsumer": "Orders_worker-1",
                        "consumers": "Shared",
                        "mode": "Fetch",
                        "ignorePercent": 5,
                        "filterSubjects": [],
                        "backoffSeconds": [],
                    },
                },
            ],
            "target": {"servers": ["nats://127.0.0.1:4222", "tls://[::1]:4222"]},
        },
    ),
    (
        "soak",
        {
            "activeDeadlineSeconds": 2_678_400,
            "workloads": [
                {
                    "name": "w",
                    "durationSeconds": 2_592_000,
                    "warmupSeconds": 86_401,
                    "core": {"operation": "Publish", "subject": "a"},
                }
            ],
        },
    ),
    (
        "copies",
        {
            "streams": [
                {"name": "A"},
                {"name": "B", "mirror": {"name": "A"}, "count": 2},
                {
                    "name": "C",
                    "sources": [
                        {"name": "A", "filterSubject": "A.*"},
                        {"name": "C", "apiPrefix": "$JS.hub.API", "deliverPrefix": "hub.deliver"},
                    ],
                },
                {
                    "name": "D",
                    "sources": [{"name": "B-1"}, {"name": "ELSEWHERE"}],
                    "subjects": ["d"],
                },
            ],
            "workloads": [
                {"name": "a", "stream": "A", "messages": 1, "publish": {}},
                {"name": "b", "stream": "B", "messages": 1, "consume": {}},
                {"name": "c", "stream": "C", "messages": 1, "get": {}},
                {"name": "d", "stream": "D", "messages": 1, "publish": {}},
            ],
        },
    ),
    (
        "core with many subjects",
        {
            "workloads": [
                {"name": name, "durationSeconds": 1, "core": core}
                for name, core in {
                    "send": {"operation": "Publish", "subject": "a", "subjectCount": 1_000_000},
                    "ask": {"operation": "Request", "subject": "a", "subjectOrder": "Zipf"},
                    "hear": {"operation": "Subscribe", "subject": "a", "subjectCount": 5},
                    "all": {"operation": "Subscribe", "subject": "a.>"},
                    "some": {"operation": "Subscribe", "subject": "a.*", "queueGroup": "g.1"},
                    "answer": {"operation": "Reply", "subject": ">", "queueGroup": "g"},
                }.items()
            ]
        },
    ),
    (
        "management",
        {
            "streams": [{"name": "A"}],
            "workloads": [
                {"name": "s", "messages": 1, "management": {"operation": "DeleteStream"}},
                {
                    "name": "c",
                    "stream": "A",
                    "durationSeconds": 1,
                    "messagesPerSecond": 10,
                    "management": {"operation": "ConsumerInfo", "assets": 5},
                },
            ],
        },
    ),
    *[
        (
            f"consume {kind}",
            {
                "streams": [{"name": "A"}],
                "workloads": [{"name": "r", "stream": "A", "durationSeconds": 1, "consume": kind}],
            },
        )
        for kind in (
            {"consumers": "Own", "ack": "All", "mode": "Fetch"},
            {"mode": "Push", "consumers": "Shared", "ack": "Double"},
            {"mode": "Ordered", "consumers": "Own", "maxBytes": 9, "heartbeatSeconds": 2},
            {"maxBytes": 9, "pulls": 1, "priority": {"policy": "Overflow", "minAckPending": 1}},
            {"ignorePercent": 40, "slowPercent": 60, "backoffSeconds": [9, 20], "maxDeliver": 2},
        )
    ],
    *[
        (
            f"publish {kind}",
            {
                "streams": [{"name": "A"}],
                "workloads": [{"name": "w", "stream": "A", "messages": 1, "publish": kind}],
            },
        )
        for kind in (
            {**_CAS, "ttlSeconds": 1, "expectStream": True},
            {"increment": -5, "messageIds": "Unique", "duplicatePercent": 5},
            {"delaySeconds": 5},
            {"mode": "AtomicBatch", "payloadFile": "a-1.json"},
            {"mode": "FastBatch", "payloadFile": "A_b", "payloadLines": True},
        )
    ],
    (
        "stages",
        {
            "streams": [{"name": "A"}],
            "workloads": [
                {
                    "name": "w",
                    "stream": "A",
                    "warmupSeconds": 9,
                    "stages": [{**_STAGE, "ramp": "Step"}, _STAGE],
                    "publish": {},
                },
                {"name": "r", "stream": "A", "messages": 1, "stages": [], "consume": {}},
            ],
        },
    ),
    *[
        (
            f"coming back for {seconds} s, to the named servers alone",
            {
                **good(),
                "target": {"servers": ["nats://b"], "discover": False},
                "workloads": [
                    {
                        "name": "w",
                        "stream": "A",
                        "durationSeconds": 5,
                        "reconnectSeconds": seconds,
                        "publish": {},
                    }
                ],
                "thresholds": [],
            },
        )
        for seconds in (0, 604_800)
    ],
    (
        "phases",
        {
            "streams": [{"name": "A"}],
            "workloads": [
                {"name": "w", "stream": "A", "messages": 1, "publish": {}, "after": []},
                {"name": "r", "stream": "A", "messages": 1, "consume": {}, "after": ["w"]},
                {
                    "name": "g",
                    "stream": "A",
                    "messages": 1,
                    "get": {},
                    "after": ["w", "r"],
                    "startSeconds": 5,
                },
            ],
        },
    ),
    (
        "services",
        {
            "workloads": [
                {
                    "name": "s",
                    "durationSeconds": 9,
                    "service": {
                        "operation": "Serve",
                        "subject": "a.b",
                        "name": "A_b-1",
                        "version": "1.2.3-rc.1+build.5",
                        "errorPercent": 100,
                    },
                },
                {
                    "name": "r",
                    "durationSeconds": 9,
                    "messagesPerSecond": 5,
                    "service": {"operation": "Request", "subject": "$SRV.PING"},
                },
            ]
        },
    ),
    (
        "thresholds in percent",
        {
            **good(),
            "thresholds": [
                {"metric": "Errors", "atMost": 0, "abort": True, "abortAfterSeconds": 1},
                {
                    "metric": "MessagesPerSecond",
                    "relativeTo": "main",
                    "atLeastPercent": 10_000,
                    "abort": True,
                },
                {"metric": "Messages", "relativeToWorkload": "w", "atMostPercent": 1},
            ],
        },
    ),
    ("steered", {**good(), "suspend": True, "cancel": True, "ttlSecondsAfterFinished": 0}),
]


def _three(*after: list[str]) -> Spec:
    """Three workloads, each after some others."""
    kinds: list[Spec] = [{"publish": {}}, {"consume": {}}, {"get": {}}]
    workloads = [
        {"name": name, "stream": "B", "messages": 1, "after": names, **kind}
        for name, names, kind in zip("abc", after, kinds, strict=True)
    ]
    return {"streams": [{"name": "B"}], "workloads": workloads}


# Words that break a rule over several fields: the refusal quotes them.
MISSPELT: list[tuple[str, Spec, str]] = [
    ("stream", _three([], [], []) | {"streams": [{"name": "Bee"}]}, "B"),
    ("no streams", _three([], [], []) | {"streams": []}, "B"),
    (
        "threshold",
        _three([], [], []) | {"thresholds": [{"workload": "aa", "metric": "Errors", "atMost": 0}]},
        "aa",
    ),
    (
        "threshold in percent",
        _three([], [], [])
        | {
            "thresholds": [{"metric": "Errors", "relativeToWorkload": "bb", "atMostPercent": 1}],
        },
        "bb",
    ),
    ("after nothing", _three([], ["a"], ["a", "bee"]), "bee"),
    ("after itself", _three([], ["b"], []), "b"),
    ("after a later one", _three(["c"], [], []), "c"),
]
