"""njst compare: two sets of jobs that have ended."""

from enum import StrEnum
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from njst.cli.api_client import ApiClient
from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.output import Output, show
from njst.cli.shared_options import with_client

# Stands for -- among the arguments, which the parser would swallow. No job has this id.
_AGAINST = ":"
_METRICS = ("MessagesPerSecond", "LatencyP99Microseconds")


class CompareOutput(StrEnum):
    """Output formats of a comparison."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    MD = "md"


class TwoSidesCommand(TyperCommand):
    """A command whose arguments have two sides, with -- between them; options may follow it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments with a mark in the place of the first --."""
        if "--" in args:
            at = args.index("--")
            args = [*args[:at], _AGAINST, *args[at + 1 :]]
        return super().parse_args(ctx, args)


@with_client
def compare(
    jobs: Annotated[
        list[str],
        typer.Argument(
            help="IDs of the jobs to compare with, --, and IDs of those that are compared.",
            metavar="JOB... -- JOB...",
        ),
    ],
    client: ApiClient,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="Metric to compare, of each workload, or WORKLOAD:METRIC of one; repeat it for"
            f" more. Default: {' and '.join(_METRICS)}."
        ),
    ] = None,
    min_effect_percent: Annotated[
        int, typer.Option(help="A change that is smaller does not matter.")
    ] = 5,
    confidence_percent: Annotated[
        int, typer.Option(help="Share of comparisons of equal things without a false alarm.")
    ] = 95,
    with_unproven: Annotated[
        bool,
        typer.Option(
            "--with-unproven",
            help="Compare jobs too that are not Valid, or whose load tester was the limit.",
        ),
    ] = False,
    output: Annotated[
        CompareOutput, typer.Option("--output", "-o", help="Output format.")
    ] = CompareOutput.TABLE,
) -> None:
    """Compare two sets of jobs: is the second one better, and by how much?"""
    first, second = _sides(jobs)
    asked = {
        "first": first,
        "second": second,
        "metrics": [_choice(words) for words in metric or _METRICS],
        "minEffectPercent": min_effect_percent,
        "confidencePercent": confidence_percent,
        "withUnproven": with_unproven,
    }
    document = client.compare(asked)
    if output in (CompareOutput.JSON, CompareOutput.YAML):
        show(document, Output(output), str)
        return
    from njst.contract.results.comparison import ComparisonResult  # noqa: PLC0415 - loads models
    from njst.report.experiments import comparison_text  # noqa: PLC0415

    result = ComparisonResult.model_validate(document)
    if output is CompareOutput.MD:
        print(comparison_text.render_markdown(result), end="")
    else:
        print(comparison_text.render(result), end="")


def _sides(jobs: list[str]) -> tuple[list[str], list[str]]:
    if jobs.count(_AGAINST) != 1 or _AGAINST in (jobs[0], jobs[-1]):
        words = "name the jobs of both sides, with -- between them: njst compare A1 A2 -- B1 B2"
        raise CliError(words, ExitCode.USAGE)
    at = jobs.index(_AGAINST)
    return jobs[:at], jobs[at + 1 :]


def _choice(words: str) -> dict[str, str]:
    workload, colon, metric = words.rpartition(":")
    return {"workload": workload, "metric": metric} if colon else {"metric": metric}
