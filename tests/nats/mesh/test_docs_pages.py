"""The commands of pages that explain a procedure, as a reader types them, on a real mesh."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from devenv.docs_site import ROOT
from tests.nats.mesh.mesh import Mesh, publish_job


def shell_blocks(page: str) -> list[str]:
    """Return the blocks of a page that a reader types into a shell."""
    text = (ROOT / "docs" / page).read_text()
    return re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def yaml_blocks(page: str) -> list[str]:
    """Return the documents of a page."""
    text = (ROOT / "docs" / page).read_text()
    return re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def typed(mesh: Mesh, folder: Path, lines: str) -> str:
    """Return what lines print when they are typed into a shell that reaches the mesh."""
    programs = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "NJST_API": mesh.workers[0].url,
    }
    command = ["bash", "-e", "-c", lines]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_pages_on_runs__their_commands__can_be_typed(mesh: Mesh, tmp_path: Path) -> None:
    """Both on one mesh, which takes longer to start than its jobs run."""
    compare_two_settings(mesh, tmp_path)
    gate_a_release(mesh, tmp_path)


def compare_two_settings(mesh: Mesh, folder: Path) -> None:
    for name, size in (("a", 128), ("b", 16_384)):
        job: dict[str, Any] = publish_job(messages=300)
        job["workloads"][0]["publish"] = {"payloadBytes": size, "mode": "Synchronous"}
        head = {"apiVersion": "njst.io/v1alpha1", "kind": "NjstJob", "metadata": {"name": name}}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({**head, "spec": job}))
    submit, compare, more, history = shell_blocks("comparing.md")
    typed(mesh, folder, submit + submit)
    table = typed(mesh, folder, compare.replace("compare", "compare --with-unproven"))
    assert "write     MessagesPerSecond       2/2" in table
    assert "DIFFERENT: may explain a change\n  spec: first " in table
    assert typed(mesh, folder, more).startswith("| Workload |")
    assert typed(mesh, folder, history.replace("nightly", "b")).startswith("b: 2 runs")


def gate_a_release(mesh: Mesh, folder: Path) -> None:
    base, gate = (text.replace("Seconds: 60", "Seconds: 1") for text in yaml_blocks("gate.md"))
    submit, save, run = shell_blocks("gate.md")
    (folder / "orders.yaml").write_text(base)
    typed(mesh, folder, submit)
    saved = typed(mesh, folder, save.replace("--file", "--with-unproven --file"))
    assert saved.endswith("baseline orders of 1 run is saved\n")

    def ended(job: str, code: int) -> str:
        """Return what the gate says of a job that ends with this exit code."""
        (folder / "gate.yaml").write_text(job)
        return typed(mesh, folder, f"{run.strip()} 2> said || test $? = {code}")

    # No run is a hundred times as fast as the one before.
    far = gate.replace("Percent: 98", "Percent: 10000").replace("Percent: 130", "Percent: 10000")
    assert "**Regression**: write MessagesPerSecond is " in ended(far, 91)
    ended(far.replace("1024", "512"), 104)
    refused = "spec.thresholds[0].relativeTo: the runs of baseline orders had another spec"
    assert refused in (folder / "said").read_text()
    hopeless = "{metric: LatencyMaxMicroseconds, atMost: 1, abort: true, abortAfterSeconds: 1}"
    long = yaml_blocks("gate.md")[0].replace("Seconds: 60", "Seconds: 900")
    aborted = ended(f"{long}  thresholds: [{hopeless}]\n", 99)
    assert "**ThresholdAborted**: stopped after " in aborted
    assert "write LatencyMaxMicroseconds is " in aborted
