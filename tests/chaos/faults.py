"""The faults: each strikes, lasts until it is healed, and says who may suffer from it."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nats

from njst.local.local_worker import LocalWorker
from njst.local.nats_cluster import NatsCluster
from njst.local.nats_server import NatsServer
from tests.nats.mesh.mesh import Json, Mesh
from tests.nats.truth.proxy import Proxy
from tests.wallclock import wallclock

# Longer than silence plus the chain of accusations, so that a worker is lost.
LOST_S = 9.0
# How long the account stays full.
FULL_S = 3.0
# What runs by the wall clock is out of every bound then.
JUMP_MS = 3_600_000


@dataclass
class Scene:
    """A mesh in which a fault is to strike; worker 0 is the victim, 1 survives everything."""

    mesh: Mesh
    servers: tuple[NatsServer, ...]
    proxy: Proxy | None
    stack: ExitStack
    cluster: NatsCluster | None = None
    dead: set[int] = field(default_factory=set)
    # What the victim's wall clock is ahead of the true one, in ms; a file.
    clock: Path | None = None

    @property
    def url(self) -> str:
        return ",".join(server.url for server in self.servers)

    @property
    def survivors(self) -> list[int]:
        return [n for n in range(len(self.mesh.workers)) if n not in self.dead]


@dataclass(frozen=True)
class Fault:
    """`victims` may be lost or fail; with `breaks_target` everybody's load may have errors."""

    name: str
    strike: Callable[[Scene], None]
    heal: Callable[[Scene], None] = lambda _: None
    victims: frozenset[int] = frozenset({0})
    breaks_target: bool = False
    needs: str = "server"
    # Changes the job, given the target's address.
    adapt: Callable[[Json, str], None] = lambda _, __: None


def _kill(*numbers: int) -> Callable[[Scene], None]:
    def strike(scene: Scene) -> None:
        for number in numbers:
            scene.mesh.workers[number].service.kill()
            scene.dead.add(number)

    return strike


def _stop(scene: Scene) -> None:
    os.kill(scene.mesh.workers[0].service.pid, signal.SIGSTOP)


def _continue(scene: Scene) -> None:
    time.sleep(LOST_S)
    os.kill(scene.mesh.workers[0].service.pid, signal.SIGCONT)


def _restart(scene: Scene) -> None:
    scene.servers[0].kill()


def _restarted(scene: Scene) -> None:
    scene.servers[0].restart()


def _kill_leader(scene: Scene) -> None:
    assert scene.cluster is not None
    leader = _leader(scene)
    leader.kill()
    scene.stack.callback(leader.stop)


def _leader(scene: Scene) -> NatsServer:
    """Return the server that leads the job log."""
    by_name = {server.name: server for server in scene.servers}
    details = scene.servers[0].monitor("/jsz?streams=true")["account_details"]
    for stream in details[0]["stream_detail"]:
        if stream["name"] == "NJST_default_LOG":
            return by_name[stream["cluster"]["leader"]]
    raise AssertionError("no job log")


def _leader_back(scene: Scene) -> None:
    assert scene.cluster is not None
    scene.cluster.launch()
    scene.cluster.wait_ready()


def _cut(scene: Scene) -> None:
    assert scene.proxy is not None
    scene.proxy.stall(int(LOST_S * 1e9))


def _wait_out(_: Scene) -> None:
    time.sleep(LOST_S)


def _other_target(spec: Json, url: str) -> None:
    spec["target"] = {"servers": url.split(",")}


def _fill(scene: Scene) -> None:
    """Use up the account's storage, the log's next event included."""
    _js(scene, _fill_up)


async def _fill_up(client: Any) -> None:
    js = client.jetstream()
    await js.add_stream(name="JUNK", subjects=["junk"], storage="file")
    chunk = b"x" * 512 * 1024
    for _ in range(200):
        for _ in range(8):
            await client.publish("junk", chunk)
        try:
            await js.publish("junk", chunk, timeout=60)
        except nats.js.errors.ServiceUnavailableError:  # insufficient resources
            return
    raise AssertionError("it does not fill up")


def _free(scene: Scene) -> None:
    time.sleep(FULL_S)
    _js(scene, lambda client: client.jetstream(timeout=60).delete_stream("JUNK"))


def with_clock(worker: LocalWorker, clock: Path) -> None:
    """Let a worker, before it is launched, read a wall clock that `clock` sets forward."""
    env = {**os.environ, **wallclock.set_by(clock)}
    worker.service.command = replace(worker.service.command, env=env)


def _jump(scene: Scene) -> None:
    assert scene.clock is not None
    scene.clock.write_text(str(JUMP_MS))


def _js(scene: Scene, use: Callable[[Any], Any]) -> None:
    async def run() -> None:
        client = await nats.connect(scene.url.split(","))
        try:
            await use(client)
        finally:
            await client.close()

    # The test's own loop runs in this thread.
    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    thread.join()


NOBODY: frozenset[int] = frozenset()
FAULTS = {
    fault.name: fault
    for fault in (
        Fault("kill a worker", _kill(0)),
        Fault("kill all but one", _kill(0, 2), victims=frozenset({0, 2})),
        Fault("stop a worker", _stop, _continue),
        Fault("restart NATS", _restart, _restarted, NOBODY, breaks_target=True),
        Fault(
            "kill the log's leader",
            _kill_leader,
            _leader_back,
            NOBODY,
            breaks_target=True,
            needs="cluster",
        ),
        Fault("cut a worker off", _cut, _wait_out, needs="proxy"),
        Fault("cut control, not target", _cut, _wait_out, needs="proxy", adapt=_other_target),
        Fault("jump a clock", _jump, victims=NOBODY, needs="clock"),
        Fault("fill JetStream", _fill, _free, NOBODY, breaks_target=True, needs="small"),
    )
}

# Room for the log's own bounds and little else.
SMALL = "jetstream { max_file_store: 320MB, max_memory_store: 128MB }"
