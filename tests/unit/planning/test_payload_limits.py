"""A message that the target would not take is refused before any load, and by its field."""

from pathlib import Path
from typing import Any

import pytest

from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import SetupError
from njst.contract.spec.job import JobSpec
from njst.planning.payload_limits import check_payload_sizes
from njst.provisioning.payload_files import largest, payload_plans

STREAMS = [{"name": "S"}]
FIELDS: dict[str, dict[str, Any]] = {
    "publish.payloadBytes": {"stream": "S", "publish": {"payloadBytes": 1001}},
    "publish.payloadBytesMax": {
        "stream": "S",
        "publish": {"payloadBytes": 100, "payloadBytesMax": 1001},
    },
    "core.payloadBytes": {"core": {"operation": "Publish", "subject": "a", "payloadBytes": 1001}},
}


def spec_of(workload: dict[str, Any]) -> JobSpec:
    first = {"name": "small", "stream": "S", "messages": 1, "publish": {"payloadBytes": 1000}}
    large = {"name": "large", "messages": 1, **workload}
    return parse_spec({"streams": STREAMS, "workloads": [first, large]})


@pytest.mark.parametrize("field", FIELDS)
def test_a_message_beyond_the_servers_largest_is_named(field: str) -> None:
    spec = spec_of(FIELDS[field])
    check_payload_sizes(spec, 1001, {})
    with pytest.raises(SetupError) as found:
        check_payload_sizes(spec, 1000, {})
    assert found.value.reason == "PayloadTooLarge"
    assert found.value.message.startswith(f"spec.workloads[1].{field}: 1001 bytes;")


@pytest.mark.parametrize(
    ("how", "headers"),
    [
        ({"headers": [{"name": "A", "value": "bcd"}]}, 12 + len("A: bcd--")),
        ({"messageIds": "Unique"}, 12 + len("Nats-Msg-Id: 0123456789--")),
        (
            {"mode": "Synchronous", "expect": "LastSubjectSequence"},
            12 + len("Nats-Expected-Last-Subject-Sequence: 0123456789012345678--"),
        ),
        ({"ttlSeconds": 5}, 12 + len("Nats-TTL: 5--")),
        (
            {"mode": "AtomicBatch"},
            12
            + len("Nats-Batch-Id: 0123456789--")
            + len("Nats-Batch-Sequence: 1--")
            + len("Nats-Batch-Commit: 1--"),
        ),
    ],
)
def test_headers_are_of_the_message_too(how: dict[str, Any], headers: int) -> None:
    spec = spec_of({"stream": "S", "publish": {"payloadBytes": 1000, **how}})
    check_payload_sizes(spec, 1000 + headers, {})
    words = f"1000 bytes and {headers} of headers; .* {999 + headers} in"
    with pytest.raises(SetupError, match=words):
        check_payload_sizes(spec, 999 + headers, {})


@pytest.mark.parametrize(
    "how",
    [
        {"mode": "Synchronous", "expect": "LastSequence"},
        {"delaySeconds": 1},
    ],
)
def test_what_has_headers_of_its_own_needs_more_than_its_payload(how: dict[str, Any]) -> None:
    spec = spec_of({"stream": "S", "publish": {"payloadBytes": 1000, **how}})
    with pytest.raises(SetupError, match="of headers"):
        check_payload_sizes(spec, 1000, {})


@pytest.mark.parametrize(("lines", "size"), [(False, 1200), (True, 1001)])
def test_the_longest_payload_of_a_file_is_what_must_fit(
    tmp_path: Path, *, lines: bool, size: int
) -> None:
    (tmp_path / "a").write_bytes(b"x" * 198 + b"\n" + b"y" * 1001)
    how = {"payloadFile": "a", "payloadLines": lines, "headers": [{"name": "A", "value": "b"}]}
    spec = spec_of({"stream": "S", "publish": how})
    longest = {n: largest(file) for n, file in payload_plans(spec, tmp_path).items()}
    headers = 12 + len("A: b--")
    check_payload_sizes(spec, size + headers, longest)
    with pytest.raises(SetupError) as found:
        check_payload_sizes(spec, size + headers - 1, longest)
    assert found.value.reason == "PayloadTooLarge"
    words = f"spec.workloads[1].publish.payloadFile: {size} bytes and {headers} of headers;"
    assert found.value.message.startswith(words)


@pytest.mark.parametrize(
    ("operation", "headers"), [("Put", 0), ("Create", 61), ("Update", 61), ("Get", None)]
)
def test_a_value_has_the_headers_of_its_write(operation: str, headers: int | None) -> None:
    bucket = {"streams": [{"name": "KV_B"}]}
    key_value = {"operation": operation, "valueBytes": 1000}
    workload = {"name": "w", "stream": "KV_B", "messages": 1, "keyValue": key_value}
    spec = parse_spec({**bucket, "workloads": [workload]})
    check_payload_sizes(spec, 1000 + (headers or 0), {})
    if headers is None:
        check_payload_sizes(spec, 10, {})
        return
    with pytest.raises(SetupError, match=r"^PayloadTooLarge: spec.workloads\[0\].keyValue.value"):
        check_payload_sizes(spec, 999 + headers, {})
