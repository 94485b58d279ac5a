"""The operator as a program: what it asks of the API server, how it tells its health, `--once`."""

import json
import subprocess
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import pytest
import yaml

from devenv.environment import RBAC, Environment, LocalOperator, open_environment
from devenv.kubernetes.api_server import KubernetesServer
from njst import __version__
from njst.local.wait_until import wait_until
from njst_operator.kube.preflight import NEEDED
from tests.kubernetes.experiments import experiment
from tests.kubernetes.resources import (
    PATIENCE_S,
    api_jobs,
    get,
    get_schedule,
    jobs_of,
    missed,
    schedule,
    schedule_of_experiments,
    short,
    wait_finished,
    wait_gone,
)

Right = tuple[str, str]


def _allowed() -> set[Right]:
    """Verb and resource of every rule that is shipped."""
    role = next(d for d in yaml.safe_load_all(RBAC.read_text()) if d["kind"] == "Role")
    return {
        (verb, resource)
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def _used(env: Environment) -> set[Right]:
    """Verb and resource of everything that the operators of this environment asked for."""
    user = f"system:serviceaccount:{env.namespace}:njst-operator"
    used: set[Right] = set()
    # The last line may be half written.
    for line in env.kube.audit_log.read_text().split("\n")[:-1]:
        entry: dict[str, Any] = json.loads(line)
        asked = entry.get("objectRef")
        # kubectl, as this user, looks at what the API offers and at its own rights.
        if entry["user"]["username"] != user or entry["userAgent"].startswith("kubectl"):
            continue
        assert entry["userAgent"] == f"njst-operator/{__version__}", entry["requestURI"]
        if asked is None and entry["requestURI"].startswith("/api"):
            continue  # what the API offers: anyone who is logged in may read that
        assert asked is not None, f"{entry['verb']} {entry['requestURI']}"
        if asked["resource"] in ("selfsubjectaccessreviews", "selfsubjectreviews"):
            continue  # and what oneself may do, and who one is
        parts = (asked["resource"], asked.get("subresource"))
        used.add((entry["verb"], "/".join(part for part in parts if part)))
    return used


def test_it_uses_all_its_rights_and_no_other(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=short("rights", ttlSecondsAfterFinished=1))
    wait_gone(env, "rights")
    template = json.loads(experiment("template", factors=[], ttlSecondsAfterFinished=1))["spec"]
    env.kubectl("apply", "-f", "-", stdin=schedule_of_experiments("experiments", template))
    env.kubectl("apply", "-f", "-", stdin=schedule("rights"))
    missed(env, "experiments")
    missed(env, "rights")
    assert wait_until(lambda: None if jobs_of(env, "rights") else "no job", PATIENCE_S) is None
    assert wait_until(lambda: None if _is_told(env, "rights") else "no status", PATIENCE_S) is None
    # The test itself has patched a status, so that one may still be without a writing operator.
    assert wait_until(lambda: _wrong_managers(env), PATIENCE_S) is None
    assert _allowed() == {(right.verb, right.resource) for right in NEEDED}

    def unused() -> str | None:
        return ", ".join(map(str, _allowed() - _used(env))) or None

    # What was asked for last may still be on its way, and is logged when it has been answered.
    assert wait_until(unused, PATIENCE_S) is None
    assert _used(env) == _allowed()
    env.kubectl("delete", "njstschedule", "rights", "experiments")


def _wrong_managers(env: Environment) -> str | None:
    """Return who writes the statuses if that is not the operator alone."""
    written = env.kubectl("get", "njstschedule,njstjob", "-o", "json", "--show-managed-fields")
    managers = {
        field["manager"]
        for item in json.loads(written)["items"]
        for field in item["metadata"]["managedFields"]
        if field.get("subresource") == "status"
    }
    is_right = managers - {"kubectl-patch"} == {"njst-operator"}
    return None if is_right else f"managers: {managers}"


def _is_told(env: Environment, schedule_name: str) -> bool:
    """Whether an operator has written the status of a schedule."""
    return bool(get_schedule(env, schedule_name)["status"].get("reason"))


def test_it_tells_its_health_and_what_it_has_done(env: Environment) -> None:
    env.kubectl("apply", "-f", "-", stdin=short("counted"))
    wait_finished(env, "counted")
    for operator in env.operators:
        assert _read(operator, "livez").text == "ok"
        assert wait_until(partial(_lacking, operator), PATIENCE_S) is None
        text = _read(operator, "metrics").text
        assert _value(text, "njst_operator_nats_connected") == 1

    def uncounted() -> str | None:
        texts = [_read(operator, "metrics").text for operator in env.operators]
        written = sum(_value(text, "njst_operator_status_writes_total") for text in texts)
        looks = [_value(text, "njst_operator_reconciles_total") for text in texts]
        return None if written and all(looks) else f"{written} writes, {looks} looks"

    # A copy counts what it has done when that is over.
    assert wait_until(uncounted, PATIENCE_S) is None


def _lacking(operator: LocalOperator) -> str | None:
    """Return what a copy does not tell yet: the watch brings it the end of a job later than us."""
    ready = _read(operator, "readyz").text
    succeeded = 'njst_operator_resources{phase="Succeeded"} 1\n'
    seen = succeeded in _read(operator, "metrics").text
    return None if ready == "ok" and seen else f"{ready}, and it has seen the end: {seen}"


def _read(operator: LocalOperator, path: str) -> httpx.Response:
    return httpx.get(f"{operator.url}/{path}", timeout=PATIENCE_S)


def _value(text: str, metric: str) -> float:
    (line,) = (line for line in text.splitlines() if line.startswith(f"{metric} "))
    return float(line.rsplit(" ", 1)[1])


@pytest.fixture(scope="module")
def small(
    kube: KubernetesServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Environment]:
    """A worker and an operator, which the tests stop and start."""
    folder = tmp_path_factory.mktemp("small")
    namespace = f"small-{tmp_path_factory.getbasetemp().name}"
    kube.kubectl("create", "namespace", namespace)
    with open_environment(kube, namespace, folder, copies=1) as environment:
        yield environment


def test_once_does_what_is_to_be_done_now_and_ends(small: Environment) -> None:
    env = small
    env.operators[0].service.stop()
    env.kubectl("apply", "-f", "-", stdin=short("once"))
    _run_once(env.operators[0])
    resource = get(env, "once")
    assert resource["status"]["jobId"] == resource["metadata"]["uid"]

    def open_phase() -> str | None:
        phases = [job["phase"] for job in api_jobs(env, resource)]
        return None if phases == ["Succeeded"] else f"jobs are {phases}"

    assert wait_until(open_phase, PATIENCE_S) is None
    _run_once(env.operators[0])
    assert get(env, "once")["status"]["phase"] == "Succeeded"


def _run_once(operator: LocalOperator) -> None:
    command = operator.service.command
    subprocess.run([*command.argv, "--once"], env=command.env, check=True, timeout=PATIENCE_S)


def test_it_is_not_ready_while_nats_is_away(small: Environment) -> None:
    env = small
    operator = env.operators[0]
    operator.service.restart(PATIENCE_S)
    env.nats.kill()

    def missing() -> str | None:
        answer = _read(operator, "readyz")
        told = answer.text.startswith("the control NATS does not answer: no answer: ")
        return None if told else answer.text

    assert wait_until(missing, PATIENCE_S) is None
    assert _read(operator, "livez").status_code == 200
    env.nats.restart()
    assert wait_until(operator.service.lacking, PATIENCE_S) is None
