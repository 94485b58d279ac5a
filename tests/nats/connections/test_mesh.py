"""A mesh whose control NATS and target have different logins, end to end."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from njst.local.local_worker import LocalWorker
from njst.local.nats_server import NatsServer
from njst.local.reserved_port import ReservedPort
from tests.nats.connections.identities import Certificates, Operator
from tests.nats.mesh.mesh import Mesh, running

PASSWORD = "pa55word-of-the-target"


@pytest.fixture
def target(tmp_path: Path) -> Iterator[tuple[NatsServer, dict[str, Any]]]:
    """A server that wants TLS and a password, and the context that has both."""
    made = Certificates(tmp_path / "tls")
    login = f'authorization {{ users = [{{user: "tester", password: "{PASSWORD}"}}] }}'
    with NatsServer.start(name="target", config=f"{made.config()}\n{login}") as server:
        url = server.url.replace("nats://127.0.0.1", "tls://localhost")
        yield server, {"url": url, "user": "tester", "password": PASSWORD, "ca": made.ca}


@pytest.fixture
def mesh(tmp_path: Path, target: tuple[NatsServer, dict[str, Any]]) -> Iterator[Mesh]:
    """Two workers that know the control NATS by creds, and the target by a context."""
    operator = Operator()
    creds, contexts = tmp_path / "user.creds", tmp_path / "contexts"
    creds.write_text(operator.user().creds())
    contexts.mkdir()
    (contexts / "good.json").write_text(json.dumps(target[1]))
    (contexts / "wrong.json").write_text(json.dumps({**target[1], "password": "no"}))
    options = ("--creds", str(creds), "--contexts", str(contexts))
    with NatsServer.start(name="control", config=operator.config()) as control:
        workers = [LocalWorker(f"w{n}", control.url, tmp_path, options=options) for n in range(2)]
        with running(control, workers, tmp_path) as mesh:
            yield mesh


def job(context: str) -> dict[str, Any]:
    publish = {"mode": "Asynchronous", "payloadBytes": 64}
    return {
        "target": {"context": context},
        "streams": [{"name": "S", "retain": "Keep"}],
        "workloads": [{"name": "write", "stream": "S", "messages": 1_001, "publish": publish}],
    }


def test_control_and_target_have_logins_of_their_own(
    mesh: Mesh, target: tuple[NatsServer, dict[str, Any]]
) -> None:
    ended = mesh.wait_ended(mesh.post(job("good")))
    assert ended["phase"] == "Succeeded", ended
    (account,) = target[0].monitor("/jsz?streams=true")["account_details"]
    (stream,) = account["stream_detail"]
    assert (stream["name"], stream["state"]["messages"]) == ("S", 1_001)
    refused = mesh.post(job("wrong"))
    mesh.wait_ended(refused)
    report = mesh.report(refused)
    assert report["reason"] == "TargetLoginRefused"
    assert "no user 'tester' with this password" in report["message"]
    assert PASSWORD not in json.dumps(report)
    for worker in mesh.workers:
        assert PASSWORD not in (mesh.folder / f"{worker.name}.log").read_text()


def _with_websocket(place: str) -> NatsServer:
    config = f'websocket {{ listen: "{place}", no_tls: true }}'
    return NatsServer.start(name="control", config=config)


def test_a_mesh_whose_nats_is_a_websocket(tmp_path: Path) -> None:
    """Control, set-up, load and the reading of what was stored: nobody knows another port."""
    with closing(ReservedPort()) as port, _with_websocket(port.address) as nats:
        url = f"ws://{port.address}"
        workers = [LocalWorker(f"w{n}", url, tmp_path) for n in range(2)]
        with running(nats, workers, tmp_path) as mesh:
            spec = job("")
            del spec["target"]
            ended = mesh.wait_ended(mesh.post(spec))
            assert ended["phase"] == "Succeeded", ended
            (write,) = mesh.report(ended["id"], worker=1)["workloads"]
            assert write["readBack"]["found"] == 1_001
            kinds = {connection["kind"] for connection in nats.monitor("/connz")["connections"]}
            types = {connection["type"] for connection in nats.monitor("/connz")["connections"]}
            assert (kinds, types) == ({"Client"}, {"websocket"})
