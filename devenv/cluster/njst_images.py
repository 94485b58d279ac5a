"""Builds the images in the manifests of njst, and loads them into a cluster."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from devenv.cluster.held_folder import temporary_folder
from devenv.cluster.images.image_archive import Image, write_program_image
from devenv.cluster.images.image_builder import Builder
from devenv.environment import ROOT
from njst.local.nats_binary import nats_server_binary

NJST_IMAGES = ("njst-worker", "njst-operator")
_NATS_MANIFEST = ROOT / "manifests" / "overlays" / "with-nats" / "nats.yaml"


class Loads(Protocol):
    """A cluster that can load images."""

    def load(self, archive: Path) -> None: ...


def load_njst(cluster: Loads, builder: Builder, tag: str) -> None:
    """Build the images of worker and operator, and load them as `njst-worker:TAG` and so on.

    Raises:
        ToolMissingError: a build failed; with its last lines.
    """
    for name in NJST_IMAGES:
        with _archive() as archive:
            builder.build(_dockerfile(name), f"{name}:{tag}", archive)
            cluster.load(archive)


def build_njst(builder: Builder, tag: str) -> None:
    """Build both images ahead of `load_njst`, which then takes seconds.

    Raises:
        ToolMissingError: a build failed; with its last lines.
    """
    for name in NJST_IMAGES:
        builder.build(_dockerfile(name), f"{name}:{tag}")


def load_nats(cluster: Loads, reference: str) -> None:
    """Load the nats-server of this Python environment, as the image that a manifest names."""
    with _archive() as archive:
        image = Image(reference, ["/usr/local/bin/nats-server"])
        write_program_image(archive, image, nats_server_binary())
        cluster.load(archive)


def nats_image() -> str:
    """Return the image of NATS that the overlay names."""
    match = re.search(r"image: (nats:\S+)", _NATS_MANIFEST.read_text())
    assert match is not None, f"{_NATS_MANIFEST} names no image"
    return match[1]


def version() -> str:
    """Return njst's own version, which is the images' tag in the manifests."""
    match = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert match is not None, "pyproject.toml has no version"
    return match[1]


def _dockerfile(name: str) -> Path:
    return ROOT / f"Dockerfile.{name.removeprefix('njst-')}"


@contextmanager
def _archive() -> Iterator[Path]:
    """Write an image to a temporary file on disk."""
    with temporary_folder("njst-image-") as folder:
        yield folder / "image.tar"
