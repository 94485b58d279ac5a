"""The baselines of a mesh, in a stream that keeps the last one of each name without age.

The stream is created when the first baseline is saved. A baseline is read from the leader of the
stream, so that a job which is submitted right after that finds it, whichever worker takes it.
"""

import nats.errors
from nats.js.api import DiscardPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError
from pydantic import ValidationError

from njst.contract.names.mesh import Mesh
from njst.contract.results.comparison import Baseline
from njst.journal.interfaces import (
    BaselinesFullError,
    EventTooLargeError,
    JournalUnavailableError,
)
from njst.journal.nats.stream_admin import FULL, ensure, error_text
from njst.login.nats_client import API_TIMEOUT_S, LoginClient

MOST_BASELINES = 200
BASELINES_BYTES = 16 * 1024 * 1024
# One baseline; 50 runs of a job with 4 workloads have about 200 KiB.
BASELINE_BYTES = 512 * 1024
# What a message needs besides its payload.
_HEAD_BYTES = 1024


class BaselineStore:
    """`interfaces.Baselines` on the control NATS."""

    def __init__(self, client: LoginClient, mesh: Mesh, replicas: int = 0) -> None:
        """Bind it to a mesh; `replicas` of the stream, as for the log."""
        self._client = client
        self._mesh = mesh
        self._replicas = replicas

    async def put(self, baseline: Baseline) -> bool:
        """Store a baseline; see `interfaces.Baselines.put`."""
        data = baseline.to_json()
        limit = min(BASELINE_BYTES, self._client.max_payload - _HEAD_BYTES)
        if len(data) > limit:
            words = f"the baseline has {len(data)} bytes, and may have {limit}: take fewer runs"
            raise EventTooLargeError(words)
        await ensure(self._client, self._config(), self._replicas)
        names = await self._names()
        if baseline.name not in names and len(names) >= MOST_BASELINES:
            raise BaselinesFullError(f"there are {MOST_BASELINES} baselines already: {_ADVICE}")
        js = self._client.jetstream(timeout=API_TIMEOUT_S)
        try:
            await js.publish(self._mesh.baseline(baseline.name), data)
        except (APIError, nats.errors.Error, TimeoutError) as error:
            if isinstance(error, APIError) and error.err_code in FULL:
                raise BaselinesFullError(f"{error_text(error)}: {_ADVICE}") from error
            raise self._unavailable(error) from error
        return baseline.name not in names

    def _config(self) -> StreamConfig:
        return StreamConfig(
            name=self._mesh.baselines_stream,
            description="njst: the baselines of this mesh",
            subjects=[self._mesh.baseline_subjects],
            storage=StorageType.FILE,
            discard=DiscardPolicy.NEW,
            max_bytes=BASELINES_BYTES,
            max_msgs_per_subject=1,
        )

    async def get(self, name: str) -> Baseline | None:
        """Return a baseline; see `interfaces.Baselines.get`."""
        js = self._client.jetstream(timeout=API_TIMEOUT_S)
        try:
            stored = await js.get_last_msg(
                self._mesh.baselines_stream, self._mesh.baseline(name), direct=False
            )
            return Baseline.model_validate_json(stored.data or b"")
        except NotFoundError:
            return None
        except (APIError, nats.errors.Error, TimeoutError) as error:
            raise self._unavailable(error) from error
        except ValidationError as error:
            words = f"baseline {name} cannot be read, perhaps a newer njst wrote it: {error}"
            raise JournalUnavailableError(words) from error

    async def all(self) -> list[Baseline]:
        """Return all baselines; see `interfaces.Baselines.all`."""
        found = [await self.get(name) for name in sorted(await self._names())]
        return [baseline for baseline in found if baseline is not None]

    async def remove(self, name: str) -> bool:
        """Remove a baseline; see `interfaces.Baselines.remove`."""
        if name not in await self._names():
            return False
        js = self._client.jetstream(timeout=API_TIMEOUT_S)
        try:
            await js.purge_stream(self._mesh.baselines_stream, subject=self._mesh.baseline(name))
        except NotFoundError:
            return False
        except (APIError, nats.errors.Error, TimeoutError) as error:
            raise self._unavailable(error) from error
        return True

    async def _names(self) -> set[str]:
        js = self._client.jetstream(timeout=API_TIMEOUT_S)
        try:
            info = await js.stream_info(
                self._mesh.baselines_stream, subjects_filter=self._mesh.baseline_subjects
            )
        except NotFoundError:
            return set()
        except (APIError, nats.errors.Error, TimeoutError) as error:
            raise self._unavailable(error) from error
        return {subject.rpartition(".")[2] for subject in info.state.subjects or {}}

    def _unavailable(self, error: Exception) -> JournalUnavailableError:
        where = self._mesh.baselines_stream
        return JournalUnavailableError(f"the baselines in {where}: {error_text(error)}")


_ADVICE = "njst baseline rm NAME removes one"
