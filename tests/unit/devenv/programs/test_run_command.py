import sys
from pathlib import Path

import pytest

from devenv.programs.run_command import run
from devenv.programs.tool_errors import ToolMissingError
from njst.local.server_process import Command


def _python(code: str, tmp_path: Path) -> Command:
    return Command("the work", [sys.executable, "-S", "-c", code], tmp_path / "log")


def test_a_command_that_fails_shows_its_last_lines(tmp_path: Path) -> None:
    with pytest.raises(ToolMissingError, match=r"the work failed:\nno such module"):
        run(
            _python("raise SystemExit('no such module')", tmp_path), timeout_s=60, beat=lambda: None
        )


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(ToolMissingError, match="the work takes longer than 0 s"):
        run(_python("import time; time.sleep(60)", tmp_path), timeout_s=0, beat=lambda: None)
