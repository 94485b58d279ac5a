from pathlib import Path

from njst.local.work_folder import WorkFolder


def test_a_temporary_folder_is_deleted_with_what_is_in_it() -> None:
    folder = WorkFolder(None, prefix="njst-test-")
    (folder.path / "store").mkdir()
    folder.close()
    folder.close()
    assert not folder.path.exists()


def test_a_given_folder_is_made_and_kept(tmp_path: Path) -> None:
    folder = WorkFolder(tmp_path / "a" / "b", prefix="unused")
    folder.close()
    assert folder.path == tmp_path / "a" / "b"
    assert folder.path.is_dir()
