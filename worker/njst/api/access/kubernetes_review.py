"""Tokens of Kubernetes: whose they are, and whether that user may do the same with NjstJobs.

The API server decides both, by TokenReview (authentication.k8s.io/v1) and SubjectAccessReview
(authorization.k8s.io/v1). A token must be made for the audience of the workers, unless they accept
that of the API server: a worker then never holds a token that opens the API server.
"""

import hashlib
import logging
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from njst.api.access.authorizer import (
    UNKNOWN,
    AccessConfigError,
    AuthorizerUnavailableError,
    Decision,
)
from njst.api.access.request_rules import Rule

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
# A right that was taken away is gone after this time at the latest.
CACHE_S = 10.0
_CACHE_ENTRIES = 1000
_TIMEOUT_S = 5.0
# Unknown tokens must not flood the API server.
_MAX_CONNECTIONS = 8
_TOKEN_REVIEW = ("authentication.k8s.io", "TokenReview", "tokenreviews")
_ACCESS_REVIEW = ("authorization.k8s.io", "SubjectAccessReview", "subjectaccessreviews")


@dataclass(frozen=True)
class _Answer:
    decision: Decision
    until_s: float


class KubernetesReview:
    """Asks the API server, and remembers its answers for CACHE_S seconds."""

    def __init__(
        self,
        server: str,
        folder: Path,
        audiences: Sequence[str],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to ask.

        Args:
            server: URL of the API server.
            folder: of the worker's service account: `token`, `ca.crt` and `namespace`.
            audiences: a token must be made for one of them.
            now_s: a clock that never goes back, in seconds.

        Raises:
            AccessConfigError: a file is missing or invalid.
        """
        self._audiences = list(audiences)
        self._now_s = now_s
        self._token = folder / "token"
        _text(self._token)
        self._namespace = _text(folder / "namespace")
        # It would log each review at the level of the audit lines.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._answers: dict[tuple[bytes, str], _Answer] = {}
        self._http = httpx.AsyncClient(
            base_url=server,
            verify=_trust(folder / "ca.crt"),
            timeout=_TIMEOUT_S,
            limits=httpx.Limits(max_connections=_MAX_CONNECTIONS),
            # The API server is in this cluster: no proxy leads to it.
            trust_env=False,
        )

    async def decide(self, token: str, rule: Rule) -> Decision:
        """Return whose token it is, and whether that user may do it."""
        key = (hashlib.sha256(token.encode()).digest(), rule.verb)
        known = self._answers.get(key)
        if known is not None and self._now_s() < known.until_s:
            return known.decision
        decision = await self._ask(token, rule.verb)
        self._answers.pop(key, None)
        if len(self._answers) >= _CACHE_ENTRIES:
            del self._answers[next(iter(self._answers))]
        self._answers[key] = _Answer(decision, self._now_s() + CACHE_S)
        return decision

    async def _ask(self, token: str, verb: str) -> Decision:
        spec: dict[str, Any] = {"token": token, "audiences": self._audiences}
        found = await self._create(*_TOKEN_REVIEW, spec)
        # A server that knows no audiences ignores them; then it is not known for whom the token is.
        if not found.get("authenticated") or not {*found.get("audiences", ())} & {*self._audiences}:
            return UNKNOWN
        user = found.get("user", {})
        attributes = {
            "group": "njst.io",
            "resource": "njstjobs",
            "namespace": self._namespace,
            "verb": verb,
        }
        spec = {"resourceAttributes": attributes, "user": user.get("username", "")}
        spec |= {name: user[name] for name in ("uid", "groups", "extra") if name in user}
        allowed = await self._create(*_ACCESS_REVIEW, spec)
        return Decision(spec["user"], bool(allowed.get("allowed")))

    async def _create(
        self, group: str, kind: str, resource: str, spec: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Create a review, and return its status."""
        document = {"apiVersion": f"{group}/v1", "kind": kind, "spec": spec}
        try:
            # It is renewed: the kubelet replaces the file long before the token expires.
            headers = {"authorization": f"Bearer {_text(self._token)}"}
            answer = await self._http.post(
                f"/apis/{group}/v1/{resource}", json=document, headers=headers
            )
            answer.raise_for_status()
            status = answer.json()["status"]
        except httpx.HTTPStatusError as error:
            words = f"the API server refuses a {kind}: {_message(error.response)}"
            raise AuthorizerUnavailableError(words) from error
        except (httpx.HTTPError, AccessConfigError, ValueError, KeyError) as error:
            words = f"the API server does not answer a {kind}: {error!r}"
            raise AuthorizerUnavailableError(words) from error
        return dict(status)


def in_cluster_server(environment: Mapping[str, str]) -> str:
    """Return the URL of the API server of the cluster that this process is in.

    Raises:
        AccessConfigError: it is in none.
    """
    host = environment.get("KUBERNETES_SERVICE_HOST", "")
    if not host:
        raise AccessConfigError("works only in a pod: KUBERNETES_SERVICE_HOST is not set")
    port = environment.get("KUBERNETES_SERVICE_PORT", "443")
    return f"https://{f'[{host}]' if ':' in host else host}:{port}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        words = f"{path}: {error.strerror}; the pod must mount the token of its service account"
        raise AccessConfigError(words) from error


def _trust(path: Path) -> ssl.SSLContext:
    _text(path)
    try:
        return ssl.create_default_context(cafile=path)
    except ssl.SSLError as error:
        raise AccessConfigError(f"{path} has no certificate in PEM format") from error


def _message(answer: httpx.Response) -> str:
    """Return what a Status of the API server says."""
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"
