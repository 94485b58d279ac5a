"""Things that go wrong while a job runs: each is an outcome that the result names."""

import asyncio
import json
import socket

import nats
import pytest
from nats.js.api import StreamConfig

from njst.local.wait_until import wait_until
from tests.nats.mesh.mesh import Mesh, endless_job, publish_job


async def test_a_worker_that_is_killed_is_named_and_the_others_go_on(mesh: Mesh) -> None:
    spec = endless_job()
    spec["workloads"][0]["durationSeconds"] = 15
    job = mesh.post(spec)
    mesh.wait_loading(job)
    victim = mesh.workers[2]
    victim.service.kill()
    document = mesh.wait_ended(job)
    report = mesh.report(job)
    assert document["phase"] == "Failed"
    assert report["verdict"] == "Unknown"
    assert report["reason"] == "WorkersLost"
    outcomes = {worker["worker"]: worker["outcome"] for worker in report["workers"]}
    lost = [worker for worker, outcome in outcomes.items() if outcome == "Lost"]
    assert [worker.rsplit("-", 1)[0] for worker in lost] == [victim.name]
    assert lost[0] in report["message"]
    assert sorted(outcomes.values()) == ["Completed", "Completed", "Lost"]
    await mesh.wait_no_streams()


async def test_a_strict_job_stops_when_a_worker_is_killed(mesh: Mesh) -> None:
    job = mesh.post(endless_job(onWorkerLoss="Fail"))
    mesh.wait_loading(job)
    mesh.workers[1].service.kill()
    mesh.wait_ended(job)
    report = mesh.report(job)
    assert (report["verdict"], report["reason"]) == ("Invalid", "WorkersLost")
    await mesh.wait_no_streams()


async def test_the_last_worker_that_is_left_ends_the_job(mesh: Mesh) -> None:
    job = mesh.post(endless_job(onWorkerLoss="Fail"))
    mesh.wait_loading(job)
    mesh.workers[0].service.kill()
    mesh.workers[1].service.kill()
    mesh.wait_ended(job, worker=2)
    assert len([w for w in mesh.report(job, 2)["workers"] if w["outcome"] == "Lost"]) == 2
    await mesh.wait_no_streams()


async def test_a_worker_that_joins_later_answers_for_the_job_and_does_not_run_it(
    mesh: Mesh,
) -> None:
    job = mesh.post(endless_job())
    mesh.wait_loading(job)
    mesh.join("late")
    seen = mesh.wait_loading(job, worker=3)
    assert len(seen["participants"]) == 3
    mesh.http.post(f"{mesh.workers[3].url}/api/v1/jobs/{job}/cancel")
    mesh.wait_ended(job, worker=3)
    report = mesh.report(job, worker=3)
    mesh.wait_ended(job, worker=0)
    assert report == mesh.report(job, worker=0)
    assert report["reason"] == "Requested"
    assert not [w for w in report["workers"] if w["worker"].startswith("late")]


async def test_cancel_stops_the_load_and_keeps_what_was_measured(mesh: Mesh) -> None:
    job = mesh.post(endless_job())
    mesh.wait_loading(job)
    response = mesh.http.post(f"{mesh.workers[1].url}/api/v1/jobs/{job}/cancel")
    assert response.status_code == 202, response.text
    document = mesh.wait_ended(job)
    assert document["phase"] == "Cancelled"
    report = mesh.report(job)
    assert report["workloads"][0]["messages"] > 0
    assert {worker["outcome"] for worker in report["workers"]} == {"Stopped"}
    again = mesh.http.post(f"{mesh.workers[1].url}/api/v1/jobs/{job}/cancel")
    assert again.status_code < 300, "cancelling twice is harmless"
    await mesh.wait_no_streams()


async def test_the_deadline_ends_a_job(mesh: Mesh) -> None:
    job = mesh.post(endless_job(activeDeadlineSeconds=2))
    assert mesh.wait_ended(job)["phase"] == "Failed"
    assert mesh.report(job)["reason"] == "DeadlineExceeded"


async def test_a_stream_of_somebody_else_is_never_touched(mesh: Mesh) -> None:
    client = await nats.connect(mesh.nats.url)
    try:
        js = client.jetstream()
        await js.add_stream(StreamConfig(name="ORDERS", subjects=["orders.*"]))
        await js.publish("orders.1", b"precious")
        job = mesh.post(publish_job("ORDERS"))
        document = mesh.wait_ended(job)
        assert document["phase"] == "Failed"
        report = mesh.report(job)
        assert report["reason"] == "StreamExists"
        assert "spec.streams[0] (ORDERS)" in report["message"]
        info = await js.stream_info("ORDERS")
        assert info.state.messages == 1
    finally:
        await client.close()


async def test_an_existing_stream_is_used_and_left(mesh: Mesh) -> None:
    client = await nats.connect(mesh.nats.url)
    try:
        js = client.jetstream()
        await js.add_stream(StreamConfig(name="MINE", subjects=["mine.*"]))
        spec = {
            "streams": [{"name": "MINE", "useExisting": True}],
            "workloads": [
                {
                    "name": "write",
                    "stream": "MINE",
                    "messages": 300,
                    "publish": {"subjects": ["mine.a", "mine.b"]},
                },
                {"name": "read", "stream": "MINE", "messages": 300, "consume": {}},
            ],
        }
        job = mesh.post(spec)
        assert mesh.wait_ended(job)["phase"] == "Succeeded", mesh.report(job)
        info = await js.stream_info("MINE", subjects_filter=">")
        assert info.state.subjects == {"mine.a": 150, "mine.b": 150}
        # A job is cleaned up after its end.
        async with asyncio.timeout(60):
            while (await js.stream_info("MINE")).state.consumer_count:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        await client.close()


