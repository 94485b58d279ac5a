"""The windows of all participants, in a stream of their own that is read on demand.

Nobody follows the whole stream: who is asked for the course of a job reads the windows of that job.
"""

import logging
from collections.abc import Awaitable, Callable

import nats.errors
from nats.js.api import DiscardPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

from njst.contract.names.mesh import Mesh
from njst.contract.results.windows import Published
from njst.journal.interfaces import JournalUnavailableError, OnWindow, StoredWindow
from njst.journal.nats.ordered_reader import Delivery, OrderedReader
from njst.journal.nats.stream_admin import ensure
from njst.login.nats_client import API_TIMEOUT_S, LoginClient

log = logging.getLogger(__name__)

# As long as the log knows a job; windows of one that was never forgotten go then.
WINDOWS_AGE_S = 46 * 86_400.0
WINDOWS_BYTES = 256 * 1024 * 1024


class WindowStore:
    """`interfaces.Windows` on the control NATS; call `open` first."""

    def __init__(self, client: LoginClient, mesh: Mesh, replicas: int = 0) -> None:
        """Bind it to a mesh; `replicas` of the stream, as for the log."""
        self._client = client
        self._mesh = mesh
        self._replicas = replicas

    async def open(self) -> None:
        """Create the stream if it is missing.

        Raises:
            JournalUnavailableError: JetStream refuses or does not answer.
        """
        await ensure(
            self._client,
            StreamConfig(
                name=self._mesh.windows_stream,
                description="njst: the course of each participant's load",
                subjects=[self._mesh.window_subjects],
                storage=StorageType.FILE,
                discard=DiscardPolicy.OLD,
                max_age=WINDOWS_AGE_S,
                max_bytes=WINDOWS_BYTES,
                max_msgs_per_subject=1,
                allow_direct=True,
            ),
            self._replicas,
        )

    async def try_open(self) -> None:
        """Create the stream; a control NATS that refuses it costs the course, not the worker."""
        try:
            await self.open()
        except JournalUnavailableError as error:
            log.warning("the course of jobs is not kept: %s", error)

    async def publish(self, job: str, worker: str, published: Published) -> None:
        """Publish a window; it is dropped while there is no connection."""
        if not self._client.is_connected:
            return
        window = published.window
        subject = (
            self._mesh.newest_window(job, worker, window.at_s)
            if published.is_newest
            else self._mesh.window(job, worker, window.width_s, window.at_s // window.width_s)
        )
        try:
            await self._client.publish(subject, window.pack())
        except nats.errors.Error as error:
            log.debug("window not sent: %r", error)

    async def follow(self, job: str, on_window: OnWindow) -> Callable[[], Awaitable[None]]:
        """Deliver the windows of a job; see `interfaces.Windows.follow`."""
        # A reader waits for a stream that cannot be made; whoever asks is to learn of it at once.
        await self.open()

        def on_delivery(delivery: Delivery) -> None:
            parsed = self._mesh.parse_window(delivery.subject)
            if parsed is not None:
                _, worker, is_newest = parsed
                on_window(StoredWindow(worker, delivery.data, is_newest))

        reader = OrderedReader(
            self._client,
            self._mesh.windows_stream,
            on_delivery,
            self.open,
            self._mesh.job_windows(job),
        )
        try:
            await reader.start()
        except BaseException:
            await reader.stop()
            raise
        return reader.stop

    async def remove(self, job: str) -> None:
        """Remove the windows of a job; see `interfaces.Windows.remove`."""
        js = self._client.jetstream(timeout=API_TIMEOUT_S)
        try:
            await js.purge_stream(self._mesh.windows_stream, subject=self._mesh.job_windows(job))
        except NotFoundError:
            return
        except (APIError, nats.errors.Error, TimeoutError) as error:
            raise JournalUnavailableError("the windows of jobs cannot be removed now") from error
