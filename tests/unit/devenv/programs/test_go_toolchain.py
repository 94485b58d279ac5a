import io
from pathlib import Path

import pytest

import devenv.programs.go_toolchain as module
from devenv.programs.build_cache import Cache
from devenv.programs.go_toolchain import go_toolchain
from devenv.progress import Progress


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    (tmp_path / "cache").mkdir()
    return Cache(tmp_path / "cache")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Where Go was installed."""
    folders: list[Path] = []
    monkeypatch.setattr(module, "_install", lambda into, _: folders.append(into))
    return folders


def _go(folder: Path, says: str) -> Path:
    program = folder / "go"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("says", ["go1.26.0", "go1.27rc1", "go1.100.3", "go1.26.8 X:nodwarf5"])
def test_a_go_that_is_new_enough_is_used(
    cache: Cache, path: Path, installed: list[Path], says: str
) -> None:
    go = _go(path, says)
    assert go_toolchain((1, 26), cache, Progress(io.StringIO())) == go
    assert installed == []


@pytest.mark.parametrize("says", ["go1.9.1", "go1.25.12", "devel +abc", ""])
def test_an_older_one_is_not(cache: Cache, path: Path, installed: list[Path], says: str) -> None:
    _go(path, says)
    out = io.StringIO()
    assert go_toolchain((1, 26), cache, Progress(out)) == cache.root / "go" / "go" / "bin" / "go"
    assert "1.26 is needed" in out.getvalue()
    assert "is too old" in out.getvalue()


def test_a_missing_one_is_installed_once(cache: Cache, path: Path, installed: list[Path]) -> None:
    out = io.StringIO()
    for _ in range(2):
        go_toolchain((1, 26), cache, Progress(out))
    assert len(installed) == 1
    assert out.getvalue().count("there is none on PATH") == 1
