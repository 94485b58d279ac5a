"""The files that the node's programs read, as text; and the node's addresses."""

import json
from dataclasses import dataclass

import yaml

ADDRESS = "10.99.0.1"
PREFIX = 24
API_PORT = 6443
POD_NETWORK = "10.244.0.0/16"
SERVICE_NETWORK = "10.96.0.0/16"
DNS_ADDRESS = "10.96.0.10"
DNS_DOMAIN = "cluster.local"
_STORAGE_CLASS = "standard"
_VOLUMES = 40
PAUSE_IMAGE = "njst.local/pause:1"
SERVICE_ACCOUNT_ISSUER = f"https://kubernetes.default.svc.{DNS_DOMAIN}"
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
NODE_NAME = "njst-node"
# Inside the node.
SETTINGS = "/etc/njst"
CERTIFICATES = f"{SETTINGS}/certificates"

CONTAINERD = f"""\
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
  address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  # A value below the node's own needs a right that a container may not have.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"""

CNI = json.dumps(
    {
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": True,
                # A pod that calls its own Service: the bridge returns a frame where it came from.
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": POD_NETWORK}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    },
    indent=2,
)


def kubelet(cgroup: str) -> str:
    """Return the kubelet's configuration; its pods live below `cgroup`."""
    return yaml.safe_dump(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            # Only the node and its pods can reach its port.
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
            "authorization": {"mode": "AlwaysAllow"},
            "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{cgroup}",
            "failCgroupV1": False,
            "failSwapOn": False,
            "clusterDNS": [DNS_ADDRESS],
            "clusterDomain": DNS_DOMAIN,
            "resolvConf": "/etc/resolv.conf",
            # A developer machine may have a disk that is 90 % full without being short of space.
            "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%"},
            "imageGCHighThresholdPercent": 100,
            # Delay until a mounted Secret is updated, and until the pods of a dead node are known.
            "syncFrequency": "5s",
            "nodeStatusUpdateFrequency": "5s",
            "shutdownGracePeriod": "0s",
            "maxPods": 60,
        },
        sort_keys=False,
    )


def volume_folders() -> list[str]:
    """Return the folders of the node's disk that are its persistent volumes."""
    return [f"/var/lib/volumes/{number:02}" for number in range(_VOLUMES)]


def storage() -> str:
    """Return the StorageClass and its volumes.

    There is no provisioner: a volume whose claim is gone is not used again, so there are many.
    """
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE_NAME]}
    storage_class = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": _STORAGE_CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    volumes = [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": f"volume-{folder[-2:]}"},
            "spec": {
                "capacity": {"storage": "100Gi"},
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": _STORAGE_CLASS,
                "persistentVolumeReclaimPolicy": "Retain",
                # Unlike one of the type hostPath, it is given to the pod's fsGroup.
                "local": {"path": folder},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
            },
        }
        for folder in volume_folders()
    ]
    return yaml.safe_dump_all([storage_class, *volumes], sort_keys=False)


@dataclass(frozen=True)
class User:
    """The user and token of a component of the node at the API server."""

    name: str
    token: str
    group: str = ""


def token_file(users: list[User]) -> str:
    """Return the file for `kube-apiserver --token-auth-file`; the uid is the name."""
    return "".join(
        f'{user.token},{user.name},{user.name},"{user.group}"\n'
        if user.group
        else f"{user.token},{user.name},{user.name}\n"
        for user in users
    )
