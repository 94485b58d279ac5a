"""Each value of the chart, where it lands: all are set at once, and a row says what one must do."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml

from devenv.environment import MANIFESTS
from devenv.kubernetes.api_server import KubernetesServer
from njst_operator.telemetry.operator_metrics import OperatorMetrics, exposition
from njst_operator.telemetry.replica_health import ReplicaHealth
from tests.kubernetes.installing import CLUSTER_WIDE, DRY_RUN
from tests.kubernetes.test_chart import CHART, helm, templated

PRESETS = sorted(path.stem for path in CHART.glob("presets/*.yaml"))
DIGEST = "sha256:" + "0a" * 32
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
SELECTED = "labelSelector.matchLabels"
POD, LABELS = "spec.template.spec", "spec.template.metadata.labels"
Row = tuple[str, Any, str, Any]
# Below `worker` and `operator`: value, what is set, where it is in StatefulSet and Deployment, and
# what must stand there. KIND and PART are those of the workload.
PODS: list[Row] = [
    ("nodeSelector", {"disk": "nvme"}, f"{POD}.nodeSelector", {"disk": "nvme"}),
    ("tolerations", [{"operator": "Exists"}], f"{POD}.tolerations", [{"operator": "Exists"}]),
    ("priorityClassName", "high", f"{POD}.priorityClassName", "high"),
    ("runtimeClassName", "kata", f"{POD}.runtimeClassName", "kata"),
    ("schedulerName", "own", f"{POD}.schedulerName", "own"),
    ("podLabels", {"a": "b"}, f"{LABELS}.a", "b"),
    ("podAnnotations", {"c": "d"}, "spec.template.metadata.annotations.c", "d"),
    ("annotations", {"e": "f"}, "metadata.annotations.e", "f"),
    (
        "topologySpreadConstraints",
        [{"maxSkew": 2, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule"}],
        f"{POD}.topologySpreadConstraints.0.{SELECTED}.app~kubernetes~io/component",
        "PART",
    ),
    (
        "antiAffinity",
        "Required",
        f"{POD}.affinity.podAntiAffinity.{REQUIRED}.0.{SELECTED}.app~kubernetes~io/component",
        "PART",
    ),
    ("hostNetwork", True, f"{POD}.hostNetwork", True),
    ("hostNetwork", True, f"{POD}.dnsPolicy", "ClusterFirstWithHostNet"),
    ("dnsConfig", {"searches": ["a"]}, f"{POD}.dnsConfig.searches", ["a"]),
    (
        "hostAliases",
        [{"ip": "10.0.0.1", "hostnames": ["a"]}],
        f"{POD}.hostAliases.0.ip",
        "10.0.0.1",
    ),
    ("updateStrategy", {"type": "OnDelete"}, "spec.STRATEGY.type", "OnDelete"),
    ("initContainers", [{"name": "i", "image": "i"}], f"{POD}.initContainers.i.image", "i"),
    ("extraContainers", [{"name": "e", "image": "e"}], f"{POD}.containers.e.image", "e"),
    ("extraVolumes", [{"name": "v", "emptyDir": {}}], f"{POD}.volumes.v.emptyDir", {}),
    (
        "extraVolumeMounts",
        [{"name": "v", "mountPath": "/v"}],
        f"{POD}.containers.PART.volumeMounts.v.mountPath",
        "/v",
    ),
    ("extraEnv", [{"name": "A", "value": "b"}], f"{POD}.containers.PART.env.A.value", "b"),
    (
        "extraEnvFrom",
        [{"configMapRef": {"name": "m"}}],
        f"{POD}.containers.PART.envFrom.1.configMapRef.name",
        "m",
    ),
    *(
        (
            "probes",
            {name: {"failureThreshold": 9} for name in ("startup", "liveness", "readiness")},
            f"{POD}.containers.PART.{name}Probe.failureThreshold",
            9,
        )
        for name in ("startup", "liveness", "readiness")
    ),
]
# Beside them: value, what is set, object, where in it, and what must stand there.
OTHERS: list[tuple[str, Any, str, str, Any]] = [
    ("commonLabels", {"team": "a"}, "ConfigMap load", "metadata.labels.team", "a"),
    ("commonLabels", {"team": "a"}, "StatefulSet load-worker", f"{LABELS}.team", "a"),
    ("commonLabels", {"team": "a"}, "ClusterRole njst-load-operator", "metadata.labels.team", "a"),
    (
        "global.imageRegistry",
        "mirror.example.com",
        "Deployment load-operator",
        f"{POD}.containers.operator.image",
        "mirror.example.com/njst/njst-operator:1",
    ),
    (
        "image",
        {"repository": "njst/", "tag": "1", "digests": {"worker": DIGEST}},
        "StatefulSet load-worker",
        f"{POD}.containers.worker.image",
        f"mirror.example.com/njst/njst-worker:1@{DIGEST}",
    ),
    (
        "global.imagePullSecrets",
        ["pull"],
        "Deployment load-operator",
        f"{POD}.imagePullSecrets",
        [{"name": "pull"}],
    ),
    (
        "serviceAccount",
        {"name": "own", "annotations": {"role": "r"}},
        "ServiceAccount own",
        "metadata.annotations.role",
        "r",
    ),
    (
        "serviceAccount",
        {"name": "own", "annotations": {"role": "r"}},
        "ClusterRoleBinding njst-load-operator",
        "subjects.own.kind",
        "ServiceAccount",
    ),
    ("service.type", "LoadBalancer", "Service load", "spec.type", "LoadBalancer"),
    ("service.nodePort", 30080, "Service load", "spec.ports.http.nodePort", 30080),
    ("service.labels", {"l": "m"}, "Service load-workers", "metadata.labels.l", "m"),
    ("service.annotations", {"n": "o"}, "Service load", "metadata.annotations.n", "o"),
    ("service.loadBalancerClass", "x/y", "Service load", "spec.loadBalancerClass", "x/y"),
    (
        "service.loadBalancerSourceRanges",
        ["10.0.0.0/8"],
        "Service load",
        "spec.loadBalancerSourceRanges",
        ["10.0.0.0/8"],
    ),
    (
        "podSecurityContext",
        {"runAsUser": 1234, "supplementalGroups": [7]},
        "Deployment load-operator",
        f"{POD}.securityContext.supplementalGroups",
        [7],
    ),
    (
        "containerSecurityContext",
        {"readOnlyRootFilesystem": False},
        "StatefulSet load-worker",
        f"{POD}.containers.worker.securityContext.readOnlyRootFilesystem",
        False,
    ),
    # The pod of `helm test` runs where workers run.
    ("fullnameOverride", "load", "Pod load-test", "spec.nodeSelector.disk", "nvme"),
    ("fullnameOverride", "load", "Pod load-test", "spec.tolerations.0.operator", "Exists"),
    (
        "extraObjects",
        [
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "{{ .Release.Name }}-a"}},
            "apiVersion: v1\nkind: Secret\nmetadata: {name: '{{ include \"njst.name\" . }}-b'}",
        ],
        "Secret load-b",
        "metadata.name",
        "load-b",
    ),
]
WORKLOADS = {
    "worker": ("StatefulSet load-worker", "updateStrategy"),
    "operator": ("Deployment load-operator", "strategy"),
}
TABLE = [
    (f"{part}.{value}", given, owner, path, wanted)
    for part, (owner, strategy) in WORKLOADS.items()
    for value, given, path, wanted in [
        (
            value,
            given,
            path.replace("STRATEGY", strategy).replace("PART", part),
            part if wanted == "PART" else wanted,
        )
        for value, given, path, wanted in PODS
    ]
] + OTHERS


def _set(values: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for name in parents:
        values = values.setdefault(name, {})
    values[last] = value


def _all(*without: str) -> dict[str, Any]:
    """Return values with everything of the table but these, by their last name."""
    values: dict[str, Any] = {"operator": {"mode": "Deployment"}}
    for path, given, *_ in TABLE:
        if path.split(".")[-1] not in without:
            _set(values, path, given)
    return values


def _objects(text: str) -> dict[str, Any]:
    return {
        f"{d['kind']} {d['metadata']['name']}": d for d in yaml.safe_load_all(text) if d is not None
    }


@cache
def _everything() -> dict[str, Any]:
    return _objects(templated(_all()))


def _at(found: Any, path: str) -> Any:
    """Return what is at a path; elements of lists by number or by name, and ~ for a dot."""
    for step in path.split("."):
        if isinstance(found, list) and not step.isdigit():
            found = {element["name"]: element for element in found}
        found = found[int(step) if isinstance(found, list) else step.replace("~", ".")]
    return found


@pytest.mark.parametrize(
    ("owner", "path", "wanted"),
    [row[2:] for row in TABLE],
    ids=[f"{row[0]}-{row[3].rsplit('.', 1)[-1]}" for row in TABLE],
)
def test_value__when_set__is_where_it_belongs(owner: str, path: str, wanted: Any) -> None:
    assert _at(_everything()[owner], path) == wanted


def test_values_of_pods__are_the_same_for_worker_and_operator() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]
    in_the_table = {value for value, *_ in PODS} | {"affinity", "dnsPolicy"}
    for part in WORKLOADS:
        assert in_the_table <= schema[part]["properties"].keys()
    shared = schema["worker"]["properties"].keys() & schema["operator"]["properties"].keys()
    assert shared - in_the_table == {"replicas", "resources"}


def test_values_file__and_schema__name_the_same() -> None:
    def names(schema: Any, path: str = "") -> Iterator[str]:
        for name, below in schema.get("properties", {}).items():
            yield f"{path}{name}"
            yield from names(below, f"{path}{name}.")

    def given(values: Any, path: str = "") -> Iterator[str]:
        for name, below in values.items():
            yield f"{path}{name}"
            if isinstance(below, dict):
                yield from given(below, f"{path}{name}.")

    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    known = {*names(schema)}
    free = {name for name in given(values) if name not in known and name.split(".")[0] in known}
    assert all(any(name.startswith(f"{parent}.") for parent in known) for name in free)
    assert {*given(values)} - free <= known
    left = known - {*given(values)} - {"crds"}
    assert all(name.count(".") > 1 for name in left), left  # Parts of what is empty by default.


def test_affinity__when_set__replaces_that_of_the_chart() -> None:
    own = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}
    values = {"worker": {"affinity": own, "dnsPolicy": "Default", "hostNetwork": True}}
    pod = _objects(templated(values))["StatefulSet njst-worker"]["spec"]["template"]["spec"]
    assert (pod["affinity"], pod["dnsPolicy"]) == (own, "Default")


def test_operator_beside_a_worker__has_its_own_mounts_and_environment() -> None:
    volume, mount = {"name": "v", "emptyDir": {}}, {"name": "v", "mountPath": "/v"}
    values = {"operator": {"extraVolumes": [volume], "extraVolumeMounts": [mount]}}
    pod = _objects(templated(values))["StatefulSet njst-worker"]["spec"]["template"]["spec"]
    assert volume in pod["volumes"]
    assert [mount in container["volumeMounts"] for container in pod["containers"]] == [False, True]


def test_all_values_at_once__are_taken_by_the_api_server(restricted: KubernetesServer) -> None:
    """But those that it rightly refuses here, for want of rights or of what they name."""
    refused = ("hostNetwork", "initContainers", "extraContainers", "containerSecurityContext")
    allowed = _all(*refused, "updateStrategy", "priorityClassName", "runtimeClassName")
    presets = [str(CHART / "presets" / f"{name}.yaml") for name in ("measuring", "openshift")]
    options = [f"--values={path}" for path in presets]
    restricted.kubectl(*DRY_RUN, stdin=templated(allowed, *options))


def test_namespaced__renders_nothing_cluster_wide() -> None:
    objects = _objects(templated({"rbac": {"namespaced": True}, "http": {"auth": "Kubernetes"}}))
    assert {d["kind"] for d in objects.values()} & {*CLUSTER_WIDE} == set()
    assert "Role njst-operator" in objects


def test_two_releases__have_no_object_in_common() -> None:
    here = {*_objects(templated({}))}
    other = {*_objects(helm("template", "other", str(CHART), "--namespace", "njst"))}
    elsewhere = {
        name
        for name, d in _objects(helm("template", "njst", str(CHART), "--namespace", "b")).items()
        if d["kind"] in CLUSTER_WIDE
    }
    assert here & other == set()
    assert here & elsewhere == set()
    assert any(name.startswith("ClusterRole ") for name in elsewhere)


GUARDED = {"http": {"auth": "TokenFile", "tokens": {"secretName": "tokens"}}}


def test_ingress_and_route__of_a_guarded_api__lead_to_its_service_by_allowed_names() -> None:
    ingress = {"enabled": True, "hosts": ["njst.example.com"], "tlsSecretName": "cert"}
    route = {"enabled": True, "hosts": ["njst.example.org"], "parentRefs": [{"name": "edge"}]}
    objects = _objects(templated({**GUARDED, "ingress": ingress, "httpRoute": route}))
    found = objects["Ingress njst"]["spec"]
    assert found["tls"] == [{"secretName": "cert", "hosts": ["njst.example.com"]}]
    assert _at(found, "rules.0.http.paths.0.backend.service.name") == "njst"
    assert _at(objects["HTTPRoute njst"], "spec.rules.0.backendRefs.njst.port") == 80
    env = _at(objects["StatefulSet njst-worker"], f"{POD}.containers.worker.env")
    allowed = _at(env, "NJST_HTTP_ALLOW_HOSTS.value").split(",")
    assert {"njst.example.com", "njst.example.org"} < {*allowed}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"worker": {"antiAffinity": "required"}}, "/worker/antiAffinity"),
        ({"operator": {"dnsPolicy": "None!"}}, "/operator/dnsPolicy"),
        ({"worker": {"probes": {"liveness": {"period": 1}}}}, "/worker/probes/liveness"),
        ({"commonLabels": {"helm.sh/chart": "a"}}, "/commonLabels"),
        ({"worker": {"podLabels": {"app.kubernetes.io/name": "a"}}}, "/worker/podLabels"),
        ({"image": {"digests": {"worker": "latest"}}}, "/image/digests/worker"),
        ({"global": {"imageRegistry": "a/"}}, "/global/imageRegistry"),
        ({"fullnameOverride": "Njst"}, "/fullnameOverride"),
        ({"worker": {"extraVolumes": [{"emptyDir": {}}]}}, "/worker/extraVolumes/0"),
        ({"service": {"nodePort": 70000}}, "/service/nodePort"),
        ({"ingress": {"enabled": True}}, "ingress.enabled .*http.auth"),
        ({**GUARDED, "ingress": {"enabled": True}}, "ingress.hosts is needed"),
        ({**GUARDED, "httpRoute": {"enabled": True}}, "httpRoute.parentRefs is needed"),
        ({"httpRoute": {"enabled": True}}, "httpRoute.enabled .*http.auth"),
        ({"worker": {"autoscaling": {"enabled": True}}}, "operator.mode=Deployment"),
        ({"crds": {"keep": False}}, "helm.sh/resource-policy=keep"),
    ],
)
def test_value__that_makes_no_sense__is_refused_by_name(values: dict[str, Any], says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        templated(values)


@cache
def _preset(name: str) -> dict[str, Any]:
    return _objects(templated({}, f"--values={CHART / 'presets' / f'{name}.yaml'}"))


def test_presets__are_those_that_are_tested_here() -> None:
    assert PRESETS == ["measuring", "openshift", "scale-to-zero"]


def test_openshift__leaves_uid_and_groups_to_the_cluster() -> None:
    """The constraint restricted-v2 refuses a pod that names a user or a group of its own."""
    owners = [d for d in _preset("openshift").values() if d["kind"] in ("StatefulSet", "Pod")]
    pods = [d["spec"].get("template", d)["spec"] for d in owners]
    assert [pod["securityContext"] for pod in pods] == [
        {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    ] * 2


def test_security_contexts__that_are_null__are_left_out() -> None:
    values = {"podSecurityContext": None, "containerSecurityContext": None}
    assert "securityContext" not in templated({**values, "operator": {"mode": "Deployment"}})


def test_measuring__has_guaranteed_pods_with_whole_cpus_on_nodes_of_their_own() -> None:
    pod = _preset("measuring")["StatefulSet njst-worker"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]  # Guaranteed is a matter of all containers of a pod.
    resources = container["resources"]
    assert resources["requests"] == resources["limits"]
    assert isinstance(resources["limits"]["cpu"], int)
    (processes,) = (e["value"] for e in container["env"] if e["name"] == "NJST_PROCESSES")
    assert int(processes) == resources["limits"]["cpu"]
    assert pod["affinity"]["podAntiAffinity"][REQUIRED]


def test_scale_to_zero__has_no_or_all_workers() -> None:
    objects = _preset("scale-to-zero")
    assert "replicas" not in objects["StatefulSet njst-worker"]["spec"]
    spec = objects["ScaledObject njst-worker"]["spec"]
    counts = [spec[f"{name}ReplicaCount"] for name in ("idle", "min", "max")]
    assert counts == [0, 3, 3]
    settings = objects["ConfigMap njst"]["data"]
    assert settings["NJST_EXPECT_WORKERS"] == "3"


@pytest.mark.parametrize(
    ("phases", "replicas"),
    [
        ([], 0),
        (["Pending"], 3),
        (["Running", "Succeeded"], 3),
        (["Cancelling"], 3),
        (["Succeeded", "Failed", "Cancelled", "Suspended"], 0),
    ],
    ids=lambda given: "-".join(given) if isinstance(given, list) else str(given),
)
def test_scale_to_zero__workers__are_there_while_a_job_waits_or_runs(
    phases: list[str], replicas: int
) -> None:
    """What KEDA would do with the metrics of an operator: none if the query is 0, otherwise min."""
    spec = _preset("scale-to-zero")["ScaledObject njst-worker"]["spec"]
    query = _at(spec, "triggers.0.metadata.query")
    metric, counted = re.fullmatch(
        r'sum\(max by \(phase\) \((\w+)\{namespace="njst",service="njst-operator",'
        r'phase=~"([^"]+)"\}\)\)',
        query,
    ).groups()  # type: ignore[union-attr]
    told = exposition(OperatorMetrics(), ReplicaHealth(), phases, [], 0.0)
    samples = re.findall(rf'^{metric}\{{phase="(\w+)"\}} (\d+)$', told, re.MULTILINE)
    value = sum(int(count) for phase, count in samples if phase in counted.split("|"))
    active = value > int(_at(spec, "triggers.0.metadata.activationThreshold"))
    assert spec["minReplicaCount" if active else "idleReplicaCount"] == replicas


_NAME = "kubernetes.io/metadata.name"
# Where a resolver is: namespace of its pod, and port. NodeLocal DNSCache is on the node: in none.
RESOLVERS = {
    "kube-dns": ("kube-system", 53),
    "NodeLocal DNSCache": ("", 53),
    "OpenShift": ("openshift-dns", 5353),
}


def resolvers_reached(policies: list[Any]) -> set[str]:
    """Return the resolvers that some rule lets pods reach, by UDP and TCP."""
    rules = [rule for policy in policies for rule in policy["spec"].get("egress", [])]

    def reaches(namespace: str, port: int, protocol: str) -> bool:
        return any(
            {"port": port, "protocol": protocol} in rule["ports"]
            and (
                "to" not in rule
                or any(
                    peer.get("namespaceSelector", {}).get("matchLabels") == {_NAME: namespace}
                    for peer in rule["to"]
                )
            )
            for rule in rules
        )

    return {
        name
        for name, (namespace, port) in RESOLVERS.items()
        if all(reaches(namespace, port, protocol) for protocol in ("UDP", "TCP"))
    }


def test_restricted_egress__reaches_every_usual_resolver() -> None:
    objects = _objects(templated({"networkPolicy": {"restrictEgress": True}}))
    policies = [d for d in objects.values() if d["kind"] == "NetworkPolicy"]
    assert resolvers_reached(policies) == {*RESOLVERS}
    restricted = MANIFESTS / "components" / "restricted-network" / "policies.yaml"
    assert resolvers_reached([*yaml.safe_load_all(restricted.read_text())]) == {*RESOLVERS}
    of_kube_system = {"namespaceSelector": {"matchLabels": {_NAME: "kube-system"}}}
    ports = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    narrow = [{"spec": {"egress": [{"to": [of_kube_system], "ports": ports}]}}]
    assert resolvers_reached(narrow) == {"kube-dns"}
