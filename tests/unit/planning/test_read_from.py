"""Whether single messages are read by direct gets or from the leader of the stream."""

from typing import Any

import pytest

from njst.contract.kinds.get import GetPlan
from njst.contract.kinds.key_value import KeyValuePlan
from njst.contract.parsing.document import parse_spec
from njst.planning.adjustments import Adjustments
from njst.planning.client_plans import client_plans
from njst.planning.client_slot import StreamState, TargetState


@pytest.mark.parametrize(
    ("kind", "allows", "from_leader", "noted"),
    [
        ({"get": {}}, True, False, []),
        ({"get": {}}, False, True, ["get.readFrom"]),
        ({"get": {"readFrom": "Leader"}}, True, True, []),
        ({"get": {"readFrom": "AnyReplica"}}, False, False, []),
        ({"keyValue": {"operation": "Get"}}, True, False, []),
        ({"keyValue": {"operation": "Get"}}, False, True, ["keyValue.operation"]),
        ({"keyValue": {"operation": "Put"}}, False, False, []),
    ],
)
def test_leader__is_asked_if_the_spec_says_so_or_the_stream_allows_nothing_else(
    kind: dict[str, Any], allows: bool, from_leader: bool, noted: list[str]
) -> None:
    workload = {"name": "w", "stream": "KV_b", "messages": 9, **kind}
    spec = parse_spec({"streams": [{"name": "KV_b", "useExisting": True}], "workloads": [workload]})
    adjusted = Adjustments()
    there = {"KV_b": StreamState(allows_direct_get=allows)}
    (client,) = client_plans("j", spec, ["a"], "a", TargetState(there, adjusted=adjusted))
    plan = client.get or client.key_value
    assert isinstance(plan, GetPlan | KeyValuePlan)
    assert plan.is_from_leader is from_leader
    assert [found.field for found in adjusted.all()] == noted
