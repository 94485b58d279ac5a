"""A search ends with the capacity that a wire before a real nats-server has.

The wire carries a known number of bytes a second, and each message is a frame of known length: both
give the capacity in messages per second, whatever the machine does.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from njst.local.local_worker import LocalWorker
from njst.local.nats_server import NatsServer
from tests.nats.mesh.experimenting import has_ended, post, wait
from tests.nats.mesh.mesh import Json, Mesh, running
from tests.nats.mesh.test_docs_pages import shell_blocks, typed
from tests.nats.truth.proxy import Proxy
from tests.nats.truth.tampering import Tampering, is_publish

STREAM = "WIRE"
PAYLOAD_BYTES = 1024
FRAME_BYTES = len(b"PUB WIRE.write _INBOX.0123456789abcdef.0123456789 1024\r\n") + PAYLOAD_BYTES + 2
# Messages per second. Both rates of the search of it are 8 % from it, which is far from chance:
# after a pause of 100 ms the wire carries what waits within the next second.
CAPACITY = 1290
# A busy host takes from what a wire carries within a trial and adds nothing; what is beside
# messages on the way to the server, such as requests, is less than this.
OTHERS_PERCENT = 1


class Lengths(Tampering):
    """Counts the lengths of the messages to streams that pass, in bytes; changes none of them."""

    def __init__(self, counts: Counter[int]) -> None:
        super().__init__({})
        self._counts = counts

    def _frame(self, frame: bytes, line: bytes) -> bytes:
        if is_publish(line) and b" WIRE." in line:
            self._counts[len(frame)] += 1
        return frame


class Wire:
    """A mesh of one worker, and the wire between its load and the server."""

    def __init__(self, mesh: Mesh, proxy: Proxy, lengths: Counter[int]) -> None:
        self.mesh = mesh
        self._proxy = proxy
        self._lengths = lengths

    def limit(self, messages_per_s: int) -> None:
        """Let so many messages of a search pass in a second."""
        self._proxy.limit(messages_per_s * FRAME_BYTES)

    def search(self, low: int, high: int, *beside: Json, **settings: int) -> str:
        """Begin a search; return its ID."""
        return post(self.mesh, self.spec(low, high, *beside, **settings))

    def spec(self, low: int, high: int, *beside: Json, **settings: int) -> Json:
        """Return an experiment that searches, in trials as short as they can be.

        Other workloads may run `beside` the one whose rate is searched.
        """
        template = self._job(low, beside)
        short = {"warmupSeconds": 0, "trialSeconds": 5, "recoverySeconds": 0}
        long = {"confirmations": 1, "confirmationSeconds": 5}
        search = {"toMessagesPerSecond": high, "precisionPercent": 50, **short, **long, **settings}
        return {"template": template, "search": search}

    def _job(self, rate: int, beside: Sequence[Json]) -> Json:
        publish = {"payloadBytes": PAYLOAD_BYTES, "window": 100}
        write = {"name": "write", "messagesPerSecond": rate, "publish": publish}
        length = {"stream": STREAM, "durationSeconds": 5}
        return {
            "target": {"servers": [self._proxy.url]},
            "streams": [{"name": STREAM, "storage": "Memory"}],
            "workloads": [{**length, **one} for one in (write, *beside)],
        }

    def end(self, experiment: str) -> tuple[Json, list[Json]]:
        """Return how a search has ended, and its trials."""
        document = wait(self.mesh, experiment, has_ended)
        assert self._lengths.keys() == {FRAME_BYTES}
        (found,) = document["searches"]
        return found, document["trials"]


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    folder: Path = tmp_path_factory.mktemp("wire")
    lengths: Counter[int] = Counter()
    with ExitStack() as stack:
        nats = stack.enter_context(NatsServer.start())
        proxy = Proxy(nats.port, tampering_up=lambda: Lengths(lengths))
        stack.enter_context(proxy)
        options = ("--allow-target", "127.0.0.1:*", "--processes", "1")
        worker = LocalWorker("w0", nats.url, folder, options=options)
        mesh = stack.enter_context(running(nats, [worker], folder))
        yield Wire(mesh, proxy, lengths)


def slow_receiver(messages_per_s: int) -> Json:
    """Acknowledges each message after 0.1 s, and gets no more than it may have unacknowledged."""
    most = messages_per_s // 10
    slow = {"slowPercent": 100, "processingMilliseconds": 100}
    return {"name": "read", "consume": {"maxAckPending": most, "batch": most, **slow}}


def judged(trials: list[Json]) -> list[tuple[int, str, str]]:
    """Return rate, judgement and reason of each trial."""
    return [(t["plan"]["messagesPerSecond"], t["judgement"], t["reason"]) for t in trials]


def test_search__wire_wider_than_its_rates__is_a_lower_bound(wire: Wire, tmp_path: Path) -> None:
    """As the page of experiments runs one."""
    commands, *_ = shell_blocks("experiments.md")
    file = tmp_path / "examples" / "experiments" / "highest-rate.yaml"
    file.parent.mkdir(parents=True)
    manifest = {"apiVersion": "njst.io/v1alpha1", "kind": "NjstExperiment"}
    manifest |= {"metadata": {"name": "highest-rate"}, "spec": wire.spec(600, 600)}
    file.write_text(yaml.safe_dump(manifest))
    *_, listed = typed(wire.mesh, tmp_path, commands).splitlines()
    experiment, _, phase, trial_count, best, reason, _ = listed.split()
    assert (phase, trial_count, best, reason) == ("Succeeded", "2", "600/s", "LowerBound")
    found, trials = wire.end(experiment)
    assert found["outcome"] == "LowerBound", trials
    assert found["lowerMessagesPerSecond"] == 600
    assert found["isLowerConfirmed"]
    assert "upperMessagesPerSecond" not in found
    assert judged(trials) == [(rate, "Held", "Held") for rate in (600, 600)]


def test_search__wire_of_known_capacity__has_it_between_its_bounds(wire: Wire) -> None:
    wire.limit(CAPACITY)
    found, trials = wire.end(wire.search(1000, 1400))
    assert found["outcome"] == "Found", trials
    lower, upper = found["lowerMessagesPerSecond"], found["upperMessagesPerSecond"]
    assert lower < CAPACITY < upper <= 1.5 * lower
    for rate, judgement, reason in judged(trials):
        wanted = ("Held", "Held") if rate < CAPACITY else ("Breached", "RateNotAchieved")
        assert (judgement, reason) == wanted, rate
    achieved = [t["achievedMessagesPerSecond"] for t in trials if t["judgement"] == "Breached"]
    assert abs(max(achieved) - CAPACITY) <= OTHERS_PERCENT * CAPACITY / 100, "as the wire carries"


def test_search__receiver_slower_than_its_rates__is_not_found(wire: Wire) -> None:
    """Its publisher achieves each rate: only what waits in the stream says that it cannot go on."""
    wire.limit(10 * CAPACITY)
    found, trials = wire.end(wire.search(1400, 1400, slow_receiver(1300)))
    assert found["outcome"] == "NotFound", trials
    assert judged(trials) == 2 * [(1400, "Breached", "LatencyRising")]


def test_search__wire_loses_capacity_between_trials__is_unstable(wire: Wire) -> None:
    wire.limit(CAPACITY)
    experiment = wire.search(400, 500, recoverySeconds=1)
    wait(wire.mesh, experiment, lambda document: len(document["trials"]) == 1)
    wire.limit(350)
    found, trials = wire.end(experiment)
    assert found["outcome"] == "Unstable", trials
    assert "lowerMessagesPerSecond" not in found
    assert "did not recover" in found["message"]
    assert judged(trials)[0] == (400, "Held", "Held")
    assert {judgement for _, judgement, _ in judged(trials)[1:]} == {"Breached"}
