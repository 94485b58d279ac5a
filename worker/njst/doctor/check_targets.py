"""Whether the targets that jobs may name can be reached: contexts, and allowed servers."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from njst.contract.connection import Connection
from njst.contract.results.outcome import SetupError
from njst.doctor.check_control import described
from njst.doctor.finding import Finding, failed, ok, warning
from njst.login.login_errors import LoginError
from njst.login.nats_context import read_context
from njst.planning.server_requirements import OLDEST_TARGET
from njst.provisioning.target.target_connection import ask_server, target_connection

_TIMEOUT_S = 5.0
_ADVICE = "docs/connections.md says what each refusal means"


def context_files(folder: Path) -> list[Path]:
    """Return the files of the contexts in a folder, by name."""
    return sorted(folder.expanduser().glob("*.json"))


async def check_targets(contexts: Iterable[Path], allowed: Sequence[str]) -> list[Finding]:
    """Return what was found about each context and each allowed server."""
    found = [await _check_context(path) for path in contexts]
    for place in named_servers(allowed):
        connection = Connection(servers=[place], name="njst-doctor")
        found.append(await _check(f"target {place}", connection))
    return found


def named_servers(allowed: Iterable[str]) -> list[str]:
    """Return the allowed servers that are no patterns."""
    return [place for place in allowed if "*" not in place]


async def _check_context(path: Path) -> Finding:
    subject = f"context {path.stem}"
    try:
        connection = read_context(path)
    except LoginError as error:
        return failed(subject, str(error), "mend the file; njst reads those of the nats CLI")
    return await _check(subject, connection)


async def _check(subject: str, connection: Connection) -> Finding:
    try:
        async with target_connection(connection) as client:
            words = await described(client)
            version = client.connected_server_version
            if (version.major, version.minor) < OLDEST_TARGET:
                advice = "JetStream jobs need nats-server 2.10; core and service run here"
                return warning(subject, words, advice)
            try:
                await ask_server(client, _TIMEOUT_S)
            except SetupError as error:
                said = error.message.removeprefix("spec.target: ")
                advice = "JetStream jobs need it; core and service run without"
                return warning(subject, f"{words}; {said}", advice)
            return ok(subject, f"{words}, JetStream answers")
    except SetupError as error:
        return failed(subject, error.message.removeprefix("spec.target: "), _ADVICE)
