from pathlib import Path

from njst.local.work_folder import WorkFolder


def test_work_folder__temporary__is_deleted_with_its_content() -> None:
    folder = WorkFolder(None, prefix="njst-test-")
    (folder.path / "store").mkdir()
    folder.close()
    folder.close()
    assert not folder.path.exists()


def test_work_folder__given__is_created_and_kept(tmp_path: Path) -> None:
    folder = WorkFolder(tmp_path / "a" / "b", prefix="unused")
    folder.close()
    assert folder.path == tmp_path / "a" / "b"
    assert folder.path.is_dir()
