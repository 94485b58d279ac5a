"""Other names of the control NATS, as this machine resolves them."""

import pytest

from njst.agent.control_alias import resolves_alike


@pytest.mark.parametrize(
    ("server", "alike"),
    [
        ("nats://localhost:4222", True),
        ("nats://127.0.0.1", True),
        ("nats://localhost:4223", False),
        ("nats://127.0.0.2:4222", False),
        ("nats://no-such-host.invalid:4222", False),
    ],
)
async def test_address__other_name_of_a_known_server__is_alike(server: str, *, alike: bool) -> None:
    known = ["nats://no-such-host.invalid:4222", "nats://127.0.0.1:4222"]
    assert await resolves_alike(server, known) is alike
