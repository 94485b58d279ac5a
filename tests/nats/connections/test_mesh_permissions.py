"""Two meshes on one control NATS, with the logins of examples/nats/two-meshes.conf."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from njst.contract.connection import Connection
from njst.contract.names.mesh import Mesh as Names
from njst.contract.names.mesh_permissions import mesh_permissions
from njst.local.local_worker import LocalWorker
from njst.local.nats_server import NatsServer
from njst.provisioning.target.target_client import PermissionDeniedError, TargetClient
from njst.provisioning.target.target_connection import target_connection
from tests.nats.mesh.mesh import Mesh, publish_job, running

CONFIG = Path("examples/nats/two-meshes.conf").read_text()
WORKERS = {"orders": 2, "payments": 1}
WORKLOADS = 12


@pytest.fixture(scope="module")
def control() -> Iterator[NatsServer]:
    with NatsServer.start(name="control", config=CONFIG) as server:
        yield server


@pytest.fixture(scope="module")
def target() -> Iterator[NatsServer]:
    with NatsServer.start(name="target") as server:
        yield server


def login(mesh: str) -> tuple[str, ...]:
    return (
        *("--user", mesh, "--password", f"{mesh}-secret"),
        *("--inbox-prefix", f"_INBOX_{mesh}"),
    )


def test_example__each_login__has_the_permissions_of_its_mesh() -> None:
    users = re.split(r"user: ", CONFIG)[1:]
    for mesh, text in zip(WORKERS, users, strict=True):
        publish, subscribe = (set(re.findall('"(.*)"', part)) for part in text.split("subscribe:"))
        needed = mesh_permissions(Names(mesh))
        inbox = {f"_INBOX_{mesh}.>"}
        assert publish == {*needed.publish} | inbox
        assert subscribe == {*needed.subscribe} | inbox


def test_meshes__with_logins_of_their_own__run_jobs_and_are_refused_nothing(
    control: NatsServer, target: NatsServer, tmp_path: Path
) -> None:
    place = target.url.removeprefix("nats://")
    with ExitStack() as stack:
        meshes = {}
        for name, count in WORKERS.items():
            options = (*login(name), "--mesh", name, "--allow-target", place, "--processes", "1")
            workers = [
                LocalWorker(f"{name}-{number}", control.url, tmp_path, options=options)
                for number in range(count)
            ]
            meshes[name] = stack.enter_context(running(control, workers, tmp_path))
        jobs = {name: mesh.post(large_job(name, target.url)) for name, mesh in meshes.items()}
        for name, mesh in meshes.items():
            ended = mesh.wait_ended(jobs[name], worker=-1)
            assert ended["phase"] == "Succeeded", ended["message"]
            assert len(mesh.report(jobs[name], -1)["workloads"]) == WORKLOADS
            listed = mesh.http.get(f"{mesh.workers[-1].url}/api/v1/jobs").json()["items"]
            assert [item["id"] for item in listed] == [jobs[name]]
            examine(control, name)
            keep_baseline(mesh, jobs[name])
        # A report of two workers is too large for the log.
        assert stored(control, "orders")["OBJ_NJST_orders_REPORTS"] > 0
        for name, mesh in meshes.items():
            mesh.http.delete(f"{mesh.workers[0].url}/api/v1/jobs/{jobs[name]}")
    assert "Permissions Violation" not in control.log.read_text()


def keep_baseline(mesh: Mesh, job: str) -> None:
    """Save a baseline, read it, and remove it again."""
    baselines = f"{mesh.workers[0].url}/api/v1/baselines"
    assert mesh.http.put(f"{baselines}/b", json={"jobs": [job]}).status_code in (200, 201)
    assert [item["name"] for item in mesh.http.get(baselines).json()["items"]] == ["b"]
    assert mesh.http.get(f"{baselines}/b").json()["name"] == "b"
    assert mesh.http.delete(f"{baselines}/b").status_code in (200, 204)


def stored(control: NatsServer, mesh: str) -> dict[str, int]:
    """The number of messages by stream of a mesh."""
    answer = httpx.get(f"{control.monitor_url}/jsz?accounts=true&streams=true").json()
    (account,) = (one for one in answer["account_details"] if one["name"] == "NJST")
    streams = {one["name"]: one["state"]["messages"] for one in account["stream_detail"]}
    return {name: count for name, count in streams.items() if f"NJST_{mesh}_" in name}


def examine(control: NatsServer, name: str) -> None:
    """Let `njst doctor` look: it finds nothing wrong, and changes nothing."""
    before = stored(control, name)
    code, findings = doctor("--nats", control.url, *login(name), "--mesh", name)
    assert (code, [f for f in findings if f["level"] == "Failed"]) == (0, [])
    subjects = [finding["subject"] for finding in findings if finding["level"] == "Ok"]
    assert subjects.count("control NATS") == 2
    (workers,) = (f["message"] for f in findings if f["subject"] == "mesh" and f["level"] == "Ok")
    assert workers.startswith(f"{WORKERS[name]} worker")
    assert stored(control, name) == before


def doctor(*options: str) -> tuple[int, list[dict[str, str]]]:
    """Return the exit code of `njst doctor`, and its findings."""
    argv = [sys.executable, "-m", "njst.cli.main", "doctor", "-o", "json", *options]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout, done.stderr
    findings: list[dict[str, str]] = json.loads(done.stdout)["findings"]
    return done.returncode, findings


def test_doctor__with_the_login_of_another_mesh__names_each_permission(
    control: NatsServer, tmp_path: Path
) -> None:
    (tmp_path / "broken.json").write_text("{}")
    (tmp_path / "gone.json").write_text('{"url": "nats://127.0.0.1:1"}')
    (tmp_path / "there.json").write_text(
        json.dumps({"url": control.url, "user": "orders", "password": "orders-secret"})
    )
    contexts = ("--contexts", str(tmp_path))
    code, findings = doctor(
        "--nats", control.url, *login("payments"), "--mesh", "orders", *contexts
    )
    assert code == 1
    denied = [f["message"] for f in findings if f["subject"] == "control NATS"][1:]
    needed = mesh_permissions(Names("orders"))
    assert denied == [
        *(f"the user may not publish to {s}" for s in needed.publish if s != "$JS.API.INFO"),
        *(f"the user may not subscribe to {subject}" for subject in needed.subscribe),
    ]
    levels = {f["subject"]: f["level"] for f in findings if f["subject"].startswith("context")}
    # That context has no inbox prefix, so that no answer arrives.
    assert levels == {
        "context broken": "Failed",
        "context gone": "Failed",
        "context there": "Warning",
    }


def large_job(mesh: str, target: str) -> dict[str, object]:
    """A job whose report is larger than the log takes."""
    job = publish_job(f"TEST_{mesh}", 100)
    (workload,) = job["workloads"]
    workloads = [{**workload, "name": f"w{number}"} for number in range(WORKLOADS)]
    return {**job, "workloads": workloads, "target": {"servers": [target]}}


async def test_login__of_another_mesh__is_denied_everything(control: NatsServer) -> None:
    connection = Connection(
        servers=[control.url],
        user="payments",
        password="payments-secret",
        inbox_prefix="_INBOX_payments",
    )
    needed = mesh_permissions(Names("orders"))
    shared = {"$JS.API.INFO"}
    async with target_connection(connection) as client:
        for subject in sorted({*needed.publish} - shared):
            assert await is_denied(client, subject.replace(">", "x"))
    async with target_connection(connection) as client:
        assert not await is_denied(client, "$JS.API.INFO")


async def is_denied(client: TargetClient, subject: str) -> bool:
    try:
        async with asyncio.timeout(5):
            await client.request(subject, b"", timeout=5)
    except PermissionDeniedError:
        return True
    return False
