"""/livez, /readyz and /metrics of one replica, for the kubelet and for Prometheus."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from njst.listener import listen
from njst.login.nats_client import LoginClient
from njst.stats.prometheus_text import MEDIA_TYPE, render
from njst_operator.controllers.manager import Manager
from njst_operator.controllers.schedule.schedule_resource import ScheduleResource
from njst_operator.coordination.loop_clock import now_s
from njst_operator.kube.kube_object import parse_time
from njst_operator.telemetry.operator_metrics import ScheduleSample, exposition, readiness
from njst_operator.telemetry.replica_health import ReplicaHealth


@dataclass
class Health:
    """The health of this replica; until it has started, it is live and says what it waits for."""

    waits_for: str = "the operator starts"
    _manager: Manager | None = None
    _client: LoginClient | None = None

    def wait_for(self, text: str) -> None:
        """Report from now on what the start waits for."""
        self.waits_for = text

    def on_started(self, manager: Manager, client: LoginClient) -> None:
        """Report from now on the health of these."""
        self._manager, self._client = manager, client

    def replica_health(self) -> ReplicaHealth | None:
        """Return the present health; None before the start is over."""
        if self._manager is None or self._client is None:
            return None
        replica_health = self._manager.replica_health
        replica_health.nats(self._client.is_connected, now_s())
        replica_health.nats_closed = self._client.is_closed
        replica_health.nats_trouble = self._client.trouble
        return replica_health

    async def check_login(self) -> None:
        """Check whether the API server can still accept the operator's login."""
        if self._manager is not None:
            self._manager.replica_health.login_trouble = await self._manager.kube.login_trouble()

    def not_live(self) -> str | None:
        """Return the problem that only a restart can solve, or None."""
        replica_health = self.replica_health()
        return None if replica_health is None else replica_health.not_live(now_s())

    def not_ready(self) -> str | None:
        """Return why this replica cannot work now, or None."""
        replica_health = self.replica_health()
        return self.waits_for if replica_health is None else replica_health.not_ready(now_s())

    def verbose(self) -> str:
        """Return each check in a line of its own, in the format of an API server."""
        replica_health = self.replica_health()
        checks = (
            [("start", self.waits_for)]
            if replica_health is None
            else replica_health.checks(now_s())
        )
        return "".join(f"[-]{n} failed: {w}\n" if w else f"[+]{n} ok\n" for n, w in checks)

    def metrics(self) -> str:
        """Return the metrics as Prometheus text; during the start only that it is not ready."""
        manager, replica_health = self._manager, self.replica_health()
        if manager is None or replica_health is None:
            return render([readiness(ready=False)])
        phases = (r.status.phase for r in manager.jobs.controller.resources().values())
        experiments = manager.experiments.controller.resources().values()
        schedules = [_sample(schedule) for schedule in manager.schedules()]
        return exposition(
            manager.metrics,
            replica_health,
            phases,
            schedules,
            now_s(),
            experiments=(r.status.phase for r in experiments),
        )


def _sample(schedule: ScheduleResource) -> ScheduleSample:
    upcoming = schedule.status.next_schedule_time
    return ScheduleSample(
        f"{schedule.namespace}/{schedule.name}",
        schedule.status.reason,
        None if upcoming is None else parse_time(upcoming).timestamp(),
    )


@asynccontextmanager
async def served(address: tuple[str, int] | None, health: Health) -> AsyncIterator[None]:
    """Serve until the block ends; without an address serve nothing.

    Raises:
        OSError: the port is taken.
    """
    if address is None:
        yield
        return
    runner = web.AppRunner(_app(health), access_log=None)
    await runner.setup()
    try:
        await web.SockSite(runner, listen(*address)).start()
        yield
    finally:
        await runner.cleanup()


def _app(health: Health) -> web.Application:
    async def livez(_: web.Request) -> web.Response:
        return _answer(health.not_live())

    async def readyz(request: web.Request) -> web.Response:
        await health.check_login()
        problem = health.not_ready()
        return _answer(problem, health.verbose() if "verbose" in request.query else None)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=health.metrics().encode(), headers={"Content-Type": MEDIA_TYPE})

    app = web.Application()
    app.add_routes(
        [web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", metrics)]
    )
    return app


def _answer(problem: str | None, text: str | None = None) -> web.Response:
    return web.Response(status=200 if problem is None else 503, text=text or problem or "ok")
