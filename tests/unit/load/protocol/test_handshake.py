"""The beginning of a connection: golden bytes, any split, and servers that are none."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.load.protocol.handshake import Handshake, HandshakeRefusedError, HandshakeStep, NoTlsError
from njst.load.protocol.parser import ProtocolError
from njst.load.protocol.server_info import ServerInfo, server_info

INFO = b'INFO {"server_id":"x","nonce":"n","connect_urls":["b:1","c:2"]}\r\n'
TLS_INFO = b'INFO {"tls_required":true}\r\n'
OPEN_INFO = b'INFO {"tls_available":true}\r\n'


def handshake(**how: bool) -> Handshake:
    return Handshake(lambda info: {"verbose": False, "sig": f"signed {info.nonce}"}, **how)


def test_connect_follows_info_and_is_these_bytes() -> None:
    begun = handshake()
    assert begun.feed(b"") is HandshakeStep.HEAR
    assert begun.feed(INFO) is HandshakeStep.SEND
    assert begun.out == b'CONNECT {"verbose":false,"sig":"signed n"}\r\nPING\r\n'
    assert begun.feed(b"") is HandshakeStep.HEAR
    assert begun.feed(b"PONG\r\nMSG a 1 0\r\n") is HandshakeStep.DONE
    assert begun.rest == b"MSG a 1 0\r\n"
    assert begun.info is not None
    assert begun.info.others == ("b:1", "c:2")


@given(st.lists(st.integers(0, len(INFO) + 20), max_size=6))
def test_every_split_gives_the_same(cuts: list[int]) -> None:
    begun = handshake()
    whole = INFO + b"PING\r\n" + b"+OK\r\n" + b"PONG\r\nrest"
    steps = []
    edges = sorted({0, *(cut for cut in cuts if cut < len(whole)), len(whole)})
    for begin, end in itertools.pairwise(edges):
        step = begun.feed(whole[begin:end])
        while step is HandshakeStep.SEND:
            steps.append(step)
            step = begun.feed(b"")
        if step is HandshakeStep.DONE:
            begun.rest += whole[end:]
            break
    assert steps == [HandshakeStep.SEND]
    assert begun.rest == b"rest"


@pytest.mark.parametrize(
    ("info", "wants", "secures"),
    [
        (INFO, False, False),
        (TLS_INFO, False, True),
        (TLS_INFO, True, True),
        (OPEN_INFO, False, False),
        (OPEN_INFO, True, True),
    ],
)
def test_tls_comes_before_any_login(info: bytes, wants: bool, secures: bool) -> None:
    begun = handshake(wants_tls=wants)
    step = begun.feed(info)
    assert (step is HandshakeStep.SECURE) == secures
    if secures:
        assert begun.out == b"", "nothing was said in the clear"
        assert begun.feed(b"") is HandshakeStep.SEND
    assert begun.out.startswith(b"CONNECT ")


def test_tls_that_is_wanted_and_not_there() -> None:
    begun = handshake(wants_tls=True)
    with pytest.raises(NoTlsError):
        begun.feed(INFO)
    assert begun.out == b""


def test_under_tls_already_there_is_nothing_to_secure() -> None:
    assert handshake(wants_tls=True, is_secure=True).feed(TLS_INFO) is HandshakeStep.SEND


def test_cleartext_behind_info_is_dropped_before_tls() -> None:
    with pytest.raises(ProtocolError, match="plain text where TLS begins"):
        handshake().feed(TLS_INFO + b"PONG\r\n")


@pytest.mark.parametrize("before", [b"", INFO])
def test_a_refusal(before: bytes) -> None:
    begun = handshake()
    if before:
        begun.feed(before)
    with pytest.raises(HandshakeRefusedError, match=r"^Authorization Violation$"):
        begun.feed(b"-ERR 'Authorization Violation'\r\n")


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"PONG\r\n",
        b"MSG a 1 0\r\n\r\n",
        b"INFO not json\r\n",
        b"INFO [1]\r\n",
        b"INFO " + b"[" * 50_000 + b"\r\n",
        b"\x16\x03\x01\x02",
    ],
    ids=lambda data: repr(data[:12]),
)
def test_peer_without_info_does_not_speak_nats(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        handshake().feed(data)


def test_a_greeting_without_an_end() -> None:
    begun = handshake()
    begun.feed(INFO)
    begun.feed(b"")

    def flood() -> None:
        for _ in range(100):
            begun.feed(b"MSG a 1 60000000\r\n" + b"x" * 65_536)

    with pytest.raises(ProtocolError):
        flood()


def test_a_message_before_the_greeting() -> None:
    begun = handshake()
    begun.feed(INFO)
    with pytest.raises(ProtocolError, match="a message before"):
        begun.feed(b"MSG a 1 0\r\n\r\n")


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text())
            for name in ("tls_required", "tls_available", "nonce", "connect_urls", "ldm")
        },
    )
)
def test_any_info_that_is_an_object_is_read(said: dict[str, object]) -> None:
    info = server_info(json.dumps(said).encode())
    assert isinstance(info, ServerInfo)
    assert isinstance(info.nonce, str)
    assert all(isinstance(other, str) for other in info.others)
