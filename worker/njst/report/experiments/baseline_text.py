"""A baseline as text for a terminal: its runs, and what they measured."""

from statistics import median

from njst.contract.results.comparison import Baseline
from njst.report.text_table import table


def render(baseline: Baseline) -> str:
    """Return the facts, the jobs, and each number with its median and range."""
    lines = [f"baseline {baseline.name}, saved {baseline.create_time:%Y-%m-%d %H:%M:%S} UTC"]
    lines += [f"  {name}: {', '.join(values)}" for name, values in _facts(baseline).items()]
    lines += ["", "RUNS", *(f"  {_run(run.job, str(run.verdict))}" for run in baseline.runs)]
    header = ["WORKLOAD", "METRIC", "RUNS", "MEDIAN", "LOWEST", "HIGHEST"]
    rows = [
        [workload, metric, *(f"{n:,}" for n in (len(v), round(median(v)), min(v), max(v)))]
        for (workload, metric), v in _values(baseline).items()
    ]
    return "\n".join([*lines, "", *table(header, rows)]) + "\n"


def _run(job: str, verdict: str) -> str:
    return job if verdict == "Valid" else f"{job} ({verdict})"


def _facts(baseline: Baseline) -> dict[str, list[str]]:
    names = sorted({name for run in baseline.runs for name in run.facts})
    return {n: sorted({run.facts.get(n, "unknown") for run in baseline.runs}) for n in names}


def _values(baseline: Baseline) -> dict[tuple[str, str], list[int]]:
    """Return the values of all runs by workload and metric, in the order of the first run."""
    found: dict[tuple[str, str], list[int]] = {}
    for run in baseline.runs:
        for workload, values in run.values.items():
            for metric, value in values.items():
                found.setdefault((workload, metric), []).append(value)
    return found
