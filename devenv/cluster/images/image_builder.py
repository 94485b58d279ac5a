"""Builds images from Dockerfiles without a Docker daemon: buildah in a Debian root."""

import os
import resource
import shutil
import subprocess
from pathlib import Path

from devenv.cluster.held_folder import temporary_folder
from devenv.cluster.images import debian_roots
from devenv.cluster.images.image_archive import Image, write_image
from devenv.cluster.images.pip_config import pip_conf, pip_settings
from devenv.programs.build_cache import Cache
from devenv.programs.run_command import run
from devenv.progress import Progress
from njst.local.server_process import Command

_TOOLBOX = Path(__file__).parent / "toolbox.sh"
_TIMEOUT_S = 20 * 60
_STORE_LIMIT_MB = 4 * 1024
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_BASE = f"localhost/njst-base:{debian_roots.IMAGE_BASE.digest}"


class Builder:
    """Builds images on a base of Debian packages; layers are cached."""

    def __init__(self, cache: Cache, progress: Progress) -> None:
        """Fetch what is needed.

        Raises:
            ToolMissingError: packages cannot be had.
        """
        self._progress = progress
        self._cache = cache
        self._root = debian_roots.fetch(debian_roots.NODE_ROOT, cache, progress)
        self._base = debian_roots.fetch(debian_roots.IMAGE_BASE, cache, progress)
        self._store = cache.root / "images"

    def build(self, dockerfile: Path, reference: str, archive: Path | None = None) -> None:
        """Build a Dockerfile, with its folder as context.

        Writes the image as `docker save` would, where an archive is wanted.

        Raises:
            ToolMissingError: a step failed; with its last lines.
        """
        # Concurrent builds would wait for each other anyway.
        with temporary_folder("njst-images-") as work, self._cache.lock(self._progress):
            make_room(self._store)
            write_image(work / "base.tar", Image(_BASE), self._base)
            (work / "pip.conf").write_text(pip_conf(pip_settings()))
            shutil.copy(_CERTIFICATES, work / "certificates.pem")
            with self._progress.step(
                f"building the image {reference}", cost="a minute; seconds when cached"
            ) as step:
                run(
                    self._command(work, dockerfile, reference, written=archive is not None),
                    timeout_s=_TIMEOUT_S,
                    beat=lambda: step.beat("building"),
                )
            if archive is not None:
                shutil.move(work / "image.tar", archive)

    def _command(self, work: Path, dockerfile: Path, reference: str, *, written: bool) -> Command:
        build = [
            *(
                "buildah",
                "build",
                "--quiet",
                "--format=docker",
                "--isolation=chroot",
                "--layers",
                "--pull=never",
            ),
            *("--network=host", f"--build-arg=BASE={_BASE}"),
            # It would raise both, which a root without the right to do so cannot.
            *(_limit("nofile", resource.RLIMIT_NOFILE), _limit("nproc", resource.RLIMIT_NPROC)),
            # Access to packages on this machine; neither is part of the image.
            "--volume=/build/pip.conf:/etc/pip.conf:ro",
            f"--volume=/build/certificates.pem:{_CERTIFICATES}:ro",
            *(f"--file=/src/{dockerfile.name}", f"--tag={reference}", "/src"),
        ]
        script = (
            "buildah rm --all > /dev/null\n"  # of builds that were killed
            f"buildah inspect --type=image {_BASE} > /dev/null 2>&1"
            " || buildah pull --quiet docker-archive:/build/base.tar\n"
            '"$@"\n'
        )
        if written:
            script += (
                f"buildah push --quiet {reference} docker-archive:/build/image.tar:{reference}\n"
            )
        toolbox = (str(_TOOLBOX), str(work), str(self._root), str(self._store))
        argv = [
            *(*debian_roots.apart(), "/bin/sh", *toolbox, str(dockerfile.parent)),
            *("/bin/sh", "-euc", script, "sh", *build),
        ]
        environment = {"PATH": os.defpath + ":/usr/sbin:/sbin", "STORAGE_DRIVER": "overlay"}
        return Command(f"building {reference}", argv, work / "build.log", environment)


def make_room(store: Path, limit_mb: int = _STORE_LIMIT_MB) -> None:
    """Begin anew when layers of earlier builds take more than that; each source makes some."""
    store.mkdir(exist_ok=True)
    used = subprocess.check_output(["du", "-s", "--block-size=1M", store], text=True)
    if int(used.split()[0]) > limit_mb:
        shutil.rmtree(store)
        store.mkdir()


def _limit(name: str, number: int) -> str:
    """Return the option that keeps the limit of this process."""
    soft, hard = resource.getrlimit(number)
    return f"--ulimit={name}={soft}:{hard}"
