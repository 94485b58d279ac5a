"""A worker that cannot start says why: in one line of its log, in /readyz, and when it ends."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from njst.local.local_worker import LocalWorker
from njst.local.nats_binary import nats_server_binary
from njst.local.nats_server import NatsServer
from njst.local.reserved_port import ReservedPort
from njst.local.wait_until import wait_until
from tests.documented import is_documented
from tests.loglines import parsed
from tests.nats.connections.identities import Operator
from tests.nats.journal.test_connect import without_jetstream

__all__ = ["without_jetstream"]

LIMIT_S = 90.0


@contextmanager
def waiting_worker(folder: Path, url: str, *options: str) -> Iterator[LocalWorker]:
    """A worker that has more patience than a test."""
    worker = LocalWorker("w", url, folder, options=("--wait-seconds", "600", *options))
    try:
        worker.service.launch()
        yield worker
    finally:
        worker.close()


def get(worker: LocalWorker, path: str) -> httpx.Response:
    return httpx.get(f"{worker.url}/{path}", timeout=LIMIT_S)


def why_not_ready(worker: LocalWorker) -> str:
    """Return what /readyz says once the worker has tried."""

    def starting() -> str | None:
        detail = get(worker, "readyz").json()["detail"]
        return detail if detail.startswith("Starting") else None

    def lacks() -> str | None:
        try:
            return starting()
        except httpx.TransportError as error:
            raise OSError(str(error)) from error

    assert wait_until(lacks, LIMIT_S) is None
    assert get(worker, "healthz").text == "ok", "to wait is no reason to be restarted"
    detail: str = get(worker, "readyz").json()["detail"]
    reason, _, words = detail.partition(": ")
    assert reason == "ControlUnavailable"
    return words


def assert_said(worker: LocalWorker, folder: Path, *parts: str) -> None:
    """The words are in /readyz, once in the log, in the probe's answer and in the docs."""
    words = why_not_ready(worker)
    for part in parts:
        assert part in words
    assert is_documented(words)
    asked = [sys.executable, "-m", "njst.probe", f"{worker.url}/readyz"]
    probe = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (probe.returncode, probe.stdout) == (1, f"ControlUnavailable: {words}\n")
    text = (folder / "w.log").read_text()
    (line,) = parsed(text)
    assert len(text.splitlines()) == 1
    assert (line.level, line.job) == ("WARNING", "-")
    assert line.message.startswith(f"{words}; trying again for ")


def test_no_nats_and_then_one(tmp_path: Path) -> None:
    port = ReservedPort()
    url = f"nats://{port.address}"
    with waiting_worker(tmp_path, url) as worker:
        assert_said(worker, tmp_path, url, "no answer", "is the address right?")
        with NatsServer.start(port=port.number):
            worker.service.wait_ready(LIMIT_S)
    port.close()


def test_a_nats_without_jetstream(tmp_path: Path, without_jetstream: str) -> None:
    with waiting_worker(tmp_path, without_jetstream) as worker:
        assert_said(worker, tmp_path, "JetStream is not enabled")


def test_a_wrong_key_in_a_secret_and_then_the_right_one(tmp_path: Path) -> None:
    mounted = tmp_path / "login"
    mounted.mkdir()
    (mounted / "user.creds").write_text("x")
    operator = Operator()
    with (
        NatsServer.start(config=operator.config()) as server,
        waiting_worker(tmp_path, server.url, "--creds", str(mounted / "nats.creds")) as worker,
    ):
        assert_said(worker, tmp_path, "nats.creds: No such file", "; there: user.creds")
        (mounted / "nats.creds").write_text(operator.user().creds())
        worker.service.wait_ready(LIMIT_S)


def test_credentials_that_have_expired(tmp_path: Path) -> None:
    operator = Operator()
    creds = tmp_path / "nats.creds"
    creds.write_text(operator.user(seconds=-60).creds())
    with (
        NatsServer.start(config=operator.config()) as server,
        waiting_worker(tmp_path, server.url, "--creds", str(creds)) as worker,
    ):
        assert_said(worker, tmp_path, "the user JWT expired at 20")


