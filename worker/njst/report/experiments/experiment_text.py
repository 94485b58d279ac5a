"""An experiment as text: the verdict first, then searches, trials and comparisons."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from njst.contract.results.comparison import LevelComparison
from njst.contract.results.report import Verdict
from njst.contract.results.trial import SearchResult, TrialPurpose, TrialResult
from njst.contract.trials.points import Point
from njst.report.experiments import comparison_text
from njst.report.text_table import table
from njst.report.units import duration

_NONE = "-"
_TITLES = {Verdict.VALID: "PASSED", Verdict.INVALID: "FAILED", Verdict.UNKNOWN: "UNKNOWN"}
SEARCH_COLUMNS = ["POINT", "REPEAT", "OUTCOME", "SUSTAINED", "NOT SUSTAINED", "TRIALS"]
RATED_COLUMNS = ["TRIAL", "POINT", "PURPOSE", "OFFERED", "WINDOW", "ACHIEVED", "P50", "RESULT"]
SAMPLE_COLUMNS = ["TRIAL", "POINT", "WORKLOAD", "RATE", "P50", "P99", "RESULT"]


@dataclass(frozen=True)
class ShownExperiment:
    """What is shown of an experiment; `verdict` is None while it runs."""

    title: str
    phase: str
    reason: str
    message: str
    verdict: Verdict | None
    points: Sequence[Point]
    trials: Sequence[TrialResult]
    searches: Sequence[SearchResult] = ()
    comparisons: Sequence[LevelComparison] = ()
    omitted: str = ""


def shown_of(document: Mapping[str, Any]) -> ShownExperiment:
    """Return what is shown of an experiment's document, as the API returns it."""
    verdict = document.get("verdict")
    return ShownExperiment(
        title=document["name"] or document["id"],
        phase=document["phase"],
        reason=document["reason"],
        message=document["message"],
        verdict=None if verdict is None else Verdict(verdict),
        points=[Point(tuple(point.items())) for point in document["points"]],
        trials=[TrialResult.model_validate(one) for one in document["trials"]],
        searches=[SearchResult.model_validate(one) for one in document["searches"]],
        comparisons=[LevelComparison.model_validate(one) for one in document["comparisons"]],
        omitted=document.get("omitted", ""),
    )


def trial_line(shown: ShownExperiment, trial: TrialResult) -> str:
    """Return what a trial came to in one line."""
    plan = trial.plan
    parts = [f"trial {plan.number}", _point(shown, plan.point)]
    if plan.messages_per_second is not None:
        parts.append(f"{plan.purpose} {plan.messages_per_second:,}/s for {plan.window_seconds} s")
    elif plan.purpose is TrialPurpose.PROBE:
        parts.append(str(plan.purpose))
    parts.append(_result(trial))
    return "  ".join(part for part in parts if part != _NONE)


def render(shown: ShownExperiment) -> str:
    """Return the experiment: lines, each ended by a newline."""
    title = shown.phase if shown.verdict is None else _TITLES[shown.verdict]
    lines = [f"{title}  {shown.title}: {shown.reason}"]
    if shown.message:
        lines.append(f"  {shown.message}")
    if shown.searches:
        lines += ["", "SEARCHES", *table(SEARCH_COLUMNS, [*search_rows(shown)])]
        lines += [f"  {one.message}" for one in shown.searches if len(shown.searches) > 1]
    if shown.trials:
        lines += ["", "TRIALS", *_trials(shown)]
    for one in shown.comparisons:
        others = f" ({one.others})" if one.others else ""
        lines += ["", f"COMPARISON: {one.first} first, {one.second} second{others}"]
        lines += comparison_text.render(one.result).splitlines()
    if shown.omitted:
        lines += ["", f"LEFT OUT: {shown.omitted}"]
    return "\n".join(lines) + "\n"


def search_rows(shown: ShownExperiment) -> Iterator[list[str]]:
    """Yield a row for each search."""
    for one in shown.searches:
        lower = _rate(one.lower_messages_per_second)
        if one.lower_messages_per_second and not one.is_lower_confirmed:
            lower = f"{lower} (not confirmed)"
        yield [
            _point(shown, one.point),
            str(one.repeat),
            one.outcome,
            lower,
            _rate(one.upper_messages_per_second),
            str(one.trials),
        ]


def _trials(shown: ShownExperiment) -> list[str]:
    if all(trial.plan.purpose is TrialPurpose.SAMPLE for trial in shown.trials):
        return table(SAMPLE_COLUMNS, [*sample_rows(shown)])
    return table(RATED_COLUMNS, [*rated_rows(shown)])


def rated_rows(shown: ShownExperiment) -> Iterator[list[str]]:
    """Yield a row for each trial of a search."""
    for trial in shown.trials:
        plan, p50_us = trial.plan, trial.p50_microseconds
        yield [
            str(plan.number),
            _point(shown, plan.point),
            str(plan.purpose),
            _rate(plan.messages_per_second),
            f"{plan.window_seconds} s",
            _rate(trial.achieved_messages_per_second or None),
            _NONE if p50_us is None else duration(p50_us),
            _result(trial),
        ]


def sample_rows(shown: ShownExperiment) -> Iterator[list[str]]:
    """Yield a row for each workload of each trial."""
    for trial in shown.trials:
        yield from _rows(shown, trial)


def _rows(shown: ShownExperiment, trial: TrialResult) -> Iterator[list[str]]:
    head = [str(trial.plan.number), _point(shown, trial.plan.point)]
    for workload in trial.workloads:
        latency = workload.latency_microseconds
        yield [
            *head,
            workload.workload,
            _rate(workload.messages_per_second),
            _NONE if latency is None else duration(latency.p50),
            _NONE if latency is None else duration(latency.p99),
            _result(trial),
        ]
    if not trial.workloads:
        yield [*head, *4 * [_NONE], _result(trial)]


def _result(trial: TrialResult) -> str:
    if str(trial.judgement) == trial.reason:
        return trial.reason
    return f"{trial.judgement}: {trial.message or trial.reason}"


def _point(shown: ShownExperiment, number: int) -> str:
    return str(shown.points[number]) or _NONE if number < len(shown.points) else _NONE


def _rate(rate: int | None) -> str:
    return _NONE if rate is None else f"{rate:,}/s"
