"""Preflight checks: the resource types and RBAC rights that the operator needs.

They run before each watch: otherwise a missing right would show as a watch that brings nothing, or
as a status that is never written.
"""

from typing import NamedTuple

from njst.contract.names.kubernetes import EXPERIMENT_PLURAL, GROUP, PLURAL, SCHEDULE_PLURAL
from njst_operator.kube.api_transport import KubeError
from njst_operator.kube.kube_client import KubeClient
from njst_operator.kube.watch_scope import WatchScope


class Right(NamedTuple):
    """A verb on a resource, in the words of an RBAC rule."""

    verb: str
    resource: str
    group: str = GROUP

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"


PLURALS = (PLURAL, SCHEDULE_PLURAL, EXPERIMENT_PLURAL)
NEEDED = (
    *(Right(verb, PLURAL) for verb in ("list", "watch", "create", "patch", "delete")),
    *(Right(verb, SCHEDULE_PLURAL) for verb in ("get", "list", "watch")),
    *(Right(verb, EXPERIMENT_PLURAL) for verb in ("list", "watch", "create", "patch", "delete")),
    *(Right("patch", f"{plural}/status") for plural in PLURALS),
    Right("create", "events", ""),
)


class IncompleteError(KubeError):
    """A resource type or a right is missing; the message says which, and what to do."""


async def check(kube: KubeClient, scope: WatchScope) -> None:
    """Check all that the operator needs; pass if the API server cannot tell.

    Raises:
        IncompleteError: a resource type or a right is missing.
    """
    for namespace in scope.listed_namespaces:
        await _check(kube, namespace)


async def _check(kube: KubeClient, namespace: str) -> None:
    try:
        lacking = [right for right in NEEDED if not await _has(kube, right, namespace)]
        missing = [plural for plural in PLURALS if not await kube.serves(plural)]
    except KubeError:
        return
    if missing:
        raise IncompleteError(
            f"the resource type {missing[0]}.{GROUP} is not installed; kubectl apply -f crds/"
        )
    if lacking:
        where = f"namespace {namespace}" if namespace else "all namespaces"
        raise IncompleteError(
            f"the operator may not {', '.join(map(str, lacking))} in {where};"
            " apply the operator's role, see manifests/"
        )


async def _has(kube: KubeClient, right: Right, namespace: str) -> bool:
    return await kube.may(right.verb, right.resource, right.group, namespace)