def test_no_room_for_the_log(tmp_path: Path) -> None:
    with (
        NatsServer.start(config="jetstream { max_file_store: 1MB }") as server,
        waiting_worker(tmp_path, server.url) as worker,
    ):
        assert_said(worker, tmp_path, "cannot be made", "insufficient storage")


def test_a_store_that_cannot_be_written_to() -> None:
    """What the server itself says, because no worker can know it; in /proc nobody may write."""
    argv = ["--addr", "127.0.0.1", "--port", "-1", "--jetstream", "--store_dir"]
    server = subprocess.run(
        [str(nats_server_binary()), *argv, "/proc/njst"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    last = server.stderr.splitlines()[-1]
    assert server.returncode == 1
    assert is_documented(last[last.index("[FTL]") :])


def test_credentials_that_expire_meanwhile_and_are_renewed(tmp_path: Path) -> None:
    operator = Operator()
    creds = tmp_path / "nats.creds"
    creds.write_text(operator.user().creds())
    with (
        NatsServer.start(config=operator.config()) as server,
        waiting_worker(tmp_path, server.url, "--creds", str(creds)) as worker,
    ):
        worker.service.wait_ready(LIMIT_S)
        # From here on, so that no start is too slow for them.
        creds.write_text(operator.user(seconds=8).creds())
        server.restart()

        def lacks() -> str | None:
            answer = get(worker, "readyz")
            said = "" if answer.is_success else answer.json()["detail"]
            return None if "the user JWT expired at" in said else said or "it is ready"

        assert wait_until(lacks, LIMIT_S) is None
        reason, _, words = get(worker, "readyz").json()["detail"].partition(": ")
        assert reason == "ControlLost"
        assert is_documented(words)
        creds.write_text(operator.user().creds())
        worker.service.wait_ready(LIMIT_S)


def test_nothing_that_is_written_needs_a_disk(
    tmp_path: Path, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job runs although there is no folder that a worker could write to."""
    for name in ("HOME", "TMPDIR", "TMP", "TEMP", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "/nowhere")
    job = {
        "streams": [{"name": "S", "storage": "Memory"}],
        "workloads": [{"name": "w", "stream": "S", "messages": 100, "publish": {}}],
    }
    with LocalWorker("w", nats_server.url, tmp_path) as worker:
        worker.service.wait_ready(LIMIT_S)
        made = httpx.post(f"{worker.url}/api/v1/jobs", json=job, timeout=LIMIT_S).json()

        def runs() -> str | None:
            phase = get(worker, f"api/v1/jobs/{made['id']}").json()["phase"]
            return None if phase == "Succeeded" else str(phase)

        assert wait_until(runs, LIMIT_S) is None


@pytest.mark.parametrize("patience", ["0", "0.5"])
def test_it_ends_with_the_line_when_its_patience_does(tmp_path: Path, patience: str) -> None:
    port = ReservedPort()
    url = f"nats://{port.address}"
    argv = (*("--nats", url, "--http", "127.0.0.1:0"), *("--wait-seconds", patience))
    ended = subprocess.run(
        [sys.executable, "-m", "njst.cli.main", "worker", *argv],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    port.close()
    last = ended.stderr.splitlines()[-1]
    assert ended.returncode == 1
    assert last.startswith(f"njst: control NATS {url}: no answer")


def test_a_stop_while_it_waits_ends_it_with_the_line(tmp_path: Path) -> None:
    port = ReservedPort()
    url = f"nats://{port.address}"
    argv = [sys.executable, "-m", "njst.cli.main", "worker", "--nats", url, "--wait-seconds=600"]
    with subprocess.Popen(
        [*argv, "--http", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stderr is not None
        (line,) = parsed(worker.stderr.readline())
        assert line.message.startswith("control NATS")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(LIMIT_S) == 1
        assert worker.stderr.read().startswith(f"njst: control NATS {url}")
    port.close()
