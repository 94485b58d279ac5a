"""The Helm chart: judged by the API server as the manifests are, and the same as they are."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from devenv.environment import CRDS, MANIFESTS, ROOT
from devenv.kubernetes.api_server import KubernetesServer
from devenv.programs.go_tool import HELM
from tests.kubernetes.installing import DRY_RUN, namespaces, pods, rendered

CHART = ROOT / "charts" / "njst"
MONITORING = {
    "serviceMonitor": {"enabled": True},
    "prometheusRule": {"enabled": True},
    "grafanaDashboard": {"enabled": True},
}
LOGINS = {
    "url": "tls://nats.nats:4222",
    "creds": {"secretName": "login", "key": "user.creds"},
    "envSecretName": "env",
    "tls": {"secretName": "tls"},
    "logReplicas": 3,
}
WORKER = {
    "labels": "disk=nvme",
    "allowTargets": "*.nats:4222",
    "nodeSelector": {"disk": "nvme"},
    "tolerations": [{"key": "load", "operator": "Exists"}],
    "podAnnotations": {"a": "b"},
    "extraEnv": [{"name": "A", "value": "b"}],
}
VALUES: dict[str, dict[str, Any]] = {
    "default": {},
    "deployment": {"operator": {"mode": "Deployment", "cluster": "a"}},
    "disabled": {"operator": {"mode": "Disabled"}},
    "namespaced": {"rbac": {"namespaced": True}},
    "namespaces": {
        "rbac": {"namespaces": ["njst", "default", "kube-public"]},
        "operator": {"selector": "njst in (yes, ja)", "mode": "Deployment"},
    },
    "logins": {"nats": LOGINS, "image": {"repository": "mirror/a/", "pullSecrets": ["pull"]}},
    "worker": {"worker": WORKER, "drainSeconds": 600},
    "monitoring": {"monitoring": MONITORING, "operator": {"mode": "Deployment"}},
    "http": {
        "http": {
            "allowHosts": ["njst.example.com", "*.test"],
            "auth": "TokenFile",
            "tokens": {"secretName": "tokens"},
            "readOnly": True,
        }
    },
    "http by Kubernetes": {
        "http": {"auth": "Kubernetes", "tls": {"secretName": "tls"}},
        "monitoring": MONITORING,
    },
    "network": {"networkPolicy": {"restrictEgress": True, "extraFrom": [{"podSelector": {}}]}},
}


def helm(*argv: str, stdin: str = "", env: dict[str, str] | None = None) -> str:
    """Return what helm prints.

    Raises:
        AssertionError: with what it says when it fails.
    """
    done = subprocess.run(
        [str(HELM.find()), *argv],
        input=stdin,
        env=env,
        capture_output=True,
        text=True,
        timeout=240,  # More than what `--timeout=3m` waits for.
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def templated(values: dict[str, Any], *options: str) -> str:
    return helm(
        *("template", "njst", str(CHART), "--namespace", "njst", "--values", "-", *options),
        stdin=json.dumps(values),
    )


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_the_api_server_takes_what_it_makes(
    restricted: KubernetesServer, values: dict[str, Any]
) -> None:
    restricted.kubectl(*DRY_RUN, stdin=templated(values))


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_every_object_names_the_namespace_of_the_release(values: dict[str, Any]) -> None:
    """So that `helm template --namespace X | kubectl apply -f -` lands in X."""
    found = namespaces(templated(values))
    elsewhere = {name for name, namespace in found.items() if namespace != "njst"}
    rights = {f"{kind} njst-njst-operator" for kind in ("Role", "RoleBinding")}
    assert elsewhere == (rights if values.get("rbac", {}).get("namespaces") else set()), found


def test_several_namespaces_have_a_role_each_and_no_other_rights() -> None:
    objects = [d for d in yaml.safe_load_all(templated(VALUES["namespaces"])) if d]
    kinds = {(d["kind"], d["metadata"].get("namespace")) for d in objects if "Role" in d["kind"]}
    operators = {
        (d["kind"], d["metadata"].get("namespace"))
        for d in objects
        if "Role" in d["kind"] and "operator" in d["metadata"]["name"]
    }
    assert operators == {
        (kind, namespace)
        for kind in ("Role", "RoleBinding")
        for namespace in ("njst", "default", "kube-public")
    }
    assert kinds - operators == {("ClusterRole", None)}  # for users, which rbac.aggregate is about
    (binding,) = (
        d for d in objects if d["metadata"].get("namespace") == "default" and "roleRef" in d
    )
    assert binding["subjects"][0]["namespace"] == "njst"
    (pod,) = (d for d in objects if d["kind"] == "Deployment")
    (container,) = pod["spec"]["template"]["spec"]["containers"]
    told = {e["name"]: e.get("value") for e in container["env"]}
    assert told["NJST_NAMESPACE"] == "njst,default,kube-public"
    assert told["NJST_SELECTOR"] == "njst in (yes, ja)"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"operator": {"mode": "Leader"}}, "/operator/mode"),
        ({"workers": {"replicas": 3}}, "additional properties 'workers'"),
        ({"worker": {"replicas": -1}}, "/worker/replicas"),
        ({"mesh": "Not A Mesh"}, "/mesh"),
        ({"image": {"repository": "mirror"}}, "/image/repository"),
        ({"rbac": {"namespaces": ["Team A"]}}, "/rbac/namespaces/0"),
        ({"http": {"auth": "TokenFile"}}, "http.tokens.secretName is needed"),
        ({"http": {"auth": "token-file"}}, "/http/auth"),
        ({"http": {"allowHosts": ["https://a.example"]}}, "/http/allowHosts/0"),
    ],
)
def test_values_that_make_no_sense_are_refused(values: dict[str, Any], says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        templated(values)


def _spec(text: str, kind: str) -> Any:
    """Return the pod of the workload of a kind, without what must differ."""
    (owner,) = (d for d in yaml.safe_load_all(text) if d["kind"] == kind)
    pod = owner["spec"]["template"]["spec"]
    for constraint in pod["topologySpreadConstraints"]:
        del constraint["labelSelector"]
    for term in pod["affinity"]["podAntiAffinity"].values():
        for preferred in term:
            preferred["podAffinityTerm"].pop("labelSelector")
    for container in pod["containers"]:
        del container["envFrom"]
        # The chart has values for these; the manifests leave them at the programs' defaults.
        chosen = {"NJST_PROCESSES", "NJST_RESYNC_SECONDS"}
        env = (e for e in container["env"] if e["name"] not in chosen)
        container["env"] = sorted(env, key=lambda variable: str(variable["name"]))
    pod["volumes"] = [v for v in pod["volumes"] if v["name"] != "login"]
    pod.setdefault("terminationGracePeriodSeconds", 30)
    return pod


@pytest.mark.parametrize(
    ("overlay", "values", "kind"),
    [
        ("default", {}, "StatefulSet"),
        ("operator-deployment", VALUES["deployment"], "Deployment"),
        ("namespaced", VALUES["namespaced"], "StatefulSet"),
    ],
)
def test_its_pods_are_those_of_the_manifests(
    kube: KubernetesServer, overlay: str, values: dict[str, Any], kind: str
) -> None:
    made = {**values, "operator": {**values.get("operator", {}), "cluster": ""}}
    theirs = rendered(kube, MANIFESTS / "overlays" / overlay)
    assert _spec(templated(made), kind) == _spec(theirs, kind)


def _rules(text: str) -> list[Any]:
    roles = [d for d in yaml.safe_load_all(text) if d["kind"] in ("Role", "ClusterRole")]
    return sorted((role["rules"] for role in roles), key=str)


@pytest.mark.parametrize("overlay", ["default", "namespaced"])
def test_its_rights_are_those_of_the_manifests(kube: KubernetesServer, overlay: str) -> None:
    theirs = rendered(kube, MANIFESTS / "overlays" / overlay)
    assert _rules(templated(VALUES[overlay])) == _rules(theirs)


def test_its_settings_are_those_of_the_manifests(kube: KubernetesServer) -> None:
    def settings(text: str) -> Any:
        (found,) = (d["data"] for d in yaml.safe_load_all(text) if d["kind"] == "ConfigMap")
        return found

    made = settings(templated({}))
    assert made.pop("NJST_LOG_REPLICAS") == "0"
    assert made == settings(rendered(kube, MANIFESTS / "overlays" / "default"))


def test_a_secret_is_a_file_that_a_setting_names() -> None:
    text = templated(VALUES["logins"])
    (settings,) = (d["data"] for d in yaml.safe_load_all(text) if d["kind"] == "ConfigMap")
    files = {name: path for name, path in settings.items() if name.startswith("NATS_")}
    assert files == {
        "NATS_CREDS": "/etc/njst/login/user.creds",
        "NATS_CERT": "/etc/njst/login/tls.crt",
        "NATS_KEY": "/etc/njst/login/tls.key",
        "NATS_CA": "/etc/njst/login/ca.crt",
    }
    for pod in pods(text):
        (login,) = (v["projected"] for v in pod["volumes"] if v["name"] == "login")
        assert [source["secret"]["name"] for source in login["sources"]] == ["login", "tls"]
        for container in pod["containers"]:
            assert {"secretRef": {"name": "env"}} in container["envFrom"]
            assert container["image"].startswith("mirror/a/njst-")


def test_users_of_the_api__by_kubernetes__are_reviewed_by_the_workers_alone() -> None:
    for name, has_review in (("http by Kubernetes", True), ("default", False), ("http", False)):
        text = templated(VALUES[name])
        bindings = [d for d in yaml.safe_load_all(text) if d and d["kind"] == "ClusterRoleBinding"]
        reviews = [b for b in bindings if b["roleRef"]["name"] == "system:auth-delegator"]
        assert len(reviews) == has_review
        (pod,) = pods(text)
        tokens = {v["name"] for v in pod["volumes"] if "serviceAccountToken" in str(v)}
        worker = pod["containers"][0]
        assert bool(tokens & {m["name"] for m in worker["volumeMounts"]}) == has_review


def test_what_it_has_a_copy_of_is_what_is_there() -> None:
    copies = (path for folder in ("crds", "files") for path in (CHART / folder).glob("*.*"))
    copied = {path.name: path.read_text() for path in copies}
    monitoring = MANIFESTS / "components" / "monitoring"
    there = [*CRDS.glob("*.yaml"), monitoring / "rules.yaml", monitoring / "njst.json"]
    assert copied == {path.name: path.read_text() for path in there}, "run `make manifests`"


_SCHEMA = "/spec/versions/0/schema/openAPIV3Schema/properties"


def _fields(kube: KubernetesServer) -> Any:
    crd = json.loads(kube.kubectl("get", "crd", "njstjobs.njst.io", "-o", "json"))
    return crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]


def test_install_upgrade_rollback_and_uninstall_leave_the_resource_types_alone(
    kube: KubernetesServer, namespace: str, tmp_path: Path
) -> None:
    """Nothing runs here: what is proved is what Helm itself does."""
    env = {**kube.kubectl.environment(), "HELM_CACHE_HOME": str(tmp_path)}
    at = ("njst", str(CHART), "--namespace", namespace)
    own = ("--set", "rbac.aggregate=false")
    helm("install", *at, *own, env=env)
    before = _fields(kube)
    newer = [{"op": "add", "path": _SCHEMA + "/status/properties/new", "value": {"type": "string"}}]
    kube.kubectl("patch", "crd", "njstjobs.njst.io", "--type=json", "--patch", json.dumps(newer))
    helm("upgrade", *at, *own, "--set", "worker.replicas=5", env=env)
    owner = kube.kubectl("get", "statefulset", "njst-worker", "-n", namespace, "-o", "json")
    assert json.loads(owner)["spec"]["replicas"] == 5
    helm("rollback", "njst", "1", "--namespace", namespace, env=env)
    assert "new" in _fields(kube)["status"]["properties"]
    helm("uninstall", "njst", "--namespace", namespace, env=env)
    assert "new" in _fields(kube)["status"]["properties"]
    newer[0] = {"op": "remove", "path": newer[0]["path"]}
    kube.kubectl("patch", "crd", "njstjobs.njst.io", "--type=json", "--patch", json.dumps(newer))
    assert _fields(kube) == before
    left = kube.kubectl("get", "all,configmaps,networkpolicies", "-n", namespace, "-o", "name")
    assert "njst" not in left
    kinds = ("njstjobs", "njstschedules", "njstexperiments")
    kube.kubectl("get", "crd", *(f"{kind}.njst.io" for kind in kinds))
