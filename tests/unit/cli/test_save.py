"""--save FORMAT=FILE: what is refused before a job is submitted."""

from pathlib import Path

import pytest

from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.output import ReportOutput, files_to_save


def test_save__formats_and_files__are_taken_as_they_are(tmp_path: Path) -> None:
    words = [f"md={tmp_path}/a=b.md", "benchmark-action-bigger=bigger.json"]
    assert files_to_save(words) == [
        (ReportOutput.MD, tmp_path / "a=b.md"),
        (ReportOutput.BENCHMARK_ACTION_BIGGER, Path("bigger.json")),
    ]
    assert files_to_save(None) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("xml=report.xml", "must be FORMAT=FILE, with a format of table, json, yaml, csv,"),
        ("junit", "must be FORMAT=FILE"),
        ("junit=", "must be FORMAT=FILE"),
        ("md=/no/where/summary.md", "there is no folder /no/where"),
    ],
)
def test_save__cannot_be_written__is_wrong_usage(words: str, said: str) -> None:
    with pytest.raises(CliError) as raised:
        files_to_save([words])
    assert raised.value.code is ExitCode.USAGE
    assert str(raised.value).startswith(f"--save {words}: {said}")
