"""A connection to the target whose requests end as soon as the server denies them.

A server answers a request that its user may not send with an error on the connection, and sends no
reply: nats-py waits for its time-out. The error names the subject in lower case, because nats-py
lowers all errors.
"""

import asyncio
import re
from typing import Any

import nats.errors
from nats.aio.msg import Msg

from njst.contract.connection import Connection
from njst.login.nats_client import LoginClient

_DENIED = re.compile(
    r'permissions violation for (publish|subscription) to "([^"]*)"', re.IGNORECASE
)


class PermissionDeniedError(nats.errors.Error):
    """The user may not send a request, or not receive its answer; the text names the subject."""


class TargetClient(LoginClient):
    """A client of the target. Its `request` raises PermissionDeniedError."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._asked: dict[asyncio.Future[None], str] = {}
        # Why no answer can arrive: the user may not subscribe to the inbox.
        self._deaf = ""
        # In lower case, as nats-py has them.
        self.denied_subscriptions: list[str] = []

    async def request(
        self,
        subject: str,
        payload: bytes = b"",
        timeout: float = 0.5,  # noqa: ASYNC109 - the signature of nats-py
        old_style: bool = False,
        headers: dict[str, Any] | None = None,
    ) -> Msg:
        """Return the answer.

        Raises:
            PermissionDeniedError: there is none, because the user lacks a permission.
            nats.errors.Error: there is none for another reason.
        """
        if self._deaf:
            raise PermissionDeniedError(self._deaf)
        denied: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asking: asyncio.Future[Msg] = asyncio.ensure_future(
            super().request(subject, payload, timeout, old_style, headers=headers)
        )
        self._asked[denied] = subject
        try:
            waiting: set[asyncio.Future[Any]] = {asking, denied}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if denied.done():
                denied.result()
            return await asking
        finally:
            del self._asked[denied]
            asking.cancel()

    def on_server_error(self, error: Exception) -> None:
        """End the requests that the server has denied with this error."""
        found = _DENIED.search(str(error))
        if found is None:
            return
        is_publish = found[1].lower() == "publish"
        if not is_publish:
            self.denied_subscriptions.append(found[2])
            inbox = f"{self._inbox_prefix.decode()}.>"
            self._deaf = f"the user may not subscribe to {inbox}, where answers arrive"
        for denied, subject in self._asked.items():
            words = f"the user may not publish to {subject}" if is_publish else self._deaf
            if not denied.done() and (not is_publish or subject.lower() == found[2].lower()):
                denied.set_exception(PermissionDeniedError(words))
