import socket

import pytest

from njst.local.local_errors import LocalServerError
from njst.local.reserved_port import LOOPBACK, ReservedPort


def _listen(port: int) -> socket.socket:
    """Listen as a Go program does, with SO_REUSEADDR."""
    return socket.create_server((LOOPBACK, port))


def test_reserved_port__server_restarts__can_listen_again() -> None:
    port = ReservedPort()
    for _ in range(2):
        with _listen(port.number), socket.create_connection((LOOPBACK, port.number)):
            pass
    port.close()


def test_reserved_port__others_ask_for_a_free_port__is_not_given() -> None:
    port = ReservedPort()
    others = [ReservedPort() for _ in range(200)]
    assert port.number not in {other.number for other in others}
    for held in (port, *others):
        held.close()


def test_reserved_port__in_use__is_refused() -> None:
    with _listen(0) as server:
        number = server.getsockname()[1]
        with pytest.raises(LocalServerError, match=f"port {number} .* in use"):
            ReservedPort(number)


@pytest.mark.parametrize("number", [-1, 65536])
def test_reserved_port__invalid_number__is_refused(number: int) -> None:
    with pytest.raises(LocalServerError, match=f"port {number}: .*0 .*65535"):
        ReservedPort(number)
