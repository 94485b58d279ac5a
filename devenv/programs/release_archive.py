"""The programs from envtest's release archive: some 60 MB, verified, in seconds."""

import hashlib
import http.client
import platform
import queue
import shutil
import tarfile
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from devenv.programs.tool_errors import ArchiveUnavailableError
from devenv.progress import Progress, Step

VERSION = "v1.36.2"  # the newest of which there is an archive
_RELEASES = "https://github.com/kubernetes-sigs/controller-tools/releases/download"
# From envtest-releases.yaml of kubernetes-sigs/controller-tools at commit 434758187ddd.
_SHA512 = {
    "linux-amd64": (
        "ea743186c8a799f5cf8faf16969f86189d003cb7d130e0ac4b58789f1e5748dc"
        "f30ebe91c837a10d5ac415383da3e10b9e64d65785c938c23e739781cfb76f08"
    ),
    "linux-arm64": (
        "2d72ee985a8e262a3c57dc9f7f0fd891f6a8c7bf7ebaa2db6dc6d8eac8ae2818"
        "1afe51c1f368b67756cdb40b10de9b205609e1726e5f27f7c6d824dd9c6649ac"
    ),
}
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_ANSWER_TIMEOUT_S = 5.0
_TRANSFER_TIMEOUT_S = 10 * 60
_CHUNK_BYTES = 1 << 18


@dataclass(frozen=True)
class Archive:
    """A gzipped tar file and the checksum that it must have."""

    url: str
    sha512: str


def pinned_archive() -> Archive | None:
    """Return the archive for this machine, or None if there is none."""
    name = f"{platform.system()}-{_ARCHITECTURES.get(platform.machine())}".lower()
    if name not in _SHA512:
        return None
    return Archive(f"{_RELEASES}/envtest-{VERSION}/envtest-{VERSION}-{name}.tar.gz", _SHA512[name])


def fetch(archive: Archive, programs: Sequence[str], into: Path, progress: Progress) -> None:
    """Download and verify the archive, then unpack the named programs from it.

    Raises:
        ArchiveUnavailableError: no answer in 5 s, a broken transfer, another checksum, or a program
            that is not in it.
    """
    with progress.step(f"downloading {archive.url}", cost="about 60 MB") as step:
        packed = into / "archive.tar.gz"
        try:
            _download(archive, packed, step)
            _unpack(packed, programs, into)
        except (OSError, http.client.HTTPException, tarfile.TarError) as error:
            raise ArchiveUnavailableError(f"{archive.url}: {error}") from error
        finally:
            packed.unlink(missing_ok=True)


def _download(archive: Archive, packed: Path, step: Step) -> None:
    digest = hashlib.sha512()
    with _open(archive.url) as answer, packed.open("wb") as file:
        while chunk := answer.read(_CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
            step.beat(f"{file.tell() / 1e6:.0f} MB")
            if step.elapsed_s > _TRANSFER_TIMEOUT_S:
                raise ArchiveUnavailableError(f"{archive.url} takes longer than ten minutes")
    if digest.hexdigest() != archive.sha512:
        raise ArchiveUnavailableError(
            f"{archive.url} has sha512 {digest.hexdigest()}, pinned is {archive.sha512}"
        )


def _open(url: str) -> IO[bytes]:
    """Open the URL within 5 s; the timeout of urlopen does not cover the name lookup."""
    outcome: queue.Queue[IO[bytes] | Exception] = queue.Queue()

    def ask() -> None:
        try:
            outcome.put(urllib.request.urlopen(url, timeout=_ANSWER_TIMEOUT_S))
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits
            outcome.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = outcome.get(timeout=_ANSWER_TIMEOUT_S)
    except queue.Empty:
        raise ArchiveUnavailableError(f"{url}: no answer in {_ANSWER_TIMEOUT_S:g} s") from None
    if isinstance(answer, urllib.error.HTTPError):
        answer.close()  # it is the response too
    if isinstance(answer, Exception):
        raise answer
    return answer


def _unpack(packed: Path, programs: Sequence[str], into: Path) -> None:
    """Unpack the files with these base names, wherever they are in the archive."""
    missing = set(programs)
    with tarfile.open(packed) as tar:
        for member in tar:
            name = Path(member.name).name
            content = tar.extractfile(member) if name in missing else None
            if content is None:
                continue
            with (into / name).open("wb") as file:
                shutil.copyfileobj(content, file)
            (into / name).chmod(0o755)
            missing.remove(name)
    if missing:
        raise ArchiveUnavailableError(f"the archive has no {', '.join(sorted(missing))}")
