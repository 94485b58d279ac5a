"""A login that ends: the operator is not ready, takes a newer one, and otherwise ends in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from devenv.environment import (
    ACCOUNT,
    SERVICE_ACCOUNT,
    Environment,
    LocalOperator,
    open_environment,
)
from devenv.kubernetes.api_server import KubernetesServer
from devenv.kubernetes.kubeconfig import kubeconfig
from njst.local.wait_until import wait_until
from tests.kubernetes.between import Between, open_between
from tests.kubernetes.resources import PATIENCE_S, short, token_in, wait_finished
from tests.loglines import parsed

REFUSED = "the API server does not take the operator's login"


@pytest.fixture(scope="module")
def env(kube: KubernetesServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """One worker; the operators are those of the tests."""
    folder = tmp_path_factory.mktemp("login")
    namespace = f"login-{tmp_path_factory.getbasetemp().name}"
    kube.kubectl("create", "namespace", namespace)
    with open_environment(kube, namespace, folder, copies=1, renew_s=2) as environment:
        environment.operators.pop().close()
        yield environment


def _log_in(env: Environment, between: Between) -> None:
    """Write the file of a login that is valid now."""
    direct = env.kube.service_account_kubeconfig(
        env.folder / "direct", namespace=env.namespace, name=SERVICE_ACCOUNT
    )
    text = kubeconfig(
        server=between.url,
        ca_pem=b"",
        user="operator",
        token=token_in(direct),
        namespace=env.namespace,
    )
    fresh = _login_file(env).with_suffix(".fresh")
    fresh.write_text(text)
    fresh.replace(_login_file(env))


def _login_file(env: Environment) -> Path:
    return env.folder / "login"


@contextmanager
def _operator(
    env: Environment, between: Between, name: str, wait_s: int
) -> Iterator[LocalOperator]:
    _log_in(env, between)
    options = ["--resync-seconds=1", f"--wait-seconds={wait_s}"]
    operator = LocalOperator(name, env.nats.url, _login_file(env), env.namespace, options=options)
    operator.service.launch()
    try:
        operator.service.wait_ready(PATIENCE_S)
        yield operator
    finally:
        operator.close()


def _end_login(env: Environment, between: Between, operator: LocalOperator) -> None:
    """Make the token invalid; return when the operator says so. Its watches find out when cut."""
    env.kubectl("delete", "serviceaccount", SERVICE_ACCOUNT)
    env.kubectl("apply", "-f", str(ACCOUNT))

    def still_ready() -> str | None:
        between.cut_watches()
        said = httpx.get(f"{operator.url}/readyz", timeout=PATIENCE_S)
        return None if said.status_code == 503 and REFUSED in said.text else said.text

    assert wait_until(still_ready, PATIENCE_S) is None


def test_the_login_of_an_environment_is_renewed(env: Environment) -> None:
    """So the demo lives longer than a token."""
    path = env.folder / "operator.kubeconfig"
    first = token_in(path)
    assert wait_until(lambda: "the same" if token_in(path) == first else None, PATIENCE_S) is None


def test_a_newer_login_is_taken_up_without_a_restart(env: Environment) -> None:
    with (
        open_between(env.kube) as between,
        _operator(env, between, "renewed", 300) as operator,
    ):
        pid = operator.service.pid
        _end_login(env, between, operator)
        assert httpx.get(f"{operator.url}/livez", timeout=PATIENCE_S).text == "ok"
        _log_in(env, between)
        assert wait_until(operator.service.lacking, PATIENCE_S) is None
        env.kubectl("apply", "-f", "-", stdin=short("after"))
        assert wait_finished(env, "after")["status"]["phase"] == "Succeeded"
        assert operator.service.pid == pid


def test_without_a_newer_login_it_ends_with_a_line_that_says_so(env: Environment) -> None:
    with open_between(env.kube) as between, _operator(env, between, "ends", 3) as operator:
        _end_login(env, between, operator)

        def running() -> str | None:
            between.cut_watches()
            return "it runs" if operator.service.running else None

        assert wait_until(running, PATIENCE_S) is None
        last = parsed(operator.service.command.log.read_text())[-1]
        assert (last.level, last.message) == (
            "ERROR",
            "the watch has ended: the API server refuses the login (401), and no newer one came",
        )
