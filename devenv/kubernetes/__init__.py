"""A real Kubernetes API server on this machine: etcd, kube-apiserver and kubectl, no container.

There are no controllers and no nodes: objects, RBAC, admission, CRDs and watches are real; nothing
runs pods, collects garbage, or finishes the deletion of a namespace.
"""
