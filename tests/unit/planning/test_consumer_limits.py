"""How many consumers a stream is asked to take."""

from typing import Any

import pytest

from njst.contract.parsing.document import parse_spec
from njst.planning.consumer_limits import most_consumers


@pytest.mark.parametrize(
    ("clients", "kind", "wanted"),
    [
        (200, {"consume": {}}, None),
        (200, {"publish": {}}, None),
        (200, {"consume": {"mode": "Ordered"}}, 5 * 200 + 1_000),
        (10, {"consume": {"mode": "Push"}}, None),
        (1, {"management": {"operation": "ConsumerInfo", "assets": 2_000}}, 5 * 2_000 + 1_000),
        (1, {"management": {"operation": "CreateConsumer"}, "messages": 50}, None),
        (1, {"management": {"operation": "CreateConsumer"}, "messages": 5_000}, 6_000),
        (1, {"management": {"operation": "CreateConsumer"}}, 1_001_000),
        (1, {"management": {"operation": "DeleteConsumer"}, "messages": 5_000}, 6_000),
        (1, {"management": {"operation": "CycleConsumer", "assets": 100, "window": 200}}, 2_500),
    ],
)
def test_room_is_asked_for_where_a_server_gives_less(
    clients: int, kind: dict[str, Any], wanted: int | None
) -> None:
    length = {} if "messages" in kind else {"durationSeconds": 1}
    workload = {"name": "w", "stream": "S", "clients": clients, **length, **kind}
    spec = parse_spec({"streams": [{"name": "S"}], "workloads": [workload]})
    assert most_consumers(spec, spec.streams[0], participants=5) == wanted
