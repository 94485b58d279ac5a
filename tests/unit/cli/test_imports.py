"""What an idle worker does not load: it lives for months beside what it is to measure."""

import subprocess
import sys


def test_a_worker_does_without_what_only_its_load_needs() -> None:
    look = "import sys, njst.cli.worker_command; print('numpy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "False\n"


def test_a_command_of_jobs_does_without_what_only_a_worker_needs() -> None:
    """Half of the time from `njst run` to its job would be imports."""
    look = (
        "import sys; sys.argv[1:] = ['version']; from njst.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "unwanted = {'fastapi', 'nats', 'numpy', 'njst.contract.model', 'pygments', 'rich'}\n"
        "print(unwanted & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[1:] == ["set()"]
