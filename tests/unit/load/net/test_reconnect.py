"""Which server a client turns to and when: with scripted attempts, at instants that are given."""

from typing import Any

import pytest

from njst.contract.connection import Connection
from njst.contract.results.tallies import ErrorClass
from njst.load.net import login_attempts as module
from njst.load.net.dial import WRITE, ConnectError, DialSettings
from njst.load.net.reconnect import LATE_NS, Reconnect
from njst.load.net.server_pool import PoolServer, ServerPool
from njst.load.protocol.server_info import ServerInfo
from njst.load.recording.recorder import Recorder

MS = 1_000_000
T0 = 5_000 * MS


class Attempt:
    """Goes on, fails or comes to a stream, as its script says of its server."""

    made: list[tuple[str, int]] = []  # noqa: RUF012 - emptied by the fixture
    script: dict[str, object] = {}  # noqa: RUF012
    greeted: set[str] = set()  # noqa: RUF012
    closed = 0

    def __init__(self, server: PoolServer, settings: DialSettings, begin_ns: int) -> None:
        self.server = server
        self.begin_ns = begin_ns
        self.info = ServerInfo() if server.host in self.greeted else None
        self.socket = None
        self.wants = WRITE
        Attempt.made.append((server.host, begin_ns))

    def step(self, at_ns: int) -> object:
        said = self.script.get(self.server.host)
        if isinstance(said, Exception):
            raise said
        return said

    def close(self) -> None:
        Attempt.closed += 1


@pytest.fixture(autouse=True)
def attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Dial", Attempt)
    Attempt.made, Attempt.script, Attempt.greeted, Attempt.closed = [], {}, set(), 0


def no(words: str, reason: str = "TargetUnreachable") -> ConnectError:
    return ConnectError(ErrorClass.CONNECT_FAILED, reason, words)


def redial(*hosts: str, reconnect_ms: int | None = None) -> tuple[Reconnect, Recorder]:
    connection = Connection(servers=[f"nats://{host}:1" for host in hosts])
    recorder = Recorder("w", 1)
    made = Reconnect(DialSettings.of(connection), ServerPool(connection), recorder, reconnect_ms)
    made.begin(T0)
    return made, recorder


def connected(*hosts: str, **how: Any) -> tuple[Reconnect, Recorder]:
    """One that is connected to its first server."""
    made, recorder = redial(*hosts, **how)
    Attempt.script[hosts[0]] = "stream"
    assert made.step(T0) == "stream"
    Attempt.made.clear()
    return made, recorder


