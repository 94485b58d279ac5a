"""The job log on JetStream: append with compare-and-set, and follow.

Two streams: the log, whose every event is kept, and progress, which keeps the last one of each
participant. The log has no per-subject limit, because with one a second `started` would replace
the first.
"""

import asyncio
import json
import logging
import time
import uuid
from typing import Any

import nats.errors
from nats.js.api import DiscardPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError
from pydantic import ValidationError

from njst.contract.events import DECISIONS, EVENT_TYPES, Payload, Progress
from njst.contract.header_names import LAST_SUBJECT_SEQUENCE, MESSAGE_ID
from njst.contract.names.mesh import EventName, Mesh
from njst.contract.parsing.forward_compat import read_event
from njst.contract.results.outcome import Problem
from njst.journal.interfaces import (
    Appended,
    EventTooLargeError,
    JournalFullError,
    JournalUnavailableError,
    OnEntry,
    OnProgress,
)
from njst.journal.nats.ordered_reader import Delivery, OrderedReader
from njst.journal.nats.stream_admin import FULL, ensure
from njst.journal.state.append_failures import (
    JOURNAL_FULL,
    JOURNAL_SILENT,
    JOURNAL_UNAVAILABLE,
    AppendFailures,
)
from njst.journal.state.projection import LogEntry
from njst.login.nats_client import API_TIMEOUT_S, LoginClient

log = logging.getLogger(__name__)

APPEND_TIMEOUT_S = 2.0
# Longer than a job may wait and run, so that it is known from its first event to its last, and its
# result for a week after that.
LOG_AGE_S = 46 * 86_400.0
LOG_BYTES = 256 * 1024 * 1024
# From this share of its bytes on, jobs that have ended are forgotten: a full log drops the oldest
# events, also those of a job that has run for a month.
CROWDED_PERCENT = 75
# An upper bound of the headers of an event, which count towards max_payload.
HEADER_BYTES = 1024
PROGRESS_AGE_S = 3_600.0
PROGRESS_BYTES = 64 * 1024 * 1024

# nats-server does not answer a message that it cannot write, not even after its disk has room
# again.
_SILENT = (
    "the control NATS stores no event of the job log and does not say why: its disk may be full"
    " (its log says so); free space there, and restart it"
)
# server/errors.json: wrong last sequence (two codes).
_ALREADY_THERE = frozenset({10071, 10164})


