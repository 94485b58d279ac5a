"""Numbers while the target is frozen, full, or refuses: none that it did not earn.

Each operation has one outcome, a rate counts over the workload's own window, and what was given up
is in the latencies with the time that it waited.
"""

import asyncio
import os
import signal
from typing import Any

from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import Outcome
from njst.contract.results.report import ThresholdResult, Verdict, WorkerResult, WorkloadResult
from njst.contract.results.tallies import ErrorClass
from njst.local.nats_server import NatsServer
from njst.verdict.checks import Judgement
from njst.verdict.invariants import violations
from njst.verdict.judge import History, judge
from njst.verdict.thresholds import evaluate
from tests.nats.truth.loading import Document, errors, loading
from tests.stopping import stopped

# How long the server stands still: longer than the time-out of an acknowledgement.
FREEZE_S = 2.0


def publishing(stream: str, publish: Document, **more: Any) -> Document:
    streams = [{"name": stream, "storage": "Memory", **more.pop("streams", {})}]
    thresholds = more.pop("thresholds", [])
    workload = {"name": "write", "stream": stream, "publish": {"payloadBytes": 64, **publish}}
    return {"streams": streams, "workloads": [{**workload, **more}], "thresholds": thresholds}


def judged(document: Document, result: WorkloadResult) -> tuple[list[ThresholdResult], Judgement]:
    """What thresholds and verdict come to, as the end of a job has it."""
    spec = parse_spec(document)
    whole = result.model_copy(update={"start_ms": 0, "planned": result.planned})
    thresholds = evaluate(spec.thresholds, [whole])
    worker = WorkerResult(worker="w", outcome=Outcome.COMPLETED)
    return thresholds, judge(History(spec, [worker], [whole], thresholds, None))


def assert_sound(result: WorkloadResult) -> None:
    """Every operation has an outcome, and the load did not just stop counting."""
    assert violations([result]) == []
    assert result.attempted == result.messages + result.failed + (result.unfinished or 0)


async def frozen(server: NatsServer, document: Document, at_messages: int) -> WorkloadResult:
    """Return what is measured when the server freezes for a while in the midst of the load."""
    async with loading(server, document) as load:
        load.start()
        await load.until(lambda: load.done("write") >= at_messages)
        with stopped(server.pid):
            await asyncio.sleep(FREEZE_S)
        return (await load.end())["write"]


async def test_a_rate_is_over_the_whole_duration_whenever_the_target_stood_still(
    server: NatsServer, stream: str
) -> None:
    sync = {"mode": "Synchronous", "ackTimeoutSeconds": 1}
    result = await frozen(server, publishing(stream, sync, durationSeconds=4), 1)
    assert_sound(result)
    assert result.elapsed_us == 4_000_000
    in_time = result.messages - result.drained
    assert result.messages_per_second == round(in_time / 4)
    # Of four seconds two were the freeze's: the windows say so, and add up to the same.
    assert result.series is not None
    windows = [window.messages for window in result.series.windows]
    assert sum(windows) == result.messages
    assert min(windows) == 0


async def test_what_an_open_loop_gave_up_is_planned_failed_and_in_its_latency(
    server: NatsServer, stream: str
) -> None:
    rate, seconds = 500, 5
    document = publishing(
        stream,
        {"window": 100_000, "ackTimeoutSeconds": 1},
        durationSeconds=seconds,
        messagesPerSecond=rate,
        thresholds=[
            {"metric": "ErrorsPerMillion", "atMost": 900_000},
            {"metric": "LatencyP90Microseconds", "atMost": 100_000},
        ],
    )
    result = await frozen(server, document, 1)
    assert_sound(result)
    assert (result.planned, result.attempted) == (rate * seconds, rate * seconds)
    # At least half a second's messages had waited for their second when the freeze ended.
    assert result.failed >= rate * (FREEZE_S - 1) / 2
    assert result.censored_count == result.failed
    latency, at_most = result.latency_microseconds, result.latency_at_most_microseconds
    assert latency is not None
    assert at_most is not None
    assert latency.p90 >= 1_000_000
    assert at_most.max is None
    (budget, p90), judgement = judged(document, result)
    assert (budget.verdict, p90.verdict) == (Verdict.VALID, Verdict.INVALID)
    assert p90.is_lower_bound
    assert judgement.reason == "ThresholdsFailed"


async def test_a_budget_of_errors_in_a_fixed_number_of_messages(
    server: NatsServer, stream: str
) -> None:
    document = publishing(
        stream,
        {},
        messages=1_000,
        streams={"discard": "New", "maxMessages": 900},
        thresholds=[
            {"workload": "write", "metric": "Errors", "atMost": 100},
            {"workload": "write", "metric": "Messages", "atLeast": 900},
        ],
    )
    async with loading(server, document) as load:
        result = (await load.run())["write"]
    assert_sound(result)
    assert (result.attempted, result.messages, result.failed) == (1_000, 900, 100)
    assert errors(result) == {ErrorClass.LIMIT_EXCEEDED: 100}
    _, judgement = judged(document, result)
    assert (judgement.verdict, judgement.reason) == (Verdict.VALID, "Completed")
    assert "100 of 1,000 operations of write failed" in judgement.message
    tighter = {**document, "thresholds": [{"metric": "ErrorsPerMillion", "atMost": 99_999}]}
    assert judged(tighter, result)[1].reason == "ThresholdsFailed"


async def test_a_message_that_became_too_large_fails_once(stream: str) -> None:
    """The server says it and hangs up: one outcome for the message, one event for the break."""
    count = 40
    sync = {"mode": "Synchronous", "payloadBytes": 2_000}
    document = publishing(stream, sync, messages=count, messagesPerSecond=20, thresholds=[])
    with NatsServer.start() as server:
        async with loading(server, document) as load:
            load.start()
            await load.until(lambda: load.done("write") >= 5)
            (server.folder / "nats.conf").write_text("server_name: njst\nmax_payload: 1000\n")
            os.kill(server.pid, signal.SIGHUP)
            result = (await load.end())["write"]
    assert_sound(result)
    assert result.attempted == count
    # Where the reset overtakes the server's words, all that is known is that the connection broke.
    found = errors(result)
    assert found.keys() <= {ErrorClass.PAYLOAD_TOO_LARGE, ErrorClass.DISCONNECTED}
    assert found[ErrorClass.PAYLOAD_TOO_LARGE] > 0
    assert sum(found.values()) == result.failed == count - result.messages
    breaks = {event.error_class: event.count for event in result.events}
    assert breaks[ErrorClass.DISCONNECTED] == result.failed


async def test_window_of_a_count__ends_with_the_last_operation(
    server: NatsServer, stream: str
) -> None:
    """Refused from the 100th on, at an offered rate: the window is all of the load's time."""
    document = publishing(
        stream,
        {},
        messages=1_000,
        messagesPerSecond=1_000,
        streams={"discard": "New", "maxMessages": 100},
    )
    async with loading(server, document) as load:
        result = (await load.run())["write"]
    assert_sound(result)
    assert (result.messages, result.failed) == (100, 900)
    # The last one is due after 999 ms: a tenth of the offered rate was stored.
    assert result.elapsed_us >= 999_000
    assert result.messages_per_second <= 101
