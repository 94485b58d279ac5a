"""An API server that has no time, or has forgotten what a watch asks for."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from devenv.environment import SERVICE_ACCOUNT, Environment, LocalOperator, open_environment
from devenv.kubernetes.api_server import KubernetesServer
from devenv.kubernetes.kubeconfig import kubeconfig
from njst.local.wait_until import wait_until
from tests.kubernetes.between import Between, open_between
from tests.kubernetes.resources import (
    PATIENCE_S,
    api_jobs,
    get,
    readyz,
    short,
    token_in,
    wait_finished,
)

RESYNC_S = 3600


@pytest.fixture(scope="module")
def troubled(
    kube: KubernetesServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Environment, Between]]:
    """One worker, and one operator with something between it and the API server.

    It lists its resources at the start and never again: what it sees later, the watch has shown.
    Each test ends the trouble that it made.
    """
    folder = tmp_path_factory.mktemp("troubled")
    namespace = f"troubled-{tmp_path_factory.getbasetemp().name}"
    kube.kubectl("create", "namespace", namespace)
    with (
        open_environment(kube, namespace, folder, copies=1) as env,
        open_between(kube) as between,
    ):
        env.operators.pop().close()
        direct = kube.service_account_kubeconfig(
            folder / "direct", namespace=namespace, name=SERVICE_ACCOUNT
        )
        path = folder / "between"
        path.write_text(
            kubeconfig(
                server=between.url,
                ca_pem=b"",
                user="operator",
                token=token_in(direct),
                namespace=namespace,
            )
        )
        options = [f"--resync-seconds={RESYNC_S}", "--wait-seconds=inf"]
        operator = LocalOperator("between", env.nats.url, path, namespace, options=options)
        env.operators.append(operator)
        operator.service.launch()
        operator.service.wait_ready(PATIENCE_S)
        yield env, between


def test_a_watch_whose_version_is_too_old_begins_anew_and_misses_nothing(
    troubled: tuple[Environment, Between],
) -> None:
    env, between = troubled
    env.kubectl("apply", "-f", "-", stdin=short("before"))
    wait_finished(env, "before")
    between.expire = between.expired + 4
    between.cut_watches()
    env.kubectl("apply", "-f", "-", stdin=short("meanwhile"))
    resource = wait_finished(env, "meanwhile")
    # The job may have been found by a list, before its watch is open again.
    assert wait_until(between.lacking_expiries, PATIENCE_S) is None
    assert resource["status"]["phase"] == "Succeeded"
    assert len(api_jobs(env, get(env, "before"))) == 1


def test_an_api_server_that_has_no_time_is_left_alone_as_long_as_it_asks(
    troubled: tuple[Environment, Between],
) -> None:
    env, between = troubled
    between.busy_s = 2
    between.cut_watches()
    env.kubectl("apply", "-f", "-", stdin=short("crowd"))

    def lacking() -> str | None:
        # The watches of jobs, schedules and experiments have come back at least once.
        often = [times for times in list(between.refused_s.values()) if len(times) >= 2]
        return None if len(often) == 3 else f"asked too little: {between.refused_s}"

    assert wait_until(lacking, PATIENCE_S) is None
    busy_s, between.busy_s = between.busy_s, None
    for times in list(between.refused_s.values()):
        # A timer may be a little early.
        assert all(b - a > 0.9 * busy_s for a, b in pairwise(times)), "it does not insist"
    assert wait_finished(env, "crowd")["status"]["phase"] == "Succeeded"
    assert len(api_jobs(env, get(env, "crowd"))) == 1


def test_operator__that_cannot_watch__reports_it_and_goes_on(
    troubled: tuple[Environment, Between],
) -> None:
    env, between = troubled
    (operator,) = env.operators
    operator.service.stop()
    between.closed = True
    operator.service.launch()

    def lacking() -> str | None:
        said = readyz(operator)
        return None if "the watch has ended" in said else said

    assert wait_until(lacking, PATIENCE_S) is None
    # What the watch does not show, lists do.
    env.kubectl("apply", "-f", "-", stdin=short("listed"))
    assert wait_finished(env, "listed")["status"]["phase"] == "Succeeded"
    between.closed = False
    operator.service.wait_ready(PATIENCE_S)
