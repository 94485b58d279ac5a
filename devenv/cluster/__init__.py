"""A real Kubernetes node on this machine, with nothing of it outside namespaces of its own.

Kubelet, containerd, CNI, kube-proxy, CoreDNS and a StorageClass beside the API server. All of it
runs below one process in PID, mount and network namespaces of its own: it sees no network but the
one it makes, and when that process is killed, the kernel removes processes, mounts, bridges and
iptables rules. Linux, root, Debian's packages and Go modules; no registry of images.
"""
