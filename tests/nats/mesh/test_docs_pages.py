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


def test_comparing_page__its_commands__compare_two_settings(mesh: Mesh, tmp_path: Path) -> None:
    for name, size in (("a", 128), ("b", 16_384)):
        job: dict[str, Any] = publish_job(messages=300)
        job["workloads"][0]["publish"] = {"payloadBytes": size, "mode": "Synchronous"}
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(job))
    submit, compare, more = shell_blocks("comparing.md")
    typed(mesh, tmp_path, submit + submit)
    table = typed(mesh, tmp_path, compare.replace("compare", "compare --with-unproven"))
    assert "write     MessagesPerSecond       2/2" in table
    assert "DIFFERENT: may explain a change\n  spec: first " in table
    assert typed(mesh, tmp_path, more).startswith("| Workload |")
