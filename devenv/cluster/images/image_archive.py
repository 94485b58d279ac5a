"""Images of one layer, written without any tool, in the format of `docker save`.

The format: moby's image/spec/spec.md, v1.2; containerd and buildah read it as docker does.
"""

import hashlib
import io
import json
import platform
import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_CHUNK_BYTES = 1 << 20
# Images of the same content are the same; without a time, buildah finds no layer again.
_BEGINNING = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class Image:
    """The name and the command of an image."""

    reference: str
    entrypoint: Sequence[str] = ()

    def config(self, layer_sha256: str) -> dict[str, Any]:
        return {
            "architecture": _MACHINES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": {"Env": [_PATH], "Entrypoint": list(self.entrypoint)},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_sha256}"]},
            "created": _BEGINNING,
            "history": [{"created": _BEGINNING, "created_by": "devenv.cluster"}],
        }


def write_program_image(into: Path, image: Image, program: Path) -> None:
    """Write an image with only a static program in /usr/local/bin."""
    layer = into.with_suffix(".layer")
    try:
        with tarfile.open(layer, "w") as packed:
            entry = tarfile.TarInfo(f"usr/local/bin/{program.name}")
            entry.size, entry.mode = program.stat().st_size, 0o755
            with program.open("rb") as content:
                packed.addfile(entry, content)
        write_image(into, image, layer)
    finally:
        layer.unlink(missing_ok=True)


def write_image(into: Path, image: Image, layer: Path) -> None:
    """Write an image whose file system is the tar file `layer`."""
    config = json.dumps(image.config(_sha256(layer))).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [
        {"Config": config_name, "RepoTags": [image.reference], "Layers": ["layer.tar"]},
    ]
    with tarfile.open(into, "w") as packed:
        packed.add(layer, "layer.tar", filter=_anonymous)
        _add(packed, config_name, config)
        _add(packed, "manifest.json", json.dumps(manifest).encode())


def compressed_bytes(archive: Path) -> int:
    """Return the compressed size of the layers, slightly more than in a registry."""
    with tarfile.open(archive) as packed:
        (manifest,) = json.loads(_read(packed, "manifest.json").read())
        return sum(_compressed(_read(packed, layer)) for layer in manifest["Layers"])


def _read(packed: tarfile.TarFile, name: str) -> IO[bytes]:
    content = packed.extractfile(name)
    assert content is not None, f"{name} is no file"
    return content


def _compressed(content: IO[bytes]) -> int:
    packer = zlib.compressobj(level=1)
    chunks = iter(lambda: content.read(_CHUNK_BYTES), b"")
    return sum(len(packer.compress(chunk)) for chunk in chunks) + len(packer.flush())


def _add(packed: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    packed.addfile(entry, io.BytesIO(content))


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
