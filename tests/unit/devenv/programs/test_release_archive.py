"""The archive is believed for its checksum alone; anything else is an error that names it."""

import hashlib
import io
import os
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from devenv.programs import release_archive
from devenv.programs.release_archive import Archive, fetch
from devenv.programs.tool_errors import ArchiveUnavailableError
from devenv.progress import Progress

PROGRAMS = ("etcd", "kube-apiserver", "kubectl")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address at which its files are."""
    root = tmp_path / "site"
    root.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(root))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield root, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _packed(names: tuple[str, ...]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(name)
            tar.addfile(member, io.BytesIO(name.encode()))
    return out.getvalue()


def _published(site: tuple[Path, str], content: bytes) -> Archive:
    root, url = site
    (root / "a.tar.gz").write_bytes(content)
    return Archive(f"{url}/a.tar.gz", hashlib.sha512(content).hexdigest())


def _fetch(release_archive: Archive, into: Path) -> None:
    into.mkdir()
    fetch(release_archive, PROGRAMS, into, Progress(io.StringIO()))


def test_the_programs_are_unpacked_wherever_they_lie(
    site: tuple[Path, str], tmp_path: Path
) -> None:
    names = ("../up/README", *(f"controller-tools/envtest/{name}" for name in PROGRAMS))
    _fetch(_published(site, _packed(names)), tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == sorted(PROGRAMS)
    assert all(os.access(tmp_path / "out" / name, os.X_OK) for name in PROGRAMS)


def test_another_checksum_is_refused(site: tuple[Path, str], tmp_path: Path) -> None:
    pinned = Archive(_published(site, _packed(PROGRAMS)).url, "0" * 128)
    with pytest.raises(ArchiveUnavailableError, match="pinned is 000"):
        _fetch(pinned, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_program_that_is_not_in_it_is_named(site: tuple[Path, str], tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnavailableError, match="has no kube-apiserver, kubectl"):
        _fetch(_published(site, _packed(("etcd",))), tmp_path / "out")


def test_what_is_no_archive_is_an_error(site: tuple[Path, str], tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnavailableError, match="not a gzip file"):
        _fetch(_published(site, b"<html>log in first</html>"), tmp_path / "out")


def test_what_is_not_there_is_an_error(site: tuple[Path, str], tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnavailableError, match="404"):
        _fetch(Archive(f"{site[1]}/none", ""), tmp_path / "out")


def test_an_answer_that_never_comes_is_an_error_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = threading.Event()
    monkeypatch.setattr(release_archive.urllib.request, "urlopen", lambda *_, **__: hangs.wait(10))
    monkeypatch.setattr(release_archive, "_ANSWER_TIMEOUT_S", 0.05)
    with pytest.raises(ArchiveUnavailableError, match=r"no answer in 0\.05 s"):
        _fetch(Archive("http://127.0.0.1/", ""), tmp_path / "out")
    hangs.set()


@pytest.mark.parametrize(
    ("machine", "name"), [("x86_64", "linux-amd64"), ("aarch64", "linux-arm64"), ("riscv64", None)]
)
def test_the_archive_is_this_machines(
    monkeypatch: pytest.MonkeyPatch, machine: str, name: str | None
) -> None:
    monkeypatch.setattr(release_archive.platform, "machine", lambda: machine)
    pinned = release_archive.pinned_archive()
    assert (pinned and pinned.url.endswith(f"-{name}.tar.gz")) == (name and True)
