"""Raw calls of the JetStream API on a connection to the target."""

import json
from typing import Any

from nats.aio.client import Client
from nats.js.errors import APIError

from njst.login.nats_client import API_TIMEOUT_S


class JetStreamApi:
    """Raw calls of the JetStream API."""

    def __init__(self, client: Client, prefix: str, timeout_s: float = API_TIMEOUT_S) -> None:
        self.client = client
        self.prefix = prefix
        self._timeout_s = timeout_s

    async def call(self, subject: str, body: bytes = b"") -> dict[str, Any]:
        """Return the answer.

        Raises:
            APIError: the server refused.
            nats.errors.Error: no answer arrived.
        """
        answer = await self.client.request(subject, body, timeout=self._timeout_s)
        document: dict[str, Any] = json.loads(answer.data)
        if "error" in document:
            APIError.from_error(document["error"])
        return document

    async def pages(self, what: str, list_of: str, request: dict[str, Any]) -> list[Any]:
        """Return all entries of a paged list, such as `streams` of `STREAM.NAMES`."""
        found: list[Any] = []
        while True:
            body = json.dumps({**request, "offset": len(found)}).encode()
            page = await self.call(f"{self.prefix}.{what}", body)
            entries = page.get(list_of) or []
            found += entries
            if not entries or len(found) >= page["total"]:
                return found
