"""One listener serves both families, and only IPv4 where there is no IPv6."""

import errno
import socket

import pytest

from njst.listener import listen


def reach(listener: socket.socket, address: str) -> None:
    port = listener.getsockname()[1]
    with socket.create_connection((address, port)):
        listener.setblocking(True)
        listener.accept()[0].close()


def test_no_host__is_reached_by_both_families() -> None:
    with listen("", 0) as listener:
        reach(listener, "127.0.0.1")
        reach(listener, "::1")


@pytest.mark.parametrize("host", ["[::1]", "::1"])
def test_address__with_or_without_brackets__is_the_only_one(host: str) -> None:
    with listen(host, 0) as listener:
        reach(listener, "::1")
        with pytest.raises(ConnectionRefusedError):
            reach(listener, "127.0.0.1")


@pytest.mark.parametrize("code", [errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL])
def test_no_host__without_ipv6__is_ipv4(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    bind = socket.socket.bind

    def refuse(self: socket.socket, address: tuple[str, int]) -> None:
        if self.family is socket.AF_INET6:
            raise OSError(code, "no IPv6")
        bind(self, address)

    class NoIpv6(socket.socket):
        bind = refuse  # type: ignore[assignment]

    monkeypatch.setattr(socket, "socket", NoIpv6)
    listener = listen("", 0)
    monkeypatch.undo()
    with listener:
        assert listener.family is socket.AF_INET


def test_port_in_use__is_refused_and_not_taken_for_a_lack_of_ipv6() -> None:
    with listen("", 0) as listener:
        with pytest.raises(OSError, match="in use") as refused:
            listen("", listener.getsockname()[1])
        assert refused.value.errno == errno.EADDRINUSE
