"""Metrics and alerts by Prometheus's own tool: what it reads, and when each alert fires."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from devenv.cluster.node_cluster import cluster_cache
from devenv.environment import MANIFESTS, ROOT
from devenv.programs.promtool import fetch_promtool
from devenv.progress import Progress
from njst.contract.results.tallies import ErrorClass, ErrorTally, WorkloadTally
from njst.stats.histogram import Histogram
from njst_operator.telemetry.operator_metrics import OperatorMetrics, ScheduleSample, exposition
from njst_operator.telemetry.replica_health import ReplicaHealth
from tests.unit.api.documents import SPEC
from tests.unit.api.fakes import Mesh

RULES = MANIFESTS / "components" / "monitoring" / "rules.yaml"
POD = 'namespace="njst",pod="njst-worker-0"'
OTHER = 'namespace="njst",pod="njst-worker-1"'
# Of each alert: the series of an hour and a half, minute by minute, in which it fires after 40 min.
FIRING = {
    "NjstWorkerNotReady": {f"njst_worker_ready{{{POD}}}": "1x29 0x60"},
    "NjstNoWorkers": {f"njst_worker_ready{{{POD}}}": "1x29 0x60"},
    "NjstWorkerClockError": {f"njst_worker_clock_error_seconds{{{POD}}}": "0.001x29 0.2x60"},
    "NjstJobErrors": {
        f'njst_errors_total{{{POD},test="a",workload="w",class="Timeout"}}': "0x29 3x60"
    },
    # All workers count alike, and one of them was not scraped when it happened.
    "NjstJobFailed": {
        f'njst_mesh_jobs_ended_total{{{POD},verdict="Invalid"}}': "0x35 1x60",
        f'njst_mesh_jobs_ended_total{{{OTHER},verdict="Invalid"}}': "0x29 _x10 1x50",
    },
    "NjstTesterLimited": {f"njst_mesh_tester_limited_total{{{POD}}}": "0x35 1x60"},
    "NjstWorkerLost": {f"njst_mesh_workers_lost_total{{{POD}}}": "0x35 1x60"},
    "NjstTargetDown": {
        f'njst_connection_events_total{{{POD},test="a",workload="w",class="ConnectFailed"}}': (
            "0x29 1+5x60"
        )
    },
    "NjstScheduleStalled": {
        f'njst_operator_schedules{{{POD},reason="QuotaExceeded"}}': "0x20 1x60"
    },
    "NjstOperatorNotReady": {f"njst_operator_ready{{{POD}}}": "1x29 0x60"},
    "NjstOperatorWithoutNats": {f"njst_operator_nats_connected{{{POD}}}": "1x29 0x60"},
    "NjstOperatorBehind": {f"njst_operator_watch_behind_seconds{{{POD}}}": "1x29 60x60"},
    "NjstOperatorErrors": {
        f'njst_operator_errors_total{{{POD},kind="kubernetes"}}': "0x20 0+60x60"
    },
}


@pytest.fixture(scope="module")
def promtool() -> Path:
    return fetch_promtool(cluster_cache(), Progress())


def groups() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(RULES.read_text())["spec"]
    return found


def run(*argv: str | Path, stdin: str = "") -> str:
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return output


async def test_metrics__of_a_worker_and_an_operator__are_what_prometheus_reads(
    promtool: Path,
) -> None:
    mesh = await Mesh.open()
    tally = WorkloadTally(
        workload="w",
        messages=3,
        latency=Histogram.of([100, 2_000]).encode(),
        slip=Histogram.of([3]).encode(),
        errors=[ErrorTally(error_class=ErrorClass.TIMEOUT, count=1)],
        events=[ErrorTally(error_class=ErrorClass.DISCONNECTED, count=1)],
    )
    async with mesh.client() as client:
        job = (await client.post("/api/v1/jobs", json=SPEC)).json()["id"]
        await mesh.start(job)
        await mesh.progress(job, "n1", tally)
        worker = (await client.get("/metrics")).text
    schedule = ScheduleSample("a/b", "Scheduled", 3.5)
    operator = exposition(OperatorMetrics(), ReplicaHealth(), ["Running"], [schedule], 0.0)
    current = without_older_names(worker)
    assert "njst_send_lag_seconds_bucket" in current
    for text in (current, without_older_names(operator)):
        assert run(promtool, "check", "metrics", stdin=text) == ""


def without_older_names(text: str) -> str:
    """Without the names that break Prometheus's practice and go in the next release."""
    older = {
        line.split()[2]
        for line in text.splitlines()
        if line.startswith("# HELP") and "Deprec" in line
    }
    kept = [
        line
        for line in text.splitlines()
        if (line.split()[2] if line.startswith("#") else line.split("{")[0].split()[0]) not in older
    ]
    return "\n".join(kept) + "\n"


def test_alerts__each__fires_when_it_should_and_not_before(promtool: Path, tmp_path: Path) -> None:
    rules = groups()
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    assert set(FIRING) == alerts
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules))
    tests = [
        {
            "interval": "1m",
            "input_series": [
                {"series": name, "values": values} for name, values in FIRING[alert].items()
            ],
            "promql_expr_test": [
                {
                    "expr": "count by (alertname) (ALERTS{"
                    f'alertname="{alert}",alertstate="firing"}})',
                    "eval_time": at,
                    "exp_samples": samples,
                }
                for at, samples in (
                    ("15m", []),
                    ("42m", [{"labels": f'{{alertname="{alert}"}}', "value": 1}]),
                )
            ],
        }
        for alert in sorted(alerts)
    ]
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(document))
    run(promtool, "test", "rules", tmp_path / "tests.yaml")


def test_alerts__each__has_a_runbook() -> None:
    pages = (ROOT / "docs" / "runbooks.md").read_text()
    for group in groups()["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"]["runbook"] == f"docs/runbooks.md#{rule['alert'].lower()}"
            assert f"\n## {rule['alert']}\n" in pages
