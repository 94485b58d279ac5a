import subprocess
import sys
from pathlib import Path

from devenv.cluster.held_folder import Hold, Tie, temporary_folder
from devenv.environment import ROOT

HOLDER = """
import sys, time
from devenv.cluster.held_folder import temporary_folder
from pathlib import Path
with temporary_folder("work-", Path(sys.argv[1])) as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


def test_a_folder_is_one_process_s_until_it_lets_go(tmp_path: Path) -> None:
    first = Hold.on(tmp_path)
    assert first is not None
    assert Hold.on(tmp_path) is None
    first.release()
    first.release()
    second = Hold.on(tmp_path)
    assert second is not None
    second.release()


def test_there_is_no_hold_on_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert Hold.on(tmp_path / "none") is None


def test_held_folders__of_killed_processes_alone__are_removed(
    tmp_path: Path,
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert holder.stdout is not None
        theirs = Path(holder.stdout.readline().strip())
        with temporary_folder("work-", tmp_path) as ours:
            assert theirs.is_dir()
            assert ours.is_dir()
        assert not ours.exists()
    finally:
        holder.kill()
        holder.communicate()
    assert theirs.is_dir()
    with temporary_folder("work-", tmp_path) as ours:
        assert list(tmp_path.iterdir()) == [ours]


def test_who_reads_a_lifeline_learns_of_the_end(tmp_path: Path) -> None:
    hold = Hold.on(tmp_path)
    assert hold is not None
    tie = Tie(hold)
    reader = subprocess.Popen(["cat"], stdin=tie.lifeline)
    assert reader.poll() is None
    tie.end()
    assert reader.wait(60) == 0
    again = Hold.on(tmp_path)
    assert again is not None
    again.release()
