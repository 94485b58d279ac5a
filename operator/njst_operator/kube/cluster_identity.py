"""Which cluster this is, told by the cluster itself: no setting, and no rights but everybody's.

Clusters may share a control NATS. Each job says in its `created` event which cluster it came from,
so that no other cluster takes it for one whose resource is gone. The name of a cluster is the uid
of the ServiceAccount that asks: every copy of an installation has the same one, an upgrade keeps
it, and no two clusters give the same uid. Who asks as a person is told the cluster's keys instead.

An unknown cluster has no name, and one that changes has lost its old name: then jobs are nobody's
orphans, and end by their own deadline. Nothing is ever cancelled by mistake.
"""

import asyncio
from dataclasses import dataclass, field
from hashlib import blake2b

from njst_operator.kube.api_transport import GoneError, RequestRejectedError
from njst_operator.kube.kube_client import KubeClient

ACCOUNTS = "system:serviceaccount:"


@dataclass
class ClusterIdentity:
    """The cluster's name, asked for once; `given` is one that was set by hand."""

    kube: KubeClient
    given: str = ""
    # None until it has been asked for; empty: the cluster does not say.
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
        """Whether a job that says it is of `cluster` is certainly of this one."""
        return bool(cluster) and cluster == (self.given or self.known)

    async def _account(self) -> str:
        try:
            user = await self.kube.whoami()
        except (GoneError, RequestRejectedError):
            return ""  # older than Kubernetes 1.28, or forbidden
        # Only uids of ServiceAccounts are made by the cluster: others may be the same anywhere.
        is_account = str(user.get("username", "")).startswith(ACCOUNTS)
        return str(user.get("uid", "")) if is_account else ""

    async def _keys(self) -> str:
        try:
            keys = await self.kube.signing_keys()
        except (GoneError, RequestRejectedError):
            return ""
        return blake2b("\0".join(sorted(keys)).encode(), digest_size=16).hexdigest() if keys else ""
