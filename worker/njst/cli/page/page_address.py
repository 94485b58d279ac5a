"""Addresses of the page of a worker, and the way to one inside a Kubernetes cluster. Pure."""

from urllib.parse import quote, urlsplit

LOCAL_PORT = 5000
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def page_address(api: str, job: str) -> str:
    """Return the address of a job on the page of a worker; without a job, of all jobs."""
    return f"{api}/#/jobs/{quote(job, safe='')}" if job else f"{api}/#/jobs"


def port_forward(api: str, pod: str) -> str:
    """Return the command that makes a worker of a cluster reachable from outside; empty: none.

    Args:
        api: URL of the worker's API.
        pod: name of the pod in which this command runs; empty outside a cluster.
    """
    parts = urlsplit(api)
    host = parts.hostname or ""
    ports = f"{LOCAL_PORT}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    if host in _LOOPBACK:
        return f"kubectl port-forward pod/{pod} {ports}" if pod else ""
    name, *rest = host.split(".")
    if len(rest) > 1 and rest[1] == "svc":
        return f"kubectl --namespace {rest[0]} port-forward service/{name} {ports}"
    if pod and len(rest) == 1:
        return f"kubectl --namespace {rest[0]} port-forward service/{name} {ports}"
    if pod and not rest:
        return f"kubectl port-forward service/{name} {ports}"
    return ""
