"""`python -m devenv.study`: runs the experiments of the study, and writes docs/study.md.

It starts three nats-servers and two workers on this machine, and ends them again.
"""

import argparse
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import yaml

from devenv.environment import ROOT
from devenv.progress import Progress, Step
from devenv.study.study_page import Answer, Machine, figures, with_figures
from njst.local.local_errors import LocalServerError
from njst.local.local_worker import READY_TIMEOUT_S, LocalWorker
from njst.local.nats_cluster import NatsCluster

QUESTIONS = {
    "study-replicas": "Three replicas, or one?",
    "study-storage": "Memory, or files?",
    "study-sizes": "128 bytes, 1 KiB, or 16 KiB?",
}
EXAMPLES = ROOT / "examples" / "experiments"
PAGE = ROOT / "docs" / "study.md"
SERVERS = 3
WORKERS = 2
_POLL_S = 1.0
# An experiment that takes longer has stopped.
_TIMEOUT_S = 1800.0


class StudyError(Exception):
    """An experiment could not be run, or did not end."""


def main() -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(prog="make study", description="Run the study.")
    parser.add_argument("--repeats", type=int, help="trials of each setting; writes no page")
    parser.add_argument("--seconds", type=int, help="length of a trial; writes no page")
    asked = parser.parse_args()
    manifests = {name: manifest(name, asked.repeats, asked.seconds) for name in QUESTIONS}
    text = figures(*run(manifests, Progress()))
    print(text)
    if asked.repeats is None and asked.seconds is None:
        PAGE.write_text(with_figures(PAGE.read_text(), text))


def manifest(name: str, repeats: int | None, seconds: int | None) -> dict[str, Any]:
    """Return the manifest of an experiment, with other repeats and lengths if they are given."""
    document: dict[str, Any] = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())
    if repeats is not None:
        document["spec"]["repeats"] = repeats
    if seconds is not None:
        for workload in document["spec"]["template"]["workloads"]:
            workload |= {"durationSeconds": seconds, "warmupSeconds": 0}
    return document


def run(manifests: dict[str, dict[str, Any]], progress: Progress) -> tuple[list[Answer], Machine]:
    """Return what the experiments came to, and where they ran."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="njst-study-")))
        with progress.step(f"starting {SERVERS} nats-servers and {WORKERS} workers"):
            cluster = stack.enter_context(NatsCluster.start(SERVERS, folder=folder / "nats"))
            workers = [
                stack.enter_context(LocalWorker(f"worker-{n}", cluster.url, folder))
                for n in range(WORKERS)
            ]
            for worker in workers:
                worker.service.wait_ready(READY_TIMEOUT_S)
        http = stack.enter_context(httpx.Client(base_url=workers[0].url, timeout=60))
        answers = []
        for name, document in manifests.items():
            with progress.step(name, cost="two to five minutes") as step:
                ended = run_experiment(http, document, step)
            answers.append(Answer(QUESTIONS[name], ended))
        return answers, machine_of(http, answers)


def run_experiment(http: httpx.Client, document: dict[str, Any], step: Step) -> dict[str, Any]:
    """Return the document of an experiment once it has ended.

    Raises:
        StudyError: it was refused, or has not ended in time.
    """
    answer = http.post("/api/v1/experiments", json=document)
    if answer.is_error:
        raise StudyError(f"{document['metadata']['name']}: {answer.text}")
    shown: dict[str, Any] = answer.json()
    give_up_s = time.monotonic() + _TIMEOUT_S
    while "verdict" not in shown:
        if time.monotonic() > give_up_s:
            raise StudyError(f"experiment {shown['id']} has not ended in {_TIMEOUT_S:g} s")
        time.sleep(_POLL_S)
        shown = http.get(f"/api/v1/experiments/{shown['id']}").json()
        step.beat(f"{len(shown['trials'])} trials have ended")
    return shown


def machine_of(http: httpx.Client, answers: list[Answer]) -> Machine:
    """Return where a study ran, as the report of its first trial says."""
    job = answers[0].document["trials"][0]["job"]
    environment = http.get(f"/api/v1/jobs/{job}/report").json()["environment"]
    versions = {
        "njst": ", ".join(environment["njstVersions"]),
        "nats-server": ", ".join(environment["serverVersions"]),
    }
    return Machine(os.cpu_count() or 1, SERVERS, WORKERS, versions)


if __name__ == "__main__":
    try:
        main()
    except (StudyError, LocalServerError, httpx.HTTPError) as error:
        sys.exit(f"study: {error}")
