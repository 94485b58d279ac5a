"""Something between an operator and its API server that can make trouble, as a gateway does."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from devenv.kubernetes.api_server import KubernetesServer
from njst.local.reserved_port import LOOPBACK

EXPIRED = {
    "type": "ERROR",
    "object": {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": "too old resource version: 1 (2)",
        "reason": "Expired",
        "code": 410,
    },
}


@dataclass
class Between:
    """Passes requests on, but for those that it is told to answer itself."""

    upstream: str
    url: str = ""
    # Every request is answered with 429 and this Retry-After.
    busy_s: int | None = None
    # So many watches are told that their version is too old; until then none stays open.
    expire: int = 0
    # What the API offers cannot be read.
    closed: bool = False
    # When each path was asked for in vain, in the loop's time.
    refused_s: dict[str, list[float]] = field(default_factory=dict)
    expired: int = 0
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    session: aiohttp.ClientSession = field(init=False)
    _watches: list[web.Request] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.busy_s is not None:
            self.refused_s.setdefault(request.path, []).append(self.loop.time())
            return web.Response(status=429, headers={"Retry-After": str(self.busy_s)})
        if self.closed and request.path == "/api":
            return web.Response(status=415)
        watch = request.query.get("watch") == "true"
        if watch and self.expired < self.expire:
            self.expired += 1
            return web.Response(text=json.dumps(EXPIRED) + "\n")
        return await self._pass_on(request, watch=watch)

    async def _pass_on(self, request: web.Request, *, watch: bool) -> web.StreamResponse:
        headers = {k: v for k, v in request.headers.items() if k.lower() != "host"}
        async with self.session.request(
            request.method,
            self.upstream + request.raw_path,
            headers=headers,
            data=await request.read() or None,
        ) as upstream:
            kept = {
                k: v
                for k, v in upstream.headers.items()
                if k.lower() not in ("transfer-encoding", "content-length")
            }
            answer = web.StreamResponse(status=upstream.status, headers=kept)
            await answer.prepare(request)
            if watch:
                self._watches.append(request)
            try:
                async for chunk in upstream.content.iter_any():
                    await answer.write(chunk)
            except ConnectionError:
                pass  # it was cut
            finally:
                # What is still open here would wait for the other side's farewell.
                if upstream.connection is not None and upstream.connection.transport is not None:
                    upstream.connection.transport.abort()
            return answer

    def lacking_expiries(self) -> str | None:
        """Return how many watches are still to be told that they expired, None when all were."""
        left = self.expire - self.expired
        return f"{left} watches have not come yet" if left else None

    def cut_watches(self) -> None:
        """Break every watch that is open."""
        self.loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        for request in self._watches:
            if request.transport is not None:
                request.transport.abort()
        self._watches.clear()


@contextmanager
def open_between(kube: KubernetesServer) -> Iterator[Between]:
    """Serve on loopback, in a thread of its own."""
    between, up, over = Between(kube.url), threading.Event(), asyncio.Event()
    loop = between.loop

    async def serve() -> None:
        connector = aiohttp.TCPConnector(ssl=False)
        between.session = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),
        )
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", between.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, LOOPBACK, 0).start()
        host, port = runner.addresses[0]
        between.url = f"http://{host}:{port}"
        up.set()
        await over.wait()
        await runner.cleanup()
        await connector.close(abort_ssl=True)
        await between.session.close()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert up.wait(60), "it serves"
        yield between
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
