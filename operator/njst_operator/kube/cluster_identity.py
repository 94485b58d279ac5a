"""The name of this cluster, from the cluster itself: without a setting and without extra rights.

Clusters may share a control NATS. Each job's `created` event names its cluster, so that no other
cluster mistakes it for a job whose resource was deleted. The name is the uid of the operator's
ServiceAccount: it is the same for all replicas, an upgrade keeps it, and no two clusters have the
same. For an operator that a person runs, the ids of the cluster's signing keys take its place.

If the name is unknown or has changed, no job is cancelled by mistake: jobs of deleted resources
then run until their own deadline.
"""

import asyncio
from dataclasses import dataclass, field
from hashlib import blake2b

from njst_operator.kube.api_transport import GoneError, RequestRejectedError
from njst_operator.kube.kube_client import KubeClient

ACCOUNTS = "system:serviceaccount:"


@dataclass
class ClusterIdentity:
    """The cluster's name, requested once; `given` is a name from the settings."""

    kube: KubeClient
    given: str = ""
    # None until it was requested; empty: the cluster does not tell.
    known: str | None = None
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self) -> str:
        """Return the name, or an empty one.

        Raises:
            KubeError: the API server does not answer now.
        """
        async with self._asking:
            if self.known is None:
                self.known = self.given or await self._account() or await self._keys()
        return self.known

    def is_own(self, cluster: str) -> bool:
        """Whether a job of `cluster` is certainly a job of this cluster."""
        return bool(cluster) and cluster == (self.given or self.known)

    async def _account(self) -> str:
        try:
            user = await self.kube.whoami()
        except (GoneError, RequestRejectedError):
            return ""  # older than Kubernetes 1.28, or forbidden
        # Only uids of ServiceAccounts are unique to a cluster.
        is_account = str(user.get("username", "")).startswith(ACCOUNTS)
        return str(user.get("uid", "")) if is_account else ""

    async def _keys(self) -> str:
        try:
            keys = await self.kube.signing_keys()
        except (GoneError, RequestRejectedError):
            return ""
        return blake2b("\0".join(sorted(keys)).encode(), digest_size=16).hexdigest() if keys else ""
