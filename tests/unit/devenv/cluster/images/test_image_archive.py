import hashlib
import json
import random
import tarfile
from pathlib import Path

from devenv.cluster.images.image_archive import Image, compressed_bytes, write_program_image


def test_an_image_is_what_docker_save_writes(tmp_path: Path):
    program = tmp_path / "pause"
    program.write_bytes(b"\x7fELF...")

    write_program_image(
        tmp_path / "image.tar", Image("a.b/pause:1", ["/usr/local/bin/pause"]), program
    )

    with tarfile.open(tmp_path / "image.tar") as image:

        def read(name: str) -> bytes:
            content = image.extractfile(name)
            assert content is not None
            return content.read()

        (manifest,) = json.loads(read("manifest.json"))
        assert manifest["RepoTags"] == ["a.b/pause:1"]
        config = json.loads(read(manifest["Config"]))
        assert hashlib.sha256(read(manifest["Config"])).hexdigest() + ".json" == manifest["Config"]
        assert config["config"]["Entrypoint"] == ["/usr/local/bin/pause"]
        (layer,) = manifest["Layers"]
        assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(read(layer)).hexdigest()]
        content = image.extractfile(layer)
        with tarfile.open(fileobj=content) as files:
            (entry,) = files.getmembers()
    assert (entry.name, entry.mode, entry.size) == ("usr/local/bin/pause", 0o755, 7)


def test_the_same_program_is_the_same_image(tmp_path: Path):
    program = tmp_path / "pause"
    program.write_bytes(b"\x7fELF...")
    archives = [tmp_path / "one.tar", tmp_path / "two.tar"]

    for archive in archives:
        write_program_image(archive, Image("a.b/pause:1"), program)

    assert archives[0].read_bytes() == archives[1].read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.tar", "pause", "two.tar"]


def test_the_size_of_an_image_is_that_of_its_compressed_layers(tmp_path: Path):
    program, archive = tmp_path / "pause", tmp_path / "image.tar"
    sizes = []
    for content in (bytes(1 << 20), random.Random(1).randbytes(1 << 20)):
        program.write_bytes(content)
        write_program_image(archive, Image("a.b/pause:1"), program)
        sizes.append(compressed_bytes(archive))
    assert sizes[0] < 20_000
    assert 1 << 20 < sizes[1] < (1 << 20) + 20_000
