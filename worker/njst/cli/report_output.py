"""The report of a job that has ended, in every format, and the exit code of its verdict.

It loads all models of results, which takes longer than a short command: import it when needed.
"""

from collections.abc import Callable
from typing import Any

from njst.cli.api_client import ApiClient
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.output import Output, ReportOutput, show
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


def print_report(client: ApiClient, job: str, output: ReportOutput, workload: str = "") -> ExitCode:
    """Print the report of a job, and return the exit code of its verdict.

    Raises:
        CliError: there is no report, or not of this workload in this format.
    """
    whole = Report.model_validate(document := client.report(job))
    if output is ReportOutput.HTML and not workload:
        print(client.html_report(job), end="")
    else:
        _show(whole, document, output, lambda: client.job(job).get("name") or job, workload)
    return of_verdict(whole.verdict, whole.reason)


def _show(
    report: Report,
    document: Any,
    output: ReportOutput,
    title: Callable[[], str],
    workload: str = "",
) -> None:
    export = EXPORTS.get(output)
    if workload and (export is None or not export.by_workload):
        some = ", ".join(name for name, other in EXPORTS.items() if other.by_workload)
        raise CliError(f"--workload: only with -o {some}", ExitCode.USAGE)
    if export is None:
        show(document, Output(output), lambda: render(report, title()))
        return
    try:
        shown = of_workload(report, workload) if workload else report
    except UnknownWorkloadError as error:
        raise CliError(f"--workload: {error}", ExitCode.USAGE) from error
    print(export.render(shown, title()), end="")


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
