"""The stamp that each message carries at the beginning of its payload.

32 bytes, little endian: job u32 (CRC-32 of the job's id), producer u32, body u32 (CRC-32 of what
follows the stamp), guard u32, sequence u64, time u64. The guard mixes all other fields, so a stamp
differs from any other 32 bytes. The time is the log's, in ns, at the send. A payload that is too
short for a stamp has none.
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from njst.contract.payload import STAMP_BYTES

SIZE = STAMP_BYTES
# Guard, sequence and time change from message to message and lie together.
VARIABLE_AT = 12

STAMP = np.dtype(
    [
        ("job", "<u4"),
        ("producer", "<u4"),
        ("body", "<u4"),
        ("guard", "<u4"),
        ("sequence", "<u8"),
        ("time_ns", "<u8"),
    ]
)
VARIABLE = np.dtype([("guard", "<u4"), ("sequence", "<u8"), ("time_ns", "<u8")])

Stamps = npt.NDArray[np.void]

_PRIME_INT = 0x9E3779B97F4A7C15  # 2^64 divided by the golden ratio: spreads every bit
_PRIME = np.uint64(_PRIME_INT)
_MASK = 2**64 - 1
_FIXED = struct.Struct("<III")
_VARIABLE = struct.Struct("<IQQ")
_STAMP = struct.Struct("<IIIIQQ")


def job_code(job: str) -> int:
    """Return the code of a job in a stamp."""
    return zlib.crc32(job.encode())


def producer_code(workload: int, client: int) -> int:
    """Return the code of a client: the workload's place in the spec, and its own index."""
    return (workload & 0xFF) << 24 | client & 0xFFFFFF


def fixed(job: int, producer: int, body: bytes) -> bytes:
    """Return the part of a stamp before its guard."""
    return (
        job.to_bytes(4, "little")
        + producer.to_bytes(4, "little")
        + zlib.crc32(body).to_bytes(4, "little")
    )


def guard(
    job: npt.NDArray[np.uint64],
    producer: npt.NDArray[np.uint64],
    body: npt.NDArray[np.uint64],
    sequence: npt.NDArray[np.uint64],
    time_ns: npt.NDArray[np.uint64],
) -> npt.NDArray[np.uint64]:
    """Return the guards of stamps: a multiplicative mix, the upper 32 bits of 64."""
    seeds = (job << np.uint64(32) | producer) * _PRIME ^ body << np.uint64(32)
    return guards(mixed(seeds, sequence), time_ns)


def variable(fixed_part: bytes | memoryview, sequence: int, time_ns: int) -> bytes:
    """Return the part of one stamp after `fixed_part`: the same as `guard`, without numpy."""
    return seeded(seed_of(fixed_part), sequence, time_ns)


def seed_of(fixed_part: bytes | memoryview) -> int:
    """Return the seed of the guard, from the part of a stamp before it."""
    return seed(*_FIXED.unpack(fixed_part))


def seed(job: int, producer: int, body: int) -> int:
    """Return the seed of the guard, from the fields that stay the same."""
    return ((job << 32 | producer) * _PRIME_INT & _MASK) ^ body << 32


def seeded(seed: int, sequence: int, time_ns: int) -> bytes:
    """Return the part of one stamp after the fixed one, from its seed."""
    return _VARIABLE.pack(_guard(seed, sequence, time_ns), sequence, time_ns)


def _guard(seed: int, sequence: int, time_ns: int) -> int:
    before = (seed ^ sequence) * _PRIME_INT & _MASK
    return ((before ^ time_ns) * _PRIME_INT & _MASK) >> 32


def frame_stamper(
    frames: Sequence[memoryview],
    at: Sequence[int],
    seeds: npt.NDArray[np.uint64],
    sequences: npt.NDArray[np.int64],
) -> Callable[[int, int], memoryview]:
    """Return a function that stamps the frame at a place with a time: `seeded`, in place.

    Args:
        frames: to be stamped, writable.
        at: where the part of each one's stamp after the fixed one begins; -1 for one without.
        seeds: of each one's fixed part.
        sequences: of each; they follow each other.
    """
    before = mixed(seeds, sequences.astype(np.uint64)).tolist()
    pack, prime, mask, first = _VARIABLE.pack_into, _PRIME_INT, _MASK, int(sequences[0])

    def stamper(place: int, time_ns: int) -> memoryview:
        frame, begin = frames[place], at[place]
        if begin < 0:
            return frame
        guard = ((before[place] ^ time_ns) * prime & mask) >> 32
        pack(frame, begin, guard, first + place, time_ns)
        return frame

    return stamper


def mixed(
    seeds: npt.NDArray[np.uint64], sequences: npt.NDArray[np.uint64]
) -> npt.NDArray[np.uint64]:
    """Return many guards before the time is mixed in."""
    made = seeds ^ sequences
    made *= _PRIME
    return made


def guards(
    before: npt.NDArray[np.uint64], time_ns: npt.NDArray[np.uint64] | np.uint64
) -> npt.NDArray[np.uint64]:
    """Return many guards from the result of `mixed`: the same as in `seeded`."""
    made = before ^ time_ns
    made *= _PRIME
    made >>= np.uint64(32)
    return made


class Stamp(NamedTuple):
    """The fields of a stamp, besides its job and its guard."""

    producer: int
    body: int
    sequence: int
    time_ns: int


def whole(data: bytes, at: int, job: int) -> Stamp | None:
    """Return the stamp at a place, if it is of this job and has the right guard."""
    named, producer, body, found, sequence, time_ns = _STAMP.unpack_from(data, at)
    if named != job or found != _guard(seed(job, producer, body), sequence, time_ns):
        return None
    return Stamp(producer, body, sequence, time_ns)


def read(data: npt.NDArray[np.uint8], at: npt.NDArray[np.int64]) -> Stamps:
    """Return the 32 bytes at each position as stamps, unchecked."""
    cells = data[at[:, None] + np.arange(SIZE)]
    stamps: Stamps = cells.reshape(-1).view(STAMP)
    return stamps


def genuine(stamps: Stamps) -> npt.NDArray[np.bool_]:
    """Return which of them have the right guard."""
    wide = {name: stamps[name].astype(np.uint64) for name in STAMP.names or ()}
    expected = guard(wide["job"], wide["producer"], wide["body"], wide["sequence"], wide["time_ns"])
    return np.equal(expected, wide["guard"])