class JetStreamLog:
    """`interfaces.Log` on the control NATS; call `open` first."""

    def __init__(self, client: LoginClient, mesh: Mesh, *, replicas: int = 0) -> None:
        """Require `replicas` of the log; 0: as many as the cluster allows, up to 3.

        A cluster whose servers start one by one allows only one at first.
        """
        self._client = client
        self._mesh = mesh
        self._replicas = replicas
        # Mesh and creation time: unique, also among logs of this name. `ids` has those as well
        # that this log had before it was deleted and created again.
        self.id = ""
        self.ids: set[str] = set()
        self._readers: list[OrderedReader] = []
        self._failures = AppendFailures()

    @property
    def problem(self) -> Problem | None:
        """Why the log takes no events; None if it took the last one."""
        return self._failures.problem(time.monotonic())

    async def open(self) -> None:
        """Create missing streams, and scale up those with too few replicas.

        Raises:
            JournalUnavailableError: JetStream refuses or does not answer.
        """
        events, progress = self._streams()
        info = await ensure(self._client, events, self._replicas, siblings=[progress])
        self.id = f"{self._mesh.name}/{info.created.isoformat() if info.created else ''}"
        self.ids.add(self.id)
        await ensure(self._client, progress, self._replicas)

    def _streams(self) -> tuple[StreamConfig, StreamConfig]:
        """Return the configurations of the log and of the progress."""
        mesh = self._mesh
        events = StreamConfig(
            name=mesh.log_stream,
            description="njst: the jobs of this mesh",
            subjects=[mesh.log_subjects],
            storage=StorageType.FILE,
            discard=DiscardPolicy.OLD,
            max_age=LOG_AGE_S,
            max_bytes=LOG_BYTES,
            duplicate_window=120.0,
            allow_direct=True,
        )
        progress = StreamConfig(
            name=mesh.progress_stream,
            description="njst: the last progress of each participant",
            subjects=[mesh.progress_subjects],
            storage=StorageType.MEMORY,
            discard=DiscardPolicy.OLD,
            max_age=PROGRESS_AGE_S,
            max_bytes=PROGRESS_BYTES,
            max_msgs_per_subject=1,
            allow_direct=True,
        )
        return events, progress

    @property
    def max_event_bytes(self) -> int:
        """The maximum size of an event now, in bytes of JSON."""
        return self._client.max_payload - HEADER_BYTES

    async def append(self, name: EventName, payload: Payload) -> Appended:
        """Append an event; see `interfaces.Log.append`.

        If a decision was stored at an earlier attempt whose acknowledgement was lost, `stored` is
        False, as if another worker's were there first; the log shows which it is.
        """
        headers = {MESSAGE_ID: uuid.uuid4().hex}
        if name.event in DECISIONS:
            headers[LAST_SUBJECT_SEQUENCE] = "0"
        subject, data = self._mesh.event(name), payload.to_json()
        try:
            answer = await self._client.request(
                subject, data, timeout=APPEND_TIMEOUT_S, headers=headers
            )
        except nats.errors.MaxPayloadError as error:
            raise EventTooLargeError(
                f"the event {name.event} has {len(data)} bytes; the control NATS takes at most"
                f" {self._client.max_payload} (max_payload)"
            ) from error
        except nats.errors.NoRespondersError as error:
            words = f"the job log {self._mesh.log_stream} is not there: is JetStream switched off?"
            self._note(JOURNAL_UNAVAILABLE, words)
            raise JournalUnavailableError(words) from error
        except (nats.errors.Error, TimeoutError) as error:
            self._note(JOURNAL_SILENT, _SILENT)
            raise JournalUnavailableError("the job log does not answer; try again") from error
        try:
            appended = _appended(json.loads(answer.data))
        except JournalFullError as error:
            self._note(JOURNAL_FULL, str(error))
            raise
        except JournalUnavailableError as error:
            self._note(JOURNAL_UNAVAILABLE, str(error))
            raise
        self._failures.stored()
        return appended

    def _note(self, reason: str, words: str) -> None:
        self._failures.failed(reason, words, time.monotonic())

    async def holds(self, name: EventName) -> bool:
        """Whether the log has this event now; see `interfaces.Log.holds`."""
        js = self._client.jetstream(timeout=API_TIMEOUT_S)
        try:
            await js.get_last_msg(self._mesh.log_stream, self._mesh.event(name))
        except NotFoundError:
            return False
        except (APIError, nats.errors.Error, TimeoutError) as error:
            raise JournalUnavailableError("the job log does not answer; try again") from error
        return True

    async def is_crowded(self) -> bool:
        """Whether the log is nearly full; see `interfaces.Log.is_crowded`."""
        js = self._client.jetstream(timeout=API_TIMEOUT_S)
        try:
            info = await js.stream_info(self._mesh.log_stream)
        except (APIError, nats.errors.Error, TimeoutError) as error:
            raise JournalUnavailableError("the job log does not answer; try again") from error
        most = info.config.max_bytes or 0
        return 0 < most * CROWDED_PERCENT < info.state.bytes * 100

    async def forget(self, job: str) -> None:
        """Remove all events of a job; see `interfaces.Log.forget`."""
        js = self._client.jetstream(timeout=API_TIMEOUT_S)
        try:
            await js.purge_stream(self._mesh.log_stream, subject=self._mesh.job_subjects(job))
        except (APIError, nats.errors.Error, TimeoutError) as error:
            raise JournalUnavailableError("the job log does not answer; try again") from error

    async def claim_reaping(self) -> bool:
        """Whether this worker is to look for orphans: the first that claims it, once an hour.

        Raises:
            JournalUnavailableError: the log does not answer.
        """
        headers = {LAST_SUBJECT_SEQUENCE: "0"}
        try:
            answer = await self._client.request(
                self._mesh.reaping, b"", timeout=APPEND_TIMEOUT_S, headers=headers
            )
        except (nats.errors.Error, TimeoutError) as error:
            raise JournalUnavailableError("the job log does not answer") from error
        return _appended(json.loads(answer.data)).stored

    async def publish_progress(self, job: str, worker: str, progress: Progress) -> None:
        """Replace this worker's progress; it is dropped while there is no connection."""
        if not self._client.is_connected:
            return
        try:
            await self._client.publish(self._mesh.progress(job, worker), progress.to_json())
        except nats.errors.Error as error:
            log.debug("progress not sent: %r", error)

    async def follow(self, on_entry: OnEntry, on_progress: OnProgress | None = None) -> None:
        """Deliver the log from its beginning; see `interfaces.Log.follow`."""

        def on_event(delivery: Delivery) -> None:
            name = self._mesh.parse_event(delivery.subject)
            if name is not None:
                on_entry(_entry(name, delivery))

        events = OrderedReader(self._client, self._mesh.log_stream, on_event, self.open)
        self._readers.append(events)
        await events.start()
        if on_progress is not None:
            reader = OrderedReader(
                self._client,
                self._mesh.progress_stream,
                lambda delivery: self._on_progress(on_progress, delivery),
                self.open,
            )
            self._readers.append(reader)
            await reader.start()

    async def close(self) -> None:
        """Stop following."""
        await asyncio.gather(*(reader.stop() for reader in self._readers))
        self._readers.clear()

    def _on_progress(self, on_progress: OnProgress, delivery: Delivery) -> None:
        parsed = self._mesh.parse_progress(delivery.subject)
        if parsed is None:
            return
        try:
            progress = Progress.model_validate_json(delivery.data)
        except ValidationError as error:
            log.warning("%s cannot be read: %s", delivery.subject, error)
            return
        on_progress(*parsed, progress, delivery.time_ns)


def _entry(name: EventName, delivery: Delivery) -> LogEntry:
    kind = EVENT_TYPES.get(name.event)
    event: Any = None
    if kind is not None:
        try:
            event = read_event(kind, delivery.data)
        except ValidationError as error:
            log.warning("%s (%d) cannot be read: %s", delivery.subject, delivery.seq, error)
    return LogEntry(delivery.seq, delivery.time_ns, name.job, name.worker, event)


def _appended(answer: dict[str, Any]) -> Appended:
    error = answer.get("error")
    if error is None:
        return Appended(stored=not answer.get("duplicate", False), seq=int(answer["seq"]))
    code, words = error.get("err_code", 0), error.get("description", "")
    if code in _ALREADY_THERE:
        return Appended(stored=False)
    if code in FULL:
        raise JournalFullError(f"the job log has no room: {words}; free JetStream storage")
    raise JournalUnavailableError(f"the job log refuses: {words}")
