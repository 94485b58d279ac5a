"""The report of a job that has ended, in every format, and the exit code of its verdict.

It loads all models of results, which takes longer than a short command: import it when needed.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from njst.cli.api_client import ApiClient
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.output import Output, ReportOutput, text_of
from njst.contract.results.outcome import (
    QUEUE_TIMEOUT,
    REGRESSION,
    REGRESSION_ABORTED,
    THRESHOLD_ABORTED,
    THRESHOLDS_FAILED,
)
from njst.contract.results.report import Report, Verdict
from njst.report.exports import EXPORTS, UnknownWorkloadError, of_workload
from njst.report.terminal import render


def build_models() -> None:
    """Build the models of a report, which pydantic otherwise does on their first use."""
    Report.model_rebuild()


def print_report(
    client: ApiClient,
    job: str,
    output: ReportOutput,
    workload: str = "",
    save: Sequence[tuple[ReportOutput, Path]] = (),
) -> ExitCode:
    """Print the report of a job, write it to files too, and return the exit code of its verdict.

    Raises:
        CliError: there is no report, or not of this workload in this format, or a file cannot be
            written.
    """
    shown = _ShownReport(client, job, client.report(job))
    print(shown.text(output, workload), end="")
    for name, path in save:
        try:
            path.write_text(shown.text(name))
        except OSError as error:
            raise CliError(f"--save {name}={path}: {error.strerror}") from error
    return of_verdict(shown.report.verdict, shown.report.reason)


class _ShownReport:
    """A report, for as many formats as are wanted of it."""

    def __init__(self, client: ApiClient, job: str, document: dict[str, Any]) -> None:
        self._client = client
        self._job = job
        self._document = document
        self.report = Report.model_validate(document)

    @cached_property
    def _title(self) -> str:
        return self._client.job(self._job).get("name") or self._job

    def text(self, output: ReportOutput, workload: str = "") -> str:
        """Return the report in a format.

        Raises:
            CliError: it is not of a single workload in this format, or has no such workload.
        """
        export = EXPORTS.get(output)
        if workload and (export is None or not export.by_workload):
            some = ", ".join(name for name, other in EXPORTS.items() if other.by_workload)
            raise CliError(f"--workload: only with -o {some}", ExitCode.USAGE)
        if output is ReportOutput.HTML:
            return self._client.html_report(self._job)
        if export is None:
            return text_of(self._document, Output(output), lambda: render(self.report, self._title))
        try:
            shown = of_workload(self.report, workload) if workload else self.report
        except UnknownWorkloadError as error:
            raise CliError(f"--workload: {error}", ExitCode.USAGE) from error
        return export.render(shown, self._title)


def of_verdict(verdict: Verdict, reason: str) -> ExitCode:
    """Return the exit code for a job that ended."""
    if verdict is Verdict.VALID:
        return ExitCode.PASSED
    if verdict is Verdict.UNKNOWN:
        return ExitCode.INCONCLUSIVE
    return {
        THRESHOLDS_FAILED: ExitCode.THRESHOLDS,
        THRESHOLD_ABORTED: ExitCode.THRESHOLDS,
        REGRESSION: ExitCode.REGRESSION,
        REGRESSION_ABORTED: ExitCode.REGRESSION,
        "Requested": ExitCode.CANCELLED,
        "DeadlineExceeded": ExitCode.TIMEOUT,
        QUEUE_TIMEOUT: ExitCode.TIMEOUT,
    }.get(reason, ExitCode.ERROR)