@pytest.mark.parametrize(
    ("target", "reason", "words"),
    [
        ({"servers": ["nats://127.0.0.1:1"]}, "TargetNotAllowed", "--allow-target"),
        ({"context": "nowhere"}, "ContextNotFound", "spec.target.context"),
    ],
)
async def test_a_target_that_cannot_be_had_fails_the_job_with_the_field(
    mesh: Mesh, target: dict[str, object], reason: str, words: str
) -> None:
    job = mesh.post(publish_job(target=target))
    assert mesh.wait_ended(job)["phase"] == "Failed"
    report = mesh.report(job)
    assert report["reason"] == reason
    assert words in report["message"]


async def test_a_target_that_refuses_the_login_or_is_not_there(start_mesh, secured_nats) -> None:  # type: ignore[no-untyped-def]
    mesh = start_mesh(options=("--allow-target", "127.0.0.1:*"))
    refused = mesh.post(publish_job(target={"servers": [secured_nats.url]}))
    assert mesh.wait_ended(refused)["phase"] == "Failed"
    assert mesh.report(refused)["reason"] == "TargetLoginRefused"
    absent = mesh.post(publish_job(target={"servers": ["nats://127.0.0.1:1"]}))
    assert mesh.wait_ended(absent)["phase"] == "Failed"
    assert mesh.report(absent)["reason"] == "TargetUnreachable"


@pytest.mark.parametrize("on_loss", ["Fail", "Continue"])
async def test_a_target_that_is_mute_is_what_late_workers_name(start_mesh, on_loss) -> None:  # type: ignore[no-untyped-def]
    mesh = start_mesh(2, options=("--allow-target", "127.0.0.1:*"))
    with socket.create_server(("127.0.0.1", 0)) as mute:
        target = {"servers": [f"nats://127.0.0.1:{mute.getsockname()[1]}"]}
        job = mesh.post(publish_job(target=target, startTimeoutSeconds=1, onWorkerLoss=on_loss))
        ended = mesh.wait_ended(job)
    report = mesh.report(job)
    assert (report["reason"], report["message"]) == ("StartTimeout", ended["message"])
    for worker in report["workers"]:
        assert worker["outcome"] == "Late"
        words = f"{worker['worker']} (still making streams and consumers on the target)"
        assert words in report["message"]


async def test_a_context_carries_the_login(start_mesh, secured_nats, tmp_path) -> None:  # type: ignore[no-untyped-def]
    contexts = tmp_path / "contexts"
    contexts.mkdir()
    login = {"url": secured_nats.url, "user": "tester", "password": "right"}
    (contexts / "secured.json").write_text(json.dumps(login))
    mesh = start_mesh(options=("--contexts", str(contexts)))
    job = mesh.post(publish_job(target={"context": "secured"}))
    assert mesh.wait_ended(job)["phase"] == "Succeeded", mesh.report(job)


async def test_a_mounted_file_is_a_payload_and_another_is_said(start_mesh, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "order.json").write_text('{"id":1}')
    mesh = start_mesh(options=("--payloads", str(tmp_path)))
    spec = publish_job(messages=30)
    spec["workloads"][0]["publish"] = {"payloadFile": "order.json"}
    job = mesh.post(spec)
    assert mesh.wait_ended(job)["phase"] == "Succeeded", mesh.report(job)
    assert mesh.report(job)["workloads"][0]["bytes"] == 30 * len('{"id":1}')
    spec["workloads"][0]["publish"] = {"payloadFile": "other.json"}
    job = mesh.post(spec)
    assert mesh.wait_ended(job)["phase"] == "Failed"
    assert mesh.report(job)["reason"] == "PayloadNotFound"
    assert "files: order.json" in mesh.report(job)["message"]


async def test_deleting_a_running_job_stops_and_hides_it(mesh: Mesh) -> None:
    job = mesh.post(endless_job())
    mesh.wait_loading(job)
    url = f"{mesh.workers[2].url}/api/v1/jobs/{job}"
    assert mesh.http.delete(url).status_code == 204
    await mesh.wait_no_streams()
    for worker in mesh.workers:
        shown_by = f"{worker.url}/api/v1/jobs/{job}"

        def lacks(url: str = shown_by) -> str | None:
            code = mesh.http.get(url).status_code
            return None if code == 404 else f"{url}: {code}"

        assert wait_until(lacks, 60) is None


async def test_the_control_nats_restarts_and_the_job_goes_on(mesh: Mesh) -> None:
    """Control and target are one here: load breaks, reconnects, and the errors are told."""
    spec = publish_job(messages=3_000)
    spec["workloads"][0]["publish"]["mode"] = "Synchronous"
    spec["streams"][0]["storage"] = "File"
    spec["workloads"][0].pop("messages")
    spec["workloads"][0]["durationSeconds"] = 6
    job = mesh.post(spec)
    mesh.wait_loading(job)
    mesh.nats.kill()
    mesh.nats.restart()
    document = mesh.wait_ended(job)
    report = mesh.report(job)
    assert document["phase"] == "Failed"
    assert report["reason"] == "ErrorsOccurred", report["message"]
    classes = {e["errorClass"] for w in report["workloads"] for e in w["events"]}
    assert "Disconnected" in classes
    assert {worker["outcome"] for worker in report["workers"]} == {"Completed"}
    await mesh.wait_no_streams()