def tried() -> list[tuple[str, int]]:
    """Which servers were tried, and when, in ms."""
    return [(host, (at_ns - T0) // MS) for host, at_ns in Attempt.made]


def events(recorder: Recorder) -> dict[ErrorClass, int]:
    return {event.error_class: event.count for event in recorder.tally().events}


def test_the_first_connection_is_to_the_first_that_answers() -> None:
    made, recorder = redial("a", "b")
    Attempt.script = {"a": no("down"), "b": "stream"}
    assert made.step(T0) == "stream"
    assert tried() == [("a", 0), ("b", 0)]
    assert events(recorder) == {ErrorClass.CONNECT_FAILED: 1}


def test_what_all_say_is_one_error_and_a_refusal_its_reason() -> None:
    made, _ = redial("a", "b", "c")
    Attempt.script = {"a": no("down"), "b": no("who?", "TargetLoginRefused"), "c": no("down")}
    with pytest.raises(ConnectError) as caught:
        made.step(T0)
    assert (caught.value.reason, str(caught.value)) == ("TargetLoginRefused", "down; who?")


def test_first_login_that_times_out_is_retried_for_a_while() -> None:
    made, _ = redial("a")
    Attempt.script = {"a": no("Authentication Timeout", "TargetLoginLate")}
    assert made.step(T0) is None
    assert made.step(T0 + LATE_NS - MS) is None
    with pytest.raises(ConnectError, match="Authentication Timeout"):
        made.step(T0 + LATE_NS)
    made, _ = redial("a")
    assert made.step(T0) is None
    Attempt.script["a"] = "stream"
    assert made.step(T0 + 50 * MS) == "stream"


def test_the_next_server_is_tried_at_once() -> None:
    made, recorder = connected("a", "b")
    Attempt.script["b"] = "another"
    made.on_break("gone", T0, T0)
    assert made.step(T0 + MS) == "another"
    assert tried() == [("b", 1)]
    outages = recorder.tally()
    assert (outages.reconnects, outages.disconnected_us) == (1, 1_000)


def test_an_outage_counts_from_when_it_is_known_to_have_begun() -> None:
    made, recorder = connected("a", "b")
    Attempt.script["b"] = "another"
    made.on_break("silent", T0 - 6_000 * MS, T0)
    made.step(T0 + MS)
    assert recorder.tally().longest_outage_us == 6_001_000


def test_the_same_server_is_tried_after_a_pause() -> None:
    made, _ = connected("a")
    made.on_break("gone", T0, T0)
    assert made.step(T0 + 49 * MS) is None
    assert Attempt.made == []
    assert made.step(T0 + 50 * MS) == "stream"


def test_an_attempt_that_comes_to_nothing_gets_company_after_a_moment() -> None:
    made, _ = connected("a", "b", "c")
    Attempt.script |= {"b": None, "c": None, "a": None}
    made.on_break("gone", T0, T0)
    for at_ms in (0, 249, 250, 499, 500, 4_000):
        assert made.step(T0 + at_ms * MS) is None
    assert tried() == [("b", 0), ("c", 250), ("a", 500)]
    Attempt.script["c"] = "stream"
    assert made.step(T0 + 4_001 * MS) == "stream"
    assert Attempt.closed == 2, "the others are given up"


def test_one_whose_server_has_greeted_it_is_waited_for() -> None:
    made, _ = connected("a", "b", "c")
    Attempt.script |= {"b": None, "c": None}
    Attempt.greeted = {"b"}
    made.on_break("gone", T0, T0)
    for at_ms in (0, 250, 1_999):
        assert made.step(T0 + at_ms * MS) is None
    assert tried() == [("b", 0)]
    assert made.step(T0 + 2_000 * MS) is None
    assert tried() == [("b", 0), ("c", 2_000)]


def test_unreachable_addresses_do_not_delay_the_reconnect() -> None:
    made, _ = connected("a")
    made.on_info(ServerInfo(others=("x:1", "y:1", "z:1")))
    # They are mute, and the one that was there is away for 3 s.
    Attempt.script["a"] = no("down")
    made.on_break("gone", T0, T0)
    for at_ms in range(0, 3_000, 50):
        assert made.step(T0 + at_ms * MS) is None
    Attempt.script["a"] = "stream"
    back_ms = next(ms for ms in range(3_000, 9_000, 50) if made.step(T0 + ms * MS) is not None)
    assert back_ms <= 4_000, "its own pause of at most a second, and no time-out of another"
    # From then on they are known to be of no use.
    Attempt.made.clear()
    made.on_break("gone", T0, T0)
    assert made.step(T0 + 50 * MS) == "stream"


def test_pauses_grow_to_a_second_and_begin_anew_after_a_break() -> None:
    made, recorder = connected("a", "b")
    for _ in range(2):
        Attempt.script = {"a": no("down"), "b": no("down")}
        made.on_break("gone", T0, T0)
        Attempt.made.clear()
        for at_ms in range(5_000):
            made.step(T0 + at_ms * MS)
        rounds = [0, 50, 150, 350, 750, 1_550, 2_550, 3_550, 4_550]
        assert sorted(tried()) == [(host, at_ms) for host in "ab" for at_ms in rounds]
        Attempt.script["b"] = "stream"
        assert made.step(T0 + 6_000 * MS) == "stream"
    assert events(recorder)[ErrorClass.CONNECT_FAILED] == 2 * 18 + 1


def test_reconnect_gives_up_in_time_with_the_errors_of_all_servers() -> None:
    made, recorder = connected("a", "b", reconnect_ms=150)
    Attempt.script = {"a": no("a is down"), "b": no("b is full", "TargetRefused")}
    made.on_break("gone", T0, T0)
    assert made.step(T0 + 99 * MS) is None
    with pytest.raises(ConnectError, match="b is full; a is down") as caught:
        made.step(T0 + 150 * MS)
    assert caught.value.reason == "TargetRefused"
    made.close(T0 + 160 * MS)
    outages = recorder.tally()
    assert (outages.reconnects, outages.disconnected_us) == (0, 160_000)


@pytest.mark.parametrize("hours", [1, 24])
def test_without_a_limit_it_never_gives_up(hours: int) -> None:
    made, _ = connected("a")
    Attempt.script = {"a": no("down")}
    made.on_break("gone", T0, T0)
    assert made.step(T0 + hours * 3_600_000 * MS) is None
    Attempt.script = {"a": "stream"}
    assert made.step(T0 + (hours + 1) * 3_600_000 * MS) == "stream"


def test_with_no_time_each_server_is_tried_once() -> None:
    made, _ = connected("a", "b", reconnect_ms=0)
    Attempt.script = {"a": no("down"), "b": no("down")}
    made.on_break("gone", T0, T0)
    with pytest.raises(ConnectError):
        made.step(T0)
    assert tried() == [("b", 0), ("a", 0)]


def test_to_close_ends_an_attempt() -> None:
    made, recorder = connected("a", "b")
    Attempt.script["b"] = None
    made.on_break("gone", T0, T0)
    made.step(T0)
    made.close(T0 + MS)
    made.close(T0 + 2 * MS)
    assert (Attempt.closed, recorder.tally().disconnected_us) == (1, 1_000)


def test_a_server_that_said_that_it_will_go_is_remembered_for_one_break() -> None:
    made, _ = connected("a")
    made.on_info(ServerInfo(leaves=True))
    lame = "gone; it had said that it will go (lame duck mode)"
    assert made.on_break("gone", T0, T0) == lame
    assert made.on_break("", T0, T0) == "the connection broke"


def at_place(place: int, servers: ServerPool, connection: Connection) -> tuple[Reconnect, Recorder]:
    recorder = Recorder("w", 1)
    made = Reconnect(DialSettings.of(connection), servers, recorder, None, place)
    made.begin(T0)
    return made, recorder


def test_first_login__server_that_only_the_cluster_names_is_silent__later_clients_pass_it_by() -> (
    None
):
    connection = Connection(servers=["nats://a:1"], found=["b:1"])
    servers = ServerPool(connection)
    Attempt.script = {"a": "stream"}
    made, recorder = at_place(1, servers, connection)
    assert made.step(T0) is None
    assert made.step(T0 + 250 * MS) == "stream"
    assert tried() == [("b", 0), ("a", 250)]
    assert events(recorder) == {}
    Attempt.made.clear()
    made, _ = at_place(1, servers, connection)
    assert made.step(T0) == "stream"
    assert tried() == [("a", 0)]


def test_first_login__server_that_only_the_cluster_names_refuses__is_no_event() -> None:
    connection = Connection(servers=["nats://a:1"], found=["b:1"])
    Attempt.script = {"a": "stream", "b": no("refused")}
    made, recorder = at_place(1, ServerPool(connection), connection)
    assert made.step(T0) == "stream"
    assert tried() == [("b", 0), ("a", 0)]
    assert events(recorder) == {}
