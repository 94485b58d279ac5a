"""Alerts and dashboard ask for metrics that worker and operator really have."""

import json
import re
from pathlib import Path

import httpx
import pytest
import yaml

from njst_operator.telemetry.operator_metrics import OperatorMetrics, exposition
from njst_operator.telemetry.replica_health import ReplicaHealth
from tests.unit.api.fakes import Mesh

# Older names, which go in the next release.
DEPRECATED = {
    f"njst_{name}"
    for name in (
        *("messages", "bytes", "errors", "latency_seconds", "jobs"),
        "operator_reconcile_seconds_total",
    )
}
FOLDER = Path(__file__).parents[3] / "manifests" / "components" / "monitoring"


@pytest.fixture
async def told() -> set[str]:
    """The names of all metrics."""
    async with (await Mesh.open()).client() as client:
        worker: httpx.Response = await client.get("/metrics")
    operator = exposition(OperatorMetrics(), ReplicaHealth(), [], [], 0.0)
    return set(re.findall(r"^# TYPE (\S+)", worker.text + operator, re.MULTILINE))


def asked(expressions: list[str]) -> set[str]:
    return {name for text in expressions for name in re.findall(r"\bnjst_\w+", text)}


def alerts() -> list[str]:
    (group,) = yaml.safe_load((FOLDER / "rules.yaml").read_text())["spec"]["groups"]
    return [rule["expr"] for rule in group["rules"]]


def dashboard() -> list[str]:
    said = json.loads((FOLDER / "njst.json").read_text())
    variables = [v["query"]["query"] for v in said["templating"]["list"] if v["type"] == "query"]
    return variables + [t["expr"] for panel in said["panels"] for t in panel["targets"]]


async def test_alerts__metrics__exist(told: set[str]) -> None:
    assert asked(alerts())
    assert asked(alerts()) <= told


def test_alerts__stalled_schedule__has_the_reasons_of_the_docs() -> None:
    (expression,) = (text for text in alerts() if "njst_operator_schedules" in text)
    (reasons,) = re.findall(r'reason=~"([^"]+)"', expression)
    docs = (FOLDER.parents[2] / "docs" / "kubernetes.md").read_text()
    assert reasons.split("|") == re.findall(r"^\| `(\w+)` \| False \|", docs, re.MULTILINE)


async def test_dashboard__metrics__are_all_shown(told: set[str]) -> None:
    shown = {re.sub(r"_bucket$", "", name) for name in asked(dashboard())}
    assert shown | {"njst_worker_ready"} == told - DEPRECATED


def test_dashboard__panels__do_not_overlap() -> None:
    places = [
        panel["gridPos"] for panel in json.loads((FOLDER / "njst.json").read_text())["panels"]
    ]
    cells = [
        (p["x"] + dx, p["y"] + dy) for p in places for dx in range(p["w"]) for dy in range(p["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
