import io
import subprocess
import sys
from pathlib import Path

import pytest

from devenv.programs.build_cache import Cache, default_cache
from devenv.progress import Progress


def _quiet() -> Progress:
    return Progress(io.StringIO())


def _fill(folder: Path) -> None:
    (folder / "program").write_text("1")


def test_a_published_folder_is_found_by_name_and_stamp(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    with cache.lock(_quiet()):
        folder = cache.publish("v1", "stamp", _fill)
    assert cache.find("v1", "stamp") == folder
    assert (folder / "program").read_text() == "1"
    assert cache.find("v1", "another stamp") is None
    assert cache.find("v2", "stamp") is None


def test_another_stamp_replaces_the_folder(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    with cache.lock(_quiet()):
        cache.publish("v1", "old", lambda folder: (folder / "gone").touch())
        folder = cache.publish("v1", "new", _fill)
    assert cache.find("v1", "old") is None
    assert sorted(file.name for file in folder.iterdir()) == ["SOURCE", "program"]


def test_what_failed_halfway_is_never_found(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        _fill(folder)
        raise ZeroDivisionError

    cache = Cache(tmp_path)
    with cache.lock(_quiet()):
        with pytest.raises(ZeroDivisionError):
            cache.publish("v1", "stamp", fail)
        assert [file.name for file in tmp_path.iterdir()] == [".lock"]
    assert cache.find("v1", "stamp") is None


def test_the_lock_sweeps_what_a_killed_process_left(tmp_path: Path) -> None:
    (tmp_path / ".v1-abc" / "fresh").mkdir(parents=True)
    with Cache(tmp_path).lock(_quiet()):
        assert [file.name for file in tmp_path.iterdir()] == [".lock"]


def test_a_second_process_waits_and_says_so(tmp_path: Path) -> None:
    holder = f"""
import io, pathlib
from devenv.programs.build_cache import Cache
from devenv.progress import Progress
with Cache(pathlib.Path({str(tmp_path)!r})).lock(Progress(io.StringIO())):
    print("held", flush=True)
    input()
"""
    out = io.StringIO()
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"

        class EndsTheOther(io.StringIO):
            """Lets the other process go once this one has said that it waits."""

            def write(self, text: str) -> int:
                other.kill()
                return out.write(text)

        with Cache(tmp_path).lock(Progress(EndsTheOther())):
            pass
    assert out.getvalue().startswith(f"waiting for another process to fill {tmp_path}\n")


@pytest.mark.parametrize(
    ("xdg", "expected"), [("/x", "/x/njst/kubernetes"), ("", "/home/ada/.cache/njst/kubernetes")]
)
def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, xdg: str, expected: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", xdg)
    monkeypatch.setenv("HOME", "/home/ada")
    assert default_cache().root == Path(expected)
