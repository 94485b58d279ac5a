"""What an account of the control NATS lacks for the streams of a mesh; pure.

Source: the answer to `$JS.API.INFO` (JSApiAccountInfoResponse): limits and usage of the account or,
where it has tiers, of each by its name, such as R1.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nats.js.api import StorageType, StreamConfig

_MIB = 1024 * 1024


def shortages(account: Mapping[str, Any], wanted: Iterable[StreamConfig]) -> list[str]:
    """Return what is missing for streams that do not exist yet, each with what is left.

    Streams for which there is not enough memory are taken to be kept in files.

    Args:
        account: the answer to `$JS.API.INFO`.
        wanted: configurations with their `max_bytes`, storage and replicas.
    """
    tiers = account.get("tiers") or {}
    by_tier: dict[str, list[StreamConfig]] = {}
    for config in wanted:
        name = f"R{config.num_replicas or 1}" if tiers else ""
        by_tier.setdefault(name, []).append(config)
    found: list[str] = []
    for name, configs in by_tier.items():
        if tiers and name not in tiers:
            found.append(f"tier {name} (it has {', '.join(sorted(tiers))}: set NJST_LOG_REPLICAS)")
        else:
            # The limits of an account count each replica, those of a tier each stream.
            room = _Room(tiers[name] if tiers else account, counts_replicas=not tiers)
            found += room.missing(configs)
    return found


@dataclass(frozen=True)
class _Room:
    """Limits and usage of an account without tiers, or of one tier."""

    said: Mapping[str, Any]
    counts_replicas: bool

    def missing(self, configs: list[StreamConfig]) -> Iterator[str]:
        in_memory = [c for c in configs if c.storage is StorageType.MEMORY]
        memory_left = self._left("memory")
        if memory_left is not None and self._needed(in_memory) > memory_left:
            in_memory = []
        in_files = [config for config in configs if config not in in_memory]
        needed, left = self._needed(in_files), self._left("storage")
        if left is not None and needed > left:
            yield f"file storage ({_mib(needed)} needed, {_mib(left)} left)"
        largest = self._limit("storage_max_stream_bytes")
        size = max((config.max_bytes or 0 for config in in_files), default=0)
        if 0 < largest < size:
            yield f"storage_max_stream_bytes ({_mib(size)} needed, {_mib(largest)} allowed)"
        streams = self._limit("max_streams")
        free = max(0, streams - self.said.get("streams", 0))
        if streams > 0 and len(configs) > free:
            yield f"streams ({len(configs)} needed, {free} left)"

    def _needed(self, configs: list[StreamConfig]) -> int:
        copies = ((c.num_replicas or 1) if self.counts_replicas else 1 for c in configs)
        return sum((c.max_bytes or 0) * n for c, n in zip(configs, copies, strict=True))

    def _left(self, what: str) -> int | None:
        """Return how many bytes of `memory` or `storage` are left; None: there is no limit."""
        limit = self._limit(f"max_{what}")
        used = max(self.said.get(what, 0), self.said.get(f"reserved_{what}", 0))
        return None if limit < 0 else max(0, limit - used)

    def _limit(self, name: str) -> int:
        return int((self.said.get("limits") or {}).get(name, -1))


def _mib(size: int) -> str:
    return f"{-(-size // _MIB)} MiB"
