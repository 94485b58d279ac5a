"""Whether the workers of a mesh are there, alike, and know the time."""

from collections.abc import Sequence

from njst.contract.connection import Connection
from njst.contract.names.mesh import Mesh
from njst.doctor.finding import Finding, failed, ok, warning
from njst.journal.interfaces import JournalUnavailableError, Member
from njst.journal.nats.control_connection import connect
from njst.journal.nats.worker_discovery import NatsDiscovery

SUBJECT = "mesh"
CLOCK_ERROR_US = 50_000


async def check_mesh(connection: Connection, mesh: Mesh) -> list[Finding]:
    """Return what was found about the workers that are connected now."""
    try:
        client = await connect(connection)
        try:
            members = await NatsDiscovery(client, mesh).present()
        finally:
            await client.close()
    except JournalUnavailableError as error:
        return [failed(SUBJECT, str(error), "see the control NATS above")]
    return judge_members(members)


def judge_members(members: Sequence[Member]) -> list[Finding]:
    """Judge the workers of a mesh by what they say of themselves."""
    if not members:
        return [warning(SUBJECT, "no worker is connected", "start one: `njst worker`")]
    found = [ok(SUBJECT, f"{len(members)} worker{'s' if len(members) > 1 else ''} connected")]
    versions = sorted({member.version for member in members})
    if len(versions) > 1:
        words = f"workers have different versions: {', '.join(versions)}"
        found.append(warning(SUBJECT, words, "finish the roll-out before you compare results"))
    for member in members:
        if member.clock_error_us > CLOCK_ERROR_US:
            words = f"{member.name} knows the log's time to {member.clock_error_us / 1000:.0f} ms"
            advice = "its path to the control NATS is slow or uneven, or its CPU is throttled"
            found.append(warning(SUBJECT, words, advice))
        if member.load_millicores > 1000 * member.cores and not member.job:
            words = (
                f"the host of {member.name} has a load of {member.load_millicores / 1000:.1f} on"
                f" {member.cores} cores, though the worker has no job"
            )
            found.append(warning(SUBJECT, words, "other programs there take part in each result"))
    return found
