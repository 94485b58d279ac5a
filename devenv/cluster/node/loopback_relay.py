"""A port of this machine's loopback that leads into a node, whose network nothing else reaches.

python -m devenv.cluster.node.loopback_relay LISTENING-FD NODE-PID ADDRESS PORT

Runs in the node's network namespace; the listening socket, made outside, keeps its own. Ends with
the node.
"""

import asyncio
import os
import socket
import sys
from contextlib import suppress

_CHUNK_BYTES = 1 << 16


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until one side ends, and tell the other."""
    with suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def relay(listener: socket.socket, pidfd: int, address: str, port: int) -> None:
    """Pass connections on until the process of `pidfd` has ended."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection(address, port)
        except OSError:
            writer.close()
            return
        try:
            await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
        finally:
            inner_writer.close()
            writer.close()

    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(pidfd, ended.set)
    server = await asyncio.start_server(serve, sock=listener)
    await ended.wait()
    server.close()


def main() -> None:
    listening, pid, address, port = sys.argv[1:]
    listener = socket.socket(fileno=int(listening))
    asyncio.run(relay(listener, os.pidfd_open(int(pid)), address, int(port)))


if __name__ == "__main__":
    main()
