"""The connection to the API server: its address, the login, and errors by status."""

import asyncio
import contextlib
import json
import os
import time
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration

from njst import __version__

REQUEST_TIMEOUT_S = 10.0
# Concurrent requests: a thousand resources must not take a thousand connections.
IN_FLIGHT = 8
# The operator's name in audit logs; the part before the slash is its field manager.
USER_AGENT = f"njst-operator/{__version__}"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"

Body = dict[str, Any]


class KubeError(Exception):
    """The API server refused or did not answer; `retry_s` is the pause that it asks for."""

    retry_s = 0.0


class ConflictError(KubeError):
    """The resource has changed, or exists already: read it again."""


class GoneError(KubeError):
    """The resource does not exist any more."""


class RequestRejectedError(KubeError):
    """The API server will never accept this request: it is invalid, or forbidden."""


class _UnauthorizedError(KubeError):
    """The API server does not accept the login."""


_KINDS: dict[int, type[KubeError]] = {
    400: RequestRejectedError,
    401: _UnauthorizedError,
    403: RequestRejectedError,
    404: GoneError,
    409: ConflictError,
    413: RequestRejectedError,
    422: RequestRejectedError,
}


@dataclass(frozen=True)
class Request:
    """A request; the body of a PATCH is a JSON patch if it is a list, else a merge patch."""

    method: str
    path: str
    body: Body | list[Body] | None = None
    query: dict[str, str] = field(default_factory=dict)


async def find_server() -> Configuration:
    """Return the address of the API server and the login: those of the pod, else of KUBECONFIG.

    Raises:
        KubeError: there is neither.
    """
    settings = Configuration(client_session_kwargs={"trust_env": False})
    try:
        if os.environ.get("KUBERNETES_SERVICE_HOST"):
            config.load_incluster_config(client_configuration=settings)
        else:
            await config.load_kube_config(client_configuration=settings)
    except (config.ConfigException, OSError) as error:
        raise KubeError(f"no Kubernetes to talk to: {error}; set KUBECONFIG") from error
    return settings


async def bearer_of(found: Configuration) -> tuple[str, str]:
    """Return scheme and token of a login; empty if it has none."""
    header = found.get_api_key_with_prefix("BearerToken")
    if asyncio.iscoroutine(header):
        header = await header
    scheme, _, token = (header or "").rpartition(" ")
    return scheme, token


def end_of(token: str) -> float | None:
    """Return when a token expires, in s since the Unix epoch; None if it does not say."""
    try:
        claims = token.split(".")[1]
        end = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"]
    except (ValueError, LookupError, TypeError):
        return None
    return float(end) if isinstance(end, int | float) else None


class ApiTransport:
    """The connections to the API server; call `open` first.

    The generated classes of the client are not used: importing those of the core API takes more
    time and memory than a thousand resources.
    """

    def __init__(self) -> None:
        self._client: ApiClient | None = None
        self._in_flight = asyncio.Semaphore(IN_FLIGHT)
        # Why the API server refused the present login; empty if it accepted it.
        self._refused = ""
        self._login_ends_s: float | None = None
        # How far this host's clock is ahead of the API server's, by which tokens expire.
        self._ahead_s = 0.0

    async def open(self) -> None:
        """Connect to the API server, or reconnect.

        Raises:
            KubeError: there is none.
        """
        settings = await find_server()
        self._login_ends_s = end_of((await bearer_of(settings))[1])
        old, self._client = self._client, ApiClient(settings)
        self._client.user_agent = USER_AGENT
        if old is not None:
            await old.close()

    async def login_trouble(self) -> str:
        """Return why the API server will not accept the present login; empty if it may.

        If the login has expired, the present one is read again first.
        """
        if self._login_has_ended():
            with contextlib.suppress(KubeError):
                await self.open()
        if self._login_has_ended():
            return "the token has ended, and no newer one is there"
        return self._refused

    def _login_has_ended(self) -> bool:
        return self._login_ends_s is not None and time.time() - self._ahead_s >= self._login_ends_s

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def ask(self, request: Request) -> Body:
        """Make a request; if the token has expired, repeat it once with the present token.

        A mounted token is renewed long before its end, so this is for clocks that jump and for a
        ServiceAccount that was deleted and created again.

        Raises:
            KubeError: it was refused, or not answered in time.
        """
        async with self._in_flight:
            try:
                answer = await self._answer(request)
            except _UnauthorizedError:
                await self.open()
                try:
                    answer = await self._answer(request)
                except _UnauthorizedError as error:
                    self._refused = str(error)
                    raise
            self._refused = ""
            return answer

    async def _answer(self, request: Request) -> Body:
        assert self._client is not None, "it is open"
        kind = "application/json"
        if request.method == "PATCH":
            kind = JSON_PATCH if isinstance(request.body, list) else MERGE_PATCH
        try:
            asked = await self._client.param_serialize(
                request.method,
                request.path,
                query_params=list(request.query.items()),
                header_params={"Content-Type": kind},
                body=request.body,
                auth_settings=["BearerToken"],
            )
            answer = await self._client.call_api(*asked, _request_timeout=REQUEST_TIMEOUT_S)
            text = await answer.read()
            self._ahead_s = _ahead_s(answer.headers.get("Date", ""), self._ahead_s)
        except (aiohttp.ClientError, OSError) as error:
            raise KubeError(f"the API server does not answer: {error!r}") from error
        document = _document(text)
        if not 200 <= answer.status <= 299:
            raise _error_of(request, answer.status, document, answer.headers.get("Retry-After", ""))
        return document


def _ahead_s(date: str, before_s: float) -> float:
    """Return how far the host's clock is ahead of an answer's; `before_s` if that has no date."""
    try:
        return time.time() - parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError):
        return before_s


def _document(text: bytes) -> Body:
    """Return the document in an answer; an empty one if there is none."""
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _error_of(request: Request, status: int, document: Body, after: str) -> KubeError:
    """Return the error that a metav1.Status stands for."""
    kind = _KINDS.get(status, KubeError)
    is_patch = isinstance(request.body, list)
    if status == 422 and is_patch and not (document.get("details") or {}).get("name"):
        # A failed test in a JSON patch has this status too, but names no resource.
        kind = ConflictError
    found = kind(f"{status} {str(document.get('message') or 'without a word')[:300]}")
    found.retry_s = float(after) if after.isdigit() else 0.0
    return found
