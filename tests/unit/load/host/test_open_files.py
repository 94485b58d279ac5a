"""How many files a load process may open, and what it says when they are too few."""

import resource
import subprocess
import sys

import pytest

from njst.load.host.open_files import RESERVE, shortage

_CODE = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 300))
from njst.load.host.open_files import raise_limit
print(raise_limit(), resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_the_soft_limit_becomes_the_hard_one() -> None:
    done = subprocess.run([sys.executable, "-c", _CODE], check=True, capture_output=True)
    assert done.stdout.decode() == "300 (300, 300)\n"


@pytest.mark.parametrize("limit", [100 + RESERVE, 1 << 20, resource.RLIM_INFINITY])
def test_enough_is_no_problem(limit: int) -> None:
    assert shortage(100, limit) is None


def test_too_few_are_told_with_how_many_it_takes() -> None:
    problem = shortage(100, 99 + RESERVE)
    assert problem is not None
    assert problem.reason == "TooFewOpenFiles"
    assert f"100 clients needs {100 + RESERVE} open files and may have {99 + RESERVE}" in (
        problem.message
    )
