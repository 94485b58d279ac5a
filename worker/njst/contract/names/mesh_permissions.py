"""What a mesh must be permitted on its control NATS; nothing of it is another mesh's.

Workers, operators and `njst --nats` of one mesh share these. A wildcard of NATS stands for whole
tokens, so each stream is named. Targets need permissions of their own (docs/connections.md).
"""

from dataclasses import dataclass

from njst.contract.connection import API_PREFIX
from njst.contract.names.buckets import OBJECTS
from njst.contract.names.mesh import Mesh


@dataclass(frozen=True)
class MeshPermissions:
    """Subjects that a user may publish to, and subscribe to besides its inbox.

    Workers answer questions of other workers in their inboxes: a user needs `allow_responses` too,
    or may publish to the inboxes of its mesh.
    """

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def mesh_permissions(mesh: Mesh, api_prefix: str = API_PREFIX) -> MeshPermissions:
    """Return what the login of a mesh needs; `api_prefix` is that of JetStream's API."""
    publish = [f"njst.{mesh.name}.v1.>", f"$O.{mesh.reports_bucket}.>", f"{api_prefix}.INFO"]
    reports = f"{OBJECTS}{mesh.reports_bucket}"
    read = (mesh.log_stream, mesh.progress_stream, mesh.windows_stream)
    for stream in (*read, mesh.baselines_stream, reports):
        publish += [
            f"{api_prefix}.STREAM.{call}.{stream}" for call in ("INFO", "CREATE", "UPDATE", "PURGE")
        ]
    for stream in read:
        # The server names the consumers of readers, so that their creation names the stream alone.
        publish.append(f"{api_prefix}.CONSUMER.CREATE.{stream}")
        publish += [f"{api_prefix}.CONSUMER.{call}.{stream}.>" for call in ("MSG.NEXT", "DELETE")]
    publish += [f"{api_prefix}.STREAM.MSG.GET.{s}" for s in (mesh.baselines_stream, reports)]
    return MeshPermissions(tuple(publish), (mesh.ping, mesh.hello))
