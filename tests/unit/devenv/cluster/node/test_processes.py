import os
import subprocess
import sys

from devenv.cluster.node.processes import processes


def test_a_child_is_found_and_its_end_is_known():
    # The name of a process may look like the end of the field that holds it.
    code = "import pathlib, sys; pathlib.Path('/proc/self/comm').write_text(') S 1 (');"
    code += "print(flush=True); sys.stdin.read()"
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        (found,) = (process for process in processes() if process.pid == child.pid)
        assert found.parent == os.getpid()
        assert found.argv == (sys.executable, "-c", code)
        assert found.running
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not found.running
    assert child.pid not in {process.pid for process in processes()}
