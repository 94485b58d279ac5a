"""Servers that a target has named are known after the load."""

from typing import Any, cast

from njst.agent.deps import AgentDeps
from njst.contract.connection import Connection
from njst.contract.spec.target import Target


def deps() -> AgentDeps:
    nothing = cast("Any", None)
    return AgentDeps(
        me="w",
        log=nothing,
        job_store=nothing,
        time=nothing,
        resolve=lambda target: Connection(servers=target.servers or ["nats://control:4222"]),
        provision=nothing,
        teardown=nothing,
        prepare=nothing,
        read_slice=nothing,
        warm_up=nothing,
        reports=nothing,
        windows=nothing,
        run_in_thread=nothing,
    )


def test_discovered_servers__of_a_target__are_used_for_it_alone() -> None:
    worker, target, other = deps(), Target(servers=["nats://a:1"]), Target()
    worker.remember_servers(target, ["b:2", "c:3"])
    assert worker.connection_to(target).found == ["b:2", "c:3"]
    assert worker.connection_to(target).servers == ["nats://a:1"]
    assert worker.connection_to(other).found == []
    worker.remember_servers(target, [])
    assert worker.connection_to(target).found == ["b:2", "c:3"], (
        "a load that learnt nothing says nothing"
    )
    worker.remember_servers(target, ["d:4"])
    assert worker.connection_to(target).found == ["d:4"]
    assert deps().connection_to(target).found == []
