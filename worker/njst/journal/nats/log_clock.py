"""The log's time in this process; the one place in the journal that reads a clock."""

import asyncio
import json
import logging
import time

import nats.errors

from njst.contract.names.mesh import Mesh
from njst.contract.results.tallies import ControlOutages
from njst.journal.interfaces import JournalUnavailableError
from njst.journal.state.outages import Outages
from njst.login.nats_client import LoginClient
from njst.stats.clock_offset import OffsetFilter, parse_time_ns

log = logging.getLogger(__name__)

PING_S = 1.0
BURST = 8
_TIMEOUT_S = 2.0


class LogClock:
    """Log time, estimated from round trips to the log's leader: a burst, then one each second.

    Only CLOCK_MONOTONIC is read here, so a jump of this host's wall clock changes nothing.
    """

    def __init__(self, client: LoginClient, mesh: Mesh) -> None:
        self._client = client
        self._subject = f"{client.js_api}.STREAM.INFO.{mesh.log_stream}"
        self._filter = OffsetFilter()
        self._silences = Outages()
        self._pinging: asyncio.Task[None] | None = None
        self._is_stopped = False

    async def start(self) -> None:
        """Return once the offset is known; the pings go on in the background.

        Raises:
            JournalUnavailableError: the log does not answer.
        """
        for _ in range(BURST):
            await self._ping()
        if self._filter.best(time.monotonic_ns()) is None:
            raise JournalUnavailableError("the job log does not tell its time")
        self._pinging = asyncio.create_task(self._keep_pinging(), name="log clock")

    async def stop(self) -> None:
        """End the background pings."""
        # asyncio.wait_for before Python 3.12 swallows a cancellation that comes with the answer.
        self._is_stopped = True
        if self._pinging is not None:
            self._pinging.cancel()
            await asyncio.wait({self._pinging})

    @property
    def error_us(self) -> int:
        """The maximum error of `now_ns`, in microseconds."""
        now_ns = time.monotonic_ns()
        best = self._filter.best(now_ns)
        return 0 if best is None else best.error_at(now_ns) // 1_000

    def now_ns(self) -> int:
        """Return the log's time now, in ns since the Unix epoch."""
        now_ns = time.monotonic_ns()
        return now_ns + self._offset_ns(now_ns)

    def monotonic_ns_at(self, log_ns: int) -> int:
        """Return the local CLOCK_MONOTONIC instant of a log time."""
        return log_ns - self._offset_ns(time.monotonic_ns())

    @property
    def silent_s(self) -> float:
        """For how long the log has not answered, in seconds; 0 if it answered the last ping."""
        return self._silences.lasting_ns(time.monotonic_ns()) / 1e9

    def outages_since(self, monotonic_ns: int) -> ControlOutages | None:
        """Return the outages from an instant of CLOCK_MONOTONIC to now; None if there were none."""
        return self._silences.within(monotonic_ns, time.monotonic_ns())

    def _offset_ns(self, now_ns: int) -> int:
        best = self._filter.best(now_ns)
        assert best is not None, "start has not returned"
        return best.offset_ns

    async def _keep_pinging(self) -> None:
        while not self._is_stopped:
            await asyncio.sleep(PING_S)
            if self._client.is_connected:
                await self._ping()
            else:
                self._silences.missed(time.monotonic_ns())

    async def _ping(self) -> None:
        sent_ns = time.monotonic_ns()
        try:
            answer = await self._client.request(self._subject, b"", timeout=_TIMEOUT_S)
            received_ns = time.monotonic_ns()
            info = json.loads(answer.data)
            server_ns = parse_time_ns(info["ts"])
        except (nats.errors.Error, TimeoutError, ValueError, KeyError) as error:
            log.debug("no time from the log: %r", error)
            self._silences.missed(sent_ns)
            return
        self._silences.answered(received_ns)
        leader = (info.get("cluster") or {}).get("leader", "")
        self._filter.add(sent_ns, server_ns, received_ns, leader)
