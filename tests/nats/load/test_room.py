"""What just fits into a message of the target is taken by it; a byte more never comes to load."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from njst.contract.results.outcome import SetupError
from njst.local.nats_server import NatsServer
from tests.nats.modes.running import Runner

MOST = 2_000
# Of a write that expects a revision of ten digits.
EXPECTING = len("NATS/1.0--Nats-Expected-Last-Subject-Sequence: 0123456789----")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with NatsServer.start(config=f"max_payload: {MOST}") as server:
        yield server.url


@pytest.mark.parametrize("operation", ["Put", "Create", "Update", "Get"])
async def test_a_value(url: str, operation: str) -> None:
    most = MOST - (EXPECTING if operation in ("Create", "Update") else 0)
    done = await Runner(url).run(writing(operation, 20, most))
    assert done["w"].messages == (0 if operation == "Get" else 20)
    if operation == "Get":
        await Runner(url).run(writing(operation, 20, MOST + 1))
        return
    with pytest.raises(SetupError, match=rf"\[0\]\.keyValue\.valueBytes: {most + 1} bytes"):
        await Runner(url).run(writing(operation, 20, most + 1))


def writing(operation: str, messages: int, size: int) -> dict[str, Any]:
    key_value = {"operation": operation, "valueBytes": size, "keys": messages}
    workload = {"name": "w", "stream": "KV_B", "messages": messages, "keyValue": key_value}
    return {"streams": [{"name": "KV_B"}], "workloads": [workload]}


async def test_a_file(url: str, tmp_path: Path) -> None:
    publish = {"payloadFile": "a", "payloadLines": True}
    workload = {"name": "w", "stream": "S", "messages": 20, "publish": publish}
    document = {"streams": [{"name": "S"}], "workloads": [workload]}
    runner = Runner(url, payloads=tmp_path)
    for size, fits in ((MOST, True), (MOST + 1, False)):
        (tmp_path / f"a{size}").write_bytes(b"x\n" * 9 + b"y" * size)
        publish["payloadFile"] = f"a{size}"
        if fits:
            assert (await runner.run(document))["w"].messages == 20
            continue
        with pytest.raises(SetupError, match=rf"\[0\]\.publish\.payloadFile: {size} bytes; the"):
            await runner.run(document)
