"""Experiments on a real mesh: a grid, a search, and a worker that is killed in the middle."""

import json
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from njst.cli.exit_codes import ExitCode
from njst.cli.main import app
from njst.journal.state.rendezvous import order
from tests.nats.mesh.experimenting import has_ended, post, wait
from tests.nats.mesh.mesh import Mesh, publish_job


def grid() -> dict[str, Any]:
    """Two sizes and two windows."""
    template = publish_job(messages=300)
    template["workloads"][0]["publish"] = {"payloadBytes": 64, "mode": "Asynchronous"}
    return {
        "template": template,
        "factors": [
            {"name": "size", "path": "workloads[write].publish.payloadBytes", "values": [64, 1024]},
            {"name": "window", "path": "workloads[write].publish.window", "values": [1, 100]},
        ],
    }


def test_grid__by_the_command__has_a_trial_for_each_point(mesh: Mesh) -> None:
    addresses = ",".join(worker.url for worker in mesh.workers)

    def njst(*words: str, text: str | None = None) -> Result:
        return CliRunner().invoke(app, ["experiment", *words, "--api", addresses], input=text)

    done = njst("run", "-", text=json.dumps(grid()))
    assert done.exit_code == ExitCode.PASSED, (done.output, done.exception)
    experiment = done.stderr.split()[1]
    lines = done.stderr.splitlines()[1:]
    assert [line.split("  ")[:2] for line in lines] == [
        [f"trial {number}", f"size={size}, window={window}"]
        for number, (size, window) in enumerate([(64, 1), (64, 100), (1024, 1), (1024, 100)])
    ]
    assert "all 4 trials have ended" in done.stdout
    shown = [wait(mesh, experiment, has_ended, worker) for worker in range(3)]
    assert shown[0] == shown[1] == shown[2]
    jobs = [trial["job"] for trial in shown[0]["trials"]]
    assert jobs == [f"{experiment}-t{number}" for number in range(4)]
    sizes = [mesh.job(job)["spec"]["workloads"][0]["publish"]["payloadBytes"] for job in jobs]
    assert sizes == [64, 64, 1024, 1024]
    assert experiment in njst("list").stdout
    assert njst("get", experiment).stdout == done.stdout
    assert njst("cancel", experiment).stdout == "Succeeded\n", "too late changes nothing"


def search() -> dict[str, Any]:
    """From 50 to 100 messages per second, which any target sustains."""
    template = publish_job()
    template["workloads"][0] = {
        "name": "write",
        "stream": "ORDERS",
        "durationSeconds": 1,
        "messagesPerSecond": 50,
        "publish": {"payloadBytes": 64},
    }
    return {
        "template": template,
        "maxTrials": 4,
        "search": {
            "toMessagesPerSecond": 100,
            "precisionPercent": 50,
            "warmupSeconds": 0,
            "trialSeconds": 5,
            "confirmations": 1,
            "confirmationSeconds": 5,
        },
    }


def test_search__first_worker_dies_in_a_trial__another_one_goes_on(mesh: Mesh) -> None:
    """What the search finds depends on the machine, which may be what is too slow."""
    experiment = post(mesh, search())
    wait(mesh, experiment, lambda d: "runningJob" in d)
    first = mesh.wait_loading(f"{experiment}-t0")
    name = order(experiment, first["participants"])[0]
    killed = next(w for w in mesh.workers if name.startswith(f"{w.name}-"))
    killed.service.kill()
    left = [number for number, worker in enumerate(mesh.workers) if worker is not killed]
    shown = [wait(mesh, experiment, has_ended, worker) for worker in left]
    assert shown[0] == shown[1]
    (found,) = shown[0]["searches"]
    assert found["trials"] == len(shown[0]["trials"]) <= 4
    lower, upper = found.get("lowerMessagesPerSecond"), found.get("upperMessagesPerSecond")
    assert lower is None or 50 <= lower <= 100
    assert upper is None or (lower or 0) < upper <= 110
    trials = shown[0]["trials"]
    assert [trial["job"] for trial in trials] == [
        f"{experiment}-t{number}" for number in range(len(trials))
    ]
    assert trials[0]["judgement"] == "Undecided", "it lost a participant"
    assert len(trials) > 1
    workers = {
        name for trial in trials[1:] for name in mesh.job(trial["job"], left[0])["participants"]
    }
    assert len(workers) == 2, "the one that died is in no later trial"
