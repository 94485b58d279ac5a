"""How many messages a pull asks for, where the spec leaves it open."""

from typing import Any

import pytest

from njst.contract.parsing.document import parse_spec
from njst.planning.adjustments import Adjustments
from njst.planning.client_plans import client_plans
from njst.planning.client_slot import StreamState, TargetState


def batch_of(stored_bytes: int = 0, payload_bytes: int = 0, **consume: Any) -> int:
    workloads: list[dict[str, Any]] = [
        {"name": "read", "stream": "S", "messages": 9, "consume": consume}
    ]
    if payload_bytes:
        publish = {"payloadBytes": 32, "payloadBytesMax": payload_bytes}
        workloads.append({"name": "write", "stream": "S", "messages": 9, "publish": publish})
    spec = parse_spec({"streams": [{"name": "S"}], "workloads": workloads})
    there = {"S": StreamState(average_bytes=stored_bytes)}
    plan = next(
        plan for plan in client_plans("j", spec, ["a"], "a", TargetState(there)) if plan.consume
    )
    assert plan.consume is not None
    return plan.consume.batch


@pytest.mark.parametrize(
    ("size", "batch"),
    [
        (0, 500),
        (128, 500),
        # Two pulls of 16 MiB together.
        (16_777, 500),
        (32 * 1024, 256),
        (1024 * 1024, 8),
        (8 * 1024 * 1024, 1),
        (64 * 1024 * 1024, 1),
    ],
)
def test_batch__left_open__is_lowered_for_large_messages(size: int, batch: int) -> None:
    assert batch_of(stored_bytes=size) == batch
    if 32 <= size <= 8 * 1024 * 1024:
        assert batch_of(payload_bytes=size) == batch


def test_batch__that_is_lowered__is_noted() -> None:
    workload = {"name": "read", "stream": "S", "messages": 9, "consume": {}}
    spec = parse_spec({"streams": [{"name": "S"}], "workloads": [workload]})
    noted = Adjustments()
    there = {"S": StreamState(average_bytes=1024 * 1024)}
    client_plans("j", spec, ["a"], "a", TargetState(there, adjusted=noted))
    (found,) = noted.all()
    assert (found.workload, found.field, found.value) == ("read", "consume.batch", "8")
    assert "messages of 1048576 bytes" in found.why


def test_batch__of_one_pull__is_twice_as_large() -> None:
    assert batch_of(1024 * 1024, mode="Fetch") == 16
    assert batch_of(1024 * 1024, pulls=1) == 16


@pytest.mark.parametrize(
    ("consume", "batch"), [({"batch": 400}, 400), ({"maxBytes": 1_000_000}, 500)]
)
def test_batch__that_the_spec_sets_or_bounds__stays(consume: dict[str, Any], batch: int) -> None:
    assert batch_of(8 * 1024 * 1024, **consume) == batch
