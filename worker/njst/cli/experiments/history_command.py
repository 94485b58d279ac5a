"""njst history: the runs of one name over time, and when their numbers changed."""

from enum import StrEnum
from typing import Annotated

import typer

from njst.cli.api_client import ApiClient
from njst.cli.output import Output, show
from njst.cli.shared_options import with_client


class HistoryOutput(StrEnum):
    """Output formats of a history."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    MD = "md"
    OTAVA = "otava"


@with_client
def history(
    name: Annotated[
        str, typer.Argument(help="Name of the jobs, or of the NjstSchedule that made them.")
    ],
    client: ApiClient,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Kubernetes namespace of the jobs.")
    ] = None,
    spec: Annotated[
        str, typer.Option(help="Digest of a spec, as in `facts`: only runs of this one.")
    ] = "",
    workload: Annotated[str, typer.Option(help="Name of a workload. Default: each of them.")] = "",
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="Metric to look at; repeat it for more. Default: MessagesPerSecond and"
            " LatencyP99Microseconds."
        ),
    ] = None,
    min_effect_percent: Annotated[
        int, typer.Option(help="A change that is smaller does not matter.")
    ] = 5,
    limit: Annotated[int, typer.Option(help="How many runs, the newest.")] = 200,
    output: Annotated[
        HistoryOutput, typer.Option("--output", "-o", help="Output format.")
    ] = HistoryOutput.TABLE,
) -> None:
    """Show the runs of one name, oldest first, and when their numbers changed."""
    asked: dict[str, str | int | list[str]] = {"name": name, "limit": limit}
    if namespace is not None:
        asked["namespace"] = namespace
    if spec:
        asked["spec"] = spec
    if output is HistoryOutput.OTAVA:
        print(client.history_csv(asked), end="")
        return
    if workload:
        asked["workload"] = workload
    if metric:
        asked["metric"] = metric
    document = client.history({**asked, "minEffectPercent": min_effect_percent})
    if output in (HistoryOutput.JSON, HistoryOutput.YAML):
        show(document, Output(output), str)
        return
    from njst.contract.results.runs.history import RunHistory  # noqa: PLC0415 - loads models
    from njst.report.experiments import history_text  # noqa: PLC0415

    found = RunHistory.model_validate(document)
    if output is HistoryOutput.MD:
        print(history_text.render_markdown(found), end="")
    else:
        print(history_text.render(found), end="")
