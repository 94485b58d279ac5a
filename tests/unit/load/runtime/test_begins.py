"""Readers and writers of keys that go in turns begin where their plan says."""

import re
import tracemalloc

import pytest

from njst.contract.kinds.get import GetMode, GetPlan
from njst.contract.kinds.key_value import KeyValueOperation, KeyValuePlan
from njst.contract.plan import ClientPlan
from njst.load.kinds.registry import open_client
from njst.load.load_client import StartTime
from njst.load.recording.shared_records import SharedRecords

INBOX = "_INBOX.test"


def asked(plan: ClientPlan, pattern: bytes) -> list[int]:
    """The number in each of a client's first requests, as long as none is answered."""
    workload = open_client(plan, INBOX, SharedRecords("job", lambda: 0))
    workload.recorder.start(1)
    workload.start(StartTime(1))
    return [int(found) for found in re.findall(pattern, workload.next_bytes(1))]


@pytest.mark.parametrize(
    ("mode", "pattern", "wanted"),
    [
        (GetMode.SEQUENCE, rb'"seq":(\d+)', [9, 10, 1, 2]),
        (GetMode.BATCH, rb'"seq":(\d+)', [9, 2, 4, 6]),
        (GetMode.LAST_BY_SUBJECT, rb"GET\.S\.a\.(\d+) ", [8, 9, 0, 1]),
        (GetMode.MULTI_LAST, rb'"a\.(\d+)"', [8, 9, 0, 1, 2, 3, 4, 5]),
    ],
)
def test_who_gets(mode: GetMode, pattern: bytes, wanted: list[int]) -> None:
    by_subject = {"subjects": ["a"], "subject_count": 10} if mode.value.count("Last") else {}
    get = GetPlan.model_validate(
        {"mode": mode, "stream": "S", "window": 4, "batch": 2, "last_sequence": 10, "first": 8}
        | {"timeout_ms": 1000, **by_subject}
    )
    assert asked(ClientPlan(workload="w", index=0, messages=100, get=get), pattern) == wanted


@pytest.mark.parametrize("operation", [KeyValueOperation.GET, KeyValueOperation.PUT])
def test_who_uses_keys(operation: KeyValueOperation) -> None:
    key_value = KeyValuePlan(
        operation=operation,
        bucket="b",
        prefix="all",
        keys=10,
        first_key=8,
        value_bytes=8,
        window=4,
        timeout_ms=1000,
    )
    plan = ClientPlan(workload="w", index=0, messages=100, key_value=key_value)
    assert asked(plan, rb"\$KV\.b\.all\.(\d+) ") == [8, 9, 0, 1]


@pytest.mark.parametrize("mode", [GetMode.LAST_BY_SUBJECT, GetMode.MULTI_LAST])
def test_of_a_million_subjects_each_name_is_made_when_it_is_asked_for(mode: GetMode) -> None:
    get = GetPlan(
        mode=mode,
        stream="S",
        window=4,
        batch=1,
        subjects=["a", "b"],
        subject_count=500_000,
        first=999_998,
        timeout_ms=1000,
    )
    plan = ClientPlan(workload="w", index=0, messages=100, get=get)
    wanted = [499_998, 499_999, 0, 1]
    tracemalloc.start()
    try:
        assert asked(plan, rb"[ab]\.(\d+)[\" ]") == wanted
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000


def test_a_long_stream_is_read_in_turns_to_its_end() -> None:
    get = GetPlan(
        mode=GetMode.SEQUENCE, stream="S", window=70_000, last_sequence=66_000, timeout_ms=1000
    )
    plan = ClientPlan(workload="w", index=0, messages=70_000, get=get)
    workload = open_client(plan, INBOX, SharedRecords("job", lambda: 0))
    workload.recorder.start(1)
    workload.start(StartTime(1))
    sent = b""
    while data := workload.next_bytes(1):
        sent += data
    sequences = [int(found) for found in re.findall(rb'"seq":(\d+)', sent)]
    assert sequences == [n % 66_000 + 1 for n in range(70_000)]
