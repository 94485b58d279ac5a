"""Streams and consumers by the thousand: created and removed many at a time.

Assets that the load created are in no list: they are found by their subject or name, and removed
only if their metadata has the id of the job.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import nats.errors
from nats.js.errors import NotFoundError

from njst.contract.kinds.management import ManagementPlan
from njst.contract.names.assets import OWNER_KEY, asset_subject
from njst.contract.plan import ClientPlan
from njst.contract.spec.job import JobSpec
from njst.load.kinds.management.asset_requests import assets_of, standing_names
from njst.provisioning.target.jetstream_api import JetStreamApi
from njst.provisioning.target.target_connection import explained, workload_field

# Calls in flight: enough to be fast, too few to be a load.
_AT_ONCE = 32


async def make_standing(api: JetStreamApi, plan: ManagementPlan, messages: int | None) -> None:
    """Create the assets that must exist before the start.

    Raises:
        APIError: the server refused one.
        nats.errors.Error: no answer arrived.
    """
    assets = assets_of(plan, api.prefix)

    async def make(name: str) -> None:
        call = assets.create(name)
        await api.call(call.subject, call.body)

    await _each(standing_names(plan, messages), make)


async def remove_streams(api: JetStreamApi, job: str) -> list[str]:
    """Remove all streams that a job's load manages; return what could not be removed, and why."""
    names = await api.pages("STREAM.NAMES", "streams", {"subject": asset_subject(job, ">")})
    return await _remove(api, job, "STREAM", names)


async def remove_consumers(api: JetStreamApi, job: str, stream: str) -> list[str]:
    """Remove all consumers of a job from a stream; return what could not be removed, and why."""
    names = await api.pages(f"CONSUMER.NAMES.{stream}", "consumers", {})
    own = [f"{stream}.{name}" for name in names if name.startswith(f"njst-{job}-")]
    return await _remove(api, job, "CONSUMER", own)


async def _remove(api: JetStreamApi, job: str, kind: str, names: Sequence[str]) -> list[str]:
    problems: list[str] = []

    async def remove(name: str) -> None:
        try:
            info = await api.call(f"{api.prefix}.{kind}.INFO.{name}")
            if (info["config"].get("metadata") or {}).get(OWNER_KEY) == job:
                await api.call(f"{api.prefix}.{kind}.DELETE.{name}")
        except NotFoundError:
            pass
        except (nats.errors.Error, TimeoutError) as error:
            problems.append(f"{name}: {str(error) or type(error).__name__}")

    await _each(names, remove)
    return problems


async def _each(names: Sequence[str], work: Callable[[str], Awaitable[None]]) -> None:
    """Run `work` for each name, several at a time, until the first error."""
    for first in range(0, len(names), _AT_ONCE):
        await asyncio.gather(*(work(name) for name in names[first : first + _AT_ONCE]))


async def make_bulk_assets(api: JetStreamApi, spec: JobSpec, plans: Iterable[ClientPlan]) -> None:
    for plan in plans:
        if plan.management is not None:
            field = workload_field(plan.number, spec.workloads[plan.number])
            await explained(field, make_standing(api, plan.management, plan.messages))
