"""What Flux and Helm 4 see: their own library over resources in every phase."""

import json

from devenv.environment import install_crds
from devenv.kubernetes.api_server import KubernetesServer
from devenv.kubernetes.kstatus import find_kstatus
from tests.unit.operator.controllers.job.judged import JUDGED
from tests.unit.operator.controllers.job.test_job_decide import SPEC


def test_kstatus_judges_rightly() -> None:
    said = find_kstatus()([judged.body for judged in JUDGED])
    assert dict(zip([j.name for j in JUDGED], said, strict=True)) == {
        judged.name: judged.kstatus for judged in JUDGED
    }


def test_a_resource_that_no_operator_has_seen_is_in_progress(
    kube: KubernetesServer, namespace: str
) -> None:
    install_crds(kube)
    body = {
        "apiVersion": "njst.io/v1alpha1",
        "kind": "NjstJob",
        "metadata": {"name": "new"},
        "spec": SPEC,
    }
    created = kube.kubectl(
        "--namespace", namespace, "create", "-f", "-", "-o", "json", stdin=json.dumps(body)
    )
    assert find_kstatus()([json.loads(created)]) == ["InProgress"]
