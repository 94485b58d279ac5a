from pathlib import Path

from devenv.cluster.images.image_builder import make_room


def test_layers_of_earlier_builds_go_when_they_are_too_many(tmp_path: Path) -> None:
    store = tmp_path / "images"
    make_room(store)
    layer = store / "layer"
    layer.write_bytes(bytes(3 << 20))
    make_room(store, limit_mb=5)
    assert layer.exists()
    make_room(store, limit_mb=2)
    assert list(store.iterdir()) == []
