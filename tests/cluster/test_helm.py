"""The chart as a person with helm uses it: install, test, upgrade, uninstall."""

from devenv.cluster.cluster_choice import Cluster
from devenv.environment import ROOT
from tests.cluster.install import nats
from tests.cluster.njst import Njst, steady
from tests.kubernetes.test_chart import helm

CHART = str(ROOT / "charts" / "njst")
CRDS = "njstjobs.njst.io", "njstschedules.njst.io", "njstexperiments.njst.io"


def test_the_chart_is_installed_tested_upgraded_and_uninstalled(
    cluster: Cluster, alone: Njst
) -> None:
    def run(*argv: str) -> str:
        return helm(*argv, "--namespace", alone.namespace, env=cluster.kubectl.environment())

    cluster.kubectl("delete", "crd", *CRDS)  # The chart brings them, as its own.
    nats(alone, "--jetstream", "--store_dir=/data")

    run("install", "njst", CHART, "--wait", "--timeout=3m")
    assert len(alone.names()) == 3
    run("test", "njst", "--timeout=3m")
    alone.kubectl("apply", "-f", "-", stdin=steady("installed", 2))
    assert alone.wait_finished("installed")["workers"]["summary"] == "3/3"

    run("upgrade", "njst", CHART, "--set=worker.replicas=2", "--wait", "--timeout=3m")
    alone.wait(lambda: len(alone.names()) == 2, said=alone.names)
    alone.kubectl("apply", "-f", "-", stdin=steady("upgraded", 2))
    assert alone.wait_finished("upgraded")["workers"]["summary"] == "2/2"

    run("uninstall", "njst", "--wait", "--timeout=3m")
    left = alone.kubectl("get", "statefulsets,services,configmaps,roles", "-o", "name")
    assert set(left.split()) == {"configmap/kube-root-ca.crt", "service/nats"}
    # Jobs and their results stay, as the chart's README says: the CRDs are kept.
    kept = alone.kubectl("get", "njstjobs", "-o", "name")
    assert kept.split() == ["njstjob.njst.io/installed", "njstjob.njst.io/upgraded"]
    cluster.kubectl("delete", "crd", *CRDS)


def test_two_releases_in_one_cluster_run_each_job_once(cluster: Cluster, alone: Njst) -> None:
    """One is the default installation; a job that names the other one's mesh is that one's."""

    def run(*argv: str) -> str:
        return helm(*argv, "--namespace", alone.namespace, env=cluster.kubectl.environment())

    cluster.kubectl("delete", "crd", "--ignore-not-found", *CRDS)
    nats(alone, "--jetstream", "--store_dir=/data")
    one_worker = ["--set=worker.replicas=1", "--wait", "--timeout=3m"]
    run("install", "njst", CHART, "--set=mesh=a", *one_worker)
    other = ["--set=mesh=b", "--set=defaultMesh=false", "--skip-crds"]
    run("install", "other", CHART, *other, *one_worker)

    alone.kubectl("apply", "-f", "-", stdin=steady("unnamed", 2))
    alone.kubectl("apply", "-f", "-", stdin=steady("named", 2, mesh="b"))
    taken = {job: alone.wait_finished(job) for job in ("unnamed", "named")}
    assert {job: status["mesh"] for job, status in taken.items()} == {"unnamed": "a", "named": "b"}
    assert [status["verdict"] for status in taken.values()] == ["Valid"] * 2
    for release in ("njst", "other"):
        run("uninstall", release, "--wait", "--timeout=3m")
    cluster.kubectl("delete", "crd", *CRDS)
