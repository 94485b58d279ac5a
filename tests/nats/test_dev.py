"""`njst dev` as a process: on ports of one's choice, with targets that it allows."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import httpx
import pytest

from njst.local.nats_server import NatsServer
from njst.local.reserved_port import ReservedPort
from njst.local.wait_until import wait_until

PATIENCE_S = 60.0
DEV = [sys.executable, "-m", "njst.cli.main", "dev", "--workers", "1"]


def free_port() -> int:
    reserved = ReservedPort(0)
    reserved.close()
    return reserved.number


@contextmanager
def running(*options: str) -> Iterator[None]:
    """`njst dev`, from when it says how to stop it until it has said that nothing is left."""
    with subprocess.Popen([*DEV, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert any("Ctrl-C stops everything" in line for line in process.stdout)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            rest = process.stdout.read()
        assert process.wait(PATIENCE_S) == 0
        assert "nothing is left running" in rest


def lacking(api: httpx.Client, path: str, phase: str) -> str | None:
    found = api.get(path).json()["phase"]
    return None if found == phase else f"the job is {found}"


def test_dev__with_ports_and_a_target__uses_them() -> None:
    nats_port, http_port = free_port(), free_port()
    options = ("--nats-port", str(nats_port), "--http-port", str(http_port))
    job = {
        "streams": [{"name": "S", "storage": "Memory"}],
        "workloads": [{"name": "w", "stream": "S", "messages": 100, "publish": {}}],
    }
    with (
        NatsServer.start(name="target") as target,
        running(*options, "--allow-target", f"127.0.0.1:{target.port}"),
        httpx.Client(base_url=f"http://127.0.0.1:{http_port}/api/v1", timeout=PATIENCE_S) as api,
    ):
        for wanted, port in (("Succeeded", target.port), ("Failed", nats_port + 1)):
            url = f"nats://127.0.0.1:{port}"
            answer = api.post("/jobs", json={**job, "target": {"servers": [url]}})
            path = f"/jobs/{answer.json()['id']}"
            assert wait_until(partial(lacking, api, path, wanted), PATIENCE_S) is None


def refused(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE_S)


def test_dev__on_a_port_that_is_taken__says_so() -> None:
    with NatsServer.start() as server:
        command = [*DEV, "--nats-port", str(server.port)]
        done = refused(command)
    assert done.returncode == 1
    assert f"port {server.port} of 127.0.0.1 is in use" in done.stderr


@pytest.mark.parametrize("option", ["--nats-port", "--http-port"])
def test_dev__on_a_port_that_is_none__names_the_option(option: str) -> None:
    command = [*DEV, option, "70000"]
    done = refused(command)
    assert done.returncode == 2
    assert option in done.stderr
