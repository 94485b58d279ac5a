"""Where the programs are taken from, without building or downloading any."""

import io
import re
from pathlib import Path

import pytest

from devenv.programs import release_archive
from devenv.programs.build_cache import Cache
from devenv.programs.go_module import GoModule
from devenv.programs.kubernetes_binaries import SOURCES, Binaries, fetch_binaries, find_binaries
from devenv.programs.release_archive import Archive
from devenv.programs.tool_errors import ArchiveUnavailableError, ToolMissingError
from devenv.progress import Progress

PROGRAMS = ("etcd", "kube-apiserver", "kubectl")


@pytest.fixture(autouse=True)
def _no_assets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setattr(release_archive, "pinned_archive", lambda: Archive("http://archive", "sha"))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was made, in order; the archive is out of reach."""
    calls: list[str] = []

    def fetch(*_: object) -> None:
        calls.append("archive")
        raise ArchiveUnavailableError("http://archive: out of reach")

    def build(_: GoModule, into: Path, *__: object) -> None:
        calls.append("build")
        for name in PROGRAMS:
            (into / name).touch()

    monkeypatch.setattr(release_archive, "fetch", fetch)
    monkeypatch.setattr(GoModule, "_build", build)
    return calls


def test_assets_of_the_environment_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PROGRAMS:
        (tmp_path / name).touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    assert find_binaries(Cache(tmp_path / "cache")) == Binaries(tmp_path)


def test_incomplete_assets_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etcd").touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(
        ToolMissingError, match=r"KUBEBUILDER_ASSETS=.* has no kube-apiserver, kube"
    ):
        fetch_binaries(Progress(io.StringIO()), Cache(tmp_path / "cache"))


def test_what_is_missing_tells_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ToolMissingError, match=r"python -m devenv\.kubernetes fetch"):
        find_binaries(Cache(tmp_path))


def test_without_the_archive_they_are_built_once(tmp_path: Path, made: list[str]) -> None:
    cache, out = Cache(tmp_path), io.StringIO()
    built = fetch_binaries(Progress(out), cache)
    assert built == Binaries(tmp_path / SOURCES.name)
    assert "http://archive: out of reach; building from source instead" in out.getvalue()
    quiet = io.StringIO()
    assert fetch_binaries(Progress(quiet), cache) == find_binaries(cache) == built
    assert (made, quiet.getvalue()) == (["archive", "build"], "")


def test_another_set_of_modules_is_built_anew(
    tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_binaries(Progress(io.StringIO()), Cache(tmp_path))
    monkeypatch.setattr(GoModule, "stamp", "another go.sum")
    fetch_binaries(Progress(io.StringIO()), Cache(tmp_path))
    assert made.count("build") == 2


def test_the_archive_spares_the_build(
    tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_archive, "fetch", lambda *_: None)
    assert (
        fetch_binaries(Progress(io.StringIO()), Cache(tmp_path)).folder.name
        == release_archive.VERSION
    )
    assert made == []


def test_all_staging_modules_are_of_the_version_of_kubernetes() -> None:
    match = re.search(r"^\tk8s\.io/kubernetes v1(\S+)", SOURCES.go_mod, re.MULTILINE)
    assert match is not None
    assert f"gitVersion=v1{match[1]}" in SOURCES.linker_flags
    replaced = [line for line in SOURCES.go_mod.splitlines() if "=>" in line]
    assert len(replaced) == 33
    assert all(line.endswith(f"v0{match[1]}") for line in replaced)
