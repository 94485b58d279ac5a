"""The images are what the manifests and the docs say of them; no daemon is needed to read that."""

import re

import pytest

from devenv.environment import ROOT
from njst import __version__

PARTS = ("worker", "operator")
LABELS = {"title", "description", "licenses", "version", "revision", "source", "created"}


def stages(part: str) -> list[str]:
    text = (ROOT / f"Dockerfile.{part}").read_text()
    return re.split(r"^FROM ", text, flags=re.MULTILINE)


@pytest.mark.parametrize("part", PARTS)
def test_the_last_stage_runs_no_command_and_nobody_is_root(part: str) -> None:
    last = stages(part)[-1]
    assert "\nRUN " not in last, "a compiler, a cache or a package manager's leavings"
    assert "\nUSER 65532:65532\n" in last
    assert set(re.findall(r"org\.opencontainers\.image\.(\w+)=", last)) == LABELS
    assert f"ARG VERSION={__version__}\n" in last
    assert '"njst.probe"' in last


@pytest.mark.parametrize("part", PARTS)
def test_the_base_is_a_build_argument_and_pinned(part: str) -> None:
    head, *rest = stages(part)
    found = re.search(r"^ARG BASE=(python:3\.\d+\.\d+-slim-\w+)$", head, re.MULTILINE)
    assert found
    assert all(stage.startswith("${BASE}") for stage in rest)
    lock = ROOT / "locks" / "base-image.lock"  # Of a release alone.
    assert not lock.exists() or lock.read_text().startswith(f"{found[1]}@sha256:")


def test_both_are_built_in_the_same_way() -> None:
    def steps(part: str) -> list[str]:
        return [line.replace(part, "PART") for line in stages(part)[1].splitlines()]

    worker, operator = (
        [line for line in steps(part) if not line.startswith("COPY")] for part in PARTS
    )
    assert worker == operator
