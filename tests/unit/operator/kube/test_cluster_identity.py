"""Which cluster a job is of, and who may say that its resource is gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import pytest

from njst.contract.events import Created, Origin, OriginKind
from njst.contract.names.mesh import EventName
from njst.contract.parsing.document import parse_spec
from njst.testing.virtual_loop import run
from njst_operator.controllers.job.job_resource import resource_of
from njst_operator.kube.api_transport import GoneError, KubeError, RequestRejectedError
from njst_operator.kube.cluster_identity import ClusterIdentity
from tests.unit.operator.controllers.job.test_job_decide import SPEC
from tests.unit.operator.controllers.test_replicas import (
    WORKER,
    Server,
    copy_of,
    log_in_loop_time,
)

ACCOUNT = {"username": "system:serviceaccount:ns:njst-operator", "uid": "1234"}


@dataclass
class Cluster:
    """An API server that says who asks and with which keys it signs, or refuses to."""

    user: Mapping[str, str] | KubeError
    keys: list[str] | KubeError
    asked: int = 0

    async def whoami(self) -> Mapping[str, str]:
        self.asked += 1
        if isinstance(self.user, KubeError):
            raise self.user
        return self.user

    async def signing_keys(self) -> list[str]:
        if isinstance(self.keys, KubeError):
            raise self.keys
        return self.keys


async def name_of(cluster: Cluster, given: str = "") -> str:
    identity = ClusterIdentity(cast("Any", cluster), given)
    return await identity.get()


async def test_identity__service_account__is_its_uid_requested_once() -> None:
    cluster = Cluster(ACCOUNT, RequestRejectedError("403"))
    identity = ClusterIdentity(cast("Any", cluster))
    assert not identity.is_own("1234")
    assert [await identity.get(), await identity.get()] == ["1234", "1234"]
    assert cluster.asked == 1
    assert (identity.is_own("1234"), identity.is_own("5678")) == (True, False)


@pytest.mark.parametrize(
    "user",
    [{"username": "admin", "uid": "admin"}, {"username": "jane"}, GoneError("404")],
    ids=["a person with a uid of a file", "a person", "an older Kubernetes"],
)
async def test_identity__person__is_the_signing_keys(user: Any) -> None:
    one, same, other = (Cluster(user, keys) for keys in (["a", "b"], ["b", "a"], ["c"]))
    assert await name_of(one) == await name_of(same) != ""
    assert await name_of(one) != await name_of(other)


async def test_identity__unknown__owns_no_jobs() -> None:
    identity = ClusterIdentity(cast("Any", Cluster({}, RequestRejectedError("403"))))
    assert await identity.get() == ""
    assert not identity.is_own("")


async def test_identity__given_name__wins() -> None:
    assert await name_of(Cluster(ACCOUNT, []), "east") == "east"


async def test_identity__api_server_away__is_requested_again() -> None:
    cluster = Cluster(KubeError("503"), [])
    identity = ClusterIdentity(cast("Any", cluster))
    with pytest.raises(KubeError):
        await identity.get()
    cluster.user = ACCOUNT
    assert await identity.get() == "1234"


def test_keys__jobs_of_other_clusters__are_not_included() -> None:
    """A job of an older njst does not say where it came from: then only who saw it may tell."""

    async def expected() -> set[str]:
        server, log = Server(0.005), log_in_loop_time()
        controller = copy_of(0, server, log)
        for job, cluster in (("own", "this-cluster"), ("other", "b"), ("old", ""), ("seen", "")):
            origin = Origin(kind=OriginKind.RESOURCE, namespace="ns", name=job, cluster=cluster)
            created = Created(spec=parse_spec(SPEC), participants=[WORKER], origin=origin)
            log.store(EventName(job, "created"), created)
        server.create("seen")
        controller.jobs.on_watched(resource_of(server.bodies["seen"]))
        await controller.jobs.on_list([], [])
        keys = controller.jobs.keys()
        await controller.stop()
        return keys

    assert run(expected()) == {"own", "seen"}
