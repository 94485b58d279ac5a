"""Which server a client turns to and when: with scripted attempts, at instants that are given."""

from typing import Any

import pytest

from njst.contract.connection import Connection
from njst.contract.result import ErrorClass
from njst.load import redial as module
from njst.load.dial import NOTHING, WRITE, ConnectError, Settings
from njst.load.ledger import Ledger
from njst.load.redial import Redial
from njst.load.servers import Server, Servers
from njst.load.wire.info import ServerInfo

MS = 1_000_000
T0 = 5_000 * MS


class Attempt:
    """Goes on, fails or comes to a stream, as its script says of its server."""

    made: list[tuple[str, int]] = []  # noqa: RUF012 - emptied by the fixture
    script: dict[str, object] = {}  # noqa: RUF012
    closed = 0

    def __init__(self, server: Server, settings: Settings, begin_ns: int) -> None:
        self.server = server
        self.info = ServerInfo()
        self.socket = "a socket"
        self.wants = WRITE
        Attempt.made.append((server.host, begin_ns))

    def step(self, at_ns: int) -> object:
        said = self.script.get(self.server.host)
        if isinstance(said, Exception):
            raise said
        return said

    def wait(self) -> object:
        return self.step(0)

    def close(self) -> None:
        Attempt.closed += 1


@pytest.fixture(autouse=True)
def attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Dial", Attempt)
    Attempt.made, Attempt.script, Attempt.closed = [], {}, 0


def no(words: str, reason: str = "TargetUnreachable") -> ConnectError:
    return ConnectError(ErrorClass.CONNECT_FAILED, reason, words)


def redial(*hosts: str, **how: Any) -> tuple[Redial, Ledger]:
    connection = Connection(servers=[f"nats://{host}:1" for host in hosts], **how)
    ledger = Ledger("w", 1)
    return Redial(Settings.of(connection), Servers(connection), ledger), ledger


def connected(*hosts: str, **how: Any) -> tuple[Redial, Ledger]:
    """One that is connected to its first server."""
    made, ledger = redial(*hosts, **how)
    Attempt.script[hosts[0]] = "stream"
    assert made.first() == "stream"
    Attempt.made.clear()
    return made, ledger


def test_the_first_connection_is_to_the_first_that_answers() -> None:
    made, _ = redial("a", "b")
    Attempt.script = {"a": no("down"), "b": "stream"}
    assert made.first() == "stream"
    assert [host for host, _ in Attempt.made] == ["a", "b"]


def test_what_all_say_is_one_error_and_a_refusal_its_reason() -> None:
    made, _ = redial("a", "b", "c")
    Attempt.script = {"a": no("down"), "b": no("who?", "TargetLoginRefused"), "c": no("down")}
    with pytest.raises(ConnectError) as caught:
        made.first()
    assert (caught.value.reason, str(caught.value)) == ("TargetLoginRefused", "down; who?")


def test_the_next_server_is_tried_at_once() -> None:
    made, ledger = connected("a", "b")
    Attempt.script["b"] = "another"
    made.on_break("gone", T0)
    assert made.step(T0 + MS) == "another"
    assert Attempt.made == [("b", T0 + MS)]
    outages = ledger.tally()
    assert (outages.reconnects, outages.disconnected_us) == (1, 1_000)


def test_the_same_server_is_tried_after_a_pause() -> None:
    made, _ = connected("a")
    made.on_break("gone", T0)
    assert made.step(T0 + 49 * MS) is None
    assert Attempt.made == []
    assert made.step(T0 + 50 * MS) == "stream"


def test_an_attempt_goes_on_until_it_has_an_end() -> None:
    made, _ = connected("a", "b")
    Attempt.script["b"] = None
    made.on_break("gone", T0)
    assert (made.socket, made.wants) == (None, NOTHING)
    assert made.step(T0) is None
    assert made.step(T0 + MS) is None
    assert (made.socket, made.wants) == ("a socket", WRITE)
    Attempt.script["b"] = "stream"
    assert made.step(T0 + 2 * MS) == "stream"
    assert (made.socket, made.wants) == (None, NOTHING)
    assert Attempt.made == [("b", T0)]


def test_pauses_between_rounds_grow_to_a_second_and_begin_anew_after_a_break() -> None:
    made, _ = connected("a", "b")
    for order in ("ba", "ab"):
        Attempt.script = {"a": no("down"), "b": no("down")}
        made.on_break("gone", T0)
        Attempt.made.clear()
        for at_ms in range(5_000):
            made.step(T0 + at_ms * MS)
        tried = [(host, (at_ns - T0) // MS) for host, at_ns in Attempt.made]
        rounds = [0, 50, 150, 350, 750, 1_550, 2_550, 3_550, 4_550]
        assert tried == [(host, at_ms) for at_ms in rounds for host in order]
        Attempt.script[order[0]] = "stream"
        assert made.step(T0 + 6_000 * MS) == "stream"


def test_it_gives_up_after_the_time_that_it_may_take_and_says_what_all_said() -> None:
    made, ledger = connected("a", "b", reconnect_ms=150)
    Attempt.script = {"a": no("a is down"), "b": no("b is full", "TargetRefused")}
    made.on_break("gone", T0)
    assert made.step(T0 + 99 * MS) is None
    with pytest.raises(ConnectError, match="b is full; a is down") as caught:
        made.step(T0 + 150 * MS)
    assert caught.value.reason == "TargetRefused"
    made.close(T0 + 160 * MS)
    outages = ledger.tally()
    assert (outages.reconnects, outages.disconnected_us) == (0, 160_000)


def test_to_close_ends_an_attempt() -> None:
    made, ledger = connected("a", "b")
    Attempt.script["b"] = None
    made.on_break("gone", T0)
    made.step(T0)
    made.close(T0 + MS)
    made.close(T0 + 2 * MS)
    assert (Attempt.closed, ledger.tally().disconnected_us) == (1, 1_000)


def test_what_a_server_names_is_tried_behind_it() -> None:
    made, _ = connected("a")
    made.on_info(ServerInfo(others=("c:3",)))
    Attempt.script["c"] = "stream"
    made.on_break("gone", T0)
    assert made.step(T0) == "stream"
    assert Attempt.made == [("c", T0)]


def test_a_server_that_said_that_it_will_go_is_remembered_for_one_break() -> None:
    made, _ = connected("a")
    made.on_info(ServerInfo(leaves=True))
    lame = "gone; it had said that it will go (lame duck mode)"
    assert made.on_break("gone", T0) == lame
    assert made.on_break("", T0) == "the connection broke"
