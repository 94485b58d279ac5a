"""Copies of the operator whose hosts' clocks are wrong: what they decide, they decide by the log's.

The log's clock is that of the nats-server, which has the host's own here, as the tests have.
"""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devenv.environment import Environment, LocalOperator, open_environment
from devenv.kubernetes.api_server import KubernetesServer
from njst.local.wait_until import wait_until
from njst_operator.kube.kube_object import parse_time
from tests.kubernetes.resources import (
    PATIENCE_S,
    Json,
    get,
    get_schedule,
    jobs_of,
    schedule,
    short,
    wait_finished,
    wait_gone,
)
from tests.wallclock import wallclock

SHIFT = timedelta(hours=1)
# No wait here is nearly so long, and no shift so short.
FAR = timedelta(minutes=20)


def _off_by(shift: timedelta, clock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let programs that are made from now on have a wall clock that is wrong by so much."""
    clock.write_text(str(shift // timedelta(milliseconds=1)))
    for name, value in wallclock.set_by(clock).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def skewed(
    kube: KubernetesServer, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Environment]:
    """A worker, and an operator an hour ahead; another one an hour behind is not started yet."""
    with open_environment(kube, namespace, tmp_path, copies=1) as env:
        env.operators.pop().close()
        kubeconfig = tmp_path / "operator.kubeconfig"
        for name, shift in (("ahead", SHIFT), ("behind", -SHIFT)):
            _off_by(shift, tmp_path / name, monkeypatch)
            env.operators.append(LocalOperator(name, env.nats.url, kubeconfig, namespace))
        _start(env.operators[0])
        yield env


def _start(operator: LocalOperator) -> None:
    operator.service.launch()
    operator.service.wait_ready(PATIENCE_S)


def _moments(resource: Json) -> list[datetime]:
    """All times in a status."""
    status = resource["status"]
    texts = [status["submitTime"], status["startTime"], status["completionTime"]]
    texts += [condition["lastTransitionTime"] for condition in status["conditions"]]
    return [parse_time(text) for text in texts]


def _end_and_go(env: Environment, name: str) -> None:
    """A job is run, told in the log's time, and deleted when its time is over."""
    env.kubectl("apply", "-f", "-", stdin=short(f"{name}-kept", ttlSecondsAfterFinished=1800))
    kept = wait_finished(env, f"{name}-kept")
    assert kept["status"]["phase"] == "Succeeded"
    now = datetime.now(UTC)
    assert all(abs(now - moment) < FAR for moment in _moments(kept)), kept["status"]
    env.kubectl("apply", "-f", "-", stdin=short(f"{name}-gone", ttlSecondsAfterFinished=1))
    wait_gone(env, f"{name}-gone")
    # Whoever has deleted that one has looked at this one, and its half hour is not over.
    assert get(env, f"{name}-kept")["status"] == kept["status"]


def test_times_in_status__with_wrong_replica_clocks__are_log_times(
    skewed: Environment,
) -> None:
    ahead, behind = skewed.operators
    _end_and_go(skewed, "ahead")
    _start(behind)
    _end_and_go(skewed, "both")
    ahead.service.kill()
    _end_and_go(skewed, "behind")


def test_a_schedule_is_due_by_the_log_whatever_a_copys_own_clock_says(
    skewed: Environment,
) -> None:
    minute = (datetime.now(UTC) + SHIFT / 2).minute
    skewed.kubectl("apply", "-f", "-", stdin=schedule("hourly", schedule=f"{minute} * * * *"))

    def status() -> Json:
        return get_schedule(skewed, "hourly")["status"]  # type: ignore[no-any-return]

    def unsaid() -> str | None:
        return None if "nextScheduleTime" in status() else f"it says {status()}"

    assert wait_until(unsaid, PATIENCE_S) is None
    assert parse_time(status()["nextScheduleTime"]) - datetime.now(UTC) < SHIFT
    assert jobs_of(skewed, "hourly") == []


def test_the_clocks_of_these_tests_are_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _off_by(SHIFT, tmp_path / "clock", monkeypatch)
    program = "import datetime as d, time; print(time.time(), d.datetime.now(d.UTC).timestamp())"
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    right = datetime.now(UTC)
    for text in told.stdout.split():
        off = datetime.fromtimestamp(float(text), UTC) - right
        assert abs(off - SHIFT) < FAR
