"""What goes wrong on the wire is found: each fault, exactly as often, and none where there is none.

The proxy changes single messages of what the server sends or gets; the server itself stays sound.
"""

import pytest

from njst.contract.results.report import WorkloadResult
from njst.contract.results.tallies import ErrorClass
from njst.local.nats_server import NatsServer
from tests.nats.truth.loading import Document, errors, loading
from tests.nats.truth.proxy import Proxy
from tests.nats.truth.tampering import Fault, Tampering

COUNT = 1000
# Neither neighbours nor at the ends: a swap needs one behind it, and each fault stands alone.
PLACES = range(10, COUNT - 10, 7)
FAULTS = len(PLACES)
# Nobody else is to read over the bad wire.
PUBLISH: Document = {"payloadBytes": 64, "verify": "None"}
MODES: dict[str, Document] = {
    "Ordered": {"mode": "Ordered"},
    "Pull": {"mode": "Pull", "ack": "None"},
    "Push": {"mode": "Push", "ack": "None"},
}
# A stamp has job, producer, body's checksum and guard of 4 bytes, sequence and time of 8; a body.
EACH_FIELD = (1, 5, 9, 13, 17, 25, 33, 63)


async def consume(
    server: NatsServer, stream: str, mode: str, faults: dict[int, Fault]
) -> tuple[WorkloadResult, int]:
    """Return what a consumer of COUNT messages found, and how many faults there were."""
    job = {
        "streams": [{"name": stream, "storage": "Memory"}],
        "workloads": [
            {"name": "write", "stream": stream, "messages": COUNT, "publish": PUBLISH},
            {
                "name": "read",
                "stream": stream,
                "messages": COUNT,
                # Long enough for what is only slow, where something will not come.
                "consume": {"idleTimeoutSeconds": 5, **MODES[mode]},
            },
        ],
    }
    with Proxy(server.port, tampering=lambda: Tampering(faults, EACH_FIELD)) as proxy:
        async with loading(server, job, via=proxy.url) as load:
            results = await load.run()
        done = sum(len(tampering.done) for tampering in proxy.tamperings)
    assert errors(results["write"]) == {}
    return results["read"], done


@pytest.mark.parametrize("mode", MODES)
async def test_none_where_there_is_none(server: NatsServer, stream: str, mode: str) -> None:
    read, _ = await consume(server, stream, mode, {})
    assert (read.messages, errors(read)) == (COUNT, {})


@pytest.mark.parametrize("mode", MODES)
async def test_each_dropped_message_is_missing(server: NatsServer, stream: str, mode: str) -> None:
    read, done = await consume(server, stream, mode, dict.fromkeys(PLACES, Fault.DROP))
    assert done == FAULTS
    assert read.messages == COUNT - FAULTS
    # Whether the server had delivered it, only an ordered consumer's client can know.
    gap = {ErrorClass.GAP: FAULTS} if mode == "Ordered" else {}
    assert errors(read) == {ErrorClass.STARVED: FAULTS, **gap}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("fault", "found"),
    [(Fault.TWICE, ErrorClass.DUPLICATED), (Fault.SWAP, ErrorClass.REORDERED)],
)
async def test_each_copy_and_each_late_message(
    server: NatsServer, stream: str, mode: str, fault: Fault, found: ErrorClass
) -> None:
    places = [place for place in PLACES if place < COUNT // 2]
    read, done = await consume(server, stream, mode, dict.fromkeys(places, fault))
    assert done == len(places)
    # A copy takes the place of a message that this client would have had.
    assert read.messages == COUNT
    assert errors(read) == {found: len(places)}


@pytest.mark.parametrize("mode", MODES)
async def test_each_changed_byte(server: NatsServer, stream: str, mode: str) -> None:
    faults = dict.fromkeys(PLACES, Fault.FLIP)
    read, done = await consume(server, stream, mode, faults)
    assert done == FAULTS
    assert (read.messages, errors(read)) == (COUNT, {ErrorClass.CORRUPTED: FAULTS})


@pytest.mark.parametrize("mode", MODES)
async def test_all_of_them_at_once(server: NatsServer, stream: str, mode: str) -> None:
    kinds = (Fault.DROP, Fault.TWICE, Fault.SWAP, Fault.FLIP)
    faults = {place: kinds[number % 4] for number, place in enumerate(PLACES)}
    each = {kind: sum(fault is kind for fault in faults.values()) for kind in kinds}
    read, done = await consume(server, stream, mode, faults)
    assert done == FAULTS
    # Copies make up for what was dropped, and there are as many, or one less.
    missing = each[Fault.DROP] - each[Fault.TWICE]
    found = {
        ErrorClass.DUPLICATED: each[Fault.TWICE],
        ErrorClass.REORDERED: each[Fault.SWAP],
        ErrorClass.CORRUPTED: each[Fault.FLIP],
        ErrorClass.STARVED: missing,
        ErrorClass.GAP: each[Fault.DROP] if mode == "Ordered" else 0,
    }
    assert errors(read) == {error_class: count for error_class, count in found.items() if count}
