"""A message that the target would not take is refused before any load, and by its field."""

from typing import Any

import pytest

from njst.agent.room import check_room
from njst.agent.target import SetupError
from njst.contract.document import parse_spec
from njst.contract.job import JobSpec

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
    check_room(spec, 1001)
    with pytest.raises(SetupError) as found:
        check_room(spec, 1000)
    assert found.value.reason == "PayloadTooLarge"
    assert found.value.message.startswith(f"spec.workloads[1].{field}: 1001 bytes;")
